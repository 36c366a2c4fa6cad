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
export interface Reason {
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
  readonly because: readonly Reason[];
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
  const because: Reason[] = [];
  for (const [document, statement] of statementsIn(policies)) {
    if (statement.effect === "Allow" && statement.applies(request))
      because.push(reason(kind, document, statement));
  }
  return because.length > 0 ? { allows: true, because } : noneOf(kind);
}

/** What a resource's own policies grant, and how closely they name the principal. */
export interface Grant extends Limit {
  readonly closeness: Closeness;
}

const NO_GRANT: Grant = { closeness: "none", ...noneOf("resource") };

/** The closest naming counts, if several statements grant. */
export function resourceGrant(
  { resource = [], boundary }: CompiledPolicies,
  request: PreparedRequest,
): Grant {
  let closeness: Closeness = "none";
  const because: Reason[] = [];
  for (const [document, statement] of statementsIn(resource)) {
    if (statement.effect !== "Allow") continue;
    const own = statement.principal(request.principal, boundary !== undefined);
    if (own === "none" || !statement.applies(request)) continue;
    closeness = closer(closeness, own);
    because.push(reason("resource", document, statement));
  }
  return closeness === "none" ? NO_GRANT : { closeness, allows: true, because };
}

/** Every Deny that applies. One to the role or the account reaches its sessions too. */
export function denials(policies: CompiledPolicies, request: PreparedRequest): Reason[] {
  const { identity, session, boundary, resource, scp } = policies;
  const found: Reason[] = [];
  const collect = (kind: PolicyKind, documents: readonly CompiledPolicy[] | undefined): void => {
    for (const [document, statement] of statementsIn(documents ?? [])) {
      if (statement.effect !== "Deny") continue;
      const concerns =
        kind !== "resource" ||
        statement.principal(request.principal, boundary !== undefined) !== "none";
      if (concerns && statement.applies(request)) found.push(reason(kind, document, statement));
    }
  };
  collect("identity", identity);
  collect("session", session && [session]);
  collect("boundary", boundary && [boundary]);
  collect("resource", resource);
  collect("scp", scp);
  return found;
}

function* statementsIn(
  policies: readonly CompiledPolicy[],
): Generator<[document: number, CompiledStatement]> {
  for (const [document, statements] of policies.entries())
    for (const statement of statements) yield [document, statement];
}

const reason = (policy: PolicyKind, document: number, statement: CompiledStatement): Reason => ({
  policy,
  document,
  index: statement.index,
  ...(statement.source.Sid !== undefined && { sid: statement.source.Sid }),
  effect: statement.effect,
  statement: statement.source,
});
