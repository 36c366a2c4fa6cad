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
    // Not knowing must not widen: a Deny to a role of this name reaches the session, whatever its path.
    if (isDeny && isPathUnknown && role !== undefined) {
      if ([...names].some((name) => isSameRole(name, role))) return "role";
    }
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
  return ({ own, role, accountNames }) => {
    const isNamed = ["*", own, role ?? own, ...accountNames].some((name) => names.has(name));
    return isNamed || isOpaque(excepted) ? "none" : "direct";
  };
}

/**
 * AWS principals by name; services and federations are never the principals asked about here.
 */
const namesOf = (principal: Principal): ReadonlySet<string> =>
  new Set(principal === "*" ? ["*"] : listOf(principal.AWS));

/** A canonical user id names an account, which one it does not say. */
const isOpaque = (principal: Principal): boolean =>
  principal !== "*" && principal.CanonicalUser !== undefined;
