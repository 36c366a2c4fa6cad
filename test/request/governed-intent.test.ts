import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { sessionName } from "../../lib/authority/derive/session-name.ts";
import { fromInstant } from "../../lib/clock.ts";
import { parsePlaneId } from "../../lib/config.ts";
import { readContract } from "../../lib/contract/contract.ts";
import { judgeClass, judgeIssuer, judgePlace, judgeWindow } from "../../lib/contract/judge.ts";
import { type PublicJwk, readPublicJwk } from "../../lib/encoding/jwk.ts";
import { readJws, verifyJws } from "../../lib/encoding/jws.ts";
import { genesisHead, intentChain } from "../../lib/evidence/chain.ts";
import { readProof } from "../../lib/proof/proof.ts";
import { isRefusal } from "../../lib/refusal.ts";
import {
  judgeFreshness,
  judgePossession,
  readIssueRequest,
  requestContentDigest,
} from "../../lib/request/request.ts";
import { type TrustPolicy, trustPolicyGenesis } from "../../lib/trust/policy.ts";

/* The project's own vector of PROTOCOL.md version 1: one whole governed intent, made by other software. */

interface Vector {
  readonly now: number;
  readonly plane: string;
  readonly keys: Readonly<Record<"issuer" | "decider" | "agent" | "p256", PublicJwk>>;
  readonly thumbprints: Readonly<Record<string, string>>;
  readonly event: { readonly contract: string; readonly proof: unknown; readonly request: string };
  readonly digests: Readonly<Record<string, string>>;
  readonly chainId: string;
  readonly identityId: string;
  readonly sessionName: string;
}

const vector: Vector = JSON.parse(
  readFileSync(new URL("../contract/vectors/governed-intent.json", import.meta.url), "utf8"),
);
const { digests, event, keys, now, plane } = vector;

const contract = readContract(event.contract);
const request = readIssueRequest(event.request);
assert.ok(!isRefusal(contract) && !isRefusal(request));

suite("the governed intent of PROTOCOL.md", () => {
  test("VAI-23 thumbprints of all keys", () => {
    for (const [name, jwk] of Object.entries(keys)) {
      const key = readPublicJwk(jwk);
      assert.equal(typeof key === "string" ? key : key.thumbprint, vector.thumbprints[name]);
    }
  });

  test("VAI-11 VAI-37 digests of contract and request, and of what makes a retry", () => {
    assert.equal(contract.digest, digests["contract"]);
    assert.equal(request.digest, digests["request"]);
    assert.equal(request.claims.contractDigest, digests["contract"]);
    assert.equal(requestContentDigest(request.claims), digests["requestContent"]);
  });

  test("VAI-64 the content digest does not depend on jti and iat, and on everything else", () => {
    const { claims } = request;
    const same = requestContentDigest({ ...claims, jti: "another", iat: 0 });
    assert.equal(same, digests["requestContent"]);
    const operation = { ...claims.operation, parameters: { percent: 11 } } as never;
    for (const other of [{ step: "x" }, { idempotencyKey: "x" }, { operation }]) {
      assert.notEqual(requestContentDigest({ ...claims, ...other }), same);
    }
  });

  test("VAI-58 the request is signed by the agent, fresh, and for this plane", () => {
    const key = judgePossession(request);
    assert.equal(judgeFreshness(request, plane, now * 1000), undefined);
    assert.ok(!isRefusal(key));
    assert.equal(key.thumbprint, vector.thumbprints["agent"]);
    assert.equal(contract.claims.cnf.jkt, key.thumbprint);
  });

  test("VAI-58 VAI-52 the contract is the issuer's, for this plane, in its window", () => {
    const policy = {
      issuers: [
        {
          name: contract.claims.iss,
          keys: [keys.issuer],
          maxRisk: "MEDIUM",
          actions: ["lambda:UpdateAlias"],
        },
      ],
    } as unknown as TrustPolicy;
    assert.equal(judgeIssuer(contract, policy), undefined);
    const id = parsePlaneId(plane);
    assert.ok(id !== undefined);
    assert.equal(judgePlace(contract.claims, id), undefined);
    assert.equal(judgeWindow(contract.claims, now), undefined);
  });

  /** Half-open: valid when nbf ≤ now < exp. */
  test("VAI-29 VAI-52 OKG-16 the window is half-open", () => {
    const { nbf, exp } = contract.claims;
    const codes = [nbf - 1, nbf, exp - 1, exp].map((at) => judgeWindow(contract.claims, at)?.code);
    assert.deepEqual(codes, ["CONTRACT_NOT_YET_VALID", undefined, undefined, "CONTRACT_EXPIRED"]);
  });

  test("VAI-38 VAI-18 an action that nobody governs is CRITICAL, and a window may be as long as its class allows", () => {
    const { claims } = contract;
    const seconds = claims.exp - claims.nbf;
    const policy = (maxSeconds: number, ...governed: string[]) =>
      ({
        actions: governed.map((action) => ({ action, risk: claims.risk })),
        governance: { [claims.risk]: { maxSeconds } },
      }) as unknown as TrustPolicy;
    const own = claims.authorization_details.flatMap(({ actions }) => actions);
    const codes = [policy(seconds, ...own), policy(seconds - 1, ...own), policy(seconds)].map(
      (each) => judgeClass(claims, each)?.code,
    );
    assert.deepEqual(codes, [undefined, "TTL_EXCEEDED", "RISK_CLASS_UNDERSTATED"]);
  });

  test("VAI-67 VAI-154 a request is fresh up to 60 s on both sides, and no longer", () => {
    const { iat } = request.claims;
    const codes = [-60_001, -60_000, 60_000, 60_001].map(
      (offset) => judgeFreshness(request, plane, iat * 1000 + offset)?.code,
    );
    assert.deepEqual(codes, ["REQUEST_STALE", undefined, undefined, "REQUEST_STALE"]);
  });

  test("VAI-11 digests of intent, context and decision, and the decider's signature", () => {
    const decision = readJws((event.proof as { decision: string }).decision, "vai-decision+jwt");
    assert.ok(decision.ok);
    assert.equal(decision.value.digest, digests["decision"]);
    const key = readPublicJwk(keys.decider);
    assert.ok(typeof key !== "string" && verifyJws(decision.value, key));
    const { claims } = contract;
    assert.equal(claims.intent.digest, digests["intent"]);
    assert.equal(claims.context.digest, digests["context"]);
    assert.equal(claims.decision.digest, digests["decision"]);
  });

  test("VAI-10 the proof is read whole, and its parts have the digests that were signed", () => {
    const proof = readProof(event.proof);
    assert.ok(!isRefusal(proof), JSON.stringify(proof));
    assert.equal(proof.intentDigest, digests["intent"]);
    assert.equal(proof.contextDigest, digests["context"]);
    assert.ok(!Number.isNaN(fromInstant(proof.context.observedAt)));
  });

  test("OKG-24 VAI-150 genesis values, chain id and session name", () => {
    assert.equal(intentChain(contract.claims.intent.id), vector.chainId);
    assert.equal(genesisHead(plane, vector.chainId).hash, digests["genesisOfIntentChain"]);
    assert.equal(trustPolicyGenesis(plane), digests["prevOfTrustPolicyVersion1"]);
    assert.equal(sessionName(vector.identityId), vector.sessionName);
  });
});
