import { toSeconds } from "../../clock.ts";
import type { RootClaims } from "../../continuity/block.ts";
import { laterClaims } from "../../continuity/later.ts";
import { approvalsOfBlock } from "../../continuity/people.ts";
import { rootClaims } from "../../continuity/root.ts";
import { blockDigest, signBlock } from "../../continuity/sign.ts";
import { planeKey } from "../../continuity/signatures.ts";
import { blockLength } from "../../continuity/size.ts";
import type { Executor } from "../../continuity/statement.ts";
import { type Digest, sha256Digest } from "../../encoding/digest.ts";
import type { BlockView, RootView } from "../../evidence/block-tree.ts";
import { contractView } from "../../evidence/intent-state.ts";
import type { TakenKey } from "../../evidence/ports.ts";
import type { DelegateDeps } from "../deps.ts";
import { type Failure, isFailure, type Judgement } from "../judgement.ts";
import type { Intent } from "../read/intent.ts";
import { isContractIdKey, isExecutorKey } from "../read/state-keys.ts";
import type { TrustSnapshot } from "../read/trust-snapshot.ts";
import { blockKeys, delegatorKey, grantedDrafts, type SignedBlock } from "../records/delegation.ts";
import { isBound, requestNames } from "../records/issuance.ts";
import { bindingKeys } from "../records/keys.ts";
import { point } from "../stage.ts";
import {
  DESIGNATE,
  type Delegating,
  delegatorOf,
  HANDING_ON,
  RETRY_DELEGATE,
  ROOM,
} from "../stages/delegation.ts";
import { brokenChain, lostGrant } from "../stages/executor.ts";
import { PROOF, takenContractId, takenKey } from "../stages/proof.ts";
import { CONTRACT_STATE, HEAD, LIMITS } from "../stages/state.ts";
import { appendToIntent, type Refused, ready, refused, type Settled, settled } from "./append.ts";
import { requirePlaneSigner } from "./seal.ts";

/** The block is durable, and with it what it supersedes. */
export const DELEGATED = point("evidence", "delegated");

/** A delegation of a verified executor. */
export interface AskedToDelegate extends Omit<Delegating, "proof"> {
  readonly executor: string;
  readonly recordedActor: string | undefined;
  /** The proof as the event carried it, if it did. */
  readonly presented: unknown;
}

/** What came of it: the block on the chain as it stands, now or before, or why there is none. */
export type HandOnResult =
  | { readonly kind: "appended" | "settled"; readonly intent: Intent; readonly block: BlockView }
  | (Refused & { readonly intent: Intent });

/** What holds for a delegation on the intent as it stands. */
interface Justified {
  readonly asked: Delegating & { readonly executor: string };
  readonly to: Executor;
  /** The root that is continued; `undefined`: one is to be signed. */
  readonly root: RootView | undefined;
}

/** Signs the block that is asked for, and makes it durable together with what it supersedes; or the one of before. */
export function handOn(
  judgement: Judgement<DelegateDeps>,
  asked: AskedToDelegate,
): Promise<HandOnResult> {
  return new HandingOver(judgement, asked).run();
}

/** The judgement of one delegation on the intent as it stands; made anew whenever the chain has moved. */
class HandingOver {
  readonly #judgement: Judgement<DelegateDeps>;
  readonly #asked: AskedToDelegate;
  /** Id of the block, and of a root. */
  readonly #ids: readonly [string, string];
  /** As it was judged last. */
  #intent: Intent;

  constructor(judgement: Judgement<DelegateDeps>, asked: AskedToDelegate) {
    this.#judgement = judgement;
    this.#asked = asked;
    this.#ids = [judgement.deps.newId(), judgement.deps.newId()];
    this.#intent = asked.intent;
  }

  async run(): Promise<HandOnResult> {
    try {
      for (;;) {
        const done = await this.#try();
        if (done !== undefined) return done;
      }
    } catch (fault) {
      return { ...refused(this.#judgement.faulted(fault)), intent: this.#intent };
    }
  }

  /** `undefined`: another root was signed meanwhile, so what was signed here continues nothing. */
  async #try(): Promise<HandOnResult | undefined> {
    const judgement = this.#judgement;
    const judged = this.#justify(this.#intent);
    if ("kind" in judged) return this.#ended(judged);
    judgement.reach(DELEGATED);
    const signed = await this.#sign(judged);
    const result = await appendToIntent<BlockView | undefined, DelegateDeps>(
      judgement,
      this.#intent,
      {
        prepare: (intent) => {
          const again = this.#justify(intent);
          if ("kind" in again) return again;
          if (again.root?.digest !== judged.root?.digest) return settled(undefined);
          return this.#batch(intent, again, signed);
        },
        onTaken: (key) => this.#taken(key),
        isBarrier: true,
      },
    );
    if (result.kind !== "appended") return this.#ended(result);
    judgement.passed(DELEGATED);
    const { intent } = result;
    const block = this.#tree(intent).blocks.get(digestOf(signed.block));
    if (block === undefined) throw new TypeError("what was appended is a block");
    return { kind: "appended", intent, block };
  }

  #ended(end: Settled<BlockView | undefined> | Refused): HandOnResult | undefined {
    const intent = this.#intent;
    if (end.kind === "refused") return { ...end, intent };
    return end.value && { kind: "settled", intent, block: end.value };
  }

  #tree(intent: Intent) {
    return contractView(intent.state, this.#asked.contract.digest).tree;
  }

