import { randomUUID } from "node:crypto";
import { systemClock, toInstant, toSeconds } from "../../clock.ts";
import { judgeIssuer } from "../../contract/judge.ts";
import { gateOf } from "../../contract/step.ts";
import { isDigest } from "../../encoding/digest.ts";
import { signJws } from "../../encoding/jws.ts";
import { present } from "../../encoding/present.ts";
import { judgeApproval, readApproval } from "../../proof/approval.ts";
import { type Approved, approvalStatement, statementDigest } from "../../proof/statement.ts";
import { isRefusal, type Refusal } from "../../refusal.ts";
import type { TrustPolicy } from "../../trust/policy.ts";
import type { AddCommand } from "../command.ts";
import { type Deployment, readDeployment } from "../deployment.ts";
import { requireNew } from "../files.ts";
import { CommandError, EXIT, type ExitCode, type Io, report } from "../io.ts";
import { vaiLine } from "../self.ts";
import { contractMeant, type MeantContract, requireUsable } from "../voice/contract-meant.ts";
import { deliver } from "../voice/deliver.ts";
import { addVoiceOptions, type VoiceOptions } from "../voice/options.ts";
import { readVoice, saveVoice, type VoiceEvent } from "../voice/saved.ts";
import { nameOf, speakerKey, trustFor } from "../voice/speaker.ts";

interface Options extends VoiceOptions {
  readonly step?: string;
  readonly role?: string;
  readonly intent?: string;
  readonly digest?: string;
  readonly statement?: string;
  readonly show?: true;
}

/** Seconds: the longest life of an approval (PROTOCOL.md §3). */
const LONGEST_LIFE = 24 * 60 * 60;

/** `vai approve`: shows the statement of a contract, or of the gate of one of its steps, and signs exactly that. */
export const approveCommand: AddCommand = (command, io, end) => {
  addVoiceOptions(
    command.argument(
      "<contract>",
      "its file; or the digest of one that is bound, with --intent; with --send: a file of --out",
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
      "\nThe statement is made anew from the contract, whose issuer's signature is verified by the trust policy; it is printed whole before anything is signed, and its digest is what is signed. What could look like something else in it, a letter of another script, a bidirectional mark, a line break, stands there as its escape. To read first and sign then: --show, and once more with the --statement that it prints. With --json the statement goes to standard error, and the answer to standard output.",
    )
    .action(async (given: string, options: Options) => {
      const deployment = readDeployment(io, options.outputs);
      const code =
        options.send === true
          ? await sendSaved(io, deployment, given, options)
          : await approveNow(io, deployment, given, options);
      end(code);
    });
};

async function approveNow(
  io: Io,
  deployment: Deployment,
  given: string,
  options: Options,
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

/** The trust policy, if it says that the contract is its issuer's. @throws {CommandError}: what nobody verified nobody signs. */
async function verifiedBy(
  io: Io,
  deployment: Deployment,
  options: Options,
  now: number,
  { contract }: MeantContract,
): Promise<{ readonly policy: TrustPolicy; readonly from: string }> {
  const trust = await trustFor(io, deployment, options, now);
  if ("unknown" in trust) {
    throw new CommandError(
      EXIT.unreadable,
      `nobody can say whether the contract is its issuer's: ${trust.unknown}; nothing was signed`,
    );
  }
  requireFit(judgeIssuer(contract, trust.policy));
  return trust;
}

/** @throws {CommandError} with the plane's own words. */
function requireFit(refusal: Refusal | undefined): void {
  if (refusal === undefined) return;
  const where = refusal.pointer === undefined ? "" : ` (${refusal.pointer})`;
  throw new CommandError(
    EXIT.no,
    `nothing was signed or sent: ${refusal.code}, ${refusal.detail}${where}. ${vaiLine("explain", refusal.code)} says more`,
  );
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

/** What somebody was asked to approve is what is here. @throws {CommandError}. */
function requireExpected(
  options: Pick<Options, "statement" | "digest">,
  found: { readonly statement: string; readonly digest: string },
): void {
  for (const name of ["digest", "statement"] as const) {
    const wanted = options[name];
    if (wanted === undefined || wanted === found[name]) continue;
    if (!isDigest(wanted)) throw new CommandError(EXIT.unreadable, `--${name} is no digest`);
    const what = name === "digest" ? "the contract" : "its statement";
    throw new CommandError(
      EXIT.no,
      `nothing was signed: ${what} has the digest ${found[name]}, and not ${wanted}`,
    );
  }
}

/** Whoever has read the statement signs this very one. */
function signLine(given: string, options: Options, statement: string): string {
  const { step, intent, as, key, policy, outputs, profile, role } = options;
  const again = present({ step, intent, role, as, key, policy, outputs, profile });
  const flags = Object.entries(again).flatMap(([name, value]) => [`--${name}`, value]);
  return vaiLine("approve", given, ...flags, "--statement", statement);
}

interface Signing {
  readonly policy: TrustPolicy;
  readonly now: number;
  readonly options: Options;
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

/** @throws {CommandError} where nobody said which of several. */
function roleOf(iss: string, { approvers }: TrustPolicy, given: string | undefined): string {
  if (given !== undefined) return given;
  const { roles = [] } = approvers.find(({ name }) => name === iss) ?? {};
  const [only] = roles;
  if (only !== undefined && roles.length === 1) return only;
  const some = roles.length === 0 ? "the trust policy gives this name none" : roles.join(", ");
  throw new CommandError(EXIT.unreadable, `give --role, one of: ${some}`);
}

async function sendSaved(
  io: Io,
  deployment: Deployment,
  path: string,
  options: Options,
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
