import { descriptorOf } from "../actions/catalogue.ts";
import { overbroadProblem } from "../authority/overbroad.ts";
import { ownResourcePrefix } from "../config.ts";
import type { ReadRequest } from "../continuity/request.ts";
import { type Contract, type ReadContract, unsupportedMember } from "../contract/contract.ts";
import {
  judgeClass,
  judgeIssuer,
  judgeIssuerScope,
  judgePlace,
  judgeRegistered,
} from "../contract/judge.ts";
import { pointer, type Refusal, refuse } from "../refusal.ts";
import type { NamedCheck } from "./course.ts";
import type { IssueDeps } from "./deps.ts";
import type { ExecuteEvent, IssueEvent } from "./event.ts";
import { judgeAssumptions } from "./judge-assumptions.ts";
import type { TrustSnapshot } from "./trust-snapshot.ts";

/** Stage `contract`, in the order of wire.md §4: each check with the name that evidence shows. */
export function contractChecks(
  event: Pick<IssueEvent | ExecuteEvent, "request" | "hasChain">,
  contract: ReadContract,
  { plane, readOf }: Pick<IssueDeps, "plane" | "readOf">,
  trust: TrustSnapshot,
): NamedCheck[] {
  const { claims } = contract;
  const isKnown = (action: string): boolean => descriptorOf(action) !== undefined;
  return [
    ["contractDigest", () => judgeDigest(event, contract)],
    ["issuer", () => judgeIssuer(contract, trust.policy)],
    ["issuerScope", () => judgeIssuerScope(contract, trust.policy)],
    ["place", () => judgePlace(claims, plane)],
    ["breadth", () => overbroadProblem(claims, ownResourcePrefix(plane)) ?? judgeKeys(claims)],
    ["registeredActions", () => judgeRegistered(claims, isKnown, trust.policy)],
    ["assumptions", () => judgeAssumptions(claims, readOf, trust.policy)],
    ["riskClass", () => judgeClass(claims, trust.policy)],
    ["operationNamed", () => judgeNamed(event.request, claims)],
    ["supported", () => judgeSupported(event, contract)],
  ];
}

/** A key is never a target: the plane's own are among them, and they have no name to tell them by (wire.md §2). */
function judgeKeys({ authorization_details }: Contract): Refusal | undefined {
  for (const [index, { resources }] of authorization_details.entries()) {
    const key = resources.findIndex((arn) => arn.split(":")[2] === "kms");
    const where = pointer("/contract", ["authorization_details", index, "resources", key]);
    if (key >= 0) return refuse("CONTRACT_OVERBROAD", "a KMS key cannot be a target", where);
  }
  return undefined;
}

/** A request names the one contract that it was signed for (VAI-55). */
function judgeDigest(
  { request }: Pick<IssueEvent | ExecuteEvent, "request">,
  { digest }: ReadContract,
): Refusal | undefined {
  return request.claims.contractDigest === digest
    ? undefined
    : refuse(
        "CONTRACT_HASH_MISMATCH",
        `the request was signed for another contract than ${digest}`,
        "/request/contractDigest",
      );
}

/** What is totalled must be named when it is reserved (wire.md §4). Credentials name nothing, and are judged later. */
function judgeNamed({ claims }: ReadRequest, contract: Contract): Refusal | undefined {
  if (claims.use !== "issue" || claims.delivery !== "handle") return undefined;
  const step = contract.authorization_details.find(({ id }) => id === claims.step);
  const [total] = Object.keys(step?.limits?.totals ?? {});
  return total === undefined || claims.operation !== undefined
    ? undefined
    : refuse(
        "REQUEST_MALFORMED",
        `the step totals ${total}, so a handle needs the operation`,
        "/request/operation",
      );
}

/** What this version does not have is refused by name, never ignored: ignoring a limit would widen. */
function judgeSupported(
  event: Pick<IssueEvent | ExecuteEvent, "request" | "hasChain">,
  { claims }: ReadContract,
): Refusal | undefined {
  const { request } = event;
  const place =
    unsupportedMember(claims) ??
    (event.hasChain ? "/chain" : undefined) ??
    (request.claims.chainDigest === undefined ? undefined : "/request/chainDigest");
  return place === undefined
    ? undefined
    : refuse("NOT_SUPPORTED", `this version does not support ${place}`, place);
}