  /** Stages `retry` to `scope`. */
  #justify(intent: Intent): Justified | Settled<BlockView> | Refused {
    const judgement = this.#judgement;
    const asked = { ...this.#asked, intent };
    this.#intent = intent;
    const retried = judgement.judge(RETRY_DELEGATE, asked);
    if (isFailure(retried)) return refused(retried);
    if (retried.repeated !== undefined) return settled(retried.repeated);
    const limited = judgement.judge(LIMITS, { ...asked, step: undefined });
    if (isFailure(limited)) return refused(limited);
    const ended = judgement.judge(CONTRACT_STATE, asked);
    if (isFailure(ended)) return refused(ended);
    const passed = judgement.judge(HEAD, asked);
    if (isFailure(passed)) return refused(passed);
    const room = judgement.judge(ROOM, asked);
    if (isFailure(room)) return refused(room);
    const proved = judgement.judge(PROOF, asked);
    if (isFailure(proved)) return refused(proved);
    const named = judgement.judge(DESIGNATE, { ...asked, proof: proved.proof });
    if (isFailure(named)) return refused(named);
    const { to } = named;
    const justified = { asked: { ...asked, proof: proved.proof }, to, root: this.#root(intent) };
    const bounded = judgement.judge(HANDING_ON, { ...justified.asked, ...this.#sizes(justified) });
    return isFailure(bounded) ? refused(bounded) : justified;
  }

  /** The root that a chain without one yet begins with: the last one, unless its key is revoked (PROTOCOL.md §8). */
  #root(intent: Intent): RootView | undefined {
    const last = [...this.#tree(intent).roots.values()].at(-1);
    return last !== undefined && isGood(last.kid, this.#asked.trust) ? last : undefined;
  }

  #sizes({ asked, to, root }: Justified) {
    const { chain } = asked;
    const isRooted = chain !== undefined || root !== undefined;
    const texts =
      chain === undefined ? [root?.jws ?? ""] : chain.blocks.map(({ jws }) => jws.compact);
    return {
      block: blockLength(this.#blockClaims(asked, to, asked.contract.digest)),
      root: isRooted ? 0 : blockLength(this.#rootClaims(asked)),
      before: texts.reduce((sum, text) => sum + text.length, 0),
    };
  }

  /** `parent`: digest of the root, where there is no chain. */
  #blockClaims({ chain, contract, request, approvals }: Delegating, to: Executor, parent: Digest) {
    const last = chain?.last ?? {
      digest: parent,
      claims: { depth: 0, nbf: contract.claims.nbf },
    };
    const { now } = this.#judgement;
    return laterClaims(request, last, {
      ...{ jti: this.#ids[0], iat: toSeconds(now), to },
      approvals: this.#approvals(approvals),
    });
  }

  /** Those that the class asks for; what it does not ask for is on record with the request alone. */
  #approvals(approvals: Delegating["approvals"]): string[] {
    const { contract, trust } = this.#asked;
    return approvalsOfBlock(contract, trust.policy) === 0
      ? []
      : approvals.map(({ jws }) => jws.compact);
  }

  #rootClaims({ contract, proof }: Delegating): RootClaims {
    const { deps, now } = this.#judgement;
    return rootClaims(contract, {
      ...{ plane: deps.plane.id, jti: this.#ids[1], iat: toSeconds(now) },
      approvals: proof.approvals,
    });
  }

  /** A block names its parent by digest over what is signed, so root and block are signed side by side. */
  async #sign({ asked, to, root }: Justified): Promise<SignedBlock> {
    const { deps, now } = this.#judgement;
    const { trust, chain } = asked;
    const { planeSigner } = deps;
    await requirePlaneSigner(deps, trust.policy, { from: now });
    const sign = (claims: RootClaims | ReturnType<typeof laterClaims>) =>
      signBlock(claims, planeSigner, trust.published);
    if (chain !== undefined || root !== undefined) {
      const parent = root?.digest ?? asked.contract.digest;
      return { block: await sign(this.#blockClaims(asked, to, parent)), root: undefined };
    }
    const claims = this.#rootClaims(asked);
    const parent = await blockDigest(claims, planeSigner, trust.published);
    const [signedRoot, block] = await Promise.all([
      sign(claims),
      sign(this.#blockClaims(asked, to, parent)),
    ]);
    return { block, root: signedRoot };
  }

  #batch(intent: Intent, { asked }: Justified, signed: SignedBlock): ReturnType<typeof ready> {
    const { contract, request, executor, chain, recordedActor } = this.#asked;
    const judgement = this.#judgement;
    const drafts = grantedDrafts(intent, asked, signed, judgement.passes(), judgement.now);
    judgement.reach(DELEGATED);
    const { claims } = request;
    const names = { ...requestNames(claims), delegator: executor, exp: claims.exp };
    const block = { ...names, digest: digestOf(signed.block) };
    const { agent } = delegatorOf(asked);
    return ready({
      drafts,
      keys: [
        ...blockKeys(contract.digest, block),
        ...(chain === undefined || agent === recordedActor ? [] : [delegatorKey(executor, agent)]),
        ...(isBound(intent, contract) ? [] : bindingKeys(intent.chainId, contract)),
      ],
    });
  }

  /** A key in State that somebody else holds: a contract's id, an executor's key; else the chain lost records. */
  #taken(key: TakenKey): Failure {
    const { chain } = this.#asked;
    if (isExecutorKey(key)) return takenKey(chain && `/chain/${chain.last.claims.depth}/agent`);
    return isContractIdKey(key) ? takenContractId() : brokenChain(lostGrant());
  }
}

const digestOf = (jws: string): Digest => sha256Digest(jws.slice(0, jws.lastIndexOf(".")));

const isGood = (kid: string, { published, limits }: TrustSnapshot): boolean =>
  !limits.keys.has(kid) && planeKey(published, kid)?.revokedAt === undefined;
