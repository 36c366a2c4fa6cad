import type { IssueRequest } from "../continuity/request.ts";
import type { Digest } from "../encoding/digest.ts";
import { readJws, type SigningKey, signJws } from "../encoding/jws.ts";

/** What an agent asks for; `jti` and `iat` are made by {@link issueEvent} unless given. Times in seconds. */
export interface Ask {
  readonly plane: string;
  /** The contract JWS, or the digest of one that is bound already. */
  readonly contract: string | { readonly digest: Digest };
  readonly step: string;
  readonly operation: NonNullable<IssueRequest["operation"]>;
  /** Names a family of retries: keep it when asking again for the same, change it to ask anew. */
  readonly idempotencyKey: string;
  readonly proof?: unknown;
  readonly delivery?: IssueRequest["delivery"];
  readonly jti: string;
  readonly iat: number;
}

/** The digest that names a contract: over its signing input (wire.md). @throws {TypeError} when it is no contract. */
export function contractDigest(contract: string): Digest {
  const read = readJws(contract, "vai-contract+jwt");
  if (!read.ok) throw new TypeError(`the contract ${read.detail}`);
  return read.value.digest;
}

/** A request, signed by the executor's key (wire.md §4). */
export const signRequest = (claims: IssueRequest, key: SigningKey): string =>
  signJws("vai-request+jwt", claims, key);

/** The event for the `issue` function: contract, proof and signed request. */
export function issueEvent(ask: Ask, key: SigningKey): Readonly<Record<string, unknown>> {
  const digest =
    typeof ask.contract === "string" ? contractDigest(ask.contract) : ask.contract.digest;
  const claims: IssueRequest = {
    use: "issue",
    jti: ask.jti,
    iat: ask.iat,
    aud: ask.plane,
    contractDigest: digest,
    idempotencyKey: ask.idempotencyKey,
    step: ask.step,
    delivery: ask.delivery ?? "execute",
    operation: ask.operation,
  };
  return {
    ...(typeof ask.contract === "string" ? { contract: ask.contract } : { contractDigest: digest }),
    ...(ask.proof !== undefined && { proof: ask.proof }),
    request: signRequest(claims, key),
  };
}
