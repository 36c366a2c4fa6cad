import { randomUUID } from "node:crypto";
import { systemClock, toInstant, toSeconds } from "../../clock.ts";
import { gateOf } from "../../contract/step.ts";
import { isDigest } from "../../encoding/digest.ts";
import { signJws } from "../../encoding/jws.ts";
import { present } from "../../encoding/present.ts";
import { judgeApproval, readApproval } from "../../proof/approval.ts";
import { type Approved, approvalStatement, statementDigest } from "../../proof/statement.ts";
import { isRefusal } from "../../refusal.ts";
import type { TrustPolicy } from "../../trust/policy.ts";
import type { AddCommand } from "../command.ts";
import { type Deployment, readDeployment } from "../deployment.ts";
import { readJson, requireNew } from "../files.ts";
import { approveDelegation } from "../handing/approve-delegation.ts";
import { isAskedFile } from "../handing/asked-file.ts";
import { CommandError, EXIT, type ExitCode, type Io, report } from "../io.ts";
import {
  type ApproveOptions,
  requireExpected,
  requireFit,
  roleOf,
  signLine,
  verifiedBy,
} from "../voice/approving.ts";
import { contractMeant, type MeantContract, requireUsable } from "../voice/contract-meant.ts";
import { deliver } from "../voice/deliver.ts";
import { addVoiceOptions } from "../voice/options.ts";
import { readVoice, saveVoice, type VoiceEvent } from "../voice/saved.ts";
import { nameOf, speakerKey } from "../voice/speaker.ts";

/** Seconds: the longest life of an approval (PROTOCOL.md §3). */
const LONGEST_LIFE = 24 * 60 * 60;

/** `vai approve`: shows the statement of a contract, or of the gate of one of its steps, and signs exactly that. */
export const approveCommand: AddCommand = (command, io, end) => {
  addVoiceOptions(
    command.argument(
      "<contract>",
      "its file; or the digest of one that is bound, with --intent; or a file of vai delegate --ask; with --send: a file of --out",
    ),
    "approver",
  )
    .option("--step <id>", "opens the gate of this step (default: approves the whole contract)")
    .option("--role <role>", "in which role (default: the approver's only one)")
    .option("--show", "prints the statement, and signs nothing")
    .option("--statement <digest>", "signs only if the statement has this digest")
    .option("--digest <digest>", "signs only if the contract has this digest")
    .option("--intent <id>", "the intent of a contract that is named by its digest")
    .addHelpText(
      "after",
      "\nThe statement is made anew from the contract, whose issuer's signature is verified by the trust policy; it is printed whole before anything is signed, and its digest is what is signed. What could look like something else in it, a letter of another script, a bidirectional mark, a line break, stands there as its escape. To read first and sign then: --show, and once more with the --statement that it prints. Of a delegation (a file of vai delegate --ask) contract, chain and designation are verified by the trust policy first; the approval goes to whoever hands on, in the file of --out: nothing is sent. With --json the statement goes to standard error, and the answer to standard output.",
    )
    .action(async (given: string, options: ApproveOptions) => {
      const deployment = readDeployment(io, options.outputs);
      const code =
        options.send === true
          ? await sendSaved(io, deployment, given, options)
          : isDelegation(given)
            ? await approveDelegation(io, deployment, given, options)
            : await approveNow(io, deployment, given, options);
      end(code);
    });
};

/** A contract's digest is no file. */
const isDelegation = (given: string): boolean => !isDigest(given) && isAskedFile(readJson(given));

async function approveNow(
  io: Io,
  deployment: Deployment,
  given: string,
  options: ApproveOptions,
): Promise<ExitCode> {
  if (options.out !== undefined) requireNew(options.out);
  const now = systemClock();
  const found = await contractMeant(io, deployment, given, options);
  requireUsable(found, deployment, toSeconds(now));
  const { policy, from } = await verifiedBy(io, deployment, options, now, found);
  const approved = { contract: found.contract, step: options.step };
  requireGate(approved);
  const statement = statementDigest(approved);
  requireExpected(options, { statement, digest: found.contract.digest });
  // Printed before the key is even read: nothing is signed that nobody was shown.
  const isJson = options.json === true;
  const isShown = options.show === true;
  const text = approvalStatement(approved).trimEnd();
  if (!isShown || !isJson) (isJson ? io.err : io.out)(text);
  const preface = [
    `statement  ${statement}`,
    `issuer     ${found.contract.claims.iss}, whose signature was verified by the trust policy (${from})`,
  ];
  if (isShown) {
    const shown = { contractDigest: found.contract.digest, statementDigest: statement };
    report(io, isJson, { ...shown, statement: approvalStatement(approved) }, [
      ...preface,
      "nothing was signed",
      `next       ${signLine(given, options, statement)}`,
    ]);
    return EXIT.done;
  }
  const event = signedApproval(deployment, found, approved, { policy, now, options });
  if (options.out !== undefined) {
    report(io, isJson, event, [...preface, ...saveVoice(options.out, event)]);
    return EXIT.done;
  }
  return deliver(io, deployment, { event, preface, object: objectOf(event) }, options);
}

/** @throws {CommandError} for a step that has no gate to open. */
function requireGate({ contract: { claims }, step }: Approved): void {
  if (step === undefined) return;
  const gated = claims.authorization_details.filter((each) => gateOf(each) === "approval");
  if (gated.some(({ id }) => id === step)) return;
  const some =
    gated.length === 0 ? "none does" : `these do: ${gated.map(({ id }) => id).join(", ")}`;
  throw new CommandError(EXIT.unreadable, `step ${step} asks for no approval; ${some}`);
}

interface Signing {
  readonly policy: TrustPolicy;
  readonly now: number;
  readonly options: ApproveOptions;
}

/** Signs the statement, and judges that as the plane will before anything leaves. @throws {CommandError}. */
function signedApproval(
  deployment: Deployment,
  { contract, decider = "" }: MeantContract,
  approved: Approved,
  { policy, now, options }: Signing,
): VoiceEvent {
  const iss = nameOf(deployment, "approver", options.as);
  const iat = toSeconds(now);
  const claims = {
    ...{ iss, iat, exp: Math.min(contract.claims.exp, iat + LONGEST_LIFE), jti: randomUUID() },
    ...{ contractDigest: contract.digest, statementDigest: statementDigest(approved) },
    role: roleOf(iss, policy, options.role),
    ...present({ step: approved.step }),
  };
  const approval = signJws("vai-approval+jwt", claims, speakerKey(deployment, "approver", options));
  const read = readApproval(approval, "/approval");
  requireFit(
    isRefusal(read)
      ? read
      : judgeApproval(read, { contract, decider, policy, now: iat }, "/approval"),
  );
  return { op: "approve", contractDigest: contract.digest, approval };
}

async function sendSaved(
  io: Io,
  deployment: Deployment,
  path: string,
  options: ApproveOptions,
): Promise<ExitCode> {
  const event = readVoice(path, "approve");
  return deliver(io, deployment, { event, object: objectOf(event) }, options);
}

/** What an approval says, as it was signed. @throws {CommandError} for what is none. */
function objectOf({ approval }: VoiceEvent): string {
  const read = readApproval(approval, "/approval");
  if (isRefusal(read)) throw new CommandError(EXIT.unreadable, `no approval: ${read.detail}`);
  const { iss, role, step, contractDigest, exp } = read.claims;
  const what = step === undefined ? "" : `the gate of step ${step} of `;
  return `the approval by ${iss} as ${role} of ${what}contract ${contractDigest}, until ${toInstant(exp * 1000)}`;
}
