import { randomUUID } from "node:crypto";
import * as z from "zod";
import {
  type ContractDraft,
  contractDraft,
  type SignedContract,
  type Signing,
  signContract,
} from "../../client/contract.ts";
import { contractDigest } from "../../client/request.ts";
import { systemClock } from "../../clock.ts";
import { canonicalize, documentDigest } from "../../encoding/canonical-json.ts";
import { type Digest, isDigest } from "../../encoding/digest.ts";
import { jwkThumbprint } from "../../encoding/jwk.ts";
import type { SigningKey } from "../../encoding/jws.ts";
import { present } from "../../encoding/present.ts";
import { readBy } from "../../encoding/schema.ts";
import { asksSomebody } from "../../proof/judge.ts";
import type { AddCommand } from "../command.ts";
import { type Deployment, fromRoot, OUTPUTS_HELP, readDeployment } from "../deployment.ts";
import { readJson, replaceFile, requireNew, writeNew, writtenLine } from "../files.ts";
import { refusedUnder } from "../foreseen.ts";
import { CommandError, EXIT, report } from "../io.ts";
import { readKey, readPublicKey } from "../key-file.ts";
import { nextLine, openChoices } from "../next-line.ts";
import { vaiLine } from "../self.ts";
import { type TrustAtHand, trustAtHand } from "../trust-at-hand.ts";
import { uselessBecause } from "../usable.ts";

interface Options {
  readonly out: string;
  readonly outputs?: string;
  readonly issuerKey?: string;
  readonly issuerName?: string;
  readonly deciderKey?: string;
  readonly deciderName?: string;
  readonly executor?: string;
  readonly policy?: string;
  readonly profile?: string;
  readonly force?: true;
  readonly json?: true;
}

/** `vai contract sign`: from a draft to the contract and proof that an agent holds. */
export const contractCommand: AddCommand = (contract, io) => {
  contract
    .command("sign")
    .argument("<draft>", "JSON: purpose, actor, risk, steps, window (see lambdas/README.md)")
    .requiredOption("--out <file>", "where contract and proof go")
    .option(
      "--force",
      "write over an existing file, whose contract is then lost; sign even what could never be used",
    )
    .option(
      "--issuer-key <file>",
      "governance's private key, JWK or PEM (default: the local AWS's)",
    )
    .option("--issuer-name <name>", "its name in the trust policy")
    .option(
      "--decider-key <file>",
      "the policy engine's private key, JWK or PEM (default: the local AWS's)",
    )
    .option("--decider-name <name>", "its name in the trust policy")
    .option(
      "--executor <key>",
      "thumbprint or key file, public or private, of the agent that may ask (default: the local agent)",
    )
    .option(
      "--policy <file>",
      "JSON {id, version, digest} of the policy that was decided by, or the trust policy's draft if it lists one, which the contract is then checked by (default: the deployment's)",
    )
    .option(
      "--profile <name>",
      "AWS profile that may read the trust policy, to check the contract by it (default: none; the local AWS's auditor)",
    )
    .option("--outputs <file>", OUTPUTS_HELP)
    .option("--json", "print JSON")
    .description("signs a decision and a contract over a draft, and writes both with their proof")
    .action(async (file: string, options: Options) => {
      const deployment = readDeployment(io, options.outputs);
      if (options.force !== true) requireNew(options.out, "; or give --force");
      const read = readBy(contractDraft, readJson(file));
      if (!read.ok)
        throw new CommandError(EXIT.unreadable, `${file}: ${read.pointer} ${read.detail}`);
      const now = systemClock();
      const issuer = signer(deployment, "issuer", options.issuerKey, options.issuerName);
      const decider = signer(deployment, "decider", options.deciderKey, options.deciderName);
      const policy = policyOf(deployment, options.policy);
      requireSignable([read.value, policy, issuer.name, decider.name]);
      const trust = await trustAtHand(io, deployment, {
        ...{ draft: policyFileOf(options), now },
        profile: options.profile,
      });
      const signed = signContract(read.value, {
        plane: deployment.plane,
        ...{ issuer, decider, policy },
        executor: executorOf(deployment, options.executor),
        governanceDigest: governanceDigest(read.value, trust),
        now,
        newId: randomUUID,
      });
      if (options.force !== true) requireUsable(file, signed, trust, now);
      const text = `${JSON.stringify(signed, null, 2)}\n`;
      const isReplaced = options.force === true && replaceFile(options.out, text);
      if (options.force !== true) writeNew(options.out, text, "; or give --force");
      const digest = contractDigest(signed.contract);
      const { id } = signed.proof.intent as { id: string };
      report(
        io,
        options.json === true,
        {
          ...{ file: options.out, contractDigest: digest, intentId: id },
          checkedAgainst: "policy" in trust ? trust.from : null,
        },
        [
          `contract and proof   ${writtenLine(options.out, isReplaced)}`,
          `contract digest      ${digest}`,
          `intent               ${id}`,
          checkedLine(trust),
          ...registrationLines(read.value, trust, options),
          firstUse(read.value, options),
        ],
      );
    });
};

/**
 * The thresholds that a decision is bound to where people or evaluators are asked: a contract that waits for them must not
 * be used under others. Where nobody is asked it would only end contracts that a change of another class has no part in.
 */
