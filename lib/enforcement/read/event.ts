import { type Chain, readChain } from "../../continuity/chain.ts";
import { type ReadContract, readContract } from "../../contract/contract.ts";
import { canonicalize } from "../../encoding/canonical-json.ts";
import { type Digest, isDigest, sha256Digest } from "../../encoding/digest.ts";
import { limitProblem, type Problem } from "../../encoding/strict-json.ts";
import { type ReadHandle, readHandle } from "../../issuance/handle.ts";
import { isRefusal, pointer, type Refusal, refuse } from "../../refusal.ts";
import {
  type ExecuteRequest,
  type IssueRequest,
  type ReadRequest,
  readExecuteRequest,
  readIssueRequest,
} from "../../request/request.ts";

/** Bytes of the event's JCS form (PROTOCOL.md §1). */
const MAX_EVENT_BYTES = 256 * 1024;
const ISSUE_MEMBERS = ["contract", "contractDigest", "proof", "chain", "status", "request"];
const EXECUTE_MEMBERS = ["handle", "chain", "status", "request"];

/** What an event says of who may continue. */
interface Continuing {
  readonly chain: Chain | undefined;
  /** Whether the event carries the status of a chain, which this version refuses. */
  readonly hasStatus: boolean;
}

/** An `issue` event after stage `parse`. The proof is judged in its own stage, so it is still raw here. */
export interface IssueEvent extends Continuing {
  readonly contract: ReadContract | { readonly digest: Digest };
  readonly proof: unknown;
  readonly request: ReadRequest<IssueRequest>;
}

/** An `execute` event after stage `parse`. */
export interface ExecuteEvent extends Continuing {
  readonly handle: ReadHandle;
  readonly request: ReadRequest<ExecuteRequest>;
}

/**
 * Digest of an event of any shape: over its JCS bytes, or over what can be said of it when it has none. One that is too
 * large is not put in order first: garbage of megabytes must not cost more than being looked at.
 */
export function digestOfEvent(event: unknown): Digest {
  const text = textOf(event);
  if (text === undefined) return sha256Digest("an event that has no text");
  if (isTooLarge(text)) return sha256Digest(text);
  try {
    return sha256Digest(canonicalize(event));
  } catch {
    return sha256Digest(text);
  }
}

/** `undefined` for what JSON cannot say, and for nesting beyond what any reader follows. */
function textOf(event: unknown): string | undefined {
  try {
    return JSON.stringify(event) ?? "no event";
  } catch {
    return undefined;
  }
}

/** Text of JSON is as long as its JCS form, which only puts members in order. */
const isTooLarge = (text: string): boolean => Buffer.byteLength(text) > MAX_EVENT_BYTES;

/** What is wrong with the size, the depth, the names, strings or numbers of an event; `undefined` if nothing is. */
export function eventProblem(event: object): Problem | undefined {
  const text = textOf(event);
  return text !== undefined && isTooLarge(text)
    ? { detail: `is larger than ${MAX_EVENT_BYTES} bytes`, pointer: "" }
    : limitProblem(event);
}

/** Stage `parse`: strict reading of event, contract, chain, request, in this order (PROTOCOL.md §4). No AWS call. */
export function parseIssueEvent(event: unknown): IssueEvent | Refusal {
  const shape = readShape(event, "issue", ISSUE_MEMBERS);
  if (isRefusal(shape)) return shape;
  const contract = readNamedContract(shape);
  if (isRefusal(contract)) return contract;
  const chain = readChain(shape["chain"]);
  if (chain !== undefined && isRefusal(chain)) return chain;
  const request = readIssueRequest(shape["request"]);
  if (isRefusal(request)) return request;
  return { contract, proof: shape["proof"], request, chain, hasStatus: hasStatus(shape) };
}

/** The same for an `execute` event: event, chain, handle, request. */
export function parseExecuteEvent(event: unknown): ExecuteEvent | Refusal {
  const shape = readShape(event, "execute", EXECUTE_MEMBERS);
  if (isRefusal(shape)) return shape;
  const chain = readChain(shape["chain"]);
  if (chain !== undefined && isRefusal(chain)) return chain;
  const handle = readHandle(shape["handle"]);
  if (isRefusal(handle)) return handle;
  const request = readExecuteRequest(shape["request"]);
  if (isRefusal(request)) return request;
  return { handle, request, chain, hasStatus: hasStatus(shape) };
}

export type Shape = Readonly<Record<string, unknown>>;

const hasStatus = (shape: Shape): boolean => shape["status"] !== undefined;

export function readShape(
  event: unknown,
  use: string,
  members: readonly string[],
): Shape | Refusal {
  const malformed = (detail: string, where = ""): Refusal =>
    refuse("REQUEST_MALFORMED", detail, where);
  if (typeof event !== "object" || event === null || Array.isArray(event)) {
    return malformed("the event is not a JSON object");
  }
  const problem = eventProblem(event);
  if (problem !== undefined) return malformed(`the event ${problem.detail}`, problem.pointer);
  const foreign = Object.keys(event).find((key) => !members.includes(key));
  return foreign === undefined
    ? (event as Shape)
    : malformed(`"${foreign}" is not a member of an ${use} event`, pointer("", [foreign]));
}

export function readNamedContract(shape: Shape): IssueEvent["contract"] | Refusal {
  const { contract, contractDigest } = shape;
  if ((contract === undefined) === (contractDigest === undefined)) {
    return refuse(
      "CONTRACT_MALFORMED",
      "the event needs exactly one of contract and contractDigest",
      "/contract",
    );
  }
  if (contract !== undefined) return readContract(contract);
  return isDigest(contractDigest)
    ? { digest: contractDigest }
    : refuse(
        "CONTRACT_MALFORMED",
        "must be sha256: and 64 lower-case hex digits",
        "/contractDigest",
      );
}
