import { readBlock } from "../continuity/block.ts";
import { readJws } from "../encoding/jws.ts";
import type { EndTrigger } from "../evidence/details.ts";
import { type EventType, isTerminal } from "../evidence/events.ts";
import type { Detail, EvidenceRecord } from "../evidence/record.ts";
import { isRefusal } from "../refusal.ts";
import { constraintInWords, inside, listed, plain, textIn } from "./plain-text.ts";
import { deliveryInWords, functionWords, sentenceOf } from "./sentences.ts";

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
    reason: [...reasonOf(bound?.detail, chain), ...handedOnTo(issued ?? mine[0], chain)],
    contract: contract === undefined ? null : { id: contract.id, digest: contract.digest },
    limits: limitsOf(issued?.detail, mine),
    uses: usesOf(mine, issued?.detail),
    end: endOf(mine, issued?.detail, chain),
    failures: failuresOf(mine, chain),
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

/** Who handed it on to whom, block by block, where it was issued under a chain (POC-38). */
function handedOnTo(about: EvidenceRecord | undefined, chain: readonly EvidenceRecord[]): string[] {
  const [, ...blocks] = about?.continuity?.blocks ?? [];
  const granted = chain.flatMap((record) => {
    const block =
      record.event.type === "DelegationGranted" && readBlock(inside(record.detail, "block"), "");
    return block === false || isRefusal(block) ? [] : [{ record, block }];
  });
  return blocks.map((digest, at) => {
    const found = granted.find(({ block }) => block.digest === digest);
    const named = `block ${at + 1} ${digest}`;
    if (found === undefined) return `it was handed on by ${named}, whose grant is not here`;
    const { agent, cnf } = found.block.claims;
    return `${plain(found.record.actor?.id)} handed it on to ${plain(agent)} with key ${cnf.jkt}: ${named}`;
  });
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
    ...(inside(issued, "rollbackOf") === undefined
      ? []
      : [`only to take back the effect of identity ${textIn(issued, "rollbackOf")}`]),
    `from ${textIn(issued, "issuedAt")} until ${textIn(issued, "expiresAt")}, by key ${textIn(issued, "executor")} alone`,
    inside(issued, "roleArn") === undefined
      ? `as session ${textIn(issued, "sessionName")} of the role of whichever action it is`
      : `as session ${textIn(issued, "sessionName")} of ${textIn(issued, "roleArn")}`,
    ...(minted ? [`the session could not outlive ${textIn(minted.detail, "hardExpiry")}`] : []),
    ...(minted ? cutFrom(minted.detail) : []),
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

function useOf(record: EvidenceRecord): string[] {
  const { event, detail, decision } = record;
  switch (event.type) {
    case "ExecutionStarted":
      return [
        `${event.at} called ${textIn(detail, "call", "api")} with ${textIn(detail, "call", "input")}`,
      ];
    case "ExecutionRejected":
      return [`${event.at} the call was not made: ${decision.code ?? "no code"}`];
    case "ExecutionCompleted":
    case "ExecutionFailed":
      return [
        `${event.at} the call ended: ${textIn(detail, "outcome", "status")}${functionWords(detail)}`,
      ];
    case "RollbackTriggered":
      return [`${event.at} ${sentenceOf(record)}`];
    default:
      return [];
  }
}

/** Of credentials that were cut to their window: the longer session that they came from, which nobody was given. */
const cutFrom = (minted: Detail): string[] =>
  inside(minted, "scopedSessionId") === undefined
    ? []
    : [
        `cut to that as ${textIn(minted, "scopedSessionId")}, from a session until ${textIn(minted, "sessionExpiry")} that never left the plane`,
      ];

function endOf(
  mine: readonly EvidenceRecord[],
  issued: Detail | undefined,
  chain: readonly EvidenceRecord[],
): string[] {
  const ended = mine.find(({ event }) => isTerminal(event.type));
  if (ended !== undefined) {
    const { detail, event } = ended;
    return [
      `${event.at} ${textIn(detail, "state")} (${event.type})`,
      ...causeOf(detail),
      ...ofItsDenial("RevocationAcknowledged", detail, chain).map(sentenceOf),
    ];
  }
  return issued === undefined
    ? ["it was never issued"]
    : [`no record of its end; its time is over at ${textIn(issued, "expiresAt")} at the latest`];
}

/** What ends an identity, in words (PROTOCOL.md §10). That it completed its state says already. */
const CAUSES: Readonly<Record<Exclude<EndTrigger, "completed">, string>> = {
  windowEnded: "its window was over",
  contextChanged: "the world was no longer as the contract supposed",
  policyChanged: "the policy that it was decided by was in force no more",
  riskSignal: "a risk was signalled",
  executionFailed: "its execution failed",
  operator: "by order",
  evidenceFailed: "its outcome was never recorded",
  violation: "something beyond the contract was attempted",
  withdrawn: "the block that it was issued under, or one above it, was ended or handed on",
};

function causeOf(ended: Detail): string[] {
  const trigger = inside(ended, "trigger");
  if (typeof trigger !== "string" || !Object.hasOwn(CAUSES, trigger)) return [];
  const reason = inside(ended, "refusal", "detail");
  const words = CAUSES[trigger as keyof typeof CAUSES];
  // Of a window there is nothing more to say.
  const isWhole = reason === undefined || trigger === "windowEnded";
  return [isWhole ? words : `${words}: ${plain(reason)}`];
}

/** How far the denial that ended it has come: those records name it by the time at which it was asked for. */
function ofItsDenial(
  type: EventType,
  ended: Detail | undefined,
  chain: readonly EvidenceRecord[],
): EvidenceRecord[] {
  const requestedAt = inside(ended, "requestedAt");
  return requestedAt === undefined
    ? []
    : chain.filter(
        ({ event, detail }) => event.type === type && inside(detail, "requestedAt") === requestedAt,
      );
}

/** Where an enforcement point failed, or ended it; a denial that did not come through is of nobody's identity alone. */
function failuresOf(mine: readonly EvidenceRecord[], chain: readonly EvidenceRecord[]): string[] {
  const ended = mine.find(({ event }) => isTerminal(event.type))?.detail;
  return [
    ...mine
      .filter(({ event }) => FAILURES.has(event.type))
      .map(({ event, decision }) => `${event.type} ${decision.code ?? ""}`.trim()),
    ...ofItsDenial("RevocationFailed", ended, chain).map(
      (record) => `RevocationFailed: ${sentenceOf(record)}`,
    ),
  ];
}

const FAILURES: ReadonlySet<string> = new Set([
  "IssuanceFailed",
  "ExecutionRejected",
  "ExecutionFailed",
  "ExecutionIncomplete",
  "ObligationMissed",
  "RollbackFailed",
  "EvidenceEmissionFailed",
  "IdentityRevoked",
]);
