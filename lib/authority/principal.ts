import { listOf, type Principal, type Statement } from "./iam-document.ts";
import type { PrincipalForms } from "./request-context.ts";

/**
 * How closely a resource policy names the principal; the closest counts. `direct` (its own ARN, or
 * everybody) is limited by neither session policy nor boundary, `role` by both, `account` only
 * delegates to the identity's own policies (IAM user guide, policy evaluation logic; aws.md §1.3).
 */
export type Closeness = "direct" | "role" | "account" | "none";

const ORDER: readonly Closeness[] = ["none", "account", "role", "direct"];

export const closer = (left: Closeness, right: Closeness): Closeness =>
  ORDER.indexOf(left) >= ORDER.indexOf(right) ? left : right;

/** Closeness with which a statement of a resource policy concerns the principal. */
export type PrincipalMatch = (principal: PrincipalForms) => Closeness;

/**
 * Compiles `Principal` or `NotPrincipal`; a resource policy's statement without either concerns
 * nobody.
 */
export function compilePrincipal(statement: Statement): PrincipalMatch {
  if (statement.Principal !== undefined) return named(statement.Principal);
  if (statement.NotPrincipal === undefined) return () => "none";
  const excepted = namesOf(statement.NotPrincipal);
  // An exception from a Deny must name every form of the principal; an exception from an Allow, any
  // of them.
  return (principal) => {
    const forms = [principal.own, principal.role ?? principal.own];
    const isListed = (form: string): boolean => excepted.has(form) || excepted.has("*");
    const hasAccount = principal.accountNames.some(isListed);
    const isExcepted =
      statement.Effect === "Deny"
        ? forms.every(isListed) && hasAccount
        : forms.some(isListed) || hasAccount;
    return isExcepted ? "none" : "direct";
  };
}

function named(wanted: Principal): PrincipalMatch {
  const names = namesOf(wanted);
  return (principal) => {
    if (names.has("*") || names.has(principal.own)) return "direct";
    if (principal.role !== undefined && names.has(principal.role)) return "role";
    return principal.accountNames.some((name) => names.has(name)) ? "account" : "none";
  };
}

/**
 * AWS principals by name; services, federations and canonical users are never the principals asked
 * about here.
 */
const namesOf = (principal: Principal): ReadonlySet<string> =>
  new Set(principal === "*" ? ["*"] : listOf(principal["AWS"]));
