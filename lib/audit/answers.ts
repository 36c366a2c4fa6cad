import { readJws } from "../encoding/jws.ts";
import type { Detail, EvidenceRecord } from "../evidence/record.ts";
import { constraintInWords, inside, listed, plain, textIn } from "./plain-text.ts";
import { deliveryInWords } from "./sentences.ts";

/**
 * What an auditor asks about an authority (VAI-08, VAI-128), answered from the records of its chain alone. Every
 * answer is a list of sentences.
 */
export interface IdentityAnswers {
  readonly reason: readonly string[];
  readonly contract: { readonly id: string; readonly digest: string } | null;
  readonly limits: readonly string[];
  readonly uses: readonly string[];
  readonly end: readonly string[];
  readonly failures: readonly string[];
}

export function identityAnswers(
  identityId: string,
  chain: readonly EvidenceRecord[],
): IdentityAnswers {
  const mine = chain.filter(({ identity }) => identity?.id === identityId);
  const issued = mine.find(({ event }) => event.type === "IdentityIssued");
  const contract = (issued ?? mine[0])?.contract;
  const bound = chain.find(
    (each) => each.event.type === "ContractBound" && each.contract?.digest === contract?.digest,
  );
  return {
    reason: reasonOf(bound?.detail, chain),
    contract: contract === undefined ? null : { id: contract.id, digest: contract.digest },
    limits: limitsOf(issued?.detail, mine),
    uses: usesOf(mine, issued?.detail),
    end: endOf(mine, issued?.detail),
    failures: mine
      .filter(({ event }) => FAILURES.has(event.type))
      .map(({ event, decision }) => `${event.type} ${decision.code ?? ""}`.trim()),
  };
}

/** What a JWS in a record says. The record is signed and the plane verified the JWS before it wrote it there. */
function claimsOf(compact: unknown, typ: "vai-contract+jwt" | "vai-decision+jwt"): unknown {
  const read = readJws(compact, typ);
  return read.ok ? read.value.payload : undefined;
}

/**
 * Who wished what, on which context, which policy said yes, and whose contract it became. The contract's binding names
 * the parts of its proof by digest; each stands in a record of its own.
 */
function reasonOf(bound: Detail | undefined, chain: readonly EvidenceRecord[]): string[] {
  if (bound === undefined) return ["no contract was bound: nothing was granted"];
  const part = (digest: string, name: string): unknown =>
    inside(chain.find(({ detail }) => isOf(detail, bound, digest, name))?.detail, name);
  const intent = part("intentDigest", "intent");
  const context = part("contextDigest", "context");
  const decision = claimsOf(part("decisionDigest", "decision"), "vai-decision+jwt");
  const contract = claimsOf(inside(bound, "contract"), "vai-contract+jwt");
  return [
    `${textIn(intent, "actor")} wished to ${listed(inside(intent, "action"))} on ${listed(inside(intent, "target"))}`,
    `the context was observed at ${textIn(context, "observedAt")}`,
    `${textIn(decision, "iss")} decided ${textIn(decision, "outcome")} by policy ${textIn(decision, "policy", "id")} version ${textIn(decision, "policy", "version")}`,
    `${textIn(bound, "issuer")} made the contract out for: ${textIn(contract, "purpose")}`,
  ];
}

/** Whether a detail holds the document `name` whose digest a binding names. */
const isOf = (detail: Detail, bound: Detail, digest: string, name: string): boolean =>
  inside(detail, name) !== undefined && inside(detail, digest) === inside(bound, digest);

function limitsOf(issued: Detail | undefined, mine: readonly EvidenceRecord[]): string[] {
  if (issued === undefined) return [];
  const minted = mine.find(({ event }) => event.type === "CredentialsMinted");
  const parameters = Object.entries(inside(issued, "constraints") ?? {});
  return [
    deliveryInWords(issued),
    `step ${textIn(issued, "step")}: only ${listed(inside(issued, "scope", "actions"))}`,
    `only on ${listed(inside(issued, "scope", "resources"))}`,
    ...parameters.map(([name, constraint]) => `${plain(name)}: ${constraintInWords(constraint)}`),
    `from ${textIn(issued, "issuedAt")} until ${textIn(issued, "expiresAt")}, by key ${textIn(issued, "executor")} alone`,
    inside(issued, "roleArn") === undefined
      ? `as session ${textIn(issued, "sessionName")} of the role of whichever action it is`
      : `as session ${textIn(issued, "sessionName")} of ${textIn(issued, "roleArn")}`,
    ...(minted ? [`the session could not outlive ${textIn(minted.detail, "hardExpiry")}`] : []),
  ];
}

function usesOf(mine: readonly EvidenceRecord[], issued: Detail | undefined): string[] {
  const uses = [...mine.flatMap((each) => handedOver(each, issued)), ...mine.flatMap(useOf)];
  return uses.length === 0 ? ["it was never used"] : uses;
}

/** What a caller did with credentials of its own is not on the chain, and is not said to be nothing. */
function handedOver({ event }: EvidenceRecord, issued: Detail | undefined): string[] {
  const isHandedOver =
    event.type === "CredentialsMinted" && inside(issued, "delivery") === "credentials";
  return isHandedOver
    ? [
        `${event.at} its credentials were handed to the caller; what was done with them is in CloudTrail, under session ${textIn(issued, "sessionName")}`,
      ]
    : [];
}

function useOf({ event, detail, decision }: EvidenceRecord): string[] {
  switch (event.type) {
    case "ExecutionStarted":
      return [
        `${event.at} called ${textIn(detail, "call", "api")} with ${textIn(detail, "call", "input")}`,
      ];
    case "ExecutionRejected":
      return [`${event.at} the call was not made: ${decision.code ?? "no code"}`];
    case "ExecutionCompleted":
    case "ExecutionFailed":
      return [`${event.at} the call ended: ${textIn(detail, "outcome", "status")}`];
    default:
      return [];
  }
}

function endOf(mine: readonly EvidenceRecord[], issued: Detail | undefined): string[] {
  const ended = mine.find(({ detail }) => typeof detail["state"] === "string");
  if (ended !== undefined) {
    return [`${ended.event.at} ${textIn(ended.detail, "state")} (${ended.event.type})`];
  }
  return issued === undefined
    ? ["it was never issued"]
    : [`no record of its end; its time is over at ${textIn(issued, "expiresAt")} at the latest`];
}

const FAILURES: ReadonlySet<string> = new Set([
  "IssuanceFailed",
  "ExecutionRejected",
  "ExecutionFailed",
  "ExecutionIncomplete",
  "ObligationMissed",
  "IdentityRevoked",
]);
