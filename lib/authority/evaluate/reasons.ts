import type { Statement } from "./iam-document.ts";
import type { CompiledPolicies, CompiledPolicy } from "./policies.ts";
import { type Closeness, closer } from "./principal.ts";
import type { PreparedRequest } from "./request-context.ts";
import type { CompiledStatement } from "./statement.ts";

/** The kinds of policies that decide about a request. */
export type PolicyKind = keyof CompiledPolicies;

/**
 * A statement that decided, or with effect `None` a kind of policy in which nothing allowed the
 * request.
 */
export interface DecisionReason {
  readonly policy: PolicyKind;
  readonly effect: "Allow" | "Deny" | "None";
  /** Position of the document within its kind, and of the statement within the document. */
  readonly document?: number;
  readonly index?: number;
  readonly sid?: string;
  /** The statement as the document has it. */
  readonly statement?: Statement;
}

/** What one kind of policy says: it allows, or nothing in it does. */
export interface Limit {
  readonly allows: boolean;
  readonly because: readonly DecisionReason[];
}

const NO_LIMIT: Limit = { allows: true, because: [] };

const noneOf = (policy: PolicyKind): Limit => ({
  allows: false,
  because: [{ policy, effect: "None" }],
});

/** A kind of policy that is there must allow. */
export function limit(
  kind: PolicyKind,
  policies: readonly CompiledPolicy[] | undefined,
  request: PreparedRequest,
): Limit {
  if (policies === undefined) return NO_LIMIT;
  const because: DecisionReason[] = [];
  collect(because, kind, policies, "Allow", request);
  return because.length > 0 ? { allows: true, because } : noneOf(kind);
}

/** What a resource's own policies grant, and how closely they name the principal. */
export interface ResourceGrant extends Limit {
  readonly closeness: Closeness;
}

const NO_GRANT: ResourceGrant = { closeness: "none", ...noneOf("resource") };

/** The closest naming counts, if several statements grant. */
export function resourceGrant(
  { resource, boundary }: CompiledPolicies,
  request: PreparedRequest,
): ResourceGrant {
  if (resource === undefined) return NO_GRANT;
  let closeness: Closeness = "none";
  const because: DecisionReason[] = [];
  collect(because, "resource", resource, "Allow", request, ({ principal }) => {
    const own = principal(request.principal, boundary !== undefined);
    closeness = closer(closeness, own);
    return own !== "none";
  });
  return because.length === 0 ? NO_GRANT : { closeness, allows: true, because };
}

/** Every Deny that applies. One to the role or the account reaches its sessions too. */
export function denials(policies: CompiledPolicies, request: PreparedRequest): DecisionReason[] {
  const { identity, session, boundary, resource, scp } = policies;
  const found: DecisionReason[] = [];
  collect(found, "identity", identity, "Deny", request);
  if (session !== undefined) collect(found, "session", [session], "Deny", request);
  if (boundary !== undefined) collect(found, "boundary", [boundary], "Deny", request);
  collect(found, "resource", resource, "Deny", request, ({ principal }) => {
    return principal(request.principal, boundary !== undefined) !== "none";
  });
  collect(found, "scp", scp, "Deny", request);
  return found;
}

/**
 * Adds the statements of one effect that apply.
 * @param concerns - asked last: whether a statement that applies means the principal
 */
function collect(
  found: DecisionReason[],
  kind: PolicyKind,
  policies: readonly CompiledPolicy[] | undefined,
  effect: "Allow" | "Deny",
  request: PreparedRequest,
  concerns: (statement: CompiledStatement) => boolean = () => true,
): void {
  if (policies === undefined) return;
  for (let document = 0; document < policies.length; document++) {
    for (const statement of policies[document] ?? []) {
      if (statement.effect !== effect || !statement.applies(request)) continue;
      if (concerns(statement)) found.push(reason(kind, document, statement));
    }
  }
}

const reason = (
  policy: PolicyKind,
  document: number,
  statement: CompiledStatement,
): DecisionReason => ({
  policy,
  document,
  index: statement.index,
  ...(statement.source.Sid !== undefined && { sid: statement.source.Sid }),
  effect: statement.effect,
  statement: statement.source,
});
