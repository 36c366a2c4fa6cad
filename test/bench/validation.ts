import { createPublicKey, verify } from "node:crypto";
import { signContract } from "../../lib/client/contract.ts";
import { newPrivateJwk, signingKey } from "../../lib/client/keys.ts";
import { issueEvent } from "../../lib/client/request.ts";
import { readContract } from "../../lib/contract/contract.ts";
import {
  judgeClass,
  judgeIssuer,
  judgeIssuerScope,
  judgePlace,
  judgeWindow,
} from "../../lib/contract/judge.ts";
import { rawToDer } from "../../lib/encoding/ecdsa.ts";
import { readPublicJwk, type VerificationKey } from "../../lib/encoding/jwk.ts";
import { readJws } from "../../lib/encoding/jws.ts";
import { PROOF_CHECKS } from "../../lib/proof/judge.ts";
import { readProof } from "../../lib/proof/proof.ts";
import { isRefusal } from "../../lib/refusal.ts";
import { judgeFreshness, judgePossession, readIssueRequest } from "../../lib/request/request.ts";
import type { TrustPolicy } from "../../lib/trust/policy.ts";
import { newPlane, type Plane } from "../support/plane.ts";
import { besides, fixed, type Line } from "./measure.ts";

type Event = Record<string, string> & { proof: { decision: string } };

/** An event signed throughout with P-256, and a trust policy that believes its signers. */
export async function signedEvent(): Promise<{ plane: Plane; event: Event; policy: TrustPolicy }> {
  const plane = await newPlane();
  const [issuer, decider, agent] = [0, 1, 2].map(() => signingKey(newPrivateJwk("ES256")));
  if (!issuer || !decider || !agent) throw new Error("no keys");
  const held = plane.contract();
  const read = readContract(held.contract);
  if (isRefusal(read)) throw new Error(read.detail);
  const { claims } = read;
  const [ceiling] = plane.policy.issuers;
  if (ceiling === undefined) throw new Error("no issuer");
  const policy: TrustPolicy = {
    ...plane.policy,
    issuers: [{ ...ceiling, name: "issuer.bench", keys: [issuer.jwk] }],
    deciders: [{ ...ceiling, name: "decider.bench", keys: [decider.jwk] }],
  };
  const [head] = plane.policy.policies;
  if (head === undefined) throw new Error("no policy head");
  const signed = signContract(
    {
      purpose: claims.purpose,
      actor: claims.actor,
      risk: claims.risk,
      deliveries: ["execute"],
      steps: claims.authorization_details,
      window: { startsIn: 0, seconds: claims.exp - claims.nbf },
      sources: [],
      metadata: {},
    },
    {
      plane: plane.deps.plane.id,
      issuer: { name: "issuer.bench", key: issuer },
      decider: { name: "decider.bench", key: decider },
      executor: agent.thumbprint,
      policy: head,
      now: plane.world.now,
      newId: plane.world.newId,
    },
  );
  const [step] = claims.authorization_details;
  if (step === undefined) throw new Error("no step");
  const asked = readIssueRequest((plane.event(held) as Event)["request"]);
  if (isRefusal(asked) || asked.claims.operation === undefined) throw new Error("no operation");
  const event = issueEvent(
    {
      plane: plane.deps.plane.id,
      contract: signed.contract,
      proof: signed.proof,
      step: step.id,
      operation: asked.claims.operation,
      idempotencyKey: "bench",
      jti: "bench",
      iat: Math.floor(plane.world.now / 1000),
    },
    agent,
  ) as Event;
  return { plane, event, policy };
}

/** Reading and judging contract, decision and request, beside nothing but their three P-256 signatures. */
export async function measureValidation(): Promise<Line> {
  const { plane, event, policy } = await signedEvent();
  const now = plane.world.now;
  const validate = (): void => {
    const contract = readContract(event["contract"]);
    const request = readIssueRequest(event["request"]);
    const proof = readProof(event.proof);
    if (isRefusal(contract) || isRefusal(request) || isRefusal(proof))
      throw new Error("the event was refused");
    const input = {
      plane: plane.deps.plane.id,
      contract: contract.claims,
      proof,
      policy,
      now,
      attested: [],
      isBound: false,
    };
    const refusal =
      judgeIssuer(contract, policy) ??
      judgeIssuerScope(contract, policy) ??
      judgePlace(contract.claims, plane.deps.plane) ??
      judgeClass(contract.claims, policy) ??
      judgeWindow(contract.claims, Math.floor(now / 1000)) ??
      PROOF_CHECKS.map(([, check]) => check(input)).find((found) => found !== undefined);
    const executor = judgePossession(request);
    const late = judgeFreshness(request, plane.deps.plane.id, now);
    if (refusal !== undefined || late !== undefined || isRefusal(executor))
      throw new Error(JSON.stringify(refusal ?? executor));
  };
  const raw = rawVerification(event, policy);
  const { ours, theirs } = besides(300, validate, raw);
  return {
    name: "validation of contract + decision + request, against three raw P-256 verifications",
    value: `${fixed(theirs / ours)} of the raw rate (${fixed(ours * 1000, 0)} µs against ${fixed(theirs * 1000, 0)} µs)`,
    goal: "≥ 0.70",
    met: theirs / ours >= 0.7,
    how: "strict reading, schemas, digests, signatures and all checks of stages contract and proof; raw: crypto.verify over DER with cached keys",
  };
}

function rawVerification(event: Event, policy: TrustPolicy): () => void {
  const request = readJws(event["request"], "vai-request+jwt");
  const contract = readJws(event["contract"], "vai-contract+jwt");
  const decision = readJws(event.proof.decision, "vai-decision+jwt");
  if (!request.ok || !contract.ok || !decision.ok) throw new Error("unreadable");
  const triples = [
    [contract.value, policy.issuers[0]?.keys[0]],
    [decision.value, policy.deciders[0]?.keys[0]],
    [request.value, request.value.header.jwk],
  ].map(([jws, jwk]) => {
    const { signingInput, signature } = jws as { signingInput: string; signature: Uint8Array };
    const { jwk: plain, algorithm } = readPublicJwk(jwk) as VerificationKey;
    if (algorithm !== "ES256") throw new Error("the bench's keys must be P-256");
    return {
      input: Buffer.from(signingInput, "ascii"),
      keyObject: createPublicKey({ key: { ...plain }, format: "jwk" }),
      der: rawToDer(signature) ?? Buffer.alloc(0),
    };
  });
  return () => {
    for (const { input, keyObject, der } of triples) {
      if (!verify("sha256", input, keyObject, der)) throw new Error("a signature does not verify");
    }
  };
}
