import { toInstant } from "../clock.ts";
import type { Contract, ReadContract } from "../contract/contract.ts";
import { delegationOf } from "../contract/delegation.ts";
import { callsOf, type Step } from "../contract/step.ts";
import { canonicalize } from "../encoding/canonical-json.ts";
import { type Digest, sha256Digest } from "../encoding/digest.ts";

/** What is approved: a contract, or of it the gate of one step. */
export interface Approved {
  readonly contract: Pick<ReadContract, "claims" | "digest">;
  /** The step whose gate it opens; absent: the whole contract. */
  readonly step?: string | undefined;
}

/**
 * What a person who approves signs (PROTOCOL.md §3, "Statement"), made from the contract alone, so that what is seen is
 * what is signed. Lines in printable ASCII, each ending in LF: whatever could look like something else, a bidirectional
 * mark, a letter of another script, a line feed, shows as its escape. What the contract leaves out stands with its default,
 * so that no two contracts that mean different things have one statement.
 */
export function approvalStatement({ contract: { claims, digest }, step }: Approved): string {
  const { intent, context, decision, actor, cnf } = claims;
  const lines = [
    "vai approval statement 1",
    `contract ${said(digest)} id ${said(claims.jti)} version ${said(claims.ver)}`,
    step === undefined ? "approves the whole contract" : `approves the gate of step ${said(step)}`,
    `issuer ${said(claims.iss)} plane ${said(claims.aud)}`,
    `intent ${said(intent.id)} ${said(intent.digest)}`,
    `context ${said(context.digest)} decision ${said(decision.digest)}`,
    `purpose ${said(claims.purpose)}`,
    `actor ${said(actor.id)} kind ${said(actor.kind)} key ${said(cnf.jkt)}`,
    `risk ${said(claims.risk)} deliveries ${said(claims.deliveries)} delegation ${said(delegated(claims))}`,
    `issued ${instant(claims.iat)} from ${instant(claims.nbf)} until ${instant(claims.exp)}`,
    `partition ${said(claims.partition ?? "aws")} account ${said(claims.account)} region ${said(claims.region)}`,
    ...claims.authorization_details.flatMap(stepLines),
    ...listLines("assumption", claims.assumptions),
    ...listLines("obligation", claims.obligations),
    `revokeOn ${said(claims.revokeOn ?? [])}`,
    `rollback ${said(claims.rollback ?? null)}`,
    `breakGlass ${said(claims.breakGlass ?? null)}`,
    `origin ${said(claims.origin ?? null)}`,
  ];
  return textOf(lines);
}

/** Lines as they are signed: each ends in LF. */
export const textOf = (lines: readonly string[]): string =>
  lines.map((line) => `${line}\n`).join("");

/** What an approval carries as `statementDigest`; of a contract that was read once, made once for all who approve it. */
export function statementDigest(approved: Approved): Digest {
  const { contract, step } = approved;
  const known = digests.get(contract) ?? new Map<string | undefined, Digest>();
  digests.set(contract, known);
  const digest = known.get(step) ?? sha256Digest(approvalStatement(approved));
  known.set(step, digest);
  return digest;
}

const digests = new WeakMap<Approved["contract"], Map<string | undefined, Digest>>();

/** A step, with what it leaves out. */
export function stepLines(step: Step): string[] {
  const { id, type, after = [], gate = "none", limits = {} } = step;
  return [
    `step ${said(id)} type ${said(type)} after ${said(after)} gate ${said(gate)} calls ${said(callsOf(step))} totals ${said(limits.totals ?? {})}`,
    `  actions ${said(step.actions)}`,
    `  resources ${said(step.resources)}`,
    ...parameterLines(step.parameters),
  ];
}

function parameterLines(parameters: Step["parameters"]): string[] {
  if (parameters === "unbounded") return [`  parameters ${said(parameters)}`];
  // Code units, as RFC 8785 §3.2.3 sorts the members of an object.
  const names = Object.keys(parameters).sort();
  return [
    `  parameters ${said(names.length)}`,
    ...names.map((name) => `  parameter ${said(name)} ${said(parameters[name])}`),
  ];
}

const listLines = (name: string, list: readonly unknown[] = []): string[] => [
  `${name}s ${said(list.length)}`,
  ...list.map((each) => `  ${name} ${said(each)}`),
];

const delegated = (claims: Contract): object | null =>
  claims.delegation === undefined ? null : delegationOf(claims);

export const instant = (seconds: number): string => said(toInstant(seconds * 1000));

/** RFC 8785 text in which every UTF-16 unit outside U+0020–U+007E is an escape of four lower-case hex digits. */
export const said = (value: unknown): string =>
  canonicalize(value).replace(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
