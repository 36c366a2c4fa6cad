import { toSeconds } from "../../clock.ts";
import { judgeBlockWindows, judgeSigningKeys } from "../../continuity/state.ts";
import { judgeWindow } from "../../contract/judge.ts";
import { callsOf, type Step } from "../../contract/step.ts";
import { coveringBlocks } from "../../evidence/block-tree.ts";
import { contractView, type IdentityView } from "../../evidence/intent-state.ts";
import { denialOf } from "../../lifecycle/mark.ts";
import { hasMissed, phaseOf } from "../../lifecycle/state.ts";
import { type Refusal, refuse, refuseUntil } from "../../refusal.ts";
import { liftOf } from "../../unlock.ts";
import type { PlaneDeps } from "../deps.ts";
import type { Judgement } from "../judgement.ts";
import { stage } from "../stage.ts";
import {
  type Acting,
  type Continuation,
  judgeActors,
  judgeBlocks,
  judgeHead,
  judgeKeys,
} from "./chain-state.ts";

/** Records that an intent chain holds at most (PROTOCOL.md §5). */
export const MAX_RECORDS = 200;
/** Records of a binding, of an issuance, and of an execution to its end without obligations. */
const BINDING = 4;
const ISSUANCE = 3;
const EXECUTION = 4;
/** Of a rollback from its condition to its end: the trigger, its issuance and execution, its failing with an escalation. */
const ROLLBACK = 9;

/** The same with the step that is asked for. */
interface Restricted extends Acting {
  readonly step: Step | undefined;
}

/** Stage `state`, first: what people stopped, whatever the trust policy allows (PROTOCOL.md §4 stage 6, §10). */
export const LIMITS = stage<Restricted, Judgement<PlaneDeps>>("state")
  .check("planeRunning", ({ trust: { limits } }) =>
    limits.isPlaneHalted
      ? refuseUntil([liftOf.plane()], "PLANE_HALTED", "the plane is halted")
      : undefined,
  )
  .check("executorKeyGood", judgeKeys)
  .check("actorRunning", judgeActors)
  .check("chainKeysGood", ({ chain, trust: { published, limits } }) =>
    chain === undefined ? undefined : judgeSigningKeys(chain, published, limits.keys),
  )
  .check("pathOpen", judgePath);

/** A role that a failed revocation could not be brought to serves nothing new (VAI-118). */
function judgePath({ step, trust: { limits, policy } }: Restricted): Refusal | undefined {
  const roles = policy.actions.filter(({ action }) => step?.actions.includes(action));
  const quarantined = roles.flatMap(({ action, executionRoleArn: path }) =>
    path !== undefined && limits.paths.has(path) ? [{ action, path }] : [],
  );
  const [first] = quarantined;
  const paths = new Set(quarantined.map(({ path }) => path));
  return first === undefined
    ? undefined
    : refuseUntil(
        [...paths].map(liftOf.path),
        "PATH_QUARANTINED",
        `the execution role of ${first.action} is quarantined`,
        "/request/step",
      );
}

/** Stage `state` (PROTOCOL.md §4 stage 6): contract and blocks have not ended, and their windows are open. */
export const CONTRACT_STATE = stage<Continuation, Judgement<PlaneDeps>>("state")
  .check("contractState", judgeContractState)
  .check("chainState", judgeBlocks)
  .check("window", ({ contract }, { now }) => judgeWindow(contract.claims, toSeconds(now)))
  .check("chainWindow", ({ chain }, { now }) =>
    chain === undefined ? undefined : judgeBlockWindows(chain, toSeconds(now)),
  );

/**
 * Stage `state`, then: whoever asks has not handed on. It stands behind stage `retry`, so that a lost answer can be asked
 * for again, and does not hold for a rollback: what takes back an effect is the affair of whoever had it (POC-20).
 */
export const HEAD = stage<Continuation, Judgement<PlaneDeps>>("state").check("head", judgeHead);

/** Stage `state` of `issue`, then: uses of the step are left, and room to tell of one more. */
export const USES = stage<Continuation & { readonly step: Step | undefined }, Judgement>("state")
  .check("uses", judgeUses)
  .check("capacity", judgeCapacity);

/** An issued identity of a contract. */
export interface Granted extends Continuation {
  readonly identityId: string;
}

/** Stage `state` of `execute`: the grant itself, then its contract (PROTOCOL.md §4 stage 6). */
export const GRANT_STATE = stage<Granted, Judgement>("state")
  .check(
    "grant",
    (subject, { now }) =>
      judgeUnused(grantIn(subject)) ?? judgeLive(subject) ?? judgeGrantWindow(subject, now),
  )
  .include(CONTRACT_STATE)
  .include(HEAD);

/** An identity between its issuance and its use: nobody has ended it meanwhile. */
export const ISSUED = stage<Granted, Judgement>("state").check("issued", judgeLive);

const grantIn = ({ intent, identityId }: Granted): IdentityView | undefined =>
  intent.state.identities.get(identityId);

