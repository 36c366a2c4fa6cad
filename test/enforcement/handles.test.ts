import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { KmsSigner } from "../../lib/aws/kms-signer.ts";
import type { GrantedAnswer } from "../../lib/enforcement/answer.ts";
import { readHandle } from "../../lib/issuance/handle.ts";
import { isRefusal } from "../../lib/refusal.ts";
import type { Governed, Mutation } from "../support/governed.ts";
import { MemoryKms } from "../support/memory-kms.ts";
import { granted, newPlane, type Plane, refused } from "../support/plane.ts";

const HANDLE: Mutation = {
  contract: { set: { "/deliveries": ["handle"] } },
  request: { set: { "/delivery": "handle" } },
};

interface Held {
  readonly plane: Plane;
  readonly governed: Governed;
  readonly issued: GrantedAnswer;
}

async function held(mutation: Mutation = HANDLE): Promise<Held> {
  const plane = await newPlane();
  const governed = plane.contract(mutation);
  return { plane, governed, issued: await plane.grant(mutation, governed) };
}

const BARRIER_1 = [
  "IntentSubmitted",
  "ContextEvaluated",
  "PolicyEvaluated",
  "ContractBound",
  "IdentityRequested",
  "ProofValidated",
  "IdentityIssued",
];
const EXECUTION = [
  "CredentialsMinted",
  "ExecutionStarted",
  "ExecutionCompleted",
  "IdentityCompleted",
];

