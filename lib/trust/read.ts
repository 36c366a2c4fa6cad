import type { Digest } from "../encoding/digest.ts";
import type { VerificationKey } from "../encoding/jwk.ts";
import { type ReadJws, readJws, verifyJws } from "../encoding/jws.ts";
import { readBy } from "../encoding/schema.ts";
import type { Problem } from "../encoding/strict-json.ts";
import { type TrustPolicy, trustPolicySchema } from "./policy.ts";

/** A trust policy that was read strictly and whose signer is known. */
export interface ReadTrustPolicy {
  readonly jws: ReadJws;
  readonly policy: TrustPolicy;
  readonly digest: Digest;
}

/** Why a trust policy is not believed: its form, or its signature. */
export type TrustPolicyProblem = Problem & { readonly kind: "form" | "signature" };

/**
 * Reads a trust policy and verifies it under one of the pinned anchors (PROTOCOL.md §1: at most two).
 * Nothing in the document can name its own anchor: a plane believes only what was pinned at deployment.
 */
export function readTrustPolicy(
  compact: unknown,
  anchors: readonly VerificationKey[],
): ReadTrustPolicy | TrustPolicyProblem {
  const jws = readJws(compact, "vai-trust-policy+jwt");
  if (!jws.ok) return { kind: "form", pointer: jws.pointer, detail: jws.detail };
  const read = readBy(trustPolicySchema, jws.value.payload);
  if (!read.ok) return { kind: "form", pointer: read.pointer, detail: read.detail };
  const anchor = anchors.find(({ thumbprint }) => thumbprint === jws.value.header.kid);
  if (anchor === undefined) {
    return { kind: "signature", pointer: "", detail: "is not signed by a pinned anchor" };
  }
  if (!verifyJws(jws.value, anchor)) {
    return {
      kind: "signature",
      pointer: "",
      detail: "does not carry a good signature of its anchor",
    };
  }
  return { jws: jws.value, policy: read.value, digest: jws.value.digest };
}

/** The keys of one use that may sign at an instant in seconds: `notBefore` ≤ at < `notAfter`, and never revoked (PROTOCOL.md §6). */
export function planeKeysAt(
  policy: TrustPolicy,
  use: TrustPolicy["planeKeys"][number]["use"],
  at: number,
): TrustPolicy["planeKeys"] {
  return policy.planeKeys.filter(
    (each) =>
      each.use === use &&
      each.notBefore <= at &&
      (each.notAfter === undefined || at < each.notAfter) &&
      each.revokedAt === undefined,
  );
}
