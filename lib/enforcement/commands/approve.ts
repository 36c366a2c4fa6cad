import { toSeconds } from "../../clock.ts";
import { effectiveStep } from "../../continuity/bounds.ts";
import { gateOf, type Step } from "../../contract/step.ts";
import { isDigest } from "../../encoding/digest.ts";
import type { RecordDraft } from "../../evidence/record.ts";
import { turnOf, waitsFor } from "../../lifecycle/turn.ts";
import { isAlive, judgeApproval, type ReadApproval, readApproval } from "../../proof/approval.ts";
import { gateOfStep } from "../../proof/gate.ts";
import { isRefusal, pointer, type Refusal, refuse, refuseUntil } from "../../refusal.ts";
import { approvals, stepsFirst } from "../../unlock.ts";
import { appendToIntent, ready, refused, settled } from "../barriers/append.ts";
import type { GovernDeps } from "../deps.ts";
import { type Failure, isFailure, type Judgement } from "../judgement.ts";
import type { Intent } from "../read/intent.ts";
import type { TrustSnapshot } from "../read/trust-snapshot.ts";
import { type Order, point, stage } from "../stage.ts";
import {
  type BoundContract,
  boundContract,
  boundIn,
  holdingTrust,
  judgeAlive,
  judgeRoom,
} from "./bound.ts";
import { type CommandAnswer, type Members, malformed } from "./command.ts";

type Judging = Judgement<GovernDeps>;

const AT = "/approval";

const FORM = stage<{ readonly members: Members }, Judging>("parse").take(
  "commandForm",
  ({ members: { contractDigest, approval: compact, ...others } }) => {
    const [foreign] = Object.keys(others);
    if (foreign !== undefined)
      return malformed("is not a member of this command", pointer("", [foreign]));
    if (!isDigest(contractDigest)) return malformed("must be a digest", "/contractDigest");
    const approval = readApproval(compact, AT);
    return isRefusal(approval) ? approval : { contractDigest, approval };
  },
);

const TRUST = stage<object, Judging>("contract").look("commandTrust", (_, judgement) =>
  holdingTrust(judgement),
);
const KNOWN = point("contract", "contractKnown");
const APPROVABLE = point("proof", "approval");

export const APPROVE_ORDER: Order = [FORM, TRUST, KNOWN, APPROVABLE];

/**
 * Records a person's yes to a bound contract, or to the gate of one of its steps once its turn has come (PROTOCOL.md §10,
 * `approve`): with the last one that is needed the gate opens. The same approval again is answered likewise.
 */
export async function approve(
  judgement: Judging,
  members: Members,
): Promise<CommandAnswer | Failure> {
  const formed = judgement.judge(FORM, { members });
  if (isFailure(formed)) return formed;
  const { contractDigest, approval } = formed;
  const informed = await judgement.ask(TRUST, formed);
  if (isFailure(informed)) return informed;
  const { trust } = informed;
  judgement.reach(KNOWN);
  const bound = await boundContract(judgement, trust, contractDigest);
  if (isRefusal(bound)) return judgement.fail(bound);
  judgement.reach(APPROVABLE);
  const done = await appendToIntent<Intent, GovernDeps>(judgement, bound.intent, {
    prepare: (intent) => {
      const found = boundIn(intent, contractDigest);
      if (found === undefined) throw new TypeError("what was bound stays bound");
      if (isRecorded(found, approval)) return settled(intent);
      const problem = judgeOf(found, approval, trust, judgement.now);
      if (problem !== undefined) return refused(judgement.fail(problem));
      return ready({ drafts: approvalDrafts(found, approval, trust, judgement.now) });
    },
  });
  if (done.kind === "refused") return done.failure;
  const isKnown = done.kind === "settled";
  const { chainId, state } = isKnown ? done.value : done.intent;
  return {
    ...{ ok: true, deduplicated: isKnown, state: "RECORDED", inFlight: 0, points: [] },
    evidence: { chainId, seq: state.head.seq },
  };
}

