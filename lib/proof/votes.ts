import { type Refusal, refuse, refuseUntil } from "../refusal.ts";
import type { TrustPolicy } from "../trust/policy.ts";
import { NEW_CONTRACT, type Unlock } from "../unlock.ts";

type Thresholds = TrustPolicy["governance"]["LOW"];
type EvaluatorClass = Thresholds["veto"][number];

/** What one evaluator says of a decision. */
export interface Vote {
  readonly name: string;
  readonly class: EvaluatorClass;
  readonly verdict: "approve" | "reject" | "abstain";
}

/** What a class of risk asks of the evaluators; `rejects`: from how many objections on nothing goes. */
export type Quorum = Pick<Thresholds, "attestations" | "classes" | "veto"> & {
  readonly rejects?: number | undefined;
};

/** How a quorum stands. */
export interface Count {
  readonly needed: number;
  readonly have: number;
  readonly classesNeeded: number;
  readonly classesHave: number;
  /** Classes that must approve and have not. */
  readonly veto: readonly EvaluatorClass[];
}

const WEIGHT = { abstain: 0, approve: 1, reject: 2 } as const;

/** One vote a name, whatever the order: a reject beats an approve, an approve an abstention (DTF-09). */
function votesByName(votes: readonly Vote[]): readonly Vote[] {
  const strongest = new Map<string, Vote>();
  for (const vote of votes) {
    const known = strongest.get(vote.name);
    if (known === undefined || WEIGHT[vote.verdict] > WEIGHT[known.verdict]) {
      strongest.set(vote.name, vote);
    }
  }
  return [...strongest.values()];
}

/** How the votes stand against what the class asks for. */
export function countVotes(votes: readonly Vote[], quorum: Quorum): Count {
  const counted = votesByName(votes);
  const approving = counted.filter(({ verdict }) => verdict === "approve");
  const classes = new Set(approving.map((vote) => vote.class));
  return {
    needed: quorum.attestations,
    have: approving.length,
    classesNeeded: quorum.classes,
    classesHave: classes.size,
    veto: [...new Set(quorum.veto)].filter((each) => !classes.has(each)),
  };
}

/**
 * Whether the evaluators let a decision through (PROTOCOL.md §3, "Attestations"): nobody stops it, and enough approve it,
 * of enough classes, with each class that has a veto among them.
 */
export const judgeVotes = (votes: readonly Vote[], quorum: Quorum): Refusal | undefined =>
  judgeObjections(votes, quorum) ?? judgeShortage(countVotes(votes, quorum));

/** Whether somebody stops it: a reject of a class with a veto, or as many rejects as the class does not bear. */
export function judgeObjections(votes: readonly Vote[], quorum: Quorum): Refusal | undefined {
  // Of all votes: an evaluator whose class was changed since has not taken back what they said in the class before.
  const vetoing = votes.find(
    ({ verdict, class: own }) => verdict === "reject" && quorum.veto.includes(own),
  );
  if (vetoing !== undefined) {
    const who = `${vetoing.name} (${vetoing.class})`;
    return refuse("EVALUATOR_VETO", `${who} rejects the decision and has a veto`, PLACE);
  }
  const rejecting = votesByName(votes).filter(({ verdict }) => verdict === "reject");
  const enough = quorum.rejects ?? 1;
  // No further attestation takes a reject away.
  return rejecting.length < enough
    ? undefined
    : unreached(`${rejecting.length} rejected the decision, and ${enough} stop it`, [NEW_CONTRACT]);
}

function judgeShortage(count: Count): Refusal | undefined {
  const why = shortage(count);
  return why === undefined ? undefined : unreached(why, [{ kind: "attestation", ...count }]);
}

function shortage({ veto, have, needed, classesHave, classesNeeded }: Count): string | undefined {
  if (veto.length > 0) return `${veto.join(", ")} must approve, and did not`;
  if (have < needed) return `${have} of ${needed} attestations approve`;
  return classesHave < classesNeeded
    ? `those who approve are of ${classesHave} of ${classesNeeded} classes`
    : undefined;
}

const PLACE = "/proof/attestations";

const unreached = (why: string, unlock: readonly Unlock[]): Refusal =>
  refuseUntil(unlock, "CONSENSUS_NOT_REACHED", why, PLACE);
