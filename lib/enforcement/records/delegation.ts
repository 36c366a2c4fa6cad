import type { Digest } from "../../encoding/digest.ts";
import { type BlockView, below, type Ending, standingOf } from "../../evidence/block-tree.ts";
import { contractView } from "../../evidence/intent-state.ts";
import type { TakenKey } from "../../evidence/ports.ts";
import type { About, Check, RecordDraft } from "../../evidence/record.ts";
import type { ReadRequest, WithdrawRequest } from "../../request/request.ts";
import type { PlaneDeps } from "../deps.ts";
import type { Failure, Judgement } from "../judgement.ts";
import type { Intent } from "../read/intent.ts";
import { executorKey, type RetryNames } from "../read/state-keys.ts";
import type { Delegating } from "../stages/delegation.ts";
import { covered, type DenialTarget, endedBy, endedDraft } from "./denial.ts";
import { bindingDrafts, broughtVoices, requestNames, withOpening } from "./issuance.ts";
import { grantedKeys } from "./keys.ts";
import { fullVerdict, reasonOf, verdictOutcome } from "./refusal.ts";
import { requestEvidence } from "./request.ts";

type Asked = Pick<Delegating, "contract" | "approvals"> & {
  readonly request: ReadRequest;
  readonly executor: string;
};

/** Who asked for what, with what people said of it; with the contract until that is bound. */
export function delegationRequested(
  { contract, request, approvals, executor }: Asked,
  isContractBound: boolean,
  outcome: "ALLOW" | "DENY" | "ERROR" = "ALLOW",
): RecordDraft {
  return {
    type: "DelegationRequested",
    verdict: { outcome },
    detail: {
      ...requestEvidence(request),
      executor,
      ...(approvals.length > 0 && { approvals: approvals.map(({ jws }) => jws.compact) }),
      ...(isContractBound ? {} : { contract: contract.jws.compact }),
    },
  };
}

/** A block as it was signed; with the root, where that was signed beside it. */
export interface SignedBlock {
  readonly block: string;
  readonly root: string | undefined;
}

/** The barrier of `delegate`: the binding, if it is due, who asked, what people said that the request brought, and the block. */
export function grantedDrafts(
  intent: Intent,
  asked: Delegating & { readonly executor: string },
  { block, root }: SignedBlock,
  checks: readonly Check[],
  now: number,
): RecordDraft[] {
  const { contract, request, executor, proof } = asked;
  const voices = broughtVoices(intent, asked, proof, now);
  // Without them nobody could say by whose word authority was handed on under a contract that was bound before.
  const validated: RecordDraft = {
    type: "ProofValidated",
    verdict: { outcome: "ALLOW", checks },
    detail: { proofDigest: proof.digest, ...voices },
  };
  const drafts: RecordDraft[] = [
    ...bindingDrafts(intent, { contract }, proof, now),
    delegationRequested(asked, true),
    ...(Object.keys(voices).length === 0 ? [] : [validated]),
    {
      type: "DelegationGranted",
      verdict: { outcome: "ALLOW", checks },
      detail: {
        ...{ block, ...(root !== undefined && { root }), delegator: executor },
        ...requestNames(request.claims),
        firstSeq: intent.state.head.seq + 1,
      },
    },
  ];
  return withOpening(intent, { contract }, drafts);
}

/** The last records of a refused delegation; stage `proof` and stage `scope` add their own before `DelegationRejected`. */
export function rejectedDelegation<Deps extends PlaneDeps>(
  judgement: Judgement<Deps>,
  failure: Failure,
): RecordDraft[] {
  const verdict = fullVerdict(judgement, failure);
  const detail = reasonOf(failure.refusal);
  const proof: RecordDraft = { type: "ProofRejected", verdict, detail };
  const violation: RecordDraft = { type: "ViolationDetected", verdict, detail };
  return [
    ...(failure.stage === "proof" || failure.stage === "scope" ? [proof] : []),
    ...(failure.stage === "scope" ? [violation] : []),
    { type: "DelegationRejected", verdict, detail },
  ];
}

