import { toSeconds } from "../../clock.ts";
import { placeOf } from "../../continuity/block.ts";
import { present } from "../../encoding/present.ts";
import type { IdentityView } from "../../evidence/intent-state.ts";
import type { TakenKey } from "../../evidence/ports.ts";
import { useText } from "../../lifecycle/break-glass.ts";
import type { ReadProof } from "../../proof/proof.ts";
import type { IssueRequest } from "../../request/request.ts";
import type { IssueDeps, PlaneDeps } from "../deps.ts";
import { type Failure, isFailure, type Judgement } from "../judgement.ts";
import { observed, observedAction } from "../observed.ts";
import type { Intent } from "../read/intent.ts";
import { type PlaceOfUse, placeOfUse } from "../read/place-of-use.ts";
import { isContractIdKey, isExecutorKey } from "../read/state-keys.ts";
import { isBound, issuedDrafts, type Justified } from "../records/issuance.ts";
import { bindingKeys, holderKeys, takenRetryKeys } from "../records/keys.ts";
import { AUTHORITY, type Grant } from "../stages/authority.ts";
import { judgeUses, REVIEWED, taken } from "../stages/break-glass.ts";
import { CONTEXT, type Context } from "../stages/context.ts";
import { brokenChain, lostGrant } from "../stages/executor.ts";
import { BARRIER_1 } from "../stages/order.ts";
import { PROOF, takenContractId, takenKey } from "../stages/proof.ts";
import { RETRY } from "../stages/retry.ts";
import { SCOPE } from "../stages/scope.ts";
import { CONTRACT_STATE, HEAD, LIMITS, USES } from "../stages/state.ts";
import { STEP_ORDER } from "../stages/step-order.ts";
import { judgeTargetKeys } from "../stages/target-keys.ts";
import type { VerifiedRequest } from "../verified.ts";
import { appendToIntent, type Refused, ready, refused, type Settled, settled } from "./append.ts";

type Asked = VerifiedRequest<IssueRequest>;

/** Barrier 1 is behind: the grant is durable, and its handle may leave. */
interface Reserved extends Justified {
  readonly kind: "appended";
  readonly intent: Intent;
  readonly handle: string | undefined;
}

/** The request was granted before. */
interface Repeated extends Settled<IdentityView> {
  readonly intent: Intent;
}

/** Why there is no grant; the intent as it was judged last, and the proof if it held. */
export interface Denied extends Refused {
  readonly intent: Intent;
  readonly proof: ReadProof | undefined;
}

/** Makes what leaves with the grant, beside the sealing: worth nothing before the grant is durable. */
export type MakeHandle = (
  deps: PlaneDeps,
  request: VerifiedRequest,
  grant: Grant,
) => Promise<string | undefined>;

/** Barrier 1: the grant is durable and its keys are taken, or it is a retry of one, or refused. */
export async function reserve(
  judgement: Judgement,
  request: Asked,
  makeHandle: MakeHandle,
): Promise<Reserved | Repeated | Denied> {
  const reservation = new Reservation(judgement, request, makeHandle);
  const watched = observedAction(request);
  try {
    return await (watched === undefined ? reservation.reserve() : reservation.watch(watched));
  } catch (fault) {
    return reservation.denied(judgement.faulted(fault));
  }
}

/** The judgement of one request on the intent as it stands; made anew whenever the chain has moved. */
class Reservation {
  readonly #judgement: Judgement;
  readonly #request: Asked;
  readonly #identityId: string;
  readonly #makeHandle: MakeHandle;
  /** As it was judged last. */
  #intent: Intent;
  #proof: ReadProof | undefined;
  /** Of a contract under break-glass. */
  #use: PlaceOfUse | undefined;

  constructor(judgement: Judgement, request: Asked, makeHandle: MakeHandle) {
    this.#judgement = judgement;
    this.#request = request;
    this.#makeHandle = makeHandle;
    this.#identityId = judgement.deps.newId();
    this.#intent = request.intent;
  }

