import { existsSync } from "node:fs";
import { contractDigest } from "../../client/request.ts";
import { type Digest, isDigest } from "../../encoding/digest.ts";
import { CommandError, EXIT } from "../io.ts";
import { readContractFile } from "../operation.ts";

/** A contract that an order is about, and what of it goes with the order. */
export interface NamedContract {
  readonly digest: Digest;
  readonly contract: { readonly contract?: string };
}

/** By digest, or with the contract itself: one that was never presented is known by nothing else. @throws {CommandError}. */
export function contractNamed(given: string): NamedContract {
  if (isDigest(given)) return { digest: given, contract: {} };
  if (!existsSync(given)) {
    throw new CommandError(
      EXIT.unreadable,
      `${given} is neither the digest of a contract (sha256:…) nor a file that is there`,
    );
  }
  const { contract } = readContractFile(given);
  return { digest: contractDigest(contract), contract: { contract } };
}
