import type { Digest } from "../encoding/digest.ts";
import type { PublicJwk } from "../encoding/jwk.ts";
import {
  type JwsType,
  type KeyPort,
  readJws,
  type SigningKey,
  signJws,
  signJwsAt,
} from "../encoding/jws.ts";
import { present } from "../encoding/present.ts";
import type { DelegateRequest, Operation, Request, WithdrawRequest } from "../request/request.ts";

/** What every request says. `jti` is new for each message, `iat` is now in seconds. */
interface Message {
  /** The plane id that the request is for. */
  readonly plane: string;
  /** Names a family of retries: keep it when asking again for the same, change it to ask anew. */
  readonly idempotencyKey: string;
  readonly jti: string;
  readonly iat: number;
}

/** A chain by which the asker continues the contract, as `delegate` answered it; absent or empty: none. */
interface Continued {
  readonly chain?: readonly string[] | undefined;
}

/** What is asked under a contract. */
interface Under extends Continued {
  /** The contract JWS, or the digest of one that is bound already. */
  readonly contract: string | { readonly digest: Digest };
  readonly proof?: unknown;
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
export type Ask = Message & Wanted & Under & { readonly step: string };

/** What an agent asks of `execute`: to run one operation under a handle. */
export interface HandleRedemption extends Message, Continued {
  /** The handle JWS, as `issue` answered it. */
  readonly handle: string;
  readonly contractDigest: Digest;
  readonly operation: Operation;
}

/** What is handed on, at the plane that is asked, and to whom: members by their names (PROTOCOL.md §4); `exp` in seconds. */
export type HandedOnAsk = Pick<
  DelegateRequest,
  "designate" | "authorization_details" | "deliveries" | "exp" | "delegation" | "retain"
>;

/** What an executor asks of `delegate`: to designate another one, for no more than it holds. */
export type DelegationAsk = Message &
  Under &
  HandedOnAsk & {
    /** What people signed of the block, as compact JWS; absent: nothing. */
    readonly approvals?: readonly string[] | undefined;
  };

/** What an executor asks of `delegate`: to end a block below its own, and all below that. It is bound: no proof is read. */
export type Withdrawal = Message &
  Omit<Under, "proof"> & {
    /** Digest of the block. */
    readonly block: Digest;
  };

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

/** An event as a function takes it. */
export type Event = Readonly<Record<string, unknown>>;

/** An event that lacks its signature alone. */
export interface Unsigned {
  readonly claims: Request;
  /** The members beside `request`. */
  readonly beside: Event;
}

/** With the signature of a key that is at hand. */
const signedNow = ({ claims, beside }: Unsigned, key: SigningKey): Event => ({
  ...beside,
  request: signRequest(claims, key),
});

/** With the signature of a key that may be elsewhere. @throws {TypeError} and what the key throws. */
export const signedBy = async ({ claims, beside }: Unsigned, key: KeyPort): Promise<Event> => ({
  ...beside,
  request: await signJwsAt("vai-request+jwt", claims, key),
});

/** @throws {TypeError} for a contract or a chain that is none. */
export function unsignedIssue(ask: Ask): Unsigned {
  const { operation, deliverTo, step, delivery = "execute" } = ask;
  const common = commonClaims(ask, digestUnder(ask));
  const wanted = { step, delivery, ...present({ operation, deliverTo }) };
  return { claims: { use: "issue", ...common, ...wanted }, beside: besideOf(ask) };
}

/** @throws {TypeError} for a handle or a chain that is none. */
export function unsignedExecute(redemption: HandleRedemption): Unsigned {
  const { handle, operation } = redemption;
  return {
    claims: {
      use: "execute",
      ...commonClaims(redemption, redemption.contractDigest),
      handleDigest: digestOf(handle, "vai-identity+jwt", "handle"),
      operation,
    },
    beside: { handle, ...chainOf(redemption) },
  };
}

/** @throws {TypeError} for a contract or a chain that is none. */
export function unsignedDelegate(ask: DelegationAsk): Unsigned {
  const { designate, authorization_details, deliveries, exp, delegation, retain } = ask;
  const { approvals = [] } = ask;
  const claims: DelegateRequest = {
    use: "delegate",
    ...commonClaims(ask, digestUnder(ask)),
    ...{ designate, authorization_details, deliveries, exp, delegation, retain },
    audience: ask.plane,
  };
  return { claims, beside: { ...besideOf(ask), ...(approvals.length > 0 && { approvals }) } };
}

/** @throws {TypeError} for a contract or a chain that is none. */
export function unsignedWithdraw(withdrawal: Withdrawal): Unsigned {
  const claims: WithdrawRequest = {
    use: "withdraw",
    ...commonClaims(withdrawal, digestUnder(withdrawal)),
    block: withdrawal.block,
  };
  const { contract, chain } = withdrawal;
  return { claims, beside: besideOf({ contract, chain }) };
}

/** The event for the `issue` function: contract, proof, chain and signed request. @throws {TypeError}. */
export const issueEvent = (ask: Ask, key: SigningKey): Event => signedNow(unsignedIssue(ask), key);

/**
 * The event for the `execute` function: handle, chain and signed request.
 * @throws {TypeError} when the handle is none.
 */
export const executeEvent = (redemption: HandleRedemption, key: SigningKey): Event =>
  signedNow(unsignedExecute(redemption), key);

/** The event for the `delegate` function that hands authority on. @throws {TypeError}. */
export const delegateEvent = (ask: DelegationAsk, key: SigningKey): Event =>
  signedNow(unsignedDelegate(ask), key);

/** The event for the `delegate` function that takes back what was handed on. @throws {TypeError}. */
export const withdrawEvent = (withdrawal: Withdrawal, key: SigningKey): Event =>
  signedNow(unsignedWithdraw(withdrawal), key);

const digestUnder = ({ contract }: Under): Digest =>
  typeof contract === "string" ? contractDigest(contract) : contract.digest;

const besideOf = (under: Under): Event => ({
  ...(typeof under.contract === "string"
    ? { contract: under.contract }
    : { contractDigest: under.contract.digest }),
  ...present({ proof: under.proof }),
  ...chainOf(under),
});

const chainOf = ({ chain = [] }: Continued): Event => (chain.length > 0 ? { chain } : {});

/** A request is for one chain, which it names by its last block, or for none (PROTOCOL.md §4). */
const commonClaims = (
  { jti, iat, plane, idempotencyKey, chain = [] }: Message & Continued,
  digest: Digest,
) => {
  const last = chain.at(-1);
  return {
    ...{ jti, iat, aud: plane, contractDigest: digest, idempotencyKey },
    ...(last !== undefined && {
      chainDigest: digestOf(last, "vai-block+jwt", "chain's last block"),
    }),
  };
};
