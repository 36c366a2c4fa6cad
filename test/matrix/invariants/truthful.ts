import { REGISTRY_CHAIN } from "../../../lib/evidence/chain.ts";
import { digestOf } from "../../support/handing.ts";
import { claimsOf, type History } from "../history.ts";
import type { Observation, SeenAnswer, SeenContract, Violation } from "../observation.ts";
import { unreached } from "./unreached.ts";

type Found = Omit<Violation, "invariant">;
type Said = Extract<SeenAnswer["said"], { readonly ok: true }>;

/** No success reported that did not happen: in answers, and in evidence. */
export function truthful(seen: Observation, history: History): Found[] {
  return [
    ...seen.answers.flatMap((answer) => ofAnswer(seen, history, answer)),
    ...history
      .ofType("ExecutionCompleted")
      .flatMap(({ record }) =>
        unseenEffect(seen, history, record.identity?.id, "ExecutionCompleted"),
      ),
  ];
}

function ofAnswer(seen: Observation, history: History, answer: SeenAnswer): Found[] {
  const { said } = answer;
  if (typeof said !== "object" || !("ok" in said) || !said.ok) return [];
  if ("identity" in said) return ofGrant(seen, history, said);
  if ("block" in said) return ofHandOver(history, "DelegationGranted", said.block.digest);
  if ("ended" in said) {
    return said.ended.flatMap((block) => ofHandOver(history, "DelegationRevoked", block));
  }
  return "points" in said ? ofCommand(seen, history, answer, said) : [];
}

/** Whoever is told of a block, or of its end, finds it on record. */
function ofHandOver(history: History, type: string, block: string): Found[] {
  const isRecorded = history.ofType(type).some(({ record: { detail } }) => {
    const ended = (detail["ended"] ?? []) as readonly string[];
    return digestOf(String(detail["block"])) === block || ended.includes(block);
  });
  return isRecorded ? [] : [{ what: `an answer tells of ${type} of ${block}, and no record does` }];
}

function ofGrant(
  seen: Observation,
  history: History,
  { identity: { identityId }, outcome, credentials }: Extract<Said, { readonly identity: object }>,
): Found[] {
  const identity = history.identities.find(({ id }) => id === identityId);
  if (identity === undefined)
    return [{ what: `identity ${identityId} was granted and not issued` }];
  const { chainId } = identity;
  const isMinted = identity.records.some(({ record }) => record.event.type === "CredentialsMinted");
  return [
    ...(credentials !== undefined && !isMinted
      ? [{ what: `credentials of ${identityId} left without CredentialsMinted`, chainId }]
      : []),
    ...(outcome?.status === "succeeded"
      ? unseenEffect(seen, history, identityId, "an answer says succeeded")
      : []),
  ];
}

/** A call that is told to have succeeded did, and the target looks like it. */
function unseenEffect(
  { feed, contracts }: Observation,
  history: History,
  identityId: string | undefined,
  who: string,
): Found[] {
  const identity = history.identities.find(({ id }) => id === identityId);
  if (identity === undefined) return [{ what: `${who} of an identity that was not issued` }];
  const { chainId, sessionName, contractDigest } = identity;
  const isCalled = feed.some(
    (call) => call.isEffect && call.error === undefined && call.session === sessionName,
  );
  const contract = contracts.find(({ digest }) => digest === contractDigest);
  const isThere = contract !== undefined && looksOf(contract, history).includes(contract.weight);
  return [
    ...(isCalled ? [] : [{ what: `${who}, and no call of ${identityId} succeeded`, chainId }]),
    ...(isThere ? [] : [{ what: `${who}, and the target is not as asked`, chainId }]),
  ];
}

/** What the target may look like: as it was set, and where it was to be taken back, as that sets it or as nobody could. */
function looksOf({ chainId, wanted, takenBackTo }: SeenContract, history: History): unknown[] {
  const ofChain = (type: string) =>
    history.ofType(type).filter(({ record }) => record.chain.id === chainId);
  if (takenBackTo === undefined || ofChain("RollbackTriggered").length === 0) return [wanted];
  const isBack = ofChain("RollbackCompleted").length > 0;
  return isBack ? [takenBackTo] : [wanted, takenBackTo];
}

/** What a command did is on record in the end, and IAM has what it is told to have. */
function ofCommand(
  { feed }: Observation,
  history: History,
  { command, feedEnd }: SeenAnswer,
  { state, points, evidence }: Extract<Said, { readonly points: object }>,
): Found[] {
  const isRecorded = history.records.some(
    ({ record }) =>
      record.detail["command"] === command &&
      (evidence === undefined ||
        (record.chain.id === evidence.chainId && record.chain.seq <= evidence.seq)),
  );
  const chainId = evidence?.chainId ?? REGISTRY_CHAIN;
  const unrecorded = { what: `a command was answered ${state} and is not on record`, chainId };
  return [
    ...(command === undefined || isRecorded ? [] : [unrecorded]),
    ...unreached(feed, history, { claims: claimsOf(command), points, by: feedEnd }),
  ];
}
