import * as z from "zod";
import type { Scalar } from "../contract/constraint.ts";
import { DELIVERIES } from "../contract/contract.ts";
import { wholeDelegation } from "../contract/delegation.ts";
import { steps } from "../contract/step.ts";
import { documentDigest } from "../encoding/canonical-json.ts";
import type { Digest } from "../encoding/digest.ts";
import { readPublicJwk, type VerificationKey } from "../encoding/jwk.ts";
import { type ReadJws, readJws, verifyJws } from "../encoding/jws.ts";
import { digest, label, numericDate, publicJwk, stepId, thumbprint } from "../encoding/members.ts";
import { isSame } from "../encoding/same.ts";
import { readBy } from "../encoding/schema.ts";
import { isRefusal, type PlainCode, type Refusal, refuse } from "../refusal.ts";

/** Seconds: how far a request's `iat` may lie from server time, skew included (PROTOCOL.md §1). */
export const FRESHNESS_SECONDS = 60;

const token = z
  .string()
  .regex(/^[A-Za-z0-9._:-]{1,128}$/, "must be 1 to 128 of A-Z a-z 0-9 . _ : -");
/** Any visible ASCII: only that it is one of a kind matters. */
const nonce = z.string().regex(/^[\x21-\x7e]{1,256}$/, "must be 1 to 256 visible ASCII characters");

const scalar: z.ZodType<Scalar> = z.union([z.string(), z.int(), z.boolean()], {
  error: "must be a string, an integer or a boolean",
});

/** Parameters of one operation: far more than any action has, and few enough for one record (PROTOCOL.md §1 arrays). */
const MAX_PARAMETERS = 256;

/** Read loosely: whether the strings name anything is judged in stage `scope` (PROTOCOL.md §4). */
const operation = z.strictObject({
  action: z.string(),
  resource: z.string(),
  parameters: z
    .record(z.string(), scalar)
    .refine(
      (all) => Object.keys(all).length <= MAX_PARAMETERS,
      `must have at most ${MAX_PARAMETERS} members`,
    ),
});
/** One bounded operation as a request names it, and as the call is made: action, ARN, flat parameters by name. */
export type Operation = Readonly<z.infer<typeof operation>>;

/** What every request says: who it is for, under which contract, and what makes it one of a kind. */
const common = {
  jti: nonce,
  iat: numericDate,
  aud: label,
  contractDigest: digest,
  chainDigest: digest.optional(),
  idempotencyKey: token,
};

const deliverTo = publicJwk.refine(
  ({ crv }) => crv === "P-256",
  "must be an ephemeral public key on P-256",
);

export const issueClaims = z
  .strictObject({
    use: z.literal("issue"),
    ...common,
    step: stepId,
    delivery: z.enum(DELIVERIES),
    operation: operation.optional(),
    deliverTo: deliverTo.optional(),
  })
  .superRefine((request, context) => {
    const report = (member: string, message: string): void =>
      context.addIssue({ code: "custom", path: [member], message });
    if (request.delivery === "execute" && request.operation === undefined) {
      report("operation", "is needed for delivery execute");
    }
    if (request.delivery === "credentials" && request.operation !== undefined) {
      report("operation", "must be absent for delivery credentials");
    }
    if ((request.delivery === "credentials") !== (request.deliverTo !== undefined)) {
      report("deliverTo", "belongs to delivery credentials, and only to it");
    }
  });
export type IssueRequest = z.infer<typeof issueClaims>;

export const executeClaims = z.strictObject({
  use: z.literal("execute"),
  ...common,
  handleDigest: digest,
  operation,
});
export type ExecuteRequest = z.infer<typeof executeClaims>;

const isSet = (values: readonly string[]): boolean => new Set(values).size === values.length;

/** Forms of delivery, one or more, each once. */
const deliveries = z.array(z.enum(DELIVERIES)).min(1).refine(isSet, "names a delivery twice");

/** Whom an executor hands on to: a key with its agent, or what exactly one agent of the trust policy meets. */
export type Designation =
  | { readonly jkt: string; readonly agent: string; readonly labels?: never }
  | { readonly agent: string; readonly jkt?: never; readonly labels?: never }
  | { readonly labels: readonly string[]; readonly jkt?: never; readonly agent?: never };

/** Exactly one of the three forms. */
export const designate = z
  .strictObject({
    jkt: thumbprint.optional(),
    agent: label.optional(),
    labels: z.array(label).min(1).refine(isSet, "names a label twice").optional(),
  })
  .superRefine(({ jkt, agent, labels }, context) => {
    const report = (member: string, message: string): void =>
      context.addIssue({ code: "custom", path: [member], message });
    if (labels !== undefined && agent !== undefined) report("labels", "has no place beside agent");
    else if (labels !== undefined && jkt !== undefined) report("labels", "has no place beside jkt");
    else if (labels === undefined && agent === undefined) report("agent", "is missing");
  }) as unknown as z.ZodType<Designation>;

/** What a block says of the authority that it hands on, and a delegate request word for word (PROTOCOL.md §8). */
export const handedOn = {
  authorization_details: steps,
  deliveries,
  exp: numericDate,
  delegation: wholeDelegation,
};

type HandedOn = z.infer<z.ZodObject<typeof handedOn>>;

/** Of a delegate request all that is no document of the block that it asks for. */
const ownClaims = z.strictObject({
  use: z.literal("delegate"),
  ...common,
  designate,
  exp: handedOn.exp,
  retain: z.boolean(),
  audience: label,
});
const delegateClaims = z.strictObject({ ...ownClaims.shape, ...handedOn });
/** An executor's order to designate another one; `chainDigest` is the last block's, from which it hands on. */
export type DelegateRequest = z.infer<typeof delegateClaims>;

