import { createPublicKey, verify } from "node:crypto";
import { type ReadContract, readContract } from "../../lib/contract/contract.ts";
import { rawToDer } from "../../lib/encoding/ecdsa.ts";
import { readPublicJwk } from "../../lib/encoding/jwk.ts";
import { type JwsType, readJws } from "../../lib/encoding/jws.ts";
import { judgeApprovals } from "../../lib/proof/approval-count.ts";
import { PROOF_CHECKS } from "../../lib/proof/judge.ts";
import { readProof } from "../../lib/proof/proof.ts";
import { approvalStatement } from "../../lib/proof/statement.ts";
import { isRefusal, type Refusal } from "../../lib/refusal.ts";
import { forge } from "../support/forge.ts";
import { KEYS } from "../support/keys.ts";
import { approval, attestation, EVALUATORS, high } from "../support/people.ts";
import { newPlane, type Plane } from "../support/plane.ts";
import { besides, fixed, type Line, medianOf } from "./measure.ts";

/** What people cost: a proof that six have signed beside its decision, and the statement of the largest contract. */
export async function measurePeople(): Promise<Line[]> {
  return [await measureProof(), await measureStatement()];
}

/** Stage `proof` with four attestations and two approvals, beside nothing but their signatures and the decision's. */
async function measureProof(): Promise<Line> {
  const plane = await newPlane({
    policy: {
      set: {
        "/evaluators/-": { name: "fourth", class: "policy", keys: [KEYS.stranger.jwk] },
        "/governance/HIGH/attestations": 4,
        "/governance/HIGH/approvals": 2,
      },
    },
  });
  const governed = plane.contract(high(plane));
  const whole = held(readContract(governed.contract));
  const { decision } = governed.proof as { readonly decision: string };
  const attestations = [
    ...(Object.keys(EVALUATORS) as (keyof typeof EVALUATORS)[]).map((name) =>
      attestation(plane, governed, name),
    ),
    fourth(plane, whole),
  ] as string[];
  const approvals = [
    approval(plane, governed, "ada"),
    approval(plane, governed, "bea"),
  ] as string[];
  const presented = { ...(governed.proof as object), attestations, approvals };
  const { policy } = plane;
  const shared = { policy, now: plane.world.now, isBound: false };
  const ours = (): void => {
    // Of its own each time, as in a request: nobody has made its statement before.
    const contract = { ...whole };
    const proof = held(readProof(presented));
    const input = { ...shared, plane: plane.deps.plane.id, contract: contract.claims, proof };
    for (const [, check] of PROOF_CHECKS) {
      const refusal = check({ ...input, attested: [] });
      if (refusal !== undefined) throw new Error(JSON.stringify(refusal));
    }
    held(judgeApprovals({ ...shared, contract, proof, recorded: [] }));
  };
  const raw = rawVerification([
    ["vai-decision+jwt", decision, policy.deciders],
    ...attestations.map((jws) => ["vai-attestation+jwt", jws, policy.evaluators] as const),
    ...approvals.map((jws) => ["vai-approval+jwt", jws, policy.approvers] as const),
  ]);
  const { ours: own, theirs } = besides(100, ours, raw);
  return {
    name: "stage proof with 4 attestations and 2 approvals, against its 7 raw verifications",
    value: `${fixed(theirs / own)} of the raw rate (${fixed(own * 1000, 0)} µs against ${fixed(theirs * 1000, 0)} µs)`,
    goal: "≥ 0.80",
    met: theirs / own >= 0.8,
    how: "strict reading, schemas, digests, statement, signatures and all checks of stage proof; raw: crypto.verify with cached keys, Ed25519 and P-256",
  };
}

async function measureStatement(): Promise<Line> {
  const plane = await newPlane();
  const whole = held(readContract(plane.contract().contract));
  const [step] = whole.claims.authorization_details;
  const contract: ReadContract = {
    ...whole,
    claims: {
      ...whole.claims,
      authorization_details: Array.from({ length: 16 }, (_, n) => ({
        ...step,
        id: `step-${n}`,
        after: n === 0 ? [] : [`step-${n - 1}`],
      })) as ReadContract["claims"]["authorization_details"],
    },
  };
  const milliseconds = medianOf(500, () => {
    approvalStatement({ contract });
  });
  return {
    name: "statement of a contract of 16 steps",
    value: `${fixed(milliseconds, 3)} ms`,
    goal: "≤ 0.3 ms",
    met: milliseconds <= 0.3,
    how: "made from the contract's claims, median of 500",
  };
}

function fourth(plane: Plane, { claims }: ReadContract): unknown {
  const own = {
    ...{ iss: "fourth", iat: Math.floor(plane.world.now / 1000), jti: plane.world.newId() },
    ...{ class: "policy", decisionDigest: claims.decision.digest, verdict: "approve" },
    ...{ objections: [], obligations: [] },
  };
  return forge("vai-attestation+jwt", own, "stranger", {}, plane.world.now);
}

function held<T extends object>(value: T | Refusal): T {
  if (isRefusal(value)) throw new Error(JSON.stringify(value));
  return value;
}

type Party = { readonly keys: readonly unknown[] };

function rawVerification(
  signed: readonly (readonly [typ: JwsType, compact: string, parties: readonly Party[]])[],
): () => void {
  const checks = signed.map(([typ, compact, parties]) => {
    const read = readJws(compact, typ);
    if (!read.ok) throw new Error(read.detail);
    const { signingInput, signature, header } = read.value;
    const keys = parties.flatMap(({ keys: all }) => all.map((jwk) => readPublicJwk(jwk)));
    const key = keys.find((each) => typeof each !== "string" && each.thumbprint === header.kid);
    if (key === undefined || typeof key === "string") throw new Error(`nobody has ${header.kid}`);
    const keyObject = createPublicKey({ key: { ...key.jwk }, format: "jwk" });
    const input = Buffer.from(signingInput, "ascii");
    const isEc = key.algorithm === "ES256";
    const bytes = isEc ? (rawToDer(signature) ?? Buffer.alloc(0)) : signature;
    return () => verify(isEc ? "sha256" : null, input, keyObject, bytes);
  });
  return () => {
    if (!checks.every((check) => check())) throw new Error("a signature does not verify");
  };
}
