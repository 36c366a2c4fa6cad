import { type Order, point } from "../stage.ts";
import { PARSE_EXECUTE, PARSE_ISSUE, REQUEST } from "./admission.ts";
import { AUTHORITY } from "./authority.ts";
import { REVIEWED } from "./break-glass.ts";
import { CONTEXT } from "./context.ts";
import { CONTRACT, READ_HANDLE_WORLD, READ_WORLD, SAME_CONTRACT } from "./contract.ts";
import { CONTINUITY, DESIGNATION, HANDLE, OPEN_CHAIN } from "./executor.ts";
import { PROOF } from "./proof.ts";
import { RETRY } from "./retry.ts";
import { REDEMPTION_SCOPE, SCOPE } from "./scope.ts";
import { CONTRACT_STATE, GRANT_STATE, HEAD, ISSUED, LIMITS, USES } from "./state.ts";
import { STEP_ORDER } from "./step-order.ts";

/** The grant is durable, and its keys are taken. */
export const BARRIER_1 = point("evidence", "barrier1");
/** STS answered with a session. */
export const SESSION = point("issuance", "session");
/** The target was read as the call needs it. */
export const PREPARED = point("execution", "prepared");
/** The record of the session that leaves is durable: barrier 2 of delivery `credentials`. */
export const RECORDED = point("issuance", "recorded");
/** The start is durable. */
export const BARRIER_2 = point("execution", "barrier2");
/** The trust that was read again holds the grant as it is. */
export const TRUST_AGAIN = point("execution", "trustAgain");
/** The call can end inside the window and this invocation. */
export const TIME_LEFT = point("execution", "timeLeft");

/** The end of the identity is durable. */
export const BARRIER_3 = point("execution", "barrier3");

/** What is judged of an issued identity before its call, in the order of the records. */
const TO_THE_CALL: Order = [SESSION, PREPARED, TRUST_AGAIN, TIME_LEFT, ISSUED, BARRIER_2];

const TO_ISSUANCE: Order = [
  PARSE_ISSUE,
  REQUEST,
  READ_WORLD,
  CONTRACT,
  OPEN_CHAIN,
  CONTINUITY,
  DESIGNATION,
  RETRY,
  LIMITS,
  REVIEWED,
  CONTRACT_STATE,
  HEAD,
  STEP_ORDER,
  USES,
  PROOF,
  SCOPE,
  AUTHORITY,
  CONTEXT,
  BARRIER_1,
];

/** Every table and place that an `issue` request passes (VAI-04, VAI-62). */
export const ISSUE_ORDER: Order = [...TO_ISSUANCE, ...TO_THE_CALL];

/** The same for delivery `credentials`, once they are granted. */
export const CREDENTIALS_ORDER: Order = [
  ...TO_ISSUANCE,
  SESSION,
  TRUST_AGAIN,
  TIME_LEFT,
  ISSUED,
  RECORDED,
];

/** What a rollback passes: nobody asks for it, and it is in no order (PROTOCOL.md §2, "Rollback"). */
export const ROLLBACK_ORDER: Order = [
  LIMITS,
  CONTRACT_STATE,
  PROOF,
  SCOPE,
  AUTHORITY,
  ...TO_THE_CALL,
];

/** The same for `execute`: its handle and its grant instead of uses and totals. */
export const EXECUTE_ORDER: Order = [
  PARSE_EXECUTE,
  REQUEST,
  SAME_CONTRACT,
  READ_HANDLE_WORLD,
  CONTRACT,
  OPEN_CHAIN,
  CONTINUITY,
  DESIGNATION,
  HANDLE,
  RETRY,
  LIMITS,
  GRANT_STATE,
  STEP_ORDER,
  PROOF,
  REDEMPTION_SCOPE,
  AUTHORITY,
  CONTEXT,
  // A handle can be tried again and again: what refuses it without a session is found before STS is asked.
  PREPARED,
  TIME_LEFT,
  SESSION,
  TRUST_AGAIN,
  BARRIER_2,
];
