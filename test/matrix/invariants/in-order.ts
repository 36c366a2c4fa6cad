import { claimsOf, covers, type History, type SeenIdentity } from "../history.ts";
import type { Observation, Violation } from "../observation.ts";

/** Begins by their records. A session that was refused before its use is recorded with that, and began nothing. */
function begins({ records }: SeenIdentity) {
  const isRefused = records.some(({ record }) => record.event.type === "ExecutionRejected");
  const types = ["IdentityIssued", "ExecutionStarted", ...(isRefused ? [] : ["CredentialsMinted"])];
  return records.filter(({ record }) => types.includes(record.event.type));
}

/**
 * No begin behind a denial of one identity or contract, in the order of their chain: its mark was committed before its
 * record, and every barrier is conditional on it. What a halt covers may still begin for whoever had read the heads.
 */
export const inOrder = (_: Observation, history: History): Omit<Violation, "invariant">[] =>
  history.ofType("RevocationRequested").flatMap(({ record: denial }) => {
    const claims = claimsOf(denial.detail["command"]);
    const covered = history.identities.filter(
      (identity) => identity.chainId === denial.chain.id && covers(claims, identity),
    );
    return covered.flatMap((identity) =>
      begins(identity)
        .filter(({ record }) => record.chain.seq > denial.chain.seq)
        .map(({ record }) => ({
          what: `${record.event.type} (record ${record.chain.seq}) behind ${claims["do"]} (record ${denial.chain.seq})`,
          chainId: identity.chainId,
        })),
    );
  });
