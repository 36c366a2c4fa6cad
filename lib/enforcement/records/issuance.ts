import { toInstant, toSeconds } from "../../clock.ts";
import type { ReadContract } from "../../contract/contract.ts";
import { documentDigest } from "../../encoding/canonical-json.ts";
import { present } from "../../encoding/present.ts";
import type {
  BreakGlassInvokedDetail,
  ContractBoundDetail,
  IdentityIssuedDetail,
  Opens,
  RequestNames,
} from "../../evidence/details.ts";
import { contractView } from "../../evidence/intent-state.ts";
import type { Check, RecordDraft, RecordVerdict } from "../../evidence/record.ts";
import { reviewDueOf } from "../../lifecycle/break-glass.ts";
import { heldVoices } from "../../proof/heard.ts";
import type { ReadProof } from "../../proof/proof.ts";
import { type Request, requestContentDigest } from "../../request/request.ts";
import type { Intent } from "../read/intent.ts";
import type { PlaceOfUse } from "../read/place-of-use.ts";
import type { Grant } from "../stages/authority.ts";
import type { Context } from "../stages/context.ts";
import { reservedTotals } from "../stages/scope.ts";
import type { VerifiedRequest } from "../verified.ts";
import { requestEvidence } from "./request.ts";
import { supersedingDrafts } from "./superseding.ts";

type Asked = Pick<VerifiedRequest, "contract" | "request" | "executor">;

/** The first record of an intent chain says whose the intent is; no later one does. */
export function withOpening(
  intent: Intent,
  { contract }: Pick<VerifiedRequest, "contract">,
  drafts: readonly RecordDraft[],
): RecordDraft[] {
  const [first, ...rest] = drafts;
  if (intent.state.head.seq > 0 || first === undefined) return [...drafts];
  const opens: Opens = { issuer: contract.claims.iss, intentDigest: contract.claims.intent.digest };
  return [{ ...first, detail: { ...first.detail, opens } } as RecordDraft, ...rest];
}

/** Whether the chain has bound a contract to its proof. */
export const isBound = ({ state }: Intent, { digest }: ReadContract): boolean =>
  contractView(state, digest).bound !== undefined;

/** The records of a contract's binding, once per contract; `IntentSubmitted` once per intent (PROTOCOL.md §5). */
export function bindingDrafts(
  intent: Intent,
  { contract }: Pick<VerifiedRequest, "contract">,
  proof: ReadProof,
  now: number,
): RecordDraft[] {
  if (isBound(intent, contract)) return [];
  const isSubmitted = [...intent.state.contracts.values()].some(({ bound }) => bound !== undefined);
  const { intentDigest, contextDigest, context, decision, attestations, approvals } = proof;
  const submitted: RecordDraft = {
    type: "IntentSubmitted",
    detail: { intent: proof.intent, intentDigest },
  };
  return [
    ...supersedingDrafts(intent, decision, now),
    ...(isSubmitted ? [] : [submitted]),
    { type: "ContextEvaluated", detail: { context, contextDigest } },
    {
      type: "PolicyEvaluated",
      detail: {
        decision: decision.jws.compact,
        decisionDigest: decision.digest,
        outcome: decision.claims.outcome,
        policy: decision.claims.policy,
      },
    },
    {
      type: "ContractBound",
      detail: {
        issuer: contract.claims.iss,
        contract: contract.jws.compact,
        proofDigest: proof.digest,
        intentDigest,
        contextDigest,
        decisionDigest: decision.digest,
        ...(attestations.length > 0 && { attestations }),
        ...(approvals.length > 0 && { approvals }),
      },
    },
  ];
}

/** The request as evidence: with the contract until that is bound, which it may be by the records before this one. */
export function requestedDraft(
  { contract, request, executor }: Asked,
  isContractBound: boolean,
  outcome?: RecordVerdict["outcome"],
): RecordDraft {
  return {
    type: "IdentityRequested",
    ...(outcome !== undefined && { verdict: { outcome } }),
    detail: {
      ...requestEvidence(request),
      executor,
      ...(isContractBound ? {} : { contract: contract.jws.compact }),
    },
  };
}

