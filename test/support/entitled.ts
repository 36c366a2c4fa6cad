import { readContract } from "../../lib/contract/contract.ts";
import { type Entitled, entitle, type Parts } from "../../lib/execution/entitled.ts";
import { isRefusal } from "../../lib/refusal.ts";
import { type Operation, readIssueRequest } from "../../lib/request/request.ts";
import { eventOf, govern, type Mutation } from "./governed.ts";
import { START } from "./world.ts";

const IDS = {
  intent: "0198c7d2-0000-7000-8000-000000000001",
  contract: "0198c7d2-0000-7000-8000-000000000002",
  decision: "0198c7d2-0000-7000-8000-000000000003",
};

/** A contract with the signed request of its executor for an operation. */
export function partsOf(operation: Operation, mutation: Mutation = {}): Parts {
  const governed = govern(IDS, START, mutation);
  const set = { "/operation": operation, ...mutation.request?.set };
  const request = { ...mutation.request, set };
  const event = eventOf(governed, { jti: "jti", idempotencyKey: "key" }, START, { request });
  const contract = readContract(governed.contract);
  const read = readIssueRequest((event as { readonly request: unknown }).request);
  if (isRefusal(contract) || isRefusal(read)) throw new Error(JSON.stringify([contract, read]));
  return { contract, request: read, chain: undefined, operation };
}

/** As enforcement would make it of a request for an operation. */
export const entitledTo = (operation: Operation): Entitled => entitle(partsOf(operation));
