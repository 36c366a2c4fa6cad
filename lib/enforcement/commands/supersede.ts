import { toSeconds } from "../../clock.ts";
import { uuid } from "../../encoding/members.ts";
import { present } from "../../encoding/present.ts";
import { intentChain } from "../../evidence/chain.ts";
import { judgeLaterDecision } from "../../proof/later-decision.ts";
import { type ReadDecision, readDecision } from "../../proof/proof.ts";
import { isRefusal, pointer, type Refusal, refuse } from "../../refusal.ts";
import { appendToIntent, type Batch, ready, refused, settled } from "../barriers/append.ts";
import type { GovernDeps } from "../deps.ts";
import { type Failure, isFailure, type Judgement } from "../judgement.ts";
import { decided, type Intent, readIntent } from "../read/intent.ts";
import { supersedingDrafts } from "../records/superseding.ts";
import { type Order, point, stage } from "../stage.ts";
import { brokenChain } from "../stages/executor.ts";
import { MAX_RECORDS } from "../stages/state.ts";
import { holdingTrust } from "./bound.ts";
import { type CommandAnswer, type Members, malformed } from "./command.ts";

type Judging = Judgement<GovernDeps>;

const AT = "/decision";

const FORM = stage<{ readonly members: Members }, Judging>("parse").take(
  "commandForm",
  ({ members: { intentId, decision: compact, ...others } }) => {
    const [foreign] = Object.keys(others);
    if (foreign !== undefined)
      return malformed("is not a member of this command", pointer("", [foreign]));
    const id = uuid.safeParse(intentId);
    if (!id.success) return malformed("must be the id of an intent", "/intentId");
    const decision = readDecision(compact, AT);
    return isRefusal(decision) ? decision : { intentId: id.data, decision };
  },
);

const TRUST = stage<object, Judging>("contract").look("commandTrust", (_, judgement) =>
  holdingTrust(judgement),
);
const DECIDED = point("proof", "laterDecision");

export const SUPERSEDE_ORDER: Order = [FORM, TRUST, DECIDED];

/**
 * A later decision on an intent takes the place of the earlier ones, whatever it says: every contract under them ends
 * (PROTOCOL.md §10, `supersede`; ADV-17). The same decision again is answered likewise.
 */
export async function supersede(
  judgement: Judging,
  members: Members,
): Promise<CommandAnswer | Failure> {
  const formed = judgement.judge(FORM, { members });
  if (isFailure(formed)) return formed;
  const { intentId, decision } = formed;
  const informed = await judgement.ask(TRUST, formed);
  if (isFailure(informed)) return informed;
  const { trust } = informed;
  const { deps, now } = judgement;
  judgement.reach(DECIDED);
  const start = await readIntent(deps, intentChain(intentId), trust);
  if (isRefusal(start)) return brokenChain(start);
  judgement.learn({ intentId });
  const judgeOf = (intent: Intent) =>
    judgeLaterDecision(decision, decided(intent), {
      ...{ policy: trust.policy, plane: deps.plane.id, now: toSeconds(now) },
    }) ?? judgeUse(intent);
  if (!start.state.superseding.has(decision.digest) && judgeOf(start) === undefined) {
    await markSuperseded(judgement, start, decision);
  }
  const done = await appendToIntent<Intent, GovernDeps>(judgement, start, {
    prepare: (intent) => {
      if (intent.state.superseding.has(decision.digest)) return settled(intent);
      const problem = judgeOf(intent);
      return problem === undefined
        ? ready(batchOf(intent, decision, now))
        : refused(judgement.fail(problem));
    },
  });
  if (done.kind === "refused") return done.failure;
  const isKnown = done.kind === "settled";
  const { chainId, state } = isKnown ? done.value : done.intent;
  return {
    ...{ ok: true, deduplicated: isKnown, state: "SUPERSEDED", inFlight: 0, points: [] },
    evidence: { chainId, seq: state.head.seq },
  };
}

/** On a full chain nothing can be bound any more: a decision that ends no contract there says nothing, and is no record. */
const judgeUse = ({ state: { contracts, head } }: Intent): Refusal | undefined =>
  head.seq < MAX_RECORDS || [...contracts.values()].some(({ bound, ended }) => bound && !ended)
    ? undefined
    : refuse("CONTRACT_CONSUMED", "the intent's chain is full, and no contract of it is left");

/**
 * The end of each contract is committed first, without KMS, as every denial (PROTOCOL.md §10); by the decision itself, so
 * that `sweep` can tell of it in the decider's name where the records cannot be had now.
 */
async function markSuperseded(
  { deps }: Judging,
  { chainId, state }: Intent,
  { jws: { compact: by } }: ReadDecision,
): Promise<void> {
  const shared = { at: toSeconds(deps.clock()), code: "DECISION_SUPERSEDED" } as const;
  for (const [contractDigest, { bound, ended }] of state.contracts) {
    if (bound === undefined || ended !== undefined) continue;
    const mark = { ...shared, trigger: "policyChanged" as const, by, contractDigest };
    await deps.denials.mark({ chainId, mark });
  }
}

/** The records, and the marks that they record taken away. */
function batchOf(intent: Intent, decision: ReadDecision, now: number): Batch {
  const { marks } = intent.marks.stored;
  const marksLeft = Array.isArray(marks)
    ? marks.filter((mark) => mark?.by !== decision.jws.compact)
    : undefined;
  const drafts = supersedingDrafts(intent, decision, now, "always");
  return { drafts, ...present({ marksLeft }) };
}
