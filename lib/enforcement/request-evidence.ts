import { descriptorOf } from "../actions/catalogue.ts";
import type { ReadRequest } from "../continuity/request.ts";
import { documentDigest } from "../encoding/canonical-json.ts";
import type { Digest } from "../encoding/digest.ts";

/** A request in a record's detail: the JWS, or what may stand there instead of it. */
export type RequestEvidence =
  | { readonly request: string }
  | { readonly requestDigest: Digest; readonly requestClaims: object };

/**
 * A request as evidence (wire.md §5). If its operation has a sensitive parameter, the record holds the digest of the
 * JWS and its claims with those values as digests: whoever may read evidence must not read what was written. The
 * parameters of an action that is not in the catalogue are all taken as sensitive; nobody knows what they are.
 */
export function requestEvidence({ jws, claims, digest }: ReadRequest): RequestEvidence {
  const { operation } = claims;
  if (operation === undefined) return { request: jws.compact };
  const descriptor = descriptorOf(operation.action);
  const isSensitive = (name: string): boolean => descriptor?.sensitive(name) ?? true;
  const names = Object.keys(operation.parameters);
  if (!names.some(isSensitive)) return { request: jws.compact };
  const parameters = Object.fromEntries(
    Object.entries(operation.parameters).map(([name, value]) => [
      name,
      isSensitive(name) ? documentDigest(value) : value,
    ]),
  );
  return {
    requestDigest: digest,
    requestClaims: { ...claims, operation: { ...operation, parameters } },
  };
}
