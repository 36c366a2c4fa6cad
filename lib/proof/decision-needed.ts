import { toInstant } from "../clock.ts";
import type { ReadContract } from "../contract/contract.ts";
import type { Digest } from "../encoding/digest.ts";
import type { Unlock } from "../unlock.ts";
import { statementDigest } from "./statement.ts";

type Awaited<Kind> = Omit<Extract<Unlock, { kind: Kind }>, "kind">;

/**
 * What people or evaluators are asked for, as it is said outside of the plane (PROTOCOL.md §10, "What is asked of people"):
 * names, numbers and digests. Of the contract's values there is none, for nobody knows who listens on a bus: whoever is
 * asked reads them in the contract.
 */
export type DecisionNeeded = {
  readonly plane: string;
  readonly intentId: string;
  readonly contractId: string;
  readonly contractDigest: Digest;
  readonly issuer: string;
  readonly risk: string;
  /** The end of the contract's window, in RFC 3339: behind it nobody needs to say anything. */
  readonly until: string;
} & (
  | ({
      readonly asks: "approval";
      /** Of what has to be read: the whole contract, or the gate of `step`. */
      readonly statementDigest: Digest;
    } & Awaited<"approval">)
  | ({ readonly asks: "attestation"; readonly decisionDigest: Digest } & Awaited<"attestation">)
);

/** What of a refusal, or of a contract that was just bound, people can change. */
export const decisionsNeeded = (
  contract: Pick<ReadContract, "claims" | "digest">,
  unlocks: readonly Unlock[],
): readonly DecisionNeeded[] =>
  unlocks.flatMap((unlock): DecisionNeeded[] => {
    const { claims, digest } = contract;
    const about = {
      plane: claims.aud,
      ...{ intentId: claims.intent.id, contractId: claims.jti, contractDigest: digest },
      ...{ issuer: claims.iss, risk: claims.risk, until: toInstant(claims.exp * 1000) },
    };
    if (unlock.kind === "approval") {
      const { kind: _, ...awaited } = unlock;
      const statement = statementDigest({ contract, step: unlock.step });
      return [{ ...about, asks: "approval", statementDigest: statement, ...awaited }];
    }
    if (unlock.kind !== "attestation") return [];
    const { kind: _, ...awaited } = unlock;
    return [{ ...about, asks: "attestation", decisionDigest: claims.decision.digest, ...awaited }];
  });