/** The same before anybody is verified. */
export const unverifiedDelegation = <Deps extends PlaneDeps>(
  judgement: Judgement<Deps>,
  failure: Failure,
  verified: object,
): RecordDraft[] => [
  {
    type: "DelegationRequested",
    verdict: { outcome: verdictOutcome(failure.refusal) },
    detail: { eventDigest: judgement.eventDigest, ...verified },
  },
  ...rejectedDelegation(judgement, failure),
];

/** Who ends a block, and why. */
interface Ends {
  /** Thumbprint, or an operator's name. */
  readonly by: string;
  readonly reason: string;
  /** RFC 3339. */
  readonly requestedAt: string;
}

/** The end of a block by an operator, with all that is below it; nothing of another denial, or of a block that has ended. */
export function revokedBlock(
  intent: Intent,
  target: DenialTarget,
  ends: Ends,
  about: About,
): RecordDraft[] {
  if (!("contractDigest" in target) || target.block === undefined) return [];
  const { contractDigest, block } = target;
  const { tree } = contractView(intent.state, contractDigest);
  if (standingOf(tree, block)?.ended !== undefined) return [];
  const detail = endingOf(intent, { contractDigest, block }, ends);
  return [{ type: "DelegationRevoked", about, detail }];
}

const endingOf = (
  { state }: Intent,
  { contractDigest, block }: { readonly contractDigest: Digest; readonly block: Digest },
  ends: Ends,
) => ({
  ...{ block, ended: below(contractView(state, contractDigest).tree, block) },
  ...{ ...ends, firstSeq: state.head.seq + 1 },
});

/** The same by an executor above it, and each identity that was issued under them and can still be used. */
export function withdrawnDrafts(
  intent: Intent,
  {
    contract,
    request,
    executor,
  }: Omit<Asked, "approvals" | "request"> & {
    readonly request: ReadRequest<WithdrawRequest>;
  },
  requestedAt: string,
  checks: readonly Check[],
): RecordDraft[] {
  const { block } = request.claims;
  const target = { contractDigest: contract.digest, block };
  const why = `block ${block} was withdrawn by ${executor}`;
  return [
    {
      type: "DelegationRevoked",
      verdict: { outcome: "ALLOW", checks },
      detail: {
        ...endingOf(intent, target, { by: executor, reason: "withdrawn", requestedAt }),
        ...requestEvidence(request),
        ...{ executor, ...requestNames(request.claims) },
      },
    },
    ...endedBy(target, covered(intent, target)).map((identity) =>
      endedDraft(identity, "withdrawn", "IDENTITY_REVOKED", why, requestedAt),
    ),
  ];
}

/** The retry keys of a delegation: they name its block, and outlive it. */
export const blockKeys = (
  contractDigest: Digest,
  block: Pick<BlockView, "digest" | "delegator" | "idempotencyKey" | "requestJti" | "exp">,
): TakenKey[] =>
  keysOf(
    {
      ...{ executor: block.delegator, contractDigest, use: "delegate" },
      ...{ idempotencyKey: block.idempotencyKey, jti: block.requestJti },
    },
    block.digest,
    block.exp,
  );

/** The same of a withdrawal; `exp` of the block that it ended. */
export function endingKeys(
  contractDigest: Digest,
  ending: Pick<Ending, "block" | "executor" | "idempotencyKey" | "requestJti">,
  exp: number,
): TakenKey[] {
  const { executor, idempotencyKey, requestJti: jti, block } = ending;
  if (executor === undefined || idempotencyKey === undefined || jti === undefined) return [];
  const names = { executor, contractDigest, use: "withdraw", idempotencyKey, jti } as const;
  return keysOf(names, block, exp);
}

const keysOf = (names: RetryNames, identityId: Digest, exp: number): TakenKey[] =>
  grantedKeys(names, { identityId, expiresAt: exp * 1000 });

/** Whose the key of whoever handed on under a chain is, from then on (PROTOCOL.md §8). */
export const delegatorKey = (jkt: string, agent: string): TakenKey => ({
  ...executorKey(jkt),
  value: agent,
});
