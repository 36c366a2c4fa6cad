import type { ReadContract } from "../../contract/contract.ts";
import { present } from "../../encoding/present.ts";
import { contractView } from "../../evidence/intent-state.ts";
import { judgeApprovals } from "../../proof/approval-count.ts";
import { PROOF_CHECKS } from "../../proof/judge.ts";
import { judgeDecider } from "../../proof/later-decision.ts";
import { type ReadProof, readProof } from "../../proof/proof.ts";
import { isRefusal, type Refusal, refuse } from "../../refusal.ts";
import type { PlaneDeps } from "../deps.ts";
import type { Failure, Judgement } from "../judgement.ts";
import { decided, type Intent, judgeOwnership } from "../read/intent.ts";
import type { TrustSnapshot } from "../read/trust-snapshot.ts";
import { stage } from "../stage.ts";

interface Claimed {
  readonly contract: ReadContract;
  /** The proof as the event carried it, if it did. */
  readonly presented: unknown;
  readonly trust: TrustSnapshot;
  readonly intent: Intent;
  /** Whether evaluators and approvers may still speak, so that too few of them refuse nothing; absent: it is used now. */
  readonly mayWait?: true;
}
type Proved = Claimed & { readonly proof: ReadProof };

const PRESENTED = stage<Claimed, Judgement<PlaneDeps>>("proof")
  .check("registered", judgeRegistered)
  .take("proofPresent", ({ presented, contract, intent }) => {
    const { bound } = contractView(intent.state, contract.digest);
    const proof = readProof(presented ?? bound?.proof);
    return isRefusal(proof) ? proof : { proof };
  })
  .check("proofBinding", judgeBinding);

/**
 * Stage `proof` (PROTOCOL.md §3): the presented proof, or the one that the contract was bound to, read and verified
 * again in full by the trust policy of now.
 */
export const PROOF = PROOF_CHECKS.reduce(
  (table, [name, check]) =>
    table.check(name, ({ contract, proof, trust, intent, mayWait }, { now, deps }) => {
      const { bound, attested } = contractView(intent.state, contract.digest);
      return check({
        ...{ plane: deps.plane.id, contract: contract.claims, proof, policy: trust.policy, now },
        ...{ attested, isBound: bound !== undefined, ...present({ mayWait }) },
      });
    }),
  PRESENTED,
)
  .take("approvals", ({ contract, proof, trust, intent, mayWait }, { now }) => {
    const { bound, approved } = contractView(intent.state, contract.digest);
    const counted = judgeApprovals({
      ...{ contract, proof, policy: trust.policy, now },
      ...{ recorded: approved, isBound: bound !== undefined, ...present({ mayWait }) },
    });
    return isRefusal(counted)
      ? counted
      : { approvedUntil: counted.until, approvedBy: counted.by ?? [] };
  })
  .check(
    "uniqueness",
    (proved) => judgeOwnership(proved.intent, proved.contract.claims) ?? judgeUniqueness(proved),
  );

/**
 * Where the class says so a request binds nothing: whoever asks first could otherwise leave out the objection that
 * somebody has made to the decision (ADV-30).
 */
function judgeRegistered({ contract, trust, intent, mayWait }: Claimed): Refusal | undefined {
  const { registered } = trust.policy.governance[contract.claims.risk];
  const { bound } = contractView(intent.state, contract.digest);
  return registered !== true || bound !== undefined || mayWait
    ? undefined
    : refuse(
        "EVIDENCE_MISSING",
        `contracts of risk ${contract.claims.risk} are bound by register alone: have an issuer register this one`,
        "/contract",
      );
}

/** A bound contract keeps its proof: another one would change after the fact why authority was granted. */
function judgeBinding({ proof, contract, intent }: Proved): Refusal | undefined {
  const { bound } = contractView(intent.state, contract.digest);
  return bound === undefined || bound.proofDigest === proof.digest
    ? undefined
    : refuse("EVIDENCE_HASH_MISMATCH", "the contract is bound to another proof", "/proof");
}

/** One decision binds one contract, the latest one, and (`iss`, `jti`) belongs to the first contract that used it. */
function judgeUniqueness({ contract, proof, trust, intent }: Proved): Refusal | undefined {
  const { breakGlass } = contract.claims;
  for (const [digest, { bound }] of intent.state.contracts) {
    if (bound === undefined || digest === contract.digest) continue;
    if (bound.issuer === contract.claims.iss && bound.contractId === contract.claims.jti)
      return takenContractId().refusal;
    if (breakGlass !== undefined || bound.breakGlass !== undefined) {
      return refuse(
        "CONTRACT_MISMATCH",
        "a contract of an emergency is the only one of its intent",
        "/contract/intent/id",
      );
    }
    if (bound.decisionDigest === proof.decision.digest) {
      return refuse(
        "DECISION_SUPERSEDED",
        "the decision is bound to another contract",
        "/proof/decision",
      );
    }
  }
  return judgeLater({ contract, proof, trust, intent });
}

/**
 * A contract is bound under the latest decision on its intent, or not at all (PROTOCOL.md §10, `supersede`), and what takes
 * the place of another decision is by somebody who could have said so outright.
 */
function judgeLater({
  contract,
  proof,
  trust: { policy },
  intent,
}: Pick<Proved, "contract" | "proof" | "trust" | "intent">): Refusal | undefined {
  const { decidedAt } = intent.state;
  const isBound = contractView(intent.state, contract.digest).bound !== undefined;
  if (isBound || decidedAt === undefined) return undefined;
  return proof.decision.claims.iat > decidedAt
    ? judgeDecider(proof.decision, decided(intent), policy, "/proof/decision")
    : refuse(
        "DECISION_SUPERSEDED",
        `the intent has a decision of ${decidedAt}; this one is not later`,
        "/proof/decision/iat",
      );
}

/** A key has one actor for ever: a second name would be one that no halt of the first reaches (PROTOCOL.md §10). */
export const takenKey = (at = "/contract/actor/id"): Failure => ({
  stage: "proof",
  check: "uniqueness",
  refusal: refuse(
    "ACTOR_MISMATCH",
    "the executor's key belongs to another actor id; give each actor a key of its own",
    at,
  ),
});

/** Somebody else's contract has the id: found in the chain, or only when it is to be taken. */
export const takenContractId = (): Failure => ({
  stage: "proof",
  check: "uniqueness",
  refusal: refuse("CONTRACT_MISMATCH", "iss and jti belong to another contract", "/contract/jti"),
});
