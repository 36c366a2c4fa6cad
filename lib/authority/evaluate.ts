import { isDocumentProblem, readPolicy } from "./iam-document.ts";
import { type Closeness, closer } from "./principal.ts";
import { type AccessRequest, type PreparedRequest, prepareRequest } from "./request-context.ts";
import { type CompiledStatement, compileDocument } from "./statement.ts";

export type { AccessRequest } from "./request-context.ts";

/**
 * IAM JSON documents by kind (wire.md §12). Absent kinds do not limit; `scp` is one level, its
 * documents a union.
 */
export interface Policies {
  readonly identity: readonly object[];
  readonly session?: object | undefined;
  readonly boundary?: object | undefined;
  readonly resource?: readonly object[] | undefined;
  readonly scp?: readonly object[] | undefined;
}

type PolicyKind = keyof Policies;

/**
 * A statement that decided, or with effect `None` a kind of policy in which nothing allowed the
 * request.
 */
interface Reason {
  readonly policy: PolicyKind;
  readonly effect: "Allow" | "Deny" | "None";
  /** Position of the document within its kind, and of the statement within the document. */
  readonly document?: number;
  readonly index?: number;
  readonly sid?: string;
}

export interface AccessDecision {
  readonly decision: "Allow" | "ExplicitDeny" | "ImplicitDeny";
  readonly because: readonly Reason[];
}

/** Statements ready for matching. */
export type CompiledPolicy = readonly CompiledStatement[];

/** {@link Policies}, compiled. */
export interface CompiledPolicies {
  readonly identity: readonly CompiledPolicy[];
  readonly session?: CompiledPolicy | undefined;
  readonly boundary?: CompiledPolicy | undefined;
  readonly resource?: readonly CompiledPolicy[] | undefined;
  readonly scp?: readonly CompiledPolicy[] | undefined;
}

/**
 * What AWS would answer, in the order that it documents: an explicit Deny anywhere ends it; the
 * SCPs must allow; a resource policy may grant to the principal itself; else identity ∩ boundary ∩
 * session. What is not covered: lib/authority/README.md.
 * @throws {TypeError} when a document is not an IAM policy that this evaluator knows in full.
 */
export const evaluatePolicies = (policies: Policies, request: AccessRequest): AccessDecision =>
  decide(
    {
      identity: policies.identity.map(compiled),
      session: policies.session && compiled(policies.session),
      boundary: policies.boundary && compiled(policies.boundary),
      resource: policies.resource?.map(compiled),
      scp: policies.scp?.map(compiled),
    },
    prepareRequest(request),
  );

/** @throws {TypeError} when the document is not an IAM policy that this evaluator knows in full. */
export function compilePolicy(document: object): CompiledPolicy {
  const policy = readPolicy(document);
  if (isDocumentProblem(policy)) throw new TypeError(`not an IAM policy: ${policy.problem}`);
  return compileDocument(policy);
}

const cache = new WeakMap<object, { readonly text: string; readonly policy: CompiledPolicy }>();

/**
 * Cached by object *and* text: a document that was changed in place must not be judged as what it
 * was.
 */
function compiled(document: object): CompiledPolicy {
  const text = JSON.stringify(document);
  const known = cache.get(document);
  if (known?.text === text) return known.policy;
  const policy = compilePolicy(document);
  cache.set(document, { text, policy });
  return policy;
}

/**
 * The decision on one prepared request; the same policies and requests can be asked about often.
 */
export function decide(policies: CompiledPolicies, request: PreparedRequest): AccessDecision {
  const denies = denialsOf(policies, request);
  if (denies.length > 0) return { decision: "ExplicitDeny", because: denies };

  const grant = resourceGrant(policies.resource, request);
  const isForeign = !isSameAccount(request);
  if (grant.closeness === "direct" && !isForeign) {
    return settle([limit("scp", policies.scp, request), grant]);
  }
  return settle([
    limit("scp", policies.scp, request),
    identityLimit(policies.identity, grant, isForeign, request),
    limit("boundary", policies.boundary && [policies.boundary], request),
    limit("session", policies.session && [policies.session], request),
    ...(isForeign ? [grant] : []),
  ]);
}