/** A grant with what justified it. */
export interface Justified {
  readonly proof: ReadProof;
  readonly grant: Grant;
  /** The assumptions as they were seen. */
  readonly context: Context;
  /** Of a contract under break-glass. */
  readonly invoked?: {
    readonly use: Pick<PlaceOfUse, "policy" | "closed">;
    readonly approvedBy: BreakGlassInvokedDetail["approvedBy"];
  };
}

/** Barrier 1: everything up to `IdentityIssued`. */
export function issuedDrafts(
  intent: Intent,
  asked: Asked & Pick<VerifiedRequest, "trust">,
  { proof, grant, context, invoked }: Justified,
  checks: readonly Check[],
  now: number,
): RecordDraft[] {
  const firstSeq = intent.state.head.seq + 1;
  const about = { identity: { id: grant.identityId } };
  const drafts: RecordDraft[] = [
    ...bindingDrafts(intent, asked, proof, now),
    ...invokedDrafts(asked.contract, invoked),
    requestedDraft(asked, true),
    {
      type: "ProofValidated",
      about,
      verdict: { outcome: "ALLOW", checks },
      detail: {
        proofDigest: proof.digest,
        ...(context.length > 0 && { assumptions: context }),
        ...broughtVoices(intent, asked, proof, now),
      },
    },
    { type: "IdentityIssued", about, detail: issuedDetail(asked, grant, firstSeq) },
  ];
  return withOpening(intent, asked, drafts);
}

/**
 * Who spoke for a contract that is bound already, in the request alone: on record with the grant that it carried, or
 * nobody could say by whose word that was given.
 */
export function broughtVoices(
  intent: Intent,
  { contract, trust: { policy } }: Pick<VerifiedRequest, "contract" | "trust">,
  { attestations, approvals, decision }: ReadProof,
  now: number,
): Pick<ContractBoundDetail, "attestations" | "approvals"> {
  const { bound, attested, approved } = contractView(intent.state, contract.digest);
  if (bound === undefined) return {};
  const brought = heldVoices(
    {
      attestations: attestations.filter((each) => !attested.includes(each)),
      approvals: approvals.filter((each) => !approved.includes(each)),
    },
    {
      ...{ contract, policy, decider: decision.claims.iss, decisionDigest: decision.digest },
      now: toSeconds(now),
    },
  );
  return {
    ...(brought.attestations.length > 0 && { attestations: brought.attestations }),
    ...(brought.approvals.length > 0 && { approvals: brought.approvals }),
  };
}

/** Behind the binding, before the first word of the grant. */
function invokedDrafts(
  { claims: { breakGlass, purpose, exp } }: ReadContract,
  invoked: Justified["invoked"],
): RecordDraft[] {
  if (invoked === undefined || breakGlass === undefined) return [];
  const { use, approvedBy } = invoked;
  const reviewDue = toInstant(reviewDueOf(exp, use.policy) * 1000);
  return [
    {
      type: "BreakGlassInvoked",
      detail: { ...breakGlass, use: use.closed, purpose, approvedBy, reviewDue },
    },
  ];
}

/** `firstSeq`: number of the first record that the request wrote. */
export function issuedDetail(
  { request, executor }: Pick<VerifiedRequest, "request" | "executor">,
  grant: Grant,
  firstSeq: number,
): IdentityIssuedDetail {
  const { step, operation, governed } = grant;
  return {
    step: step.id,
    delivery: grant.delivery,
    executor,
    ...requestNames(request.claims),
    issuedAt: toInstant(grant.issuedAt),
    expiresAt: toInstant(grant.expiresAt),
    scope: {
      actions: operation === undefined ? step.actions : [operation.action],
      resources: operation === undefined ? step.resources : [operation.resource],
    },
    constraints: step.parameters === "unbounded" ? {} : step.parameters,
    enforcement: grant.enforcement,
    totals: reservedTotals(operation, step),
    firstSeq,
    ...present({
      roleArn: governed?.executionRoleArn,
      operationDigest: operation && documentDigest(operation),
    }),
    sessionName: grant.sessionName,
    sessionPolicyDigest: documentDigest(grant.sessionPolicy),
    governanceDigest: grant.governanceDigest,
  };
}

/** What tells a retry of this request from another one. */
export const requestNames = (request: Request): RequestNames => ({
  requestJti: request.jti,
  idempotencyKey: request.idempotencyKey,
  contentDigest: requestContentDigest(request),
});