function governanceDigest({ risk }: ContractDraft, trust: TrustAtHand): Digest | undefined {
  if (!("policy" in trust)) return undefined;
  const { governance } = trust.policy;
  return asksSomebody(governance[risk]) ? documentDigest(governance) : undefined;
}

/** JSON can spell half of a surrogate pair, and RFC 8785 knows no form of it. @throws {CommandError}. */
function requireSignable(values: readonly unknown[]): void {
  try {
    canonicalize(values);
  } catch {
    throw new CommandError(
      EXIT.unreadable,
      "the draft, the policy or a name holds half of a character (a lone surrogate), which nobody can sign",
    );
  }
}

/** What of a contract is known beforehand: no AWS is asked for it unless somebody may read it. */
const checkedLine = (trust: TrustAtHand): string =>
  "policy" in trust
    ? `checked              issuer, decider, actions, class and window, by the trust policy (${trust.from})`
    : `not checked          whether the plane's trust policy allows this issuer, decider, class and window: ${trust.unknown}`;

/** @throws {CommandError} for a contract under which nothing could ever be granted. */
function requireUsable(
  file: string,
  signed: SignedContract,
  trust: TrustAtHand,
  now: number,
): void {
  const refusal =
    uselessBecause(signed.contract) ??
    ("policy" in trust ? refusedUnder(signed, trust.policy, now) : undefined);
  if (refusal === undefined) return;
  const { code, detail } = refusal;
  const where = refusal.pointer === undefined ? "" : ` (${refusal.pointer})`;
  throw new CommandError(
    EXIT.unreadable,
    `${file}: not signed, for it could never be used: ${code}, ${detail}${where}. ${vaiLine("explain", code)} says more; --force signs it all the same`,
  );
}

/** Where people or evaluators are asked they can speak once it is bound. */
const registrationLines = (
  { risk }: ContractDraft,
  trust: TrustAtHand,
  { out, outputs }: Options,
): string[] =>
  "policy" in trust && asksSomebody(trust.policy.governance[risk])
    ? [`${"next".padEnd(20)} ${nextLine(["register", out], [], present({ outputs })).line}`]
    : [];

/** The first use, as the agent asks for it: with the key that the contract names, if that is a file. */
function firstUse({ deliveries, steps }: ContractDraft, options: Options): string {
  const { out, outputs, executor } = options;
  const [step] = steps;
  const several = steps.length > 1 ? ["--step", "STEP"] : [];
  const given = present({ outputs, key: isThumbprint(executor) ? undefined : executor });
  const isDirect = deliveries.every((delivery) => delivery === "credentials");
  const { label, line } = isDirect
    ? nextLine(["credentials", out], several, given)
    : nextLine(
        ["issue", out],
        step === undefined ? several : [...several, ...openChoices(step)],
        given,
      );
  // Whatever the program is, it comes last, and each run of the command is one use.
  return isDirect ? `${"fill in".padEnd(20)} ${line} -- PROGRAM` : `${label.padEnd(20)} ${line}`;
}

const isThumbprint = (given: string | undefined): boolean =>
  given !== undefined && /^[A-Za-z0-9_-]{43}$/.test(given);

type Role = "issuer" | "decider";

function signer(
  deployment: Deployment,
  role: Role,
  file: string | undefined,
  name: string | undefined,
) {
  const given = name ?? deployment.names?.[role];
  if (given === undefined)
    throw new CommandError(EXIT.unreadable, `give --${role}-name, as in the trust policy`);
  return { name: given, key: keyOf(deployment, role, file, `--${role}-key`) };
}

/** A key by file, or the deployment's own of that role; without either the error names the option that gives one. */
export function keyOf(
  deployment: Deployment,
  role: string,
  file: string | undefined,
  option = "--key",
): SigningKey {
  const known = deployment.keys?.[role];
  if (file !== undefined) return readKey(file);
  if (known === undefined) throw new CommandError(EXIT.unreadable, `give ${option} FILE`);
  return readKey(fromRoot(known));
}

function executorOf(deployment: Deployment, given: string | undefined): string {
  if (given === undefined) return keyOf(deployment, "agent", undefined, "--executor").thumbprint;
  return isThumbprint(given) ? given : jwkThumbprint(readPublicKey(given));
}

const policyHead = z.object({
  id: z.string(),
  version: z.string(),
  digest: z.custom<Digest>(isDigest),
});
const policyFile = z.union([policyHead, z.object({ policies: z.array(policyHead).length(1) })]);

const onlyOf = <T>([only]: readonly T[]): T => only as T;

const policyFileOf = ({ policy }: Options): unknown =>
  policy === undefined ? undefined : readJson(policy);

/** The policy that the decision names as its reason: a current one of the trust policy, else it is refused as stale. */
function policyOf({ policy, path }: Deployment, file: string | undefined): Signing["policy"] {
  const read = readBy(policyFile, file === undefined ? policy : readJson(file));
  if (!read.ok) {
    throw new CommandError(
      EXIT.unreadable,
      `${file ?? path} names no policy {id, version, digest}: give --policy FILE, which may be the trust policy's draft if it lists one`,
    );
  }
  const { value } = read;
  return "policies" in value ? onlyOf(value.policies) : value;
}
