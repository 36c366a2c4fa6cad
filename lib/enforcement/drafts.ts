import { toInstant } from "../clock.ts";
import { type ReadRequest, type Request, requestContentDigest } from "../continuity/request.ts";
import type { ReadContract } from "../contract/contract.ts";
import { documentDigest } from "../encoding/canonical-json.ts";
import type {
  ContractBoundDetail,
  IdentityIssuedDetail,
  Observation,
  Opens,
  RequestNames,
} from "../evidence/details.ts";
import { contractView } from "../evidence/fold.ts";
import type { TakenKey } from "../evidence/ports.ts";
import type { Check, RecordDraft, Verdict } from "../evidence/record.ts";
import type { ReadProof } from "../proof/proof.ts";
import type { Grant } from "./grant.ts";
import type { Intent } from "./intent.ts";
import { reservedTotals } from "./judge-scope.ts";
import { requestEvidence } from "./request-evidence.ts";

/** What the records of one request speak of. */
export interface Asked<Claims extends Request = Request> {
  readonly contract: ReadContract;
  readonly request: ReadRequest<Claims>;
  readonly executor: string;
}

/** The first record of an intent chain says whose the intent is; no later one does. */
export function withOpening(
  intent: Intent,
  { contract }: Asked,
  drafts: readonly RecordDraft[],
): RecordDraft[] {
  const [first, ...rest] = drafts;
  if (intent.state.head.seq > 0 || first === undefined) return [...drafts];
  const opens: Opens = { issuer: contract.claims.iss, intentDigest: contract.claims.intent.digest };
  return [{ ...first, detail: { ...first.detail, opens } }, ...rest];
}

/** Whether the chain has bound a contract to its proof. */
export const isBound = ({ state }: Intent, { digest }: ReadContract): boolean =>
  contractView(state, digest).bound !== undefined;

/** The records of a contract's binding, once per contract; `IntentSubmitted` once per intent (wire.md §5). */
export function bindingDrafts(
  intent: Intent,
  { contract }: Asked,
  proof: ReadProof,
): RecordDraft[] {
  if (isBound(intent, contract)) return [];
  const isSubmitted = [...intent.state.contracts.values()].some(({ bound }) => bound !== undefined);
  const submitted: RecordDraft = {
    type: "IntentSubmitted",
    detail: { intent: proof.intent, intentDigest: proof.intentDigest },
  };
  const { claims, jws, digest } = proof.decision;
  const bound: ContractBoundDetail = {
    issuer: contract.claims.iss,
    contract: contract.jws.compact,
    proofDigest: proof.digest,
    intentDigest: proof.intentDigest,
    contextDigest: proof.contextDigest,
    decisionDigest: digest,
  };
  return [
    ...(isSubmitted ? [] : [submitted]),
    {
      type: "ContextEvaluated",
      detail: { context: proof.context, contextDigest: proof.contextDigest },
    },
    {
      type: "PolicyEvaluated",
      detail: {
        decision: jws.compact,
        decisionDigest: digest,
        outcome: claims.outcome,
        policy: claims.policy,
      },
    },
    { type: "ContractBound", detail: { ...bound } },
  ];
}

/** Where a bound contract is found by digest, and who holds its (`iss`, `jti`). */
export const bindingKeys = ({ chainId }: Intent, { contract }: Asked): TakenKey[] => [
  { pk: contractIndex(contract.digest), sk: "chain", value: chainId },
  {
    pk: `contract-id#${contract.claims.iss}#${contract.claims.jti}`,
    sk: "contract",
    value: contract.digest,
  },
];

export const contractIndex = (digest: string): string => `contract#${digest}`;

/** The request as evidence: with the contract until that is bound, which it may be by the records before this one. */
export function requestedDraft(
  { contract, request, executor }: Asked,
  isBound: boolean,
  outcome?: Verdict["outcome"],
): RecordDraft {
  return {
    type: "IdentityRequested",
    ...(outcome !== undefined && { verdict: { outcome } }),
    detail: {
      ...requestEvidence(request),
      executor,
      ...(isBound ? {} : { contract: contract.jws.compact }),
    },
  };
}

/** Barrier 1: everything up to `IdentityIssued`. */
export function issuedDrafts(
  intent: Intent,
  asked: Asked,
  proof: ReadProof,
  grant: Grant,
  context: readonly Observation[],
  checks: readonly Check[],
): RecordDraft[] {
  const firstSeq = intent.state.head.seq + 1;
  const identity = { identity: { id: grant.identityId } };
  const drafts: RecordDraft[] = [
    ...bindingDrafts(intent, asked, proof),
    requestedDraft(asked, true),
    {
      type: "ProofValidated",
      about: identity,
      verdict: { outcome: "ALLOW", checks },
      detail: {
        proofDigest: proof.digest,
        ...(context.length > 0 && { assumptions: context }),
      },
    },
    {
      type: "IdentityIssued",
      about: identity,
      detail: { ...issuedDetail(asked, grant, firstSeq) },
    },
  ];
  return withOpening(intent, asked, drafts);
}

/** `firstSeq`: number of the first record that the request wrote. */
export function issuedDetail(
  { request, executor }: Asked,
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
    ...(governed !== undefined && { roleArn: governed.executionRoleArn }),
    ...(operation !== undefined && { operationDigest: documentDigest(operation) }),
    sessionName: grant.sessionName,
    sessionPolicyDigest: documentDigest(grant.sessionPolicy),
  };
}

/** What tells a retry of this request from another one. */
export const requestNames = (request: Request): RequestNames => ({
  requestJti: request.jti,
  idempotencyKey: request.idempotencyKey,
  contentDigest: requestContentDigest(request),
});

/** The retry keys that a grant takes. */
export function retryKeys(
  { request, executor }: Asked,
  grant: Pick<Grant, "identityId" | "expiresAt">,
): TakenKey[] {
  const ttl = Math.ceil(grant.expiresAt / 1000) + 24 * 60 * 60;
  return retryKeyNames(request, executor).map((name) => ({
    ...name,
    value: grant.identityId,
    ttl,
  }));
}

/** Where State keeps them, scoped to executor, contract and use (wire.md §4 stage 5): idempotency key, then jti. */
export function retryKeyNames(
  { claims }: ReadRequest,
  executor: string,
): { readonly pk: string; readonly sk: string }[] {
  const pk = `retry#${executor}#${claims.contractDigest}#${claims.use}`;
  return [
    { pk, sk: `key#${claims.idempotencyKey}` },
    { pk, sk: `jti#${claims.jti}` },
  ];
}
