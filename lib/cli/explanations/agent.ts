import type { Rows } from "./row.ts";

const ASK_GOVERNANCE =
  "Ask governance for a contract that says what is needed; do not widen it yourself.";

/** What cannot be read. */
export const MALFORMED: Rows = {
  CONTRACT_MALFORMED: [
    "The contract cannot be read: its form, a member, or its canonical encoding is wrong.",
    ["parse", "contract"],
    "Correct the member that `pointer` names and have the issuer sign again: vai contract sign.",
  ],
  CHAIN_MALFORMED: [
    "The chain is not a list of compact JWS, or one of its blocks cannot be read.",
    ["parse"],
    "Send `chain` as `delegate` answered it, or leave it out; `pointer` names the block and the member.",
  ],
  ATTESTATION_MALFORMED: [
    "An attestation cannot be read, is not an evaluator's in its own class, or is of another decision or of no obligation that waits.",
    ["parse", "proof"],
    "The evaluator attests again, with vai attest: `pointer` names what does not fit, vai trust show the evaluators with key and class.",
  ],
  REQUEST_MALFORMED: [
    "The event or the request is not one of lambdas/PROTOCOL.md §4: a member is unknown, missing, or of another form.",
    ["parse", "contract"],
    "Correct the member that `pointer` names; lib/client builds a good request.",
  ],
  COMMAND_MALFORMED: [
    "A command of people cannot be read, names a key that it may not, or is a trust policy that breaks its schema or loses a plane key.",
    ["parse", "contract"],
    "Correct the member that `pointer` names; vai trust publish fills in what the plane demands.",
  ],
  PROOF_INCOMPLETE: [
    "A part of the proof cannot be read: intent, context or decision.",
    ["parse", "proof"],
    "Correct the part that `pointer` names (lambdas/PROTOCOL.md §3).",
  ],
  CONSTRAINT_UNKNOWN: [
    "The contract limits a parameter in a way that this plane does not know; it is never ignored.",
    ["parse"],
    "Use exact, oneOf, notOneOf, range, prefix, absent or all.",
  ],
  CONTRACT_OVERBROAD: [
    "A resource or value holds a wildcard, a variable or unprintable characters, or names the plane itself.",
    ["contract"],
    "Name each resource exactly; have governance sign the narrower contract.",
  ],
  NOT_SUPPORTED: [
    "The contract, proof or command uses something that this version does not have; it is never ignored.",
    ["parse", "contract", "proof"],
    "`pointer` names the member: leave it out, or wait for a version that has it.",
  ],
};

