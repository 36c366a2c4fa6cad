import { parseJson } from "../../audit/parse-json.ts";
import { inside } from "../../audit/plain-text.ts";
import { readRecords } from "../../aws/people/plane-access.ts";
import { type ReadContract, readContract } from "../../contract/contract.ts";
import { isDigest } from "../../encoding/digest.ts";
import { intentChain } from "../../evidence/chain.ts";
import { readDecision } from "../../proof/proof.ts";
import { isRefusal } from "../../refusal.ts";
import { asCaller } from "../calling.ts";
import { type Deployment, placeFor } from "../deployment.ts";
import { CommandError, EXIT, type Io } from "../io.ts";
import { readContractFile } from "../operation.ts";

/** A contract that somebody speaks of. Read strictly; whoever speaks has yet to see that its issuer signed it. */
export interface MeantContract {
  readonly contract: ReadContract;
  /** The proof of the file, as it stands there. */
  readonly proof: unknown;
  /** Whose decision it is, where that is at hand. */
  readonly decider?: string;
}

/** Where a contract is looked for that a person names by its digest. */
export interface Where {
  readonly intent?: string;
  readonly profile?: string;
}

/**
 * The contract of a file, or one that the plane has bound, by its digest and its intent: what is read there is only a text
 * until it has that digest.
 * @throws {CommandError}.
 */
export async function contractMeant(
  io: Io,
  deployment: Deployment,
  given: string,
  where: Where,
): Promise<MeantContract> {
  if (!isDigest(given)) {
    const { contract, proof } = readContractFile(given);
    return meant(contract, proof);
  }
  if (where.intent === undefined) {
    throw new CommandError(
      EXIT.unreadable,
      "a contract that is named by its digest is read from the plane: give --intent ID, as vai status tells it, or the contract's file",
    );
  }
  const place = placeFor(deployment, "auditor", where.profile);
  const rows = await asCaller(io, place, () =>
    readRecords(place, deployment.tables, intentChain(where.intent ?? "")),
  );
  for (const row of rows) {
    const record = parseJson(row.record);
    const bound = readContract(inside(record, "detail", "contract"));
    if (!isRefusal(bound) && bound.digest === given) {
      return meant(bound.jws.compact, inside(record, "detail", "proof"));
    }
  }
  throw new CommandError(
    EXIT.no,
    `no contract ${given} is bound under intent ${where.intent}: compare both with vai status`,
  );
}

function meant(compact: string, proof: unknown): MeantContract {
  const contract = readContract(compact);
  if (isRefusal(contract)) throw new CommandError(EXIT.unreadable, contract.detail);
  const decision = readDecision(inside(proof, "decision"), "/proof/decision");
  const isIts = !isRefusal(decision) && decision.digest === contract.claims.decision.digest;
  return { contract, proof, ...(isIts && { decider: decision.claims.iss }) };
}

/** Nobody speaks of what is for another plane, or over. `now` in seconds. @throws {CommandError}. */
export function requireUsable(
  { contract: { claims } }: MeantContract,
  { plane, path }: Pick<Deployment, "plane" | "path">,
  now: number,
): void {
  if (claims.aud !== plane) {
    throw new CommandError(
      EXIT.no,
      `the contract is for ${claims.aud}, and ${path} is of ${plane}: give --outputs FILE of the contract's plane; nothing was signed`,
    );
  }
  if (now < claims.exp) return;
  throw new CommandError(
    EXIT.no,
    `the contract's window ended at ${new Date(claims.exp * 1000).toISOString()} by this machine's clock: it needs a new contract; nothing was signed`,
  );
}
