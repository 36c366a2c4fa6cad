import type { Rows } from "./row.ts";

const WAIT = "Try again after a moment. If it stays, the cloud team looks at the function's log.";

/** What failed below the plane. */
export const PLATFORM: Rows = {
  DEPENDENCY_UNAVAILABLE: [
    "State, Registry or the reader role did not answer; without an answer nothing is granted.",
    ["contract", "executor", "retry", "state", "context", "execution"],
    WAIT,
  ],
  INTERNAL_FAULT: [
    "The plane met a condition that it was not built for, and granted nothing on it.",
    ["parse", "evidence", "issuance", "execution"],
    "Report it with the record that `evidence` names.",
  ],
  EVIDENCE_STORE_UNAVAILABLE: [
    "The Evidence table did not answer, or its chain stayed contended; what cannot be recorded is not done.",
    ["contract", "executor", "evidence", "issuance", "execution"],
    "Before the call: try again. At stage execution the call may have been made: look with vai trace first.",
  ],
  EVIDENCE_SIGNER_UNAVAILABLE: [
    "KMS did not sign, or no trust policy names the key for long enough; what cannot be recorded is not done.",
    ["contract", "evidence", "issuance", "execution"],
    "Before the call: try again. If the detail says that the key is not in the trust policy, the cloud team publishes one first. At stage execution the call may have been made: look with vai trace first.",
  ],
  REGISTRY_STALE: [
    "The trust policy is over, a denial of the whole plane lacks its record, or Registry and its chain disagree: the plane does not know whom to believe.",
    ["contract", "evidence", "execution"],
    "An agent asks the operators. Operators: vai status says what is wrong. sweep writes a record that is owed within a minute; else publish a trust policy (vai trust publish); if the Registry was edited, restore it first.",
  ],
  STS_FAILED: [
    "STS gave no session. There is no second try with less, and the use stays spent.",
    ["issuance"],
    "The cloud team checks the execution role; the work needs another use or a new contract.",
  ],
  SESSION_POLICY_TOO_LARGE: [
    "The contract does not fit into one STS session policy; nothing of it is dropped to make it fit.",
    ["authority", "issuance"],
    "Split the step into smaller ones: vai policy shows the size.",
  ],
  SESSION_POLICY_INEXPRESSIBLE: [
    "A constraint is enforced by nobody, or the derived policy would allow more than the contract.",
    ["authority"],
    "vai policy names it; have the contract say it another way. Nobody reads back what lambda:InvokeFunction did: such a contract has no obligation readBack.",
  ],
  CREDENTIALS_MISSING: [
    "The bounded call had no issued credentials and was not made with others.",
    ["execution"],
    "Report it with the record that `evidence` names.",
  ],
  REVOCATION_FAILED: [
    "The denial stands at the plane, and IAM did not take it: sessions of the role that were delivered may go on until they end.",
    ["execution"],
    "Of operators' commands only. The cloud team finds out who took from the plane the right to write the role's policy (vai doctor; infra/runbook.md). sweep goes on trying; the role serves nothing new until two names lift its quarantine: vai lift quarantine.",
  ],
  REVOCATION_PENDING: [
    "Something that the lift covers is still open and would come back to life, or a halt of the plane is younger than 61 s: it denies every session that is issued until then.",
    ["contract"],
    "Of operators' lifts only. Send the same command again (vai lift does, until --wait is over): sweep ends what is open within a minute. vai status shows what is open.",
  ],
  EXECUTION_OUTCOME_UNKNOWN: [
    "The call timed out or its answer was lost: it may have been applied. In records only.",
    ["execution"],
    "Look at the target before anything else; the use is spent, so that nothing happens twice.",
  ],
};

/** What only `vai verify` says. */
export const VERIFIER: Rows = {
  EVIDENCE_SIGNATURE_INVALID: [
    "Only vai verify says this: a record or trust policy does not carry a good signature of a key that counts.",
    [],
    "Treat the record as forged or edited. Compare with another export, and find out who could write.",
  ],
  EVIDENCE_TRUNCATED: [
    "Only vai verify says this: the end of a chain, or a whole chain, that was there is gone.",
    [],
    "Restore it from another export, a backup or point-in-time recovery, and find out who could delete.",
  ],
};
