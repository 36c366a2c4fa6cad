import * as z from "zod";
import type { Digest } from "../encoding/digest.ts";
import { type ReadJws, readJws, verifyJws } from "../encoding/jws.ts";
import { digest, label, numericDate, stepId } from "../encoding/members.ts";
import { readBy } from "../encoding/schema.ts";
import { type Refusal, refuse } from "../refusal.ts";
import { partyKey, type TrustPolicy } from "../trust/policy.ts";
import { type Approved, statementDigest } from "./statement.ts";

/** Seconds: the longest life of an approval, and how far an approver's clock may be ahead. */
const LONGEST_LIFE = 24 * 60 * 60;
const CLOCK_SKEW = 60;

/** Every member that an approval may have; `step` only to open that step's gate. */
const claims = z.strictObject({
  iss: label,
  iat: numericDate,
  exp: numericDate,
  jti: label,
  contractDigest: digest,
  statementDigest: digest,
  role: label,
  step: stepId.optional(),
});

/** A person's signed yes to a statement (PROTOCOL.md §3). */
type Approval = z.infer<typeof claims>;

/** An approval that was read strictly; nobody is believed yet. */
export interface ReadApproval {
  readonly jws: ReadJws;
  readonly claims: Approval;
  readonly digest: Digest;
}

const invalid = (detail: string, pointer: string): Refusal =>
  refuse("APPROVAL_SIGNATURE_INVALID", detail, pointer);

/** Reads an approval before any signature work. `at`: where it stands in the event, a JSON pointer. */
export function readApproval(compact: unknown, at: string): ReadApproval | Refusal {
  const jws = readJws(compact, "vai-approval+jwt");
  if (!jws.ok) return invalid(jws.detail, at + jws.pointer);
  const read = readBy(claims, jws.value.payload);
  if (!read.ok) return invalid(read.detail, at + read.pointer);
  const { iat, exp } = read.value;
  if (exp <= iat) return invalid("must be after iat", `${at}/exp`);
  return exp - iat <= LONGEST_LIFE
    ? { jws: jws.value, claims: read.value, digest: jws.value.digest }
    : invalid(`must be at most ${LONGEST_LIFE} s after iat`, `${at}/exp`);
}

/** Of what an approval may be, and by whom not. */
export interface Subject {
  readonly contract: Approved["contract"];
  /** The contract's decider. */
  readonly decider: string;
  readonly policy: Pick<TrustPolicy, "approvers">;
  /** Seconds. */
  readonly now: number;
}

/**
 * Whether an approver of the trust policy said yes to this very statement, in a role of theirs; then whether they may:
 * nobody approves what they issued, decided or will do (VAI-61, ADV-49).
 */
export function judgeApproval(
  approval: ReadApproval,
  subject: Subject,
  at: string,
): Refusal | undefined {
  return (
    judgeApprover(approval, subject, at) ??
    judgeStatement(approval, subject, at) ??
    judgeSelf(approval, subject, at)
  );
}

/** Whether an approver of the trust policy signed it, in a role of theirs. */
export function judgeApprover(
  { jws, claims: { iss, iat, role } }: ReadApproval,
  { policy: { approvers }, now }: Pick<Subject, "policy" | "now">,
  at: string,
): Refusal | undefined {
  const approver = approvers.find(({ name }) => name === iss);
  const key = approver && partyKey(approver, jws.header.kid);
  if (approver === undefined || key === undefined) {
    return invalid(`"${iss}" with this key is not an approver`, `${at}/iss`);
  }
  if (!approver.roles.includes(role)) {
    return invalid(`"${iss}" does not have the role "${role}"`, `${at}/role`);
  }
  if (!verifyJws(jws, key)) return invalid("the signature does not verify", at);
  return iat <= now + CLOCK_SKEW ? undefined : invalid("lies ahead", `${at}/iat`);
}

/** What was signed is what the contract says now: another contract, or a statement made otherwise, was never read. */
function judgeStatement(
  { claims }: ReadApproval,
  { contract }: Subject,
  at: string,
): Refusal | undefined {
  const { step } = claims;
  if (claims.contractDigest !== contract.digest) {
    return invalid(`is of contract ${claims.contractDigest}`, `${at}/contractDigest`);
  }
  return claims.statementDigest === statementDigest({ contract, step })
    ? undefined
    : invalid("is not the statement of this contract", `${at}/statementDigest`);
}

function judgeSelf(
  { claims: { iss } }: ReadApproval,
  { contract, decider }: Subject,
  at: string,
): Refusal | undefined {
  const { iss: issuer, actor } = contract.claims;
  return [issuer, actor.id, decider].includes(iss)
    ? refuse("SELF_APPROVAL_FORBIDDEN", `"${iss}" has a part in what is approved`, `${at}/iss`)
    : undefined;
}

/** Whether an approval still counts. `now` in seconds. */
export const isAlive = ({ claims: { exp } }: ReadApproval, now: number): boolean => now < exp;

/**
 * Who approves, one entry a name: of several approvals of one person the one that ends last. The order is that of their
 * ends, the last first.
 */
export function approvalsByName(approvals: readonly ReadApproval[]): readonly ReadApproval[] {
  const latest = new Map<string, ReadApproval>();
  const byEnd = [...approvals].sort((one, other) => other.claims.exp - one.claims.exp);
  for (const approval of byEnd) {
    const { iss } = approval.claims;
    if (!latest.has(iss)) latest.set(iss, approval);
  }
  return [...latest.values()];
}

/**
 * Whether each role has an approval of its own, of different names: a person with two roles approves in one of them.
 * Roles and approvers are few, so every way is tried (augmenting paths).
 */
export function rolesCovered(
  roles: readonly string[],
  approvals: readonly ReadApproval[],
): { readonly missing: readonly string[] } {
  const takenBy = new Map<string, string>();
  const place = (role: string, tried: Set<string>): boolean => {
    for (const { claims } of approvals) {
      if (claims.role !== role || tried.has(claims.iss)) continue;
      tried.add(claims.iss);
      const holder = takenBy.get(claims.iss);
      if (holder === undefined || place(holder, tried)) {
        takenBy.set(claims.iss, role);
        return true;
      }
    }
    return false;
  };
  return { missing: roles.filter((role) => !place(role, new Set())) };
}
