import { type CompiledPolicies, compilePolicies, type Policies } from "./policies.ts";
import {
  type DecisionReason,
  denials,
  type Limit,
  limit,
  type ResourceGrant,
  resourceGrant,
} from "./reasons.ts";
import { type AccessRequest, type PreparedRequest, prepareRequest } from "./request-context.ts";

export type { Policies } from "./policies.ts";
export type { AccessRequest } from "./request-context.ts";

export interface AccessDecision {
  readonly decision: "Allow" | "ExplicitDeny" | "ImplicitDeny";
  /** The statements that decided; where nothing allowed, the kinds of policy that did not. */
  readonly because: readonly DecisionReason[];
}

/**
 * What AWS would answer, in the order that it documents: an explicit Deny anywhere ends it; the
 * SCPs must allow; a resource policy may grant to the principal itself; else identity ∩ boundary ∩
 * session. What is not covered: lib/authority/README.md.
 * @throws {TypeError} when a document is not an IAM policy that this evaluator knows in full.
 */
export const evaluatePolicies = (policies: Policies, request: AccessRequest): AccessDecision =>
  decide(compilePolicies(policies), prepareRequest(request));

/**
 * The decision on one prepared request; the same policies and requests can be asked about often.
 */
export function decide(policies: CompiledPolicies, request: PreparedRequest): AccessDecision {
  const denied = denials(policies, request);
  if (denied.length > 0) return { decision: "ExplicitDeny", because: denied };

  const { session, boundary, scp } = policies;
  const ofAccount = limit("scp", scp?.length === 0 ? undefined : scp, request);
  const grant = resourceGrant(policies, request);
  const isForeign = !isSameAccount(request);
  if (grant.closeness === "direct" && !isForeign) return settle([ofAccount, grant]);

  const mustGrant = isForeign || (policies.resource !== undefined && isGuarded(request));
  return settle([
    ofAccount,
    identityLimit(policies, grant, isForeign, request),
    limit("boundary", boundary && [boundary], request),
    limit("session", sessionPolicies(session, request), request),
    ...(mustGrant ? [grant] : []),
  ]);
}

/** Every kind must allow; the reasons are those that allowed, or those that did not. */
function settle(limits: readonly Limit[]): AccessDecision {
  const missing = limits.filter(({ allows }) => !allows);
  const decided = missing.length === 0 ? limits : missing;
  const because = decided.flatMap((each) => each.because);
  return { decision: missing.length === 0 ? "Allow" : "ImplicitDeny", because };
}

/**
 * Within an account a grant to the role stands beside the identity's own policies; across accounts
 * both must allow.
 */
function identityLimit(
  { identity }: CompiledPolicies,
  grant: ResourceGrant,
  isForeign: boolean,
  request: PreparedRequest,
): Limit {
  const own = limit("identity", identity, request);
  return own.allows || isForeign || grant.closeness !== "role" ? own : grant;
}

/** A federated user has nothing without a session policy, a role session all of its role. */
const sessionPolicies = (
  session: CompiledPolicies["session"],
  { principal }: PreparedRequest,
): CompiledPolicies["scp"] =>
  session !== undefined ? [session] : principal.isFederatedUser ? [] : undefined;

/**
 * KMS keys and roles: their own policy must allow, if only by naming the account (IAM user guide,
 * policy evaluation logic, "resource-based policies").
 */
const isGuarded = ({ action, resource }: PreparedRequest): boolean =>
  (action.startsWith("kms:") && /^arn:[^:]*:kms:[^:]*:[^:]*:key\//.test(resource)) ||
  (action.startsWith("sts:assumerole") && /^arn:[^:]*:iam::[^:]*:role\//.test(resource));

/**
 * The resource's account by its ARN, else by `aws:ResourceAccount`; where neither says (S3), the
 * same account.
 */
function isSameAccount({ resourceAccount, principal, values }: PreparedRequest): boolean {
  const account = resourceAccount || values.get("aws:resourceaccount")?.[0];
  // `aws` owns what every account has, such as managed policies; no policy of its own guards those.
  return ["", "aws", principal.account, undefined].includes(account);
}