/** What the asking agent got wrong. */
export const AGENT: Rows = {
  ACTOR_MISMATCH: [
    "Contract, decision and intent do not name the same actor, or the key belongs to another one, also of whom a delegation designates.",
    ["proof"],
    "Let the actor whom the decision names ask, or have the decision made for this actor. Give each actor a key of its own, under a chain too. To hand on, name key and agent as the trust policy has them together: vai trust show.",
  ],
  ACTOR_AUTH_INVALID: [
    "A command is not signed by an operator of the trust policy, or its operator may not do this.",
    ["contract"],
    "Have it signed by an operator whose entry has the key and whose `may`, if there is one, lists the verb.",
  ],
  TARGET_MISMATCH: [
    "The operation's resource is not one that the step lists.",
    ["scope"],
    `Use a resource of the contract. ${ASK_GOVERNANCE}`,
  ],
  ACTION_MISMATCH: [
    "The operation's action is not one that the step lists; names compare exactly, letter case included.",
    ["scope"],
    `Use an action of the contract, as IAM spells it. ${ASK_GOVERNANCE}`,
  ],
  REGION_MISMATCH: [
    "An ARN, or the contract itself, is for another region.",
    ["contract", "scope"],
    "Work in the region of the contract, and send it to that region's plane.",
  ],
  ACCOUNT_MISMATCH: [
    "An ARN, or the contract itself, is for another account or partition.",
    ["contract", "scope"],
    "Work in the account of the contract, and send it to that account's plane.",
  ],
  PARAMETER_OUT_OF_BOUNDS: [
    'A parameter is missing, of another type, or outside what the contract allows. `7` is not `"7"`.',
    ["scope"],
    `Send a value inside the bounds that \`detail\` names. ${ASK_GOVERNANCE}`,
  ],
  PARAMETER_UNDECLARED: [
    "The operation has a parameter that the step does not declare; nothing undeclared passes.",
    ["scope"],
    "Leave the parameter out, or have the contract declare it.",
  ],
  SCOPE_EXCEEDED: [
    "The contract is wider than its decision allows, or a total of the step is used up, or the calls that a block allows.",
    ["proof", "scope", "authority"],
    "Stay inside the decision's boundary; a spent total needs a new contract, what a block allows another block.",
  ],
  CONTRACT_MISMATCH: [
    "Contract and proof do not fit together, the contract id or intent belongs to somebody else, or a handle is for another operation.",
    ["executor", "proof", "scope"],
    "Use a fresh jti and the intent that this contract was decided for; redeem a handle with the operation that it was asked for.",
  ],
  STEP_OUT_OF_ORDER: [
    "A step that this one comes behind is not completed yet, or its gate was approved before its turn.",
    ["state", "proof"],
    "Complete what `unlock` names first. A gate's approver looks at it then, and approves anew: vai approve FILE --step STEP.",
  ],
  STEP_MISMATCH: [
    "The contract, or a block of the chain, has no step of that name, or none that may be asked for or approved.",
    ["scope", "proof"],
    "Name a step id of the contract that was handed on to you as well; nobody asks for the step of a rollback, which the plane does by itself, and only a step with the gate approval is approved by itself.",
  ],
  EXECUTOR_MISMATCH: [
    "The key that signed the request is not the executor of the contract, or of the chain's last block, or is a key of governance; or an executor of the chain lacks a label that is asked of it; or not exactly one agent meets whom a delegation designates.",
    ["executor", "proof"],
    "Sign with the key whose thumbprint is the cnf.jkt of the chain's last block, without a chain the contract's. To hand on by name or label, name one that a single agent of the trust policy has, or its key: vai trust show lists the agents. For a label ask governance.",
  ],
  DELEGATOR_MISMATCH: [
    "Whoever handed on, or took back, was not the executor of the block that it was done from.",
    ["executor"],
    "Sign with the key that the block before designates; only its executor hands on.",
  ],
  ATTENUATION_VIOLATION: [
    "A block allows more than what it continues: a bound is looser, or an action, a step or a parameter is added.",
    ["executor", "scope"],
    `Ask for no more than the block that you hand on from; \`pointer\` names the member. ${ASK_GOVERNANCE}`,
  ],
  CONSTRAINT_REMOVED: [
    "A block lacks a bound of what it continues: a parameter, a total, a bound of a range or a clause.",
    ["executor", "scope"],
    "Restate every bound of the block that you hand on from, unchanged or tighter; `pointer` names the one that is missing.",
  ],
  CHAINS_COMBINED: [
    "The chain holds blocks of two chains, or two branches of one: permissions never add up.",
    ["parse"],
    "Send one chain, root first, as `delegate` answered it.",
  ],
  HEAD_SUPERSEDED: [
    "The authority was handed on, so that whoever asks holds it no more.",
    ["state"],
    "Ask whoever it was handed on to; what was handed on does not come back.",
  ],
  REQUEST_UNSIGNED: [
    "The event has no request, so nobody vouches for it; IAM identity alone grants nothing.",
    ["parse"],
    "Sign a request with the executor's key: vai issue, or lib/client.",
  ],
  REQUEST_SIGNATURE_INVALID: [
    "The request's signature, key or algorithm is not good, or it was signed for another chain than it comes with.",
    ["request"],
    "Sign the exact bytes again with the key whose public half is in the header, and with `chainDigest` of the chain's last block, or without it where there is no chain.",
  ],
  REQUEST_STALE: [
    "The request was signed more than 60 seconds ago, or in the future: it may be a replay. Or a command is past its `exp`.",
    ["request", "contract"],
    "Set the clock right and sign afresh; do not store requests or commands.",
  ],
  NONCE_REPLAYED: [
    "The jti of the request or command was used before for something else.",
    ["contract", "retry", "evidence"],
    "Use a new jti for each new request; repeat one only with the same content.",
  ],
  IDEMPOTENCY_CONFLICT: [
    "The idempotency key was used before with other content.",
    ["retry"],
    "Use a new idempotencyKey for new content; a true retry sends the same content.",
  ],
  DUPLICATE_EXECUTION: [
    "The handle was redeemed already; each is used once.",
    ["state"],
    "Look at the first execution with vai trace; ask for a new handle if uses are left.",
  ],
  AUDIENCE_MISMATCH: [
    "The request, contract, block, command or trust policy is for another plane.",
    ["parse", "request", "contract", "executor", "proof", "scope"],
    "Use the plane id of the deployment (`plane` of outputs.json) as aud.",
  ],
  DIRECT_MODE_FORBIDDEN: [
    "The contract, its class, the chain's last block, or a constraint that IAM cannot carry forbids this delivery.",
    ["authority"],
    'Ask for a delivery that the contract lists. Credentials need a contract that IAM alone can hold: parameters "unbounded", no totals, no obligations, no lambda:InvokeFunction.',
  ],
};
