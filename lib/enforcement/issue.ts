import { contractView, type IdentityView } from "../evidence/fold.ts";
import type { TakenKey } from "../evidence/ports.ts";
import type { RecordDraft } from "../evidence/statement.ts";
import type { ReadProof } from "../proof/proof.ts";
import { Fault, isRefusal, type Refusal, refuse } from "../refusal.ts";
import { type Admitted, admit } from "./admit.ts";
import { type Answer, answerAbout, type RefusedAnswer, refusedAnswer } from "./answer.ts";
import { appendToIntent, type Batch, Stop } from "./append.ts";
import { Course } from "./course.ts";
import type { Invocation, IssueDeps } from "./deps.ts";
import {
  bindingDrafts,
  bindingKeys,
  issuedDrafts,
  requestedDraft,
  retryKeys,
  withOpening,
} from "./drafts.ts";
import { digestOfEvent } from "./event.ts";
import { executeGrant, refusalOf } from "./execute-grant.ts";
import { AUTHORITY_CHECK_NAMES, deriveGrant, type Grant } from "./grant.ts";
import type { Intent } from "./intent.ts";
import { contractChecks } from "./judge-contract.ts";
import { judgeProof, PROOF_CHECK_NAMES, takenContractId } from "./judge-proof.ts";
import { judgeRetry } from "./judge-retry.ts";
import { SCOPE_CHECK_NAMES, scopeChecks } from "./judge-scope.ts";
import { stateChecks } from "./judge-state.ts";
import {
  answerRefusal,
  countedBatch,
  type Denial,
  denialDrafts,
  recordOnIntent,
  recordUnattributed,
} from "./refusals.ts";
import { readTrust } from "./registry.ts";
import { sameHead } from "./trust-snapshot.ts";

/** Every check of an `issue` request by name, in the order of the stages (VAI-04, VAI-62). */
const CHECK_NAMES = [
  "parse",
  "request",
  "contractDigest",
  "issuer",
  "place",
  "breadth",
  "registeredActions",
  "riskClass",
  "supported",
  "evidenceChain",
  "designation",
  "retry",
  "contractState",
  "window",
  "uses",
  "capacity",
  ...PROOF_CHECK_NAMES,
  ...SCOPE_CHECK_NAMES,
  ...AUTHORITY_CHECK_NAMES,
];

/**
 * The whole way of one request: prove that the authority is justified now, derive it, issue it, run the one
 * bounded action, and leave evidence of every step (design.md §2). Never throws: a fault ends in a refusal.
 * @param event whatever the caller sent, of any shape.
 */
export async function issue(
  event: unknown,
  deps: IssueDeps,
  invocation: Invocation,
): Promise<Answer> {
  const course = new Course(deps, invocation, digestOfEvent(event));
  try {
    const admitted = await admit(deps, course, event);
    return isRefusal(admitted)
      ? await answerUnattributed(deps, course, admitted, event)
      : await serve(deps, course, admitted);
  } catch (fault) {
    return answerUnattributed(deps, course, refusalOf(fault), event);
  }
}

/** Stages `retry` to the end of the identity, for a verified executor. */
async function serve(deps: IssueDeps, course: Course, admitted: Admitted): Promise<Answer> {
  const trial = new Trial(course, admitted, deps.newId());
  const { trust } = admitted;
  let result: Intent | Stop<Refusal | IdentityView> | Refusal;
  try {
    result = await appendToIntent<Refusal | IdentityView>(deps, course, trust, admitted.intent, {
      prepare: (intent) => trial.prepare(intent),
      onTaken: (key) => judgeTaken(course, key),
    });
  } catch (fault) {
    return refusedAnswer(refusalOf(fault), course.stage);
  }
  if (result instanceof Stop && !isRefusal(result.value)) {
    return answerRetry(deps, course, admitted, trial.intent, result.value);
  }
  const refusal = result instanceof Stop ? result.value : result;
  if (isRefusal(refusal)) {
    if (refusal.code !== "EVIDENCE_CHAIN_BROKEN")
      return answerOnIntent(deps, course, admitted, trial, refusal);
    course.enter("executor");
    return answerUnattributed(deps, course, refusal, admitted.raw);
  }
  const grant = trial.requireGrant();
  course.learn({ identity: { id: grant.identityId } });
  return executeGrant(deps, course, {
    grant,
    trust,
    intent: refusal as Intent,
    obligations: admitted.asked.contract.claims.obligations ?? [],
    rejudge: (intent) => rejudge(deps, course, admitted, intent),
  });
}