/** What one kind of policy says: it allows, or nothing in it does. */
interface Limit {
  readonly allows: boolean;
  readonly because: readonly Reason[];
}

const NO_LIMIT: Limit = { allows: true, because: [] };

/** Every kind must allow; the reasons are those that allowed, or those that did not. */
function settle(limits: readonly Limit[]): AccessDecision {
  const missing = limits.filter(({ allows }) => !allows);
  const decided = missing.length === 0 ? limits : missing;
  const because = decided.flatMap((each) => each.because);
  return { decision: missing.length === 0 ? "Allow" : "ImplicitDeny", because };
}

function denialsOf(policies: CompiledPolicies, request: PreparedRequest): Reason[] {
  const found: Reason[] = [];
  collect(found, "identity", policies.identity, "Deny", request);
  if (policies.session !== undefined)
    collect(found, "session", [policies.session], "Deny", request);
  if (policies.boundary !== undefined)
    collect(found, "boundary", [policies.boundary], "Deny", request);
  collect(found, "resource", policies.resource, "Deny", request);
  collect(found, "scp", policies.scp, "Deny", request);
  return found;
}

/** A kind of policy that is there must allow. */
function limit(
  kind: PolicyKind,
  policies: readonly CompiledPolicy[] | undefined,
  request: PreparedRequest,
): Limit {
  if (policies === undefined) return NO_LIMIT;
  const because: Reason[] = [];
  collect(because, kind, policies, "Allow", request);
  return because.length > 0 ? { allows: true, because } : noneOf(kind);
}

const noneOf = (policy: PolicyKind): Limit => ({
  allows: false,
  because: [{ policy, effect: "None" }],
});

/**
 * Within an account a grant to the role stands beside the identity's own policies; across accounts
 * both must allow.
 */
function identityLimit(
  identity: readonly CompiledPolicy[],
  grant: Grant,
  isForeign: boolean,
  request: PreparedRequest,
): Limit {
  const own = limit("identity", identity, request);
  return own.allows || isForeign || grant.closeness !== "role" ? own : grant;
}

interface Grant extends Limit {
  readonly closeness: Closeness;
}

const NO_GRANT: Grant = { closeness: "none", ...noneOf("resource") };

/**
 * What the resource's own policies grant to the principal, as closely as the closest of them names
 * it.
 */
function resourceGrant(
  policies: readonly CompiledPolicy[] | undefined,
  request: PreparedRequest,
): Grant {
  if (policies === undefined) return NO_GRANT;
  let closeness: Closeness = "none";
  const because: Reason[] = [];
  for (const [document, statements] of policies.entries()) {
    for (const statement of statements) {
      const own = statement.effect === "Allow" ? statement.principal(request.principal) : "none";
      if (own === "none" || !statement.applies(request)) continue;
      closeness = closer(closeness, own);
      because.push(reason("resource", document, statement));
    }
  }
  return closeness === "none" ? NO_GRANT : { closeness, allows: true, because };
}

/**
 * Adds the statements of one effect that apply. A Deny to the role or the account reaches its
 * sessions too.
 */
function collect(
  found: Reason[],
  kind: PolicyKind,
  policies: readonly CompiledPolicy[] | undefined,
  effect: "Allow" | "Deny",
  request: PreparedRequest,
): void {
  if (policies === undefined) return;
  for (let document = 0; document < policies.length; document++) {
    for (const statement of policies[document] ?? []) {
      if (statement.effect !== effect) continue;
      if (kind === "resource" && statement.principal(request.principal) === "none") continue;
      if (statement.applies(request)) found.push(reason(kind, document, statement));
    }
  }
}

const reason = (policy: PolicyKind, document: number, statement: CompiledStatement): Reason => ({
  policy,
  document,
  index: statement.index,
  ...(statement.sid !== undefined && { sid: statement.sid }),
  effect: statement.effect,
});

/**
 * The resource's account by its ARN, else by `aws:ResourceAccount`; where neither says (S3), the
 * same account.
 */
function isSameAccount({ resourceAccount, principal, values }: PreparedRequest): boolean {
  const account = resourceAccount || values.get("aws:resourceaccount")?.[0];
  return account === undefined || account === "" || account === principal.account;
}
