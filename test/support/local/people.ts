import { randomUUID } from "node:crypto";
import { readContract } from "../../../lib/contract/contract.ts";
import { readJws, signJws } from "../../../lib/encoding/jws.ts";
import { statementDigest } from "../../../lib/proof/statement.ts";
import { isRefusal } from "../../../lib/refusal.ts";
import { keyOf } from "./contracts.ts";
import type { LocalPlane } from "./plane.ts";

/** A contract that people speak of, and when; milliseconds. */
interface Spoken {
  readonly plane: LocalPlane;
  readonly contract: string;
  readonly now: number;
}

const instant = (now: number) => ({ iat: Math.floor(now / 1000), jti: randomUUID() });

function readGood(compact: string) {
  const read = readContract(compact);
  if (isRefusal(read)) throw new TypeError(read.detail);
  return read;
}

/** Evaluators of the local plane, by their class. */
const EVALUATORS = {
  state: "evaluator",
  human: "evaluatorHuman",
  risk: "evaluatorRisk",
} as const;
export type EvaluatorClass = keyof typeof EVALUATORS;

/** An evaluator's word. */
export interface Word {
  readonly verdict: "approve" | "reject";
  /** Whose; default `state`. */
  readonly class?: EvaluatorClass;
  /** What it is on; default: the contract's decision. */
  readonly obligation?: { readonly identityId: string; readonly name: string };
}

/** A word on a contract's decision, or on an obligation of one of its identities. */
export function attestationOf(
  { plane, contract, now }: Spoken,
  { verdict, class: own = "state", obligation }: Word,
): string {
  const { decision } = readGood(contract).claims;
  const claims = {
    ...{ iss: plane.outputs.names[EVALUATORS[own]], ...instant(now), class: own, verdict },
    ...{ objections: verdict === "reject" ? ["not now"] : [], obligations: [] },
    ...(obligation === undefined ? { decisionDigest: decision.digest } : { obligation }),
  };
  return signJws("vai-attestation+jwt", claims, keyOf(plane, EVALUATORS[own]));
}

/** Who approves, and as what. */
const APPROVERS = { "sre-lead": "approver", "incident-commander": "approver2" } as const;

/** Somebody's yes to a contract, or to the gate of one of its steps. */
export function approvalOf(
  { plane, contract, now }: Spoken,
  step?: string,
  role: keyof typeof APPROVERS = "sre-lead",
): string {
  const read = readGood(contract);
  const { iat, jti } = instant(now);
  const approver = APPROVERS[role];
  const claims = {
    ...{ iss: plane.outputs.names[approver], iat, exp: iat + 3_600, jti, role },
    contractDigest: read.digest,
    statementDigest: statementDigest({ contract: read, step }),
    ...(step !== undefined && { step }),
  };
  return signJws("vai-approval+jwt", claims, keyOf(plane, approver));
}

/** A later decision that denies what an earlier one allowed. */
export function laterDenial(plane: LocalPlane, decision: string, now: number): string {
  const read = readJws(decision, "vai-decision+jwt");
  if (!read.ok) throw new TypeError(read.detail);
  const claims = { ...(read.value.payload as object), ...instant(now), outcome: "DENY" };
  return signJws("vai-decision+jwt", claims, keyOf(plane, "decider"));
}