/** One of a gate that a proof brought opens nothing: only recorded by itself it is what it was signed for. */
const isRecorded = ({ view }: BoundContract, { jws, claims: { step } }: ReadApproval): boolean =>
  (step === undefined ? view.approved : view.gateApprovals).includes(jws.compact);

function judgeOf(
  found: BoundContract,
  approval: ReadApproval,
  { policy }: TrustSnapshot,
  now: number,
): Refusal | undefined {
  const { contract, intent, view } = found;
  const seconds = toSeconds(now);
  const { decider = "" } = view.bound ?? {};
  return (
    judgeApproval(approval, { contract, decider, policy, now: seconds }, AT) ??
    (isAlive(approval, seconds)
      ? undefined
      : refuse("APPROVAL_SIGNATURE_INVALID", "has ended", `${AT}/exp`)) ??
    judgeAlive(found, seconds) ??
    judgeTurn(found, approval) ??
    judgeRoom(intent)
  );
}

/** The gate of a step is opened once its turn has come, and not by what was signed before (PROTOCOL.md §2, §3). */
function judgeTurn(
  found: BoundContract,
  { claims: { step: id, iat } }: ReadApproval,
): Refusal | undefined {
  if (id === undefined) return undefined;
  const {
    contract,
    intent: { state },
  } = found;
  const at = `${AT}/step`;
  const step = gatedStep(found, id);
  if (step === undefined || gateOf(step) !== "approval") {
    return refuse("STEP_MISMATCH", `the contract has no step "${id}" that asks for approval`, at);
  }
  const waiting = waitsFor(state, contract, step);
  if (waiting.length > 0) {
    const why = `step ${id} comes behind ${waiting.join(", ")}, not completed yet`;
    return refuseUntil([stepsFirst(waiting)], "STEP_OUT_OF_ORDER", why, at);
  }
  const turnAt = turnOf(state, contract, step);
  return turnAt === undefined || iat >= toSeconds(turnAt) - CLOCK_SKEW
    ? undefined
    : refuseUntil(
        [approvals(1, 0, id)],
        "STEP_OUT_OF_ORDER",
        "was signed before the step's turn had come; look at it and sign anew",
        `${AT}/iat`,
      );
}

/** A step as people are asked about it: a gate that its contract does not have may come with a block (PROTOCOL.md §8). */
function gatedStep({ contract, view }: BoundContract, id: string): Step | undefined {
  const own = effectiveStep(id, contract, undefined);
  if (own === undefined || gateOf(own) === "approval") return own;
  const steps = [...view.tree.blocks.values()].flatMap((block) => block.steps);
  return steps.find((step) => step.id === id && gateOf(step) === "approval") ?? own;
}

/** Seconds by which an approver's clock may be behind. */
const CLOCK_SKEW = 60;

function approvalDrafts(
  found: BoundContract,
  { jws, claims }: ReadApproval,
  trust: TrustSnapshot,
  now: number,
): RecordDraft[] {
  const { iss: by, role, step: id } = claims;
  const recorded: RecordDraft = {
    type: "ApprovalRecorded",
    detail: { approval: jws.compact, by, role, ...(id !== undefined && { step: id }) },
  };
  const step = id === undefined ? undefined : gatedStep(found, id);
  if (step === undefined) return [recorded];
  const isOpen = (approvals: readonly string[]): boolean =>
    isGateOpen(found, step, trust, approvals, now);
  const before = found.view.gateApprovals;
  return !isOpen(before) && isOpen([...before, jws.compact])
    ? [recorded, { type: "GateOpened", detail: { step: step.id } }]
    : [recorded];
}

function isGateOpen(
  { contract, intent: { state }, view }: BoundContract,
  step: Step,
  { policy }: TrustSnapshot,
  recorded: readonly string[],
  now: number,
): boolean {
  const { decider = "" } = view.bound ?? {};
  const turnAt = turnOf(state, contract, step);
  const { have, needed } = gateOfStep({ contract, step, decider, policy, recorded, turnAt, now });
  return have >= needed;
}
