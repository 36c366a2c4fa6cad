import { type Digest, sha256Digest } from "../encoding/digest.ts";
import { instant, said, stepLines, textOf } from "../proof/statement.ts";
import type { DelegateRequest } from "../request/request.ts";

/** Who holds a place in a chain: an agent, and its key's thumbprint. */
export interface Executor {
  readonly agent: string;
  readonly jkt: string;
}

/** What a delegate request says of the block that it asks for; `aud` is the plane that signs it, `audience` whose it is. */
export type Delegated = Omit<
  DelegateRequest,
  "use" | "jti" | "iat" | "idempotencyKey" | "chainDigest" | "designate"
>;

/** What a delegate request only names, found by whoever judges it. */
export interface Resolved {
  /** Digest of the block that is handed on from; `null` when it is the root, which is signed later than people read. */
  readonly parent: Digest | null;
  readonly from: Executor;
  readonly to: Executor;
}

/**
 * What a person who approves a block signs (PROTOCOL.md §8, "People"), made from the request, and by whoever verifies it
 * again from block and parent. It is written as that of a contract: printable ASCII, everything else as an escape, nothing
 * left out (POC-34).
 */
export const delegationStatement = (claims: Delegated, { parent, from, to }: Resolved): string =>
  textOf([
    "vai delegation statement 1",
    `contract ${said(claims.contractDigest)} plane ${said(claims.aud)}`,
    `parent ${said(parent)}`,
    `from ${said(from.agent)} key ${said(from.jkt)}`,
    `to ${said(to.agent)} key ${said(to.jkt)} at ${said(claims.audience)}`,
    `until ${instant(claims.exp)} retain ${said(claims.retain)} deliveries ${said(claims.deliveries)}`,
    `delegation ${said(claims.delegation)}`,
    ...claims.authorization_details.flatMap(stepLines),
  ]);

/** What an approval of a block carries as `statementDigest`. */
export const delegationStatementDigest = (claims: Delegated, resolved: Resolved): Digest =>
  sha256Digest(delegationStatement(claims, resolved));
