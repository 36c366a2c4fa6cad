import { readContract } from "../../contract/contract.ts";
import { readJws } from "../../encoding/jws.ts";
import type { EvidenceRecord } from "../../evidence/record.ts";
import { isRefusal } from "../../refusal.ts";
import type { Operation } from "../../request/request.ts";

/**
 * The operation that an identity's start was recorded with, from its request in the chain. `undefined` where the chain
 * holds the request only by digest, because a parameter is sensitive.
 */
export function recordedOperation(
  records: readonly EvidenceRecord[],
  identityId: string,
): Operation | undefined {
  const own = records.filter(({ identity }) => identity?.id === identityId);
  const started = own.find(({ event }) => event.type === "ExecutionStarted");
  const issued = own.find(({ event }) => event.type === "IdentityIssued");
  if (issued?.detail["rollbackOf"] !== undefined) return rollbackOf(records, issued);
  const asked = records.find(
    ({ event, request }) =>
      event.type === "IdentityRequested" &&
      request !== undefined &&
      request.jti === issued?.detail["requestJti"],
  );
  const compact = started?.detail["request"] ?? asked?.detail["request"];
  const read = readJws(compact, "vai-request+jwt");
  return read.ok ? (read.value.payload as { operation?: Operation }).operation : undefined;
}

/** A rollback's operation is its contract's own. */
function rollbackOf(
  records: readonly EvidenceRecord[],
  issued: EvidenceRecord,
): Operation | undefined {
  const bound = records.find(
    ({ event, contract }) =>
      event.type === "ContractBound" && contract?.digest === issued.contract?.digest,
  );
  const contract = readContract(bound?.detail["contract"]);
  return isRefusal(contract) ? undefined : contract.claims.rollback?.operation;
}
