import type { Rows } from "./row.ts";

/** One advice wherever people, or what they have laid down, ended something (lambdas/README.md). */
const STOP =
  "An agent stops: the operators, given its intent id, find the reason with vai trace. It goes on only if they or governance say so, with a new contract.";

/** What governance did not allow, or not like this. */
export const GOVERNANCE: Rows = {
  CONTRACT_UNKNOWN: [
    "The contract is named by digest, and the plane has none bound under it.",
    ["contract"],
    "Send the contract itself with its proof the first time; beside a command, as `contract`.",
  ],
  CONTRACT_HASH_MISMATCH: [
    "The request was signed for another contract than the one that came with it.",
    ["contract"],
    "Sign the request over the digest of exactly this contract.",
  ],
  CONTRACT_SIGNATURE_INVALID: [
    "The issuer is known, and its signature on the contract is not good.",
    ["contract"],
    "Treat it as forged. Get the contract from its issuer again.",
  ],
  CONTRACT_ISSUER_UNTRUSTED: [
    "The trust policy knows no such issuer or key, or not for these actions or this risk.",
    ["contract"],
    "Governance publishes the issuer in the trust policy, or another issuer signs: vai trust show.",
  ],
  CONTRACT_NOT_YET_VALID: [
    "The contract's window has not begun.",
    ["state"],
    "Wait until nbf; check the clock.",
  ],
  CONTRACT_EXPIRED: [
    "The contract's window is over, or ends before the call could.",
    ["state", "authority"],
    "Ask governance for a new contract; an old one is never extended.",
  ],
  CONTRACT_CONSUMED: [
    "No use of the step is left, or an execution under the contract stayed incomplete.",
    ["state"],
    "Look at what happened with vai trace; more work needs a new contract.",
  ],
  CONTRACT_REVOKED: [
    "The contract was ended, by a failed execution or by somebody's command.",
    ["state", "evidence", "execution"],
    STOP,
  ],
  TTL_EXCEEDED: [
    "The contract's window is longer than its risk class allows.",
    ["contract"],
    "Have governance sign a shorter one (`governance` of vai trust show).",
  ],
  RISK_CLASS_UNDERSTATED: [
    "The contract claims a lower risk than one of its actions has.",
    ["contract"],
    "Have it signed with the class of its riskiest action.",
  ],
  ACTION_OBSERVED: [
    "The trust policy only observes this action: the request was judged to the end, nothing was done and no use was spent. `would` is what enforcing would have answered.",
    ["authority"],
    "Nothing of it is authority, also where `would` is ok. Do it the way it was done before, or have governance enforce the action: infra/README.md, Rolling out.",
  ],
  ACTION_UNREGISTERED: [
    "The plane, or its trust policy, does not have the action; or its cloud team has not opened it on this resource, or not with the KMS key under which that lies.",
    ["contract", "authority"],
    "`pointer` names an action: the cloud team deploys it, and governance opens it in the trust policy. It names a resource: the cloud team adds the ARN to targets of the deployment file, or with its key to targetKeys if `detail` says so, and deploys (infra/README.md).",
  ],
  DECISION_NOT_APPROVED: [
    "The policy decision says no, asks for a human, or is over.",
    ["proof"],
    "Nothing to do for the agent: governance decides again, or not.",
  ],
  DECISION_SUPERSEDED: [
    "A later decision took its place, or the decision belongs to another contract.",
    ["state", "proof"],
    "Use the contract of the newest decision; one decision carries one contract.",
  ],
  DECISION_SIGNATURE_INVALID: [
    "The decision's signature is not good, or its decider is not in the trust policy.",
    ["proof"],
    "Treat it as forged, or have governance publish the decider.",
  ],
  POLICY_VERSION_STALE: [
    "The decision was made by a policy version that is not the current one.",
    ["proof"],
    "Decide again with the version that vai trust show lists under policies.",
  ],
  GOVERNANCE_METADATA_MISMATCH: [
    "The thresholds of the trust policy have changed since the decision was taken under them.",
    ["proof"],
    "Governance decides and signs again, under the thresholds of now: vai contract sign.",
  ],
  CONSENSUS_NOT_REACHED: [
    "Evaluators whom the risk class asks have not said yes yet, or too many have said no.",
    ["proof"],
    "Evaluators attest it, as many and of such classes as `unlock` says: vai attest FILE --verdict approve. Without `unlock` the objections stand: only a new decision helps.",
  ],
  EVALUATOR_VETO: [
    "An evaluator of a class with a veto rejects the decision. That stays, whatever becomes of its key.",
    ["proof"],
    "An agent stops. The operators read the objection with vai trace; governance decides anew on what it says, or not.",
  ],
  APPROVAL_REQUIRED: [
    "The risk class demands that people approve, or a command a second name, and they have not.",
    ["contract", "proof"],
    "As many people as `unlock` says read and approve exactly this contract: vai approve FILE --show. Of a command another operator or an auditor signs the same payload: vai order send.",
  ],
  APPROVAL_SIGNATURE_INVALID: [
    "An approval cannot be read, is over, not an approver's in a role of theirs, or of another contract or statement.",
    ["parse", "executor", "proof"],
    "The approver reads the statement and signs anew, with vai approve: `pointer` names what does not fit, vai trust show the approvers with key and roles.",
  ],
  SELF_APPROVAL_FORBIDDEN: [
    "Whoever approves or reviews has a part in it: the contract's issuer, its actor, its decider, or an approver of what is reviewed.",
    ["contract", "executor", "proof"],
    "Somebody else does it. Nobody approves what they asked for, decided or will do.",
  ],
  HUMAN_SIGNATURE_MISSING: [
    "The class asks that people approve each block of a chain, and too few of this block's approvals count.",
    ["executor", "proof"],
    "As many people as `unlock` says read and approve this very delegation: vai approve.",
  ],
  STEP_GATE_CLOSED: [
    "The step waits for people, and not enough have opened its gate.",
    ["state"],
    "As many as `unlock` says approve this very step, now that its turn has come: vai approve FILE --step STEP --show. vai status lists every gate that waits.",
  ],
  BREAK_GLASS_UNAUTHORIZED: [
    "The contract names an emergency policy that the trust policy does not have, or is more than one call of an action that it opens, delivered by execute.",
    ["contract"],
    "Use the normal way. An emergency is foreseen in the trust policy's breakGlass (infra/README.md, Emergencies), or it is none.",
  ],
  BREAK_GLASS_EXPIRED: [
    "The emergency policy that the contract names has ended.",
    ["contract"],
    "Governance publishes a trust policy in which it ends later, if it is still wanted.",
  ],
  BREAK_GLASS_REVIEW_OVERDUE: [
    "The use of the emergency policy before this one was not reviewed yet: each needs the review of the one before.",
    ["state"],
    "An auditor who neither issued nor approved the contract that `unlock` names reviews it; then the same request passes.",
  ],
};

