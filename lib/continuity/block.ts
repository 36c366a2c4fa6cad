import * as z from "zod";
import { DEEPEST } from "../contract/delegation.ts";
import type { Digest } from "../encoding/digest.ts";
import { type ReadJws, readJws } from "../encoding/jws.ts";
import { digest, label, numericDate, thumbprint, uuid } from "../encoding/members.ts";
import { readBy } from "../encoding/schema.ts";
import { type ReadApproval, readApproval } from "../proof/approval.ts";
import { isRefusal, pointer, type Refusal, refuse } from "../refusal.ts";
import {
  type DelegateRequest,
  handedOn,
  type ReadRequest,
  readRequestOfBlock,
} from "../request/request.ts";

/** What every block says; `nbf` is the contract's, `jti`, `iat` are of the plane that signed it. */
const common = {
  iss: label,
  aud: label,
  jti: uuid,
  iat: numericDate,
  nbf: numericDate,
  contractDigest: digest,
  cnf: z.strictObject({ jkt: thumbprint }),
  agent: label,
  ...handedOn,
  approvals: z.array(z.string()).min(1).optional(),
};

const root = z.strictObject({ ...common, depth: z.literal(0) });
const later = z.strictObject({
  ...common,
  parent: digest,
  depth: z.int().min(1).max(DEEPEST),
  retain: z.boolean(),
  request: z.string(),
});

/** Who the contract's executor is, and what the contract allows: it has no parent, and nobody asked for it. */
export type RootClaims = z.infer<typeof root>;
/** Whom the executor of the block before has designated, and for what. */
export type LaterClaims = z.infer<typeof later>;
export type BlockClaims = RootClaims | LaterClaims;

interface ReadAny<Claims extends BlockClaims> {
  readonly jws: ReadJws;
  readonly claims: Claims;
  readonly digest: Digest;
  readonly approvals: readonly ReadApproval[];
}
export interface ReadRoot extends ReadAny<RootClaims> {
  readonly request?: undefined;
}
/** With the request that it was signed for, read as strictly. */
export interface ReadLater extends ReadAny<LaterClaims> {
  readonly request: ReadRequest<DelegateRequest>;
}
/** A block that was read strictly; no signature in it is judged yet. */
export type ReadBlock = ReadRoot | ReadLater;

/**
 * Strict reading of a block, its request and its approvals, before any signature work: `CHAIN_MALFORMED` or
 * `CONSTRAINT_UNKNOWN` with the place, a JSON pointer below `at`. One without `parent` is read as a root.
 */
export function readBlock(compact: unknown, at: string): ReadBlock | Refusal {
  const jws = readJws(compact, "vai-block+jwt");
  if (!jws.ok) return refuse("CHAIN_MALFORMED", `the block ${jws.detail}`, at + jws.pointer);
  const { payload, digest } = jws.value;
  const isRoot = typeof payload === "object" && payload !== null && !("parent" in payload);
  const approvals = (claims: BlockClaims) => readApprovals(claims, at);
  if (isRoot) {
    const claims = claimsOf(root, payload, at);
    if (isRefusal(claims)) return claims;
    const read = approvals(claims);
    return isRefusal(read) ? read : { jws: jws.value, claims, digest, approvals: read };
  }
  const claims = claimsOf(later, payload, at);
  if (isRefusal(claims)) return claims;
  const request = readRequestOfBlock(claims.request, at, claims);
  if (isRefusal(request)) return request;
  const read = approvals(claims);
  return isRefusal(read) ? read : { jws: jws.value, claims, digest, approvals: read, request };
}

function claimsOf<Claims>(schema: z.ZodType<Claims>, payload: unknown, at: string) {
  const read = readBy(schema, payload);
  if (read.ok) return read.value;
  const where = at + read.pointer;
  return refuse(read.code ?? "CHAIN_MALFORMED", `${where} ${read.detail}`, where);
}

function readApprovals(
  { approvals = [] }: BlockClaims,
  at: string,
): readonly ReadApproval[] | Refusal {
  const read: ReadApproval[] = [];
  for (const [index, compact] of approvals.entries()) {
    const approval = readApproval(compact, pointer(`${at}/approvals`, [index]));
    if (isRefusal(approval)) {
      return refuse("CHAIN_MALFORMED", `an approval ${approval.detail}`, approval.pointer);
    }
    read.push(approval);
  }
  return read;
}

/** A block that stands alone, for whoever looks into one. */
export const parseBlock = (compact: unknown): BlockClaims | Refusal => {
  const read = readBlock(compact, "/block");
  return isRefusal(read) ? read : read.claims;
};

/** Where a block of a chain stands in an event. */
export const placeOf = (depth: number): string => `/chain/${depth}`;
