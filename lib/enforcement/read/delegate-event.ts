import { type Chain, readChain } from "../../continuity/chain.ts";
import { readJws } from "../../encoding/jws.ts";
import { type ReadApproval, readApproval } from "../../proof/approval.ts";
import { isRefusal, pointer, type Refusal, refuse } from "../../refusal.ts";
import {
  type DelegateRequest,
  type ReadRequest,
  readDelegateRequest,
  readWithdrawRequest,
  type WithdrawRequest,
} from "../../request/request.ts";
import { type IssueEvent, readNamedContract, readShape, type Shape } from "./event.ts";

/** Approvals that a request may present, as a proof may. */
const MOST_APPROVALS = 32;
const MEMBERS = ["contract", "contractDigest", "proof", "chain", "approvals", "request"];
/** What a withdrawal has no use for: it asks for no authority, so nothing has to justify it. */
const NOT_OF_WITHDRAWAL = ["proof", "approvals"] as const;

/** A `delegate` or `withdraw` event after stage `parse`; the proof is judged in its own stage, so it is still raw here. */
export interface DelegateEvent {
  readonly contract: IssueEvent["contract"];
  readonly proof: unknown;
  readonly chain: Chain | undefined;
  /** Of the block that is asked for. */
  readonly approvals: readonly ReadApproval[];
  readonly request: ReadRequest<DelegateRequest> | ReadRequest<WithdrawRequest>;
}

/** Stage `parse`: strict reading of event, contract, chain, request, approvals, in this order (PROTOCOL.md §4). No AWS call. */
export function parseDelegateEvent(event: unknown): DelegateEvent | Refusal {
  const shape = readShape(event, "delegate", MEMBERS);
  if (isRefusal(shape)) return shape;
  const contract = readNamedContract(shape);
  if (isRefusal(contract)) return contract;
  const chain = readChain(shape["chain"]);
  if (chain !== undefined && isRefusal(chain)) return chain;
  const request = readDelegation(shape);
  if (isRefusal(request)) return request;
  const approvals = readApprovals(shape["approvals"]);
  if (isRefusal(approvals)) return approvals;
  return { contract, proof: shape["proof"], chain, approvals, request };
}

const malformed = (detail: string, at: string): Refusal => refuse("CHAIN_MALFORMED", detail, at);

function readApprovals(presented: unknown): readonly ReadApproval[] | Refusal {
  if (presented === undefined) return [];
  if (!Array.isArray(presented)) return malformed("must be an array of compact JWS", "/approvals");
  if (presented.length > MOST_APPROVALS) {
    return malformed(`has more than ${MOST_APPROVALS} approvals`, "/approvals");
  }
  const read: ReadApproval[] = [];
  for (const [index, compact] of presented.entries()) {
    const approval = readApproval(compact, pointer("/approvals", [index]));
    if (isRefusal(approval)) {
      return malformed(`an approval ${approval.detail}`, approval.pointer ?? "/approvals");
    }
    read.push(approval);
  }
  return read;
}

function readDelegation(shape: Shape): DelegateEvent["request"] | Refusal {
  const { request } = shape;
  switch (useOf(request)) {
    case "withdraw": {
      const useless = NOT_OF_WITHDRAWAL.find((member) => shape[member] !== undefined);
      return useless === undefined
        ? readWithdrawRequest(request)
        : refuse("REQUEST_MALFORMED", "has no use beside a withdrawal", `/${useless}`);
    }
    case "status":
      return refuse("NOT_SUPPORTED", "this version gives no status of a chain", "/request/use");
    default:
      return readDelegateRequest(request);
  }
}

/** What a request says that it is for; whether it is, is for its strict reading. */
function useOf(compact: unknown): unknown {
  const read = readJws(compact, "vai-request+jwt");
  return read.ok ? (read.value.payload as { use?: unknown } | null)?.use : undefined;
}