/** The judgement of one request on the intent as it stands; made anew whenever the chain has moved. */
class Trial {
  readonly #course: Course;
  readonly #admitted: Admitted;
  readonly #identityId: string;
  /** The intent that was judged last. */
  intent: Intent;
  proof: ReadProof | undefined;
  grant: Grant | undefined;

  constructor(course: Course, admitted: Admitted, identityId: string) {
    this.#course = course;
    this.#admitted = admitted;
    this.#identityId = identityId;
    this.intent = admitted.intent;
  }

  /** Stages `retry` to `authority`, then the records of barrier 1. */
  prepare(intent: Intent): Batch | Stop<Refusal | IdentityView> {
    this.intent = intent;
    this.proof = undefined;
    const settled = this.#settle(intent) ?? this.#judge(intent);
    if (settled !== undefined) return new Stop(settled);
    this.#course.enter("evidence");
    const { asked } = this.#admitted;
    const [grant, proof] = [this.requireGrant(), this.proof];
    if (proof === undefined) throw new TypeError("a grant has a proof");
    const drafts = issuedDrafts(intent, asked, proof, grant, this.#course.checks(CHECK_NAMES));
    const isBound = contractView(intent.state, asked.contract.digest).bound !== undefined;
    return {
      drafts,
      keys: [...retryKeys(asked, grant), ...(isBound ? [] : bindingKeys(intent, asked))],
    };
  }

  requireGrant(): Grant {
    if (this.grant === undefined) throw new TypeError("nothing was granted");
    return this.grant;
  }

  #settle(intent: Intent): Refusal | IdentityView | undefined {
    this.#course.enter("retry");
    const { contract, request, executor } = this.#admitted.asked;
    return this.#course.note("retry", judgeRetry(intent.state, request, executor, contract.digest));
  }

  #judge(intent: Intent): Refusal | undefined {
    const { asked, event, trust } = this.#admitted;
    const { contract, request } = asked;
    const course = this.#course;
    course.enter("state");
    const input = { contract, stepId: request.claims.step, state: intent.state, now: course.now };
    const ended = course.judge(stateChecks(input));
    if (ended !== undefined) return ended;
    const proof = judgeProof(course, event.proof, contract, intent, trust);
    if (isRefusal(proof)) return proof;
    this.proof = proof;
    course.enter("scope");
    const outside = course.judge(scopeChecks(contract, request, intent.state));
    if (outside !== undefined) return outside;
    const grant = deriveGrant(course, this.#identityId, contract, request, proof, trust.policy);
    if (isRefusal(grant)) return grant;
    this.grant = grant;
    return undefined;
  }
}

/** A key in State that no verified record explains: somebody else's contract id, or a chain that lost records. */
function judgeTaken(course: Course, key: TakenKey): Refusal {
  if (key.pk.startsWith("contract-id#")) {
    course.enter("proof");
    return takenContractId();
  }
  return refuse("EVIDENCE_CHAIN_BROKEN", "State knows a grant that the intent's chain does not");
}

/**
 * Stages `contract` to `authority` again, when the Registry's head moved since the world was read: what governance
 * took back meanwhile must not run, and an unrelated change refuses nothing (design.md §2 step 8).
 */