/** Whom the plane believes. */
export const TRUST_ROOTS: Rows = {
  CHAIN_BROKEN: [
    "The new trust policy does not continue the one in force, the blocks of a chain are not one chain of this contract, or nobody was handed the block that is to end.",
    ["parse", "contract", "executor"],
    "A trust policy: make it again on top of the current one, vai trust publish. A chain: send it whole, root first, as `delegate` answered it. An end: name a block that was handed on under this contract, by vai chain show.",
  ],
  CHAIN_BLOCK_SIGNATURE_INVALID: [
    "A block is not signed by a key of its plane that was good then, or does not say what its request asked.",
    ["executor"],
    "Send the chain as `delegate` answered it, unchanged; only the plane signs blocks.",
  ],
  CHAIN_ROOT_UNKNOWN: [
    "The trust policy is not signed by an anchor that is pinned at deployment, or the root of a chain by no key of this plane.",
    ["contract", "executor"],
    "A trust policy: sign with the pinned anchor, or have the cloud team pin the new one beside the old. A chain: send it to the plane that signed it.",
  ],
  CHAIN_ROOT_REVOKED: [
    "A key of the plane that signed a block was revoked: whatever hangs on the block has ended.",
    ["state"],
    "Hand on anew from the contract, or ask governance for a new one.",
  ],
  CHAIN_BLOCK_REVOKED: [
    "A block of the chain was ended, by whoever stands above it or by an operator.",
    ["state"],
    "Stop, and ask whoever handed it on to you.",
  ],
  CHAIN_EXPIRED: [
    "The window of a block is over.",
    ["state"],
    "Ask whoever handed it on to you for another block, or governance for a new contract.",
  ],
  CHAIN_TOO_DEEP: [
    "The chain has more blocks or bytes than it may, or the contract lets it become deeper than its class does.",
    ["parse", "contract", "executor", "scope"],
    "Hand on from nearer to the root; how deep is `maxDepth` of the block before, and of the class in the trust policy.",
  ],
  KEY_REVOKED: [
    "People have revoked the executor's key, under whatever name it asks, or a key that the authority came through; `pointer` says whose.",
    ["state", "proof"],
    "An agent stops and asks the operators, with its intent id; it takes no other key. Operators: two names reinstate it (vai lift key), else governance signs a new contract for a new key.",
  ],
};