const withdrawClaims = z.strictObject({ use: z.literal("withdraw"), ...common, block: digest });
/** An order to end a block, and all below it, by an executor above it. */
export type WithdrawRequest = z.infer<typeof withdrawClaims>;

export type Request = IssueRequest | ExecuteRequest | DelegateRequest | WithdrawRequest;

/** A request that was read strictly; its signature is not judged yet. */
export interface ReadRequest<Claims extends Request = Request> {
  readonly jws: ReadJws;
  readonly claims: Claims;
  readonly digest: Digest;
}

/** Strict reading of an `issue` request, stage `parse`. */
export const readIssueRequest = (compact: unknown): ReadRequest<IssueRequest> | Refusal =>
  readRequest(issueClaims, compact);

/** Strict reading of an `execute` request, stage `parse`. */
export const readExecuteRequest = (compact: unknown): ReadRequest<ExecuteRequest> | Refusal =>
  readRequest(executeClaims, compact);

/** Strict reading of a `delegate` request, stage `parse`. */
export const readDelegateRequest = (compact: unknown): ReadRequest<DelegateRequest> | Refusal =>
  readRequest(delegateClaims, compact);

/** Strict reading of a `withdraw` request, stage `parse`. */
export const readWithdrawRequest = (compact: unknown): ReadRequest<WithdrawRequest> | Refusal =>
  readRequest(withdrawClaims, compact);

/**
 * Strict reading of the `delegate` request in a block that stands at a place.
 * @param said - what the block says, read by the same schema: what the request says in the same words is not read twice.
 */
export function readRequestOfBlock(
  compact: unknown,
  at: string,
  said: HandedOn,
): ReadRequest<DelegateRequest> | Refusal {
  const [place, code] = [`${at}/request`, "CHAIN_MALFORMED"] as const;
  const jws = readRequestJws(compact, place, code);
  if (isRefusal(jws)) return jws;
  const own = withoutSaid(jws.payload, said);
  if (own === undefined) return claimsAt(delegateClaims, jws, place, code);
  const read = claimsAt(ownClaims, jws, place, code, own);
  return isRefusal(read) ? read : { ...read, claims: { ...read.claims, ...documentsOf(said) } };
}

const documentsOf = ({ authorization_details, deliveries, delegation }: HandedOn) => ({
  ...{ authorization_details, deliveries, delegation },
});

/** The other members of a payload that has these documents word for word; `undefined` for any other. */
function withoutSaid(payload: unknown, said: HandedOn): object | undefined {
  const { authorization_details, deliveries, delegation, ...own } = (payload ??
    {}) as Partial<HandedOn>;
  const asked = { authorization_details, deliveries, delegation };
  return isSame(asked, documentsOf(said)) ? own : undefined;
}

function readRequest<Claims extends Request>(
  claims: z.ZodType<Claims>,
  compact: unknown,
): ReadRequest<Claims> | Refusal {
  if (compact === undefined || compact === null || compact === "") {
    return refuse("REQUEST_UNSIGNED", "the event has no signed request", "/request");
  }
  return readRequestAt(claims, compact, "/request", "REQUEST_MALFORMED");
}

function readRequestAt<Claims extends Request>(
  claims: z.ZodType<Claims>,
  compact: unknown,
  at: string,
  code: PlainCode,
): ReadRequest<Claims> | Refusal {
  const jws = readRequestJws(compact, at, code);
  return isRefusal(jws) ? jws : claimsAt(claims, jws, at, code);
}

function readRequestJws(compact: unknown, at: string, code: PlainCode): ReadJws | Refusal {
  const jws = readJws(compact, "vai-request+jwt");
  return jws.ok ? jws.value : refuse(code, `the request ${jws.detail}`, at + jws.pointer);
}

function claimsAt<Claims>(
  claims: z.ZodType<Claims>,
  jws: ReadJws,
  at: string,
  code: PlainCode,
  payload: unknown = jws.payload,
): { readonly jws: ReadJws; readonly claims: Claims; readonly digest: Digest } | Refusal {
  const read = readBy(claims, payload);
  if (read.ok) return { jws, claims: read.value, digest: jws.digest };
  const where = at + read.pointer;
  return refuse(read.code ?? code, `${where} ${read.detail}`, where);
}

/**
 * Stage `request`, first: possession of the key in the request's own header. Whether that key may ask is judged
 * later; so far it only proves who speaks.
 */
export function judgePossession(request: ReadRequest): VerificationKey | Refusal {
  const key = readPublicJwk(request.jws.header.jwk);
  if (typeof key === "string") {
    return refuse("REQUEST_SIGNATURE_INVALID", `the request's jwk ${key}`, "/request");
  }
  return verifyJws(request.jws, key)
    ? key
    : refuse(
        "REQUEST_SIGNATURE_INVALID",
        "the request's signature does not verify under its jwk, alg and kid",
        "/request",
      );
}

/** Stage `request`, then: audience, and freshness by server time in milliseconds. */
export function judgeFreshness(
  { claims }: ReadRequest,
  plane: string,
  now: number,
): Refusal | undefined {
  if (claims.aud !== plane) {
    return refuse(
      "AUDIENCE_MISMATCH",
      `the request is for ${claims.aud}, this plane is ${plane}`,
      "/request/aud",
    );
  }
  return Math.abs(now - claims.iat * 1000) <= FRESHNESS_SECONDS * 1000
    ? undefined
    : refuse(
        "REQUEST_STALE",
        `iat is more than ${FRESHNESS_SECONDS} s from server time`,
        "/request/iat",
      );
}

/** What makes two requests one retry: the claims without `jti` and `iat` (PROTOCOL.md §4 stage 5). */
export function requestContentDigest(request: Request): Digest {
  const { jti: _jti, iat: _iat, ...content } = request;
  return documentDigest(content);
}
