import type { Digest } from "../encoding/digest.ts";
import type { Append, AppendResult, StoredChain } from "../evidence/ports.ts";

/** Which documents are in force. */
export interface RegistryHead {
  readonly version: number;
  readonly trustPolicyDigest: Digest;
  readonly restrictionsDigest: Digest;
}

/** The Registry and the tail of its chain as read in one round. */
export interface RegistryRead {
  readonly head: RegistryHead | undefined;
  /** The JWS of the trust policy with the highest number, and the number that it is stored under. */
  readonly trustPolicy: string | undefined;
  readonly newest: number | undefined;
  /** JCS text of the restrictions document. */
  readonly restrictions: string | undefined;
  readonly chain: StoredChain;
}

/** One change of the Registry, atomic with its record on `plane/registry`. */
export interface RegistryChange {
  readonly from: RegistryHead | undefined;
  readonly to: RegistryHead;
  readonly trustPolicy: string;
  readonly restrictions: string;
  readonly append: Append;
}

export interface RegistryStore {
  /** Strongly consistent. @throws {Fault} `DEPENDENCY_UNAVAILABLE`. */
  read(): Promise<RegistryRead>;
  /** Only the head: whether anything moved since. */
  readHead(): Promise<RegistryHead | undefined>;
  commit(change: RegistryChange): Promise<AppendResult>;
}
