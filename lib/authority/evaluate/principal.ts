import { listOf, type Principal, type Statement } from "./iam-document.ts";
import { isSameRole, type PrincipalForms } from "./request-context.ts";

/**
 * How closely a resource policy names the principal; the closest counts. `direct` (a session or a
 * user by its own ARN, or everybody) is limited by neither session policy nor boundary, `role` by
 * both, `account` only delegates to the identity's own policies (IAM user guide, policy evaluation
 * logic).
 */
export type Closeness = "direct" | "role" | "account" | "none";

const ORDER: readonly Closeness[] = ["none", "account", "role", "direct"];

export const closer = (left: Closeness, right: Closeness): Closeness =>
  ORDER.indexOf(left) >= ORDER.indexOf(right) ? left : right;

/**
 * Closeness with which a statement of a resource policy concerns the principal.
 * @param isBounded - whether the principal has a permissions boundary
 */
export type PrincipalMatch = (principal: PrincipalForms, isBounded: boolean) => Closeness;

/**
 * Compiles `Principal` or `NotPrincipal`. Whom a statement means must be said: an Allow without
 * either concerns nobody, a Deny everybody.
 */
export function compilePrincipal({ Effect, Principal, NotPrincipal }: Statement): PrincipalMatch {
  const isDeny = Effect === "Deny";
  if (Principal !== undefined) return named(Principal, isDeny);
  if (NotPrincipal !== undefined)
    return isDeny ? deniedBut(NotPrincipal) : allowedBut(NotPrincipal);
  return () => (isDeny ? "direct" : "none");
}

function named(wanted: Principal, isDeny: boolean): PrincipalMatch {
  const names = namesOf(wanted);
  // A Deny to somebody who cannot be told apart from the principal reaches the principal.
  const otherwise = isDeny && isOpaque(wanted) ? "direct" : "none";
  return (principal) => {
    const { own, role, isPathUnknown, accountNames } = principal;
    if (names.has("*") || (own !== role && names.has(own))) return "direct";
    if (role !== undefined && names.has(role)) return "role";
    if (isPathUnknown && isNamedByPath(names, role)) return "role";
    return accountNames.some((name) => names.has(name)) ? "account" : otherwise;
  };
}

/**
 * An exception from a Deny must name the principal, its role and its account, and counts for nobody
 * with a permissions boundary (IAM user guide, `NotPrincipal`).
 */
function deniedBut(excepted: Principal): PrincipalMatch {
  const names = namesOf(excepted);
  return ({ own, role, accountNames }, isBounded) => {
    if (names.has("*")) return "none";
    const isNamed = names.has(own) && names.has(role ?? own);
    return !isBounded && isNamed && accountNames.some((name) => names.has(name))
      ? "none"
      : "direct";
  };
}

/** An exception from an Allow may name any form of the principal. */
function allowedBut(excepted: Principal): PrincipalMatch {
  const names = namesOf(excepted);
  return ({ own, role, isPathUnknown, accountNames }) => {
    const isNamed =
      ["*", own, role ?? own, ...accountNames].some((name) => names.has(name)) ||
      (isPathUnknown && isNamedByPath(names, role));
    return isNamed || isOpaque(excepted) ? "none" : "direct";
  };
}

/**
 * Whether the role of a session is named with a path, which the session's ARN does not show. It is
 * that role: an account has each role name once whatever the path, and a policy can name only roles
 * that exist (IAM user guide, "IAM identifiers" and "AWS JSON policy elements: Principal": the name
 * of a deleted one becomes its id).
 */
const isNamedByPath = (names: ReadonlySet<string>, role: string | undefined): boolean =>
  role !== undefined && [...names].some((name) => isSameRole(name, role));

/**
 * AWS principals by name; services and federations are never the principals asked about here.
 */
const namesOf = (principal: Principal): ReadonlySet<string> =>
  new Set(principal === "*" ? ["*"] : listOf(principal.AWS));

/** A canonical user id names an account, which one it does not say. */
const isOpaque = (principal: Principal): boolean =>
  principal !== "*" && principal.CanonicalUser !== undefined;
