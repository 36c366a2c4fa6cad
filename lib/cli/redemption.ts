import { judgeOperation } from "../authority/derive/judge-operation.ts";
import { canonicalize } from "../encoding/canonical-json.ts";
import type { Operation } from "../request/request.ts";
import type { HandleFile } from "./handle-file.ts";
import { CommandError, EXIT } from "./io.ts";
import { stepOf } from "./operation.ts";

/**
 * Before a handle is redeemed: that the plane would not have to call it a violation, which ends the contract.
 * @throws {CommandError} with the code that the plane would give.
 */
export function requireInside(held: HandleFile, operation: Operation): void {
  const problem = problemOf(held, operation);
  if (problem === undefined) return;
  throw new CommandError(
    EXIT.unreadable,
    `not sent: ${problem}. A redemption outside the contract ends the contract; --force sends it all the same`,
  );
}

function problemOf(
  { claims, step, operation: issued }: HandleFile,
  operation: Operation,
): string | undefined {
  const refusal = judgeOperation(stepOf(claims, step), operation, claims);
  if (refusal !== undefined) return `${refusal.code}, ${refusal.detail}`;
  const isIssued = issued === undefined || canonicalize(issued) === canonicalize(operation);
  return isIssued ? undefined : "CONTRACT_MISMATCH, the handle was issued for another operation";
}
