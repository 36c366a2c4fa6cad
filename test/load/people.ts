import type { Digest } from "../../lib/encoding/digest.ts";
import type { Said } from "../matrix/functions.ts";
import type { EvaluatorClass } from "../support/local/people.ts";
import { DUTY, type Terms } from "../support/local/terms.ts";
import type { Errand } from "./errand.ts";
import type { PeopleKind } from "./kinds.ts";
import { DONE, isDone, isGrant, type Outcome, unlike } from "./outcome.ts";
import type { Fault } from "./plan.ts";
import type { Stage } from "./play.ts";

/** An action of people: whether they agree, or say their word in time. */
export interface PeopleAction {
  readonly kind: PeopleKind;
  readonly isAgreed: boolean;
}

/** Whose word a contract of class HIGH needs. */
const EVALUATORS: readonly EvaluatorClass[] = ["state", "human", "risk"];

/** A look that comes later than the second within which the effect has to be seen. */
const LATE: Fault = {
  by: "issue",
  name: "dynamodb:GetItem sample-settings",
  nth: 1,
  fault: "slow",
};

/** The contract of an action. */
export function termsOf({ kind }: PeopleAction, governanceDigest: Digest): Terms {
  switch (kind) {
    case "approve":
      return { risk: "HIGH", governanceDigest };
    case "gate":
      return { gate: "approval" };
    case "duty":
      return { obligations: [DUTY] };
    case "rollback":
      return { isTakenBack: true };
    case "breakGlass":
    case "review":
      return { isEmergency: true };
    default:
      return {};
  }
}

/** Plays what people and an agent do. */
export function playPeople(stage: Stage, action: PeopleAction, errand: Errand): Promise<Outcome> {
  switch (action.kind) {
    case "register":
      return registered(stage, errand);
    case "approve":
      return approved(stage, action, errand);
    case "attest":
      return attested(stage, action, errand);
    case "gate":
      return gated(stage, action, errand);
    case "duty":
      return owing(stage, action, errand);
    case "rollback":
      return takenBack(stage, errand);
    case "breakGlass":
      return stage.emergencies.inTurn(() => emergency(stage, errand));
    case "review":
      return stage.emergencies.inTurn(() => reviewed(stage, errand));
  }
}

const isTold = (said: Said): boolean => typeof said === "object" && "ok" in said && said.ok;
const codeOf = (said: Said): string | undefined =>
  typeof said === "object" && "code" in said ? said.code : undefined;

/** What governs in turn must be told each time. @returns the first that was not, as a surprise */
async function toldAll({ served }: Stage, events: readonly object[]) {
  for (const event of events) {
    const said = await served.run("govern", event);
    if (!isTold(said)) return unlike("that it is on record", said);
  }
  return {};
}

async function runs({ served }: Stage, errand: Errand): Promise<Outcome> {
  const said = await served.run("issue", errand.issuing());
  return isDone(said) ? DONE : { ...DONE, ...unlike("done", said) };
}

async function isRefused({ served }: Stage, errand: Errand, code: string): Promise<Outcome> {
  const said = await served.run("issue", errand.issuing());
  const refusal = { isChanged: false, issued: 0, refusals: 1 };
  return codeOf(said) === code ? refusal : { ...refusal, ...unlike(code, said) };
}

async function registered(stage: Stage, errand: Errand): Promise<Outcome> {
  const told = await toldAll(stage, [errand.registering()]);
  return { ...(await runs(stage, errand)), ...told };
}

/** What waits for somebody is refused, and granted once he has agreed. */
async function waiting(
  stage: Stage,
  errand: Errand,
  { code, word, isAgreed }: { code: string; word: object; isAgreed: boolean },
): Promise<Outcome> {
  const refused = await isRefused(stage, errand, code);
  if (!isAgreed) return refused;
  const told = await toldAll(stage, [word]);
  return { ...refused, ...(await runs(stage, errand)), refusals: 1, ...told };
}

async function approved(stage: Stage, { isAgreed }: PeopleAction, errand: Errand) {
  const words = EVALUATORS.map((each) => errand.attesting({ verdict: "approve", class: each }));
  const told = await toldAll(stage, [errand.registering(), ...words]);
  const word = errand.approving();
  return {
    ...(await waiting(stage, errand, { code: "APPROVAL_REQUIRED", word, isAgreed })),
    ...told,
  };
}

async function attested(stage: Stage, { isAgreed }: PeopleAction, errand: Errand) {
  const word = errand.attesting({ verdict: isAgreed ? "approve" : "reject" });
  const told = await toldAll(stage, [errand.registering(), word]);
  const outcome = isAgreed
    ? await runs(stage, errand)
    : await isRefused(stage, errand, "CONSENSUS_NOT_REACHED");
  return { ...outcome, ...told };
}

async function gated(stage: Stage, { isAgreed }: PeopleAction, errand: Errand) {
  const told = await toldAll(stage, [errand.registering()]);
  const word = errand.approving("set");
  return {
    ...(await waiting(stage, errand, { code: "STEP_GATE_CLOSED", word, isAgreed })),
    ...told,
  };
}

/** Somebody sees what was done, or nobody does until it is due. */
async function owing(stage: Stage, { isAgreed }: PeopleAction, errand: Errand): Promise<Outcome> {
  const said = await stage.served.run("issue", errand.issuing());
  if (!isGrant(said) || !isDone(said)) return { ...DONE, ...unlike("done", said) };
  if (!isAgreed) return DONE;
  const { identityId } = said.identity;
  const obligation = { identityId, name: DUTY.name };
  return {
    ...DONE,
    ...(await toldAll(stage, [errand.attesting({ verdict: "approve", obligation })])),
  };
}

/** Nobody sees the effect in time, and the same invocation takes it back, by a second identity. */
async function takenBack({ served }: Stage, errand: Errand): Promise<Outcome> {
  const { said, isHit } = await served.runBroken(LATE, errand.issuing());
  const isBack = isGrant(said) && said.outcome?.rollback?.status === "succeeded";
  return {
    ...{ isChanged: false, issued: 2, refusals: 0, isHit },
    ...(!isBack && unlike("that it is taken back", said)),
  };
}

/** The emergencies of a run, one after the other: the next waits for the review of the one before. */
export class Emergencies {
  /** What is to be reviewed. */
  open: Errand | undefined;
  #last: Promise<unknown> = Promise.resolve();

  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => {});
    return turn;
  }
}

/** Runs where none waits for its review, else it is refused. */
async function emergency(stage: Stage, errand: Errand): Promise<Outcome> {
  const { emergencies } = stage;
  if (emergencies.open !== undefined) return isRefused(stage, errand, "BREAK_GLASS_REVIEW_OVERDUE");
  const outcome = await runs(stage, errand);
  emergencies.open = errand;
  return outcome;
}

/** Reviews the one that waits, if one does; then an emergency runs, and is reviewed. */
async function reviewed(stage: Stage, errand: Errand): Promise<Outcome> {
  const { emergencies } = stage;
  const before = await reviewOpen(stage);
  const outcome = await emergency(stage, errand);
  const after = await reviewOpen(stage);
  emergencies.open = undefined;
  return { ...outcome, ...before, ...after };
}

async function reviewOpen(stage: Stage) {
  const { open } = stage.emergencies;
  if (open === undefined) return {};
  stage.emergencies.open = undefined;
  return toldAll(stage, [open.reviewing()]);
}
