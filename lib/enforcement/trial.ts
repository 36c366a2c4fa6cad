import type { IdentityView } from "../evidence/fold.ts";
import type { HandleFacts } from "../issuance/handle.ts";
import type { ReadProof } from "../proof/proof.ts";
import { isRefusal, type Refusal } from "../refusal.ts";
import type { Admitted } from "./admit.ts";
import { type Batch, Stop } from "./append.ts";
import { CHECK_NAMES } from "./check-names.ts";
import type { Course } from "./course.ts";
import { bindingKeys, isBound, issuedDetail, issuedDrafts, retryKeys } from "./drafts.ts";
import { deriveGrant, type Grant } from "./grant.ts";
import type { Intent } from "./intent.ts";
import type { Context } from "./judge-context.ts";
import { judgeProof } from "./judge-proof.ts";
import { judgeRetry } from "./judge-retry.ts";
import { scopeChecks } from "./judge-scope.ts";
import { stateChecks } from "./judge-state.ts";

/** The judgement of one request on the intent as it stands; made anew whenever the chain has moved. */
export class Trial {
  readonly #course: Course;
  readonly #admitted: Admitted;
  readonly #identityId: string;
  /** The intent that was judged last. */
  intent: Intent;
  proof: ReadProof | undefined;
  grant: Grant | undefined;
  /** The assumptions as they were seen; read once, before anything is written. */
  context: Context = [];

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
    const checks = this.#course.checks(CHECK_NAMES);
    const drafts = issuedDrafts(intent, asked, proof, grant, this.context, checks);
    const binding = isBound(intent, asked.contract) ? [] : bindingKeys(intent, asked);
    return { drafts, keys: [...retryKeys(asked, grant), ...binding] };
  }

  requireGrant(): Grant {
    if (this.grant === undefined) throw new TypeError("nothing was granted");
    return this.grant;
  }

  /** What the handle of the grant says; nothing for another delivery. */
  handleFacts(): HandleFacts | undefined {
    const grant = this.requireGrant();
    if (grant.delivery !== "handle") return undefined;
    const { asked } = this.#admitted;
    const { claims, digest } = asked.contract;
    return {
      ...issuedDetail(asked, grant, 0),
      ...{ identityId: grant.identityId, intentId: claims.intent.id, contractDigest: digest },
    };
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
    const { step: stepId, delivery, operation } = request.claims;
    const outside = course.judge(scopeChecks(contract, stepId, operation, intent.state));
    if (outside !== undefined) return outside;
    const wish = { identityId: this.#identityId, contract, stepId, delivery, operation };
    const grant = deriveGrant(course, wish, proof, trust.policy);
    if (isRefusal(grant)) return grant;
    this.grant = grant;
    return undefined;
  }
}
