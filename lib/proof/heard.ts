import type { Digest } from "../encoding/digest.ts";
import { isRefusal, pointer, type Refusal, refuse } from "../refusal.ts";
import type { TrustPolicy } from "../trust/policy.ts";
import {
  isAlive,
  judgeApproval,
  type ReadApproval,
  readApproval,
  type Subject,
} from "./approval.ts";
import { judgeEvaluator, type ReadAttestation, readAttestation } from "./attestation.ts";
import type { Vote } from "./votes.ts";

/** Attestations, or approvals, as compact JWS: those that a request brings, and those on the intent's chain. */
export interface Heard {
  readonly presented: readonly string[];
  readonly recorded: readonly string[];
}

/** By what attestations are judged; `now` in seconds. */
export interface Hearing {
  readonly policy: Pick<TrustPolicy, "evaluators">;
  readonly decisionDigest: Digest;
  /** Names of the contract's obligations. */
  readonly obligations: readonly string[];
  /** Once the contract is bound, what does not hold any more counts for nothing and refuses nothing. */
  readonly isBound: boolean;
  readonly now: number;
}

/**
 * The votes on a decision, of all attestations that are presented or recorded (PROTOCOL.md §3). A reject that is on
 * record stays, whatever becomes of its key: whoever takes an evaluator's key away takes no objection away.
 */
export function votesOf(
  { presented, recorded }: Heard,
  hearing: Hearing,
): readonly Vote[] | Refusal {
  const votes: Vote[] = [];
  for (const [index, compact] of presented.entries()) {
    const read = attestationOn(compact, hearing, pointer("/proof/attestations", [index]));
    if (!isRefusal(read)) votes.push(voteOf(read, hearing));
    else if (!hearing.isBound) return read;
  }
  for (const compact of recorded) {
    const read = attestationOn(compact, hearing, "");
    if (!isRefusal(read)) votes.push(voteOf(read, hearing));
    else votes.push(...standingReject(compact, hearing));
  }
  return votes;
}

function attestationOn(
  compact: string,
  { policy, decisionDigest, now }: Pick<Hearing, "policy" | "decisionDigest" | "now">,
  at: string,
): ReadAttestation | Refusal {
  const read = readAttestation(compact, at);
  if (isRefusal(read)) return read;
  const problem = judgeEvaluator(read, policy, now, at);
  if (problem !== undefined) return problem;
  return "decisionDigest" in read.claims && read.claims.decisionDigest === decisionDigest
    ? read
    : refuse("ATTESTATION_MALFORMED", "is not of this decision", `${at}/decisionDigest`);
}

/** An approve under duties that the contract does not carry is none. */
function voteOf({ claims }: ReadAttestation, { obligations }: Pick<Hearing, "obligations">): Vote {
  const isKept = claims.obligations.every((name) => obligations.includes(name));
  const verdict = claims.verdict === "approve" && !isKept ? "abstain" : claims.verdict;
  return { name: claims.iss, class: claims.class, verdict };
}

/** Verified when it was recorded. */
function standingReject(compact: string, { decisionDigest }: Hearing): Vote[] {
  const read = readAttestation(compact, "");
  if (isRefusal(read) || !("decisionDigest" in read.claims)) return [];
  const { iss: name, class: own, verdict, decisionDigest: of } = read.claims;
  return verdict === "reject" && of === decisionDigest ? [{ name, class: own, verdict }] : [];
}

/**
 * The approvals that count: of this contract and statement, alive, whether presented or recorded (PROTOCOL.md §3). The
 * ones of a step's gate are among them; whoever counts looks at `step`.
 */
export function approvalsOf(
  { presented, recorded }: Heard,
  subject: Subject & Pick<Hearing, "isBound">,
): readonly ReadApproval[] | Refusal {
  const approvals: ReadApproval[] = [];
  for (const [index, compact] of presented.entries()) {
    const at = pointer("/proof/approvals", [index]);
    const read = heldApproval(compact, subject, at);
    if (!isRefusal(read)) approvals.push(read);
    else if (!subject.isBound) return read;
  }
  for (const compact of recorded) {
    const read = heldApproval(compact, subject, "");
    if (!isRefusal(read)) approvals.push(read);
  }
  return approvals.filter((approval) => isAlive(approval, subject.now));
}

/** Of what a request brings, as compact JWS, that which counts for the whole contract. */
export function heldVoices(
  { attestations, approvals }: Voices,
  hearing: Pick<Hearing, "policy" | "decisionDigest"> & Subject,
): Voices {
  return {
    attestations: attestations.filter((each) => !isRefusal(attestationOn(each, hearing, ""))),
    approvals: approvals.filter((each) => {
      const read = heldApproval(each, hearing, "");
      return !isRefusal(read) && read.claims.step === undefined && isAlive(read, hearing.now);
    }),
  };
}

type Voices = Readonly<Record<"attestations" | "approvals", readonly string[]>>;

function heldApproval(compact: string, subject: Subject, at: string): ReadApproval | Refusal {
  const read = readApproval(compact, at);
  return isRefusal(read) ? read : (judgeApproval(read, subject, at) ?? read);
}