/** A handle is redeemed once: a second time would double the effect (PROTOCOL.md §8). */
function judgeUnused(identity: IdentityView | undefined): Refusal | undefined {
  if (identity === undefined) return refuse("IDENTITY_UNKNOWN", "the grant is gone", "/handle");
  return identity.startedAt === undefined
    ? undefined
    : refuse("DUPLICATE_EXECUTION", "the handle was redeemed already", "/handle");
}

/** Ended by record or by a mark whose record is still owed: a denial never waits for its evidence (PROTOCOL.md §10). */
function judgeLive(subject: Granted): Refusal | undefined {
  const { contract, intent, identityId } = subject;
  const identity = grantIn(subject);
  if (identity?.end?.state === "EXPIRED") return expired(identity);
  if (identity?.end !== undefined) {
    return refuse("IDENTITY_REVOKED", `the identity ended: ${identity.state}`, "/handle");
  }
  const { tree } = contractView(intent.state, contract.digest);
  const blocks = coveringBlocks(tree, identity?.blocks);
  const denial = denialOf(intent.marks, { contractDigest: contract.digest, identityId, blocks });
  return denial === undefined
    ? undefined
    : refuse("IDENTITY_REVOKED", `the identity was revoked${notReadable(denial)}`, "/handle");
}

const notReadable = (denial: ReturnType<typeof denialOf>): string =>
  denial === "illegible" ? ": the denials on its intent cannot be read" : "";

/** Half-open: at its end an identity has ended (ADV-15). */
function judgeGrantWindow(subject: Granted, now: number): Refusal | undefined {
  const identity = grantIn(subject);
  return identity !== undefined && now < Date.parse(identity.expiresAt)
    ? undefined
    : expired(identity);
}

/** The same answer before and after `sweep` has written its end. */
const expired = (identity: IdentityView | undefined): Refusal =>
  refuse("IDENTITY_EXPIRED", `the identity ended at ${identity?.expiresAt}`, "/handle/exp");

function judgeContractState(
  { contract, intent: { state, marks } }: Continuation,
  { now }: Pick<Judgement, "now">,
): Refusal | undefined {
  const { ended } = contractView(state, contract.digest);
  if (ended !== undefined)
    return refuse(ended.code, `the contract ended: ${ended.why}`, "/contract");
  const denial = denialOf(marks, { contractDigest: contract.digest });
  if (denial !== undefined) {
    const code = denial === "illegible" ? "CONTRACT_REVOKED" : denial;
    return refuse(code, `the contract was ended${notReadable(denial)}`, "/contract");
  }
  const own = [...state.identities.values()].filter(
    ({ contractDigest }) => contractDigest === contract.digest,
  );
  const lost = own.find(
    (identity) => identity.startedAt !== undefined && phaseOf(identity, now) === "lost",
  );
  if (lost !== undefined) {
    const why = `execution of ${lost.identityId} started and its outcome is unknown`;
    return refuse("CONTRACT_CONSUMED", why, "/contract");
  }
  const missed = own.find((identity) => hasMissed(identity, now));
  return missed === undefined
    ? undefined
    : refuse(
        "CONTRACT_CONSUMED",
        `an obligation of ${missed.identityId} was due and is unmet`,
        "/contract",
      );
}

/** The contract's calls; an unknown step is judged later, as `STEP_MISMATCH`. */
function judgeUses({
  contract,
  step: asked,
  intent: { state },
}: Continuation & { readonly step: Step | undefined }): Refusal | undefined {
  const step = contract.claims.authorization_details.find(({ id }) => id === asked?.id);
  if (step === undefined) return undefined;
  const used = contractView(state, contract.digest).uses.get(step.id) ?? 0;
  const allowed = callsOf(step);
  return used < allowed
    ? undefined
    : refuse(
        "CONTRACT_CONSUMED",
        `step ${step.id} allows ${allowed} call(s), ${used} are used`,
        "/request/step",
      );
}

/** A course is begun only if it can be recorded to its end, beside what open identities are still owed. */
function judgeCapacity(
  { contract, intent: { state } }: Continuation,
  { now }: Judgement,
): Refusal | undefined {
  const open = [...state.identities.values()]
    .filter((identity) => identity.startedAt !== undefined || phaseOf(identity, now) !== "expired")
    .filter(({ end }) => end === undefined).length;
  const { obligations = [], assumptions = [], rollback } = contract.claims;
  const owed =
    EXECUTION +
    obligations.length +
    (assumptions.length > 0 ? 1 : 0) +
    (rollback === undefined ? 0 : ROLLBACK);
  const isBound = contractView(state, contract.digest).bound !== undefined;
  const course = (isBound ? 0 : BINDING) + ISSUANCE + owed;
  return state.head.seq + course + open * owed <= MAX_RECORDS
    ? undefined
    : refuse(
        "CONTRACT_CONSUMED",
        `the intent's chain has no room left (${MAX_RECORDS} records)`,
        "/contract/intent/id",
      );
}