suite("an identity handle", () => {
  test("X-01 VAI-07 issuing one asks STS nothing, calls nothing and says who holds the authority", async () => {
    const { plane, governed, issued } = await held();
    assert.equal(plane.sts.executions.length, 0);
    assert.equal(plane.targets.calls.length, 0);
    assert.deepEqual(plane.types(governed.chainId), BARRIER_1);
    assert.equal(issued.identity.state, "ISSUED");
    assert.equal(issued.outcome, undefined);
    const { heldBy, effectiveUntil, hardExpiry } = issued.guarantee;
    assert.equal(heldBy, "trustPlane");
    assert.equal(effectiveUntil, issued.identity.expiresAt);
    assert.equal(Date.parse(hardExpiry) - Date.parse(effectiveUntil), 900_000);
  });

  test("OKG-14 it says what its grant says, and nothing of roles or credentials", async () => {
    const { plane, governed, issued } = await held();
    const handle = readHandle(issued.handle);
    assert.ok(!isRefusal(handle));
    const { claims } = handle;
    assert.equal(claims.iss, plane.deps.plane.id);
    assert.equal(claims.aud, plane.deps.plane.id);
    assert.equal(claims.jti, issued.identity.identityId);
    assert.equal(claims.contractDigest, governed.contractDigest);
    assert.equal(claims.adapter, "lambda:UpdateAlias");
    assert.equal(claims.intentId, issued.identity.intentId);
    assert.deepEqual(claims.scope, issued.identity.scope);
    assert.deepEqual(claims.constraints, issued.identity.constraints);
    assert.equal(claims.exp * 1000, Date.parse(issued.identity.expiresAt));
    assert.ok(!JSON.stringify(claims).includes("role/"));
  });

  test("VAI-06 redeemed by its key it runs the one call, with barrier 2 before and barrier 3 after", async () => {
    const { plane, governed, issued } = await held();
    plane.world.pass(60);
    const answer = granted(await plane.execute(plane.redemption(governed, issued.handle)));
    assert.equal(answer.outcome?.status, "succeeded");
    assert.equal(answer.identity.identityId, issued.identity.identityId);
    assert.equal(answer.identity.state, "COMPLETED");
    assert.equal(
      answer.identity.expiresAt,
      issued.identity.expiresAt,
      "a late one lives no longer",
    );
    assert.deepEqual(plane.types(governed.chainId), [...BARRIER_1, ...EXECUTION]);
    assert.equal(plane.sts.executions.length, 1);
    assert.equal(plane.targets.state.alias.weights["7"], 10);
    const sources = plane.records(governed.chainId).map(({ source }) => source.component);
    assert.deepEqual(new Set(sources.slice(7)), new Set(["execute"]));
  });

  test("VAI-86 a grant without an operation is for whatever its step allows, still once", async () => {
    const open: Mutation = {
      contract: {
        set: { "/deliveries": ["handle"] },
        remove: ["/authorization_details/0/limits"],
      },
      request: { ...HANDLE.request, remove: ["/operation"] },
    };
    const { plane, governed, issued } = await held(open);
    const five = { request: { set: { "/operation/parameters/percent": 5 } } };
    const first = await plane.execute(plane.redemption(governed, issued.handle, five));
    assert.equal(granted(first).outcome?.status, "succeeded");
    assert.equal(plane.targets.state.alias.weights["7"], 5);
    const again = refused(await plane.execute(plane.redemption(governed, issued.handle)));
    assert.equal(again.code, "DUPLICATE_EXECUTION");
  });

  test("VAI-64 a resent issue request gets a handle with the same claims, and it is good", async () => {
    const plane = await newPlane();
    const governed = plane.contract(HANDLE);
    const event = plane.event(governed, HANDLE);
    const first = granted(await plane.issue(event));
    const again = granted(await plane.issue(event));
    assert.equal(again.deduplicated, true);
    const [one, other] = [readHandle(first.handle), readHandle(again.handle)];
    assert.ok(!isRefusal(one) && !isRefusal(other));
    assert.deepEqual(other.claims, one.claims);
    assert.equal(other.digest, one.digest);
    const redeemed = await plane.execute(plane.redemption(governed, again.handle));
    assert.equal(granted(redeemed).outcome?.status, "succeeded");
  });

  test("VAI-64 a resent redemption gets the answer again, and no second call", async () => {
    const { plane, governed, issued } = await held();
    const event = plane.redemption(governed, issued.handle);
    const first = granted(await plane.execute(event));
    plane.world.pass(10);
    const again = granted(await plane.execute(event));
    assert.deepEqual(again, { ...first, deduplicated: true });
    assert.equal(plane.targets.calls.length, 1);
    assert.equal(plane.types(governed.chainId).at(-1), "RetryDeduplicated");
  });

  test("VAI-64 keys are scoped to the use: the issue request's key is free for the redemption", async () => {
    const plane = await newPlane();
    const named: Mutation = {
      ...HANDLE,
      request: { set: { "/delivery": "handle", "/idempotencyKey": "one", "/jti": "one" } },
    };
    const governed = plane.contract(named);
    const issued = await plane.grant(named, governed);
    const same = { request: { set: { "/idempotencyKey": "one", "/jti": "one" } } };
    const answer = await plane.execute(plane.redemption(governed, issued.handle, same));
    assert.equal(granted(answer).deduplicated, false);
  });

  test("ADV-13 twenty redemptions at once run one call; all others are told so", async () => {
    const { plane, governed, issued } = await held();
    const events = Array.from({ length: 20 }, () => plane.redemption(governed, issued.handle));
    const answers = await Promise.all(events.map((event) => plane.execute(event, plane.process())));
    assert.equal(answers.filter(({ ok }) => ok).length, 1);
    const codes = answers.flatMap((answer) => (answer.ok ? [] : [answer.code]));
    assert.deepEqual(new Set(codes), new Set(["DUPLICATE_EXECUTION"]));
    assert.equal(plane.targets.calls.length, 1);
    const types = plane.types(governed.chainId);
    assert.equal(types.filter((type) => type === "ExecutionStarted").length, 1);
    const identity = plane.state(governed.chainId).identities.get(issued.identity.identityId);
    assert.equal(identity?.state, "COMPLETED", "a refused redemption ends no running identity");
  });

  test("VAI-64 the same redemption twenty times at once is one call and one answer", async () => {
    const { plane, governed, issued } = await held();
    const event = plane.redemption(governed, issued.handle);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => plane.execute(event, plane.process())),
    );
    assert.ok(
      answers.every(({ ok }) => ok),
      JSON.stringify(answers.find(({ ok }) => !ok)),
    );
    assert.equal(plane.targets.calls.length, 1);
    assert.equal(answers.filter((answer) => answer.ok && !answer.deduplicated).length, 1);
  });

  test("VAI-84 a violation revokes the identity and ends the contract, uses that are left included", async () => {
    const two: Mutation = {
      contract: {
        set: {
          "/deliveries": ["handle"],
          "/authorization_details/0/limits": { calls: 2, totals: { percent: 20 } },
        },
      },
      request: HANDLE.request ?? {},
    };
    const { plane, governed, issued } = await held(two);
    const wide = { request: { set: { "/operation/parameters/percent": 11 } } };
    const violation = refused(await plane.execute(plane.redemption(governed, issued.handle, wide)));
    assert.equal(violation.code, "PARAMETER_OUT_OF_BOUNDS");
    const identity = plane.state(governed.chainId).identities.get(issued.identity.identityId);
    assert.equal(identity?.state, "REVOKED");
    const later = refused(await plane.ask({ request: HANDLE.request ?? {} }, governed));
    assert.equal(later.code, "CONTRACT_REVOKED");
  });

  test("VAI-88 a redemption that could not look leaves the handle good, and the next one runs", async () => {
    const { plane, governed, issued } = await held();
    plane.faults.plan({ at: "target:preRead" });
    const first = refused(await plane.execute(plane.redemption(governed, issued.handle)));
    assert.equal(first.code, "DEPENDENCY_UNAVAILABLE");
    plane.faults.clear();
    const second = await plane.execute(plane.redemption(governed, issued.handle));
    assert.equal(granted(second).outcome?.status, "succeeded");
  });

  test("VAI-24 a revoked plane key makes its handles worthless", async () => {
    const { plane, governed, issued } = await held();
    const next = new MemoryKms(plane.faults, "planeSigner");
    plane.deps = { ...plane.deps, planeSigner: new KmsSigner(next.client(), "next-plane-key") };
    const seconds = Math.floor(plane.world.now / 1000);
    await plane.publish({
      set: {
        "/planeKeys/1/revokedAt": seconds,
        "/planeKeys/2": { use: "plane", key: next.jwk, notBefore: seconds - 1 },
      },
    });
    const answer = refused(await plane.execute(plane.redemption(governed, issued.handle)));
    assert.equal(answer.code, "IDENTITY_SIGNATURE_INVALID");
  });

  test("VAI-109 a trust policy that took the action back refuses the redemption", async () => {
    const { plane, governed, issued } = await held();
    await plane.publish({ remove: ["/actions/0"] });
    const answer = refused(await plane.execute(plane.redemption(governed, issued.handle)));
    assert.equal(answer.code, "ACTION_UNREGISTERED");
    assert.equal(plane.sts.executions.length, 0);
  });

  test("USR-16 evidence holds neither the handle nor what it is signed with", async () => {
    const { plane, governed, issued } = await held();
    await plane.execute(plane.redemption(governed, issued.handle));
    const text = JSON.stringify(plane.records(governed.chainId));
    const signature = String(issued.handle).split(".")[2] ?? "";
    assert.ok(signature.length > 80 && !text.includes(signature));
  });
});