/** Proof, context and evidence that do not hold. */
export const CONTEXT_ROWS: Rows = {
  CONTEXT_STALE: [
    "The context that was decided on, or an assumption that is not read again, is older than the class allows.",
    ["proof", "context"],
    "Observe again and decide again on what is true now.",
  ],
  CONTEXT_CHANGED: [
    "An assumption of the contract does not hold: the value that was read is not the one expected.",
    ["context"],
    "The world is not as it was when this was decided. `pointer` names the assumption; decide again on what is true now.",
  ],
  CONTEXT_UNAVAILABLE: [
    "An assumption of the contract could not be read, and unknown is never taken as fine.",
    ["context"],
    "Check the assumption's resource and path; the cloud team checks the reader role of that service.",
  ],
  EVIDENCE_MISSING: [
    "A part of the proof is not there. In a verification: a record or trust policy inside a chain is gone.",
    ["proof"],
    "Send intent, context and decision. In a verification: treat the chain as damaged and find out who could delete.",
  ],
  EVIDENCE_HASH_MISMATCH: [
    "Intent, context or decision is not the one that was signed for. In a verification: two files tell two stories.",
    ["proof"],
    "Send the very parts whose digests the contract holds; a bound contract keeps its first proof.",
  ],
  EVIDENCE_CHAIN_BROKEN: [
    "A stored record does not hold: edited, out of place, or not linked to the one before.",
    ["contract", "executor", "retry"],
    "Somebody wrote to a table. Nothing more is granted on this intent: run vai export and vai verify, and investigate.",
  ],
  OBLIGATION_UNMET: [
    "A duty of the contract was not met: the read-back does not show the effect.",
    ["execution"],
    "Look at the target, then at vai trace; the execution counts as incomplete.",
  ],
};

/** Identities at their end. */
export const IDENTITY_ROWS: Rows = {
  IDENTITY_UNKNOWN: [
    "The handle, or the id of a command, is not one of a grant that this plane recorded, or the handle comes with another chain.",
    ["contract", "executor", "state"],
    "Redeem the handle that vai issue gave, unchanged, with the key and the chain that it was asked for with. In a command: take the id from vai trace.",
  ],
  IDENTITY_SIGNATURE_INVALID: [
    "The handle is not signed by a plane key that the trust policy lists.",
    ["executor"],
    "Treat it as forged. If every handle is refused so, governance publishes the plane key: vai trust publish.",
  ],
  IDENTITY_EXPIRED: [
    "The identity's time ended, or too little was left for the call to end in it.",
    ["state", "issuance", "execution"],
    "Ask or redeem earlier in the contract's window, or get a new contract.",
  ],
  IDENTITY_REVOKED: [
    "The identity was ended before it was used: by a violation, by a command, or by a denial whose record is still owed.",
    ["state"],
    STOP,
  ],
  PATH_QUARANTINED: [
    "The execution role of an action is quarantined: a revocation could not be brought to it.",
    ["state"],
    "An agent stops and asks the operators; other roles go on working. Operators: have the cloud team mend the role (infra/runbook.md), then two names lift it: vai lift quarantine.",
  ],
  AGENT_HALTED: [
    "People have halted this actor, or one that the authority came through. A key has no other name: whoever it was first bound for stays its actor.",
    ["state", "proof"],
    "An agent stops and asks the operators. Operators: two names reinstate it once nothing of it is open: vai lift actor.",
  ],
  PLANE_HALTED: [
    "People have halted the whole plane, or its restrictions had no room for one more denial.",
    ["state"],
    "An agent stops and asks the operators. Operators: two names resume it once nothing is open: vai lift plane.",
  ],
};
