import type { Digest } from "../encoding/digest.ts";
import type { PublicJwk } from "../encoding/jwk.ts";
import { type JwsType, readJws, type SigningKey, signJws } from "../encoding/jws.ts";
import { present } from "../encoding/present.ts";
import type { ExecuteRequest, IssueRequest, Operation, Request } from "../request/request.ts";

/** What every request says. `jti` is new for each message, `iat` is now in seconds. */
interface Message {
  /** The plane id that the request is for. */
  readonly plane: string;
  /** Names a family of retries: keep it when asking again for the same, change it to ask anew. */
  readonly idempotencyKey: string;
  readonly jti: string;
  readonly iat: number;
}

/** In which form authority is wanted (PROTOCOL.md §4). */
type Wanted =
  /** The plane runs the operation and answers with its outcome. */
  | { readonly delivery?: "execute"; readonly operation: Operation; readonly deliverTo?: never }
  /** A handle, redeemed later by {@link executeEvent}; `operation` is needed when the step has totals. */
  | { readonly delivery: "handle"; readonly operation?: Operation; readonly deliverTo?: never }
  /** The STS session itself, encrypted to an ephemeral P-256 key: see `deliveryKey()`. */
  | {
      readonly delivery: "credentials";
      readonly deliverTo: PublicJwk;
      readonly operation?: never;
    };

/** What an agent asks of `issue`. */
export type Ask = Message &
  Wanted & {
    /** The contract JWS, or the digest of one that is bound already. */
    readonly contract: string | { readonly digest: Digest };
    readonly step: string;
    readonly proof?: unknown;
  };

/** What an agent asks of `execute`: to run one operation under a handle. */
export interface HandleRedemption extends Message {
  /** The handle JWS, as `issue` answered it. */
  readonly handle: string;
  readonly contractDigest: Digest;
  readonly operation: Operation;
}

const digestOf = (compact: string, typ: JwsType, what: string): Digest => {
  const read = readJws(compact, typ);
  if (!read.ok) throw new TypeError(`the ${what} ${read.detail}`);
  return read.value.digest;
};

/** The digest that names a contract: over its signing input (PROTOCOL.md). @throws {TypeError} when it is no contract. */
export const contractDigest = (contract: string): Digest =>
  digestOf(contract, "vai-contract+jwt", "contract");

/** A request, signed by the executor's key (PROTOCOL.md §4). */
export const signRequest = (claims: Request, key: SigningKey): string =>
  signJws("vai-request+jwt", claims, key);

/** The event for the `issue` function: contract, proof and signed request. */
export function issueEvent(ask: Ask, key: SigningKey): Readonly<Record<string, unknown>> {
  const { contract, proof, operation, deliverTo } = ask;
  const digest = typeof contract === "string" ? contractDigest(contract) : contract.digest;
  const claims: IssueRequest = {
    use: "issue",
    ...commonClaims(ask, digest),
    step: ask.step,
    delivery: ask.delivery ?? "execute",
    ...present({ operation, deliverTo }),
  };
  return {
    ...(typeof contract === "string" ? { contract } : { contractDigest: digest }),
    ...present({ proof }),
    request: signRequest(claims, key),
  };
}

/**
 * The event for the `execute` function: handle and signed request.
 * @throws {TypeError} when the handle is none.
 */
export function executeEvent(
  redemption: HandleRedemption,
  key: SigningKey,
): Readonly<Record<string, unknown>> {
  const { handle, operation } = redemption;
  const claims: ExecuteRequest = {
    use: "execute",
    ...commonClaims(redemption, redemption.contractDigest),
    handleDigest: digestOf(handle, "vai-identity+jwt", "handle"),
    operation,
  };
  return { handle, request: signRequest(claims, key) };
}

const commonClaims = ({ jti, iat, plane, idempotencyKey }: Message, digest: Digest) => ({
  ...{ jti, iat, aud: plane, contractDigest: digest, idempotencyKey },
});