  denied(failure: Failure): Denied {
    return { ...refused(failure), intent: this.#intent, proof: this.#proof };
  }

  async reserve(): Promise<Reserved | Repeated | Denied> {
    await this.#lookForPlace();
    const context = await this.#observe();
    if ("kind" in context) return this.#ended(context);
    let justified: Justified | undefined;
    let handle: string | undefined;
    const { deps } = this.#judgement;
    const result = await appendToIntent<IdentityView>(this.#judgement, this.#request.intent, {
      prepare: (intent) => {
        const judged = this.#justify(intent);
        if ("kind" in judged) return judged;
        justified = { ...judged, context };
        return this.#batch(intent, justified);
      },
      meanwhile: async () => {
        const { grant } = justified ?? {};
        loadAction(deps, grant);
        if (grant === undefined) return undefined;
        const [made, closed] = await Promise.all([
          this.#makeHandle(deps, this.#request, grant),
          judgeTargetKeys(this.#judgement, this.#request.contract, grant),
        ]);
        handle = made;
        return closed;
      },
      justBefore: () => this.#takePlace(),
      onTaken: (key) => judgeTaken(key, this.#request),
      // What comes after it in this invocation is to be sealed too; else a use would be spent for nothing.
      until: this.#judgement.invocation.deadline,
      isBarrier: true,
    });
    if (result.kind !== "appended") return this.#ended(result);
    this.#judgement.passed(BARRIER_1);
    if (justified === undefined) throw new TypeError("what was appended was justified");
    return { ...result, ...justified, handle };
  }

  /**
   * Judges a request that is only watched as far as stage `context`, and takes nothing: no key, no use, no room. A key that
   * a grant took before is settled as always.
   */
  async watch(action: string): Promise<Repeated | Denied> {
    const request = this.#request;
    await this.#lookForPlace();
    const retried = this.#judgement.judge(RETRY, request);
    if (isFailure(retried)) return this.denied(retried);
    if (retried.repeated !== undefined) {
      return { ...settled(retried.repeated), intent: request.intent };
    }
    const failure = await this.#wouldFail().catch((fault: unknown) =>
      this.#judgement.faulted(fault),
    );
    return this.denied(observed(action, failure));
  }

  /** What enforcing would refuse it for, before anything is durable. */
  async #wouldFail(): Promise<Failure | undefined> {
    const { contract, intent } = this.#request;
    const judged = this.#justify(intent);
    if ("kind" in judged) return judged.kind === "refused" ? judged.failure : undefined;
    const seen = await this.#judgement.ask(CONTEXT, this.#request);
    if (isFailure(seen)) return seen;
    return judgeTargetKeys(this.#judgement, contract, judged.grant);
  }

  #ended(end: Settled<IdentityView> | Refused): Repeated | Denied {
    return end.kind === "refused" ? this.denied(end.failure) : { ...end, intent: this.#intent };
  }

  async #lookForPlace(): Promise<void> {
    const { contract, trust } = this.#request;
    if (contract.claims.breakGlass === undefined) return;
    this.#use = await placeOfUse(this.#judgement.deps, contract, trust);
  }