async function rejudge(
  deps: IssueDeps,
  course: Course,
  admitted: Admitted,
  intent: Intent,
): Promise<Refusal | undefined> {
  const head = await deps.registry.readHead();
  if (head !== undefined && sameHead(head, admitted.trust.head)) return undefined;
  const again = new Course(deps, course.invocation, course.eventDigest);
  const trust = await readTrust(deps, again.now);
  if (isRefusal(trust)) return trust;
  const { asked, event } = admitted;
  const { contract, request } = asked;
  const judge = (): Refusal | undefined => {
    again.enter("contract");
    const foreign = again.judge(contractChecks(event, contract, deps.plane, trust));
    if (foreign !== undefined) return foreign;
    again.enter("state");
    const input = { contract, stepId: request.claims.step, state: intent.state, now: again.now };
    const ended = again.judge(
      stateChecks(input).filter(([name]) => name !== "uses" && name !== "capacity"),
    );
    if (ended !== undefined) return ended;
    const proof = judgeProof(again, event.proof, contract, intent, trust);
    if (isRefusal(proof)) return proof;
    const grant = deriveGrant(again, "", contract, request, proof, trust.policy);
    return isRefusal(grant) ? grant : undefined;
  };
  const refusal = judge();
  if (refusal !== undefined) course.enter(again.stage);
  return refusal;
}

/** The same grant again; its first retry is recorded, later ones are counted (VAI-64). */
async function answerRetry(
  deps: IssueDeps,
  course: Course,
  { trust }: Admitted,
  start: Intent,
  found: IdentityView,
): Promise<Answer> {
  const { identityId } = found;
  const identityIn = ({ state }: Intent): IdentityView => state.identities.get(identityId) ?? found;
  const draft: RecordDraft = { type: "RetryDeduplicated", about: { identity: { id: identityId } } };
  let latest = start;
  try {
    const counted = found.retried
      ? await countedBatch(deps, course, start, `retries/${identityId}`)
      : undefined;
    const result = await appendToIntent<Intent>(deps, course, trust, start, {
      prepare: (intent) =>
        counted ?? (identityIn(intent).retried ? new Stop(intent) : { drafts: [draft] }),
    });
    if (!isRefusal(result)) latest = result instanceof Stop ? result.value : result;
  } catch (fault) {
    // The retry is honest whether or not its record finds room: the grant's own evidence is what answers.
    if (!(fault instanceof Fault)) throw fault;
  }
  return answerAbout(latest, identityIn(latest), true, deps.clock());
}

function answerUnattributed(
  deps: IssueDeps,
  course: Course,
  refusal: Refusal,
  event: unknown,
): Promise<RefusedAnswer> {
  const denial: Denial = { refusal, stage: course.stage, checkNames: CHECK_NAMES };
  const requested: RecordDraft = {
    type: "IdentityRequested",
    detail: { eventDigest: course.eventDigest, ...verifiedParts(course, event) },
  };
  return answerRefusal(course, denial, () => recordUnattributed(deps, course, requested, denial));
}

/** What is verified of an event may stand in evidence; the rest is only its digest (VAI-03). */
function verifiedParts({ about }: Course, event: unknown): Record<string, unknown> {
  const { request, contract } = (event ?? {}) as Record<string, unknown>;
  return {
    ...(about.request !== undefined && { request }),
    ...(about.contract !== undefined && contract !== undefined && { contract }),
  };
}

/** A refusal on the intent's chain. Once stage `proof` has passed the contract is bound, whatever came later. */
function answerOnIntent(
  deps: IssueDeps,
  course: Course,
  { asked, trust }: Admitted,
  trial: Trial,
  refusal: Refusal,
): Promise<RefusedAnswer> {
  const denial: Denial = { refusal, stage: course.stage, checkNames: CHECK_NAMES };
  const hasProof =
    trial.proof !== undefined && denial.stage !== "proof" && denial.stage !== "executor";
  const batchOf = (intent: Intent): Batch => {
    const binding =
      hasProof && trial.proof !== undefined ? bindingDrafts(intent, asked, trial.proof) : [];
    const drafts = [...binding, requestedDraft(intent, asked), ...denialDrafts(course, denial)];
    return {
      drafts: withOpening(intent, asked, drafts),
      ...(binding.length > 0 && { keys: bindingKeys(intent, asked) }),
    };
  };
  return answerRefusal(course, denial, () =>
    recordOnIntent(deps, course, trust, trial.intent, denial, batchOf),
  );
}
