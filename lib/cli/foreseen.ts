import { descriptorOf } from "../actions/catalogue.ts";
import type { SignedContract } from "../client/contract.ts";
import { readContract } from "../contract/contract.ts";
import {
  judgeClass,
  judgeIssuer,
  judgeIssuerScope,
  judgeRegistered,
  judgeUndoable,
} from "../contract/judge.ts";
import { PROOF_CHECKS, type ProofInput } from "../proof/judge.ts";
import { readProof } from "../proof/proof.ts";
import { isRefusal, type Refusal, type RefusalCode, refuse } from "../refusal.ts";
import { type TrustPolicy, trustedThumbprints } from "../trust/policy.ts";

/**
 * Why a plane with this trust policy would refuse whatever is asked under a contract: the plane's own checks of issuer,
 * actions, class, length and proof, at the moment at which it is signed. `now` in milliseconds.
 */
export function refusedUnder(
  signed: SignedContract,
  policy: TrustPolicy,
  now: number,
): Refusal | undefined {
  const contract = readContract(signed.contract);
  if (isRefusal(contract)) return contract;
  const proof = readProof(signed.proof);
  if (isRefusal(proof)) return proof;
  const { claims } = contract;
  const input: ProofInput = {
    ...{ plane: claims.aud, contract: claims, proof, policy, now },
    ...{ attested: [], isBound: false },
  };
  const checks: readonly (() => Refusal | undefined)[] = [
    () => judgeIssuer(contract, policy),
    () => judgeIssuerScope(contract, policy),
    () => judgeRegistered(claims, (action) => descriptorOf(action) !== undefined, policy),
    () => judgeUndoable(claims, policy),
    () => judgeClass(claims, policy),
    () => judgeDirectOnly(claims, policy),
    () => judgeExecutor(claims, policy),
    ...PROOF_CHECKS.map(
      ([, check]) =>
        () =>
          check(input),
    ),
  ];
  for (const check of checks) {
    const refusal = check();
    if (refusal !== undefined && !TO_COME.has(refusal.code)) return refusal;
  }
  return undefined;
}

/** Evaluators and approvers can only speak of a contract once it is signed. */
const TO_COME: ReadonlySet<RefusalCode> = new Set(["CONSENSUS_NOT_REACHED", "APPROVAL_REQUIRED"]);

type Claims = Extract<ReturnType<typeof readContract>, { claims: unknown }>["claims"];

const judgeDirectOnly = ({ deliveries, risk }: Claims, policy: TrustPolicy): Refusal | undefined =>
  deliveries.every((delivery) => delivery === "credentials") && !policy.governance[risk].credentials
    ? refuse(
        "DIRECT_MODE_FORBIDDEN",
        `class ${risk} does not allow credentials`,
        "/contract/deliveries",
      )
    : undefined;

/** A key that speaks for governance acts for nobody (PROTOCOL.md §6). */
const judgeExecutor = ({ cnf }: Claims, policy: TrustPolicy): Refusal | undefined =>
  trustedThumbprints(policy).has(cnf.jkt)
    ? refuse("EXECUTOR_MISMATCH", "the executor is a key of governance", "/contract/cnf/jkt")
    : undefined;