  /**
   * Of two that found the place free one takes it; the object stays, whatever comes of the grant. Nothing else of a use
   * outlives tables that are set back.
   */
  async #takePlace(): Promise<Failure | undefined> {
    const use = this.#use;
    if (use === undefined) return undefined;
    const { breakGlass, clock } = this.#judgement.deps;
    const { contract } = this.#request;
    const text = useText(contract, use.policy, toSeconds(clock()));
    if (await breakGlass.putIfAbsent(use.key, text)) return undefined;
    const found = await breakGlass.read(use.key);
    const refusal = found.length === 0 ? taken(undefined) : judgeUses(found, contract);
    const [check = ""] = REVIEWED.names;
    return refusal && { stage: REVIEWED.name, check, refusal };
  }

  /** Assumptions, if the contract has any: read once, after everything that needs no further read. */
  async #observe(): Promise<Context | Settled<IdentityView> | Refused> {
    const { contract, intent } = this.#request;
    if ((contract.claims.assumptions ?? []).length > 0) {
      const early = this.#justify(intent);
      if ("kind" in early) return early;
    }
    const seen = await this.#judgement.ask(CONTEXT, this.#request);
    return isFailure(seen) ? refused(seen) : seen.context;
  }

  /** Stages `retry` to `authority`. */
  #justify(intent: Intent): Omit<Justified, "context"> | Settled<IdentityView> | Refused {
    const judgement = this.#judgement;
    const request = { ...this.#request, intent };
    this.#intent = intent;
    this.#proof = undefined;
    const retried = judgement.judge(RETRY, request);
    if (isFailure(retried)) return refused(retried);
    if (retried.repeated !== undefined) return settled(retried.repeated);
    const limited = judgement.judge(LIMITS, request);
    if (isFailure(limited)) return refused(limited);
    const reviewed = judgement.judge(REVIEWED, { ...request, use: this.#use });
    if (isFailure(reviewed)) return refused(reviewed);
    const ended = judgement.judge(CONTRACT_STATE, request);
    if (isFailure(ended)) return refused(ended);
    const passed = judgement.judge(HEAD, request);
    if (isFailure(passed)) return refused(passed);
    const turn = judgement.judge(STEP_ORDER, request);
    if (isFailure(turn)) return refused(turn);
    const spent = judgement.judge(USES, request);
    if (isFailure(spent)) return refused(spent);
    const proved = judgement.judge(PROOF, request);
    if (isFailure(proved)) return refused(proved);
    const { proof, approvedUntil, approvedBy } = proved;
    const { gateUntil } = turn;
    this.#proof = proof;
    const { step: stepId, delivery, operation } = request.request.claims;
    const aimed = judgement.judge(SCOPE, { ...request, stepId, operation });
    if (isFailure(aimed)) return refused(aimed);
    const { contract, chain, trust } = request;
    const identityId = this.#identityId;
    const wish = {
      ...{ identityId, contract, chain, proof, trust, step: aimed.step, delivery, operation },
      ...{ approvedUntil, gateUntil },
    };
    const derived = judgement.judge(AUTHORITY, wish);
    if (isFailure(derived)) return refused(derived);
    const invoked = this.#use && { use: this.#use, approvedBy };
    return { proof, grant: derived.grant, ...present({ invoked }) };
  }

  #batch(intent: Intent, justified: Justified): ReturnType<typeof ready> {
    const request = this.#request;
    const { now } = this.#judgement;
    const drafts = issuedDrafts(intent, request, justified, this.#judgement.passes(), now);
    this.#judgement.reach(BARRIER_1);
    const binding = isBound(intent, request.contract)
      ? []
      : bindingKeys(intent.chainId, request.contract);
    const own = [...takenRetryKeys(request, justified.grant), ...holderKeys(request)];
    return ready({ drafts, keys: [...own, ...binding] });
  }
}

/** While KMS signs, the client of the action about to be called loads; what fails here fails where it is used. */
function loadAction({ descriptorOf }: IssueDeps, grant: Grant | undefined): void {
  if (grant?.delivery !== "execute" || grant.operation === undefined) return;
  void descriptorOf(grant.operation.action)
    ?.load?.()
    .catch(() => undefined);
}

/** A key in State that somebody else holds: a contract's id, an executor's key; else the chain lost records. */
function judgeTaken(key: TakenKey, { chain }: Asked): Failure {
  if (isExecutorKey(key)) return takenKey(chain && `${placeOf(chain.last.claims.depth)}/agent`);
  return isContractIdKey(key) ? takenContractId() : brokenChain(lostGrant());
}
