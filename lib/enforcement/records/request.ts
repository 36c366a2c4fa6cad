import { descriptorOf, isSensitive } from "../../actions/catalogue.ts";
import type { Operation } from "../../actions/descriptor.ts";
import { documentDigest } from "../../encoding/canonical-json.ts";
import type { RequestEvidence } from "../../evidence/details.ts";
import type { ReadRequest } from "../../request/request.ts";

/**
 * A request as evidence (PROTOCOL.md §5). If its operation has a sensitive parameter, the record holds the digest of the
 * JWS and its claims with those values as digests: whoever may read evidence must not read what was written. Of an
 * action that is not in the catalogue there is one digest over all parameters; a digest for each of thousands of
 * short ones would make a record that no table takes, and so a violation that leaves no evidence.
 */
export function requestEvidence({ jws, claims, digest }: ReadRequest): RequestEvidence {
  // Who hands authority on, or takes it back, names no operation.
  if (!("operation" in claims) || claims.operation === undefined) return { request: jws.compact };
  const { operation } = claims;
  const names = Object.keys(operation.parameters);
  const isPlain = names.every((name) => !isSensitive(operation.action, name));
  if (isPlain) return { request: jws.compact };
  const parameters =
    descriptorOf(operation.action) === undefined
      ? documentDigest(operation.parameters)
      : digested(operation);
  return {
    requestDigest: digest,
    requestClaims: { ...claims, operation: { ...operation, parameters } },
  };
}

const digested = ({ action, parameters }: Operation): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [
      name,
      isSensitive(action, name) ? documentDigest(value) : value,
    ]),
  );
