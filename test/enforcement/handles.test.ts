import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { KmsSigner } from "../../lib/aws/ports/kms-signer.ts";
import type { GrantedAnswer } from "../../lib/enforcement/answer.ts";
import { readHandle } from "../../lib/issuance/handle.ts";
import { Fault, isRefusal } from "../../lib/refusal.ts";
import { HANDLE } from "../support/deliveries.ts";
import type { Governed, Mutation } from "../support/governed.ts";
import { MemoryKms } from "../support/memory-kms.ts";
import { granted, newPlane, type Plane, refused } from "../support/plane.ts";

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
  test("X-01 issuing one asks STS nothing, calls nothing and says who holds the authority", async () => {
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

  test("X-01 a grant without an operation is for whatever its step allows, still once", async () => {
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

  test("USR-11 VAI-06 barrier 2 was written, its answer lost and not to be read back: no asking again gives the use back", async () => {
    const { plane, governed, issued } = await held();
    plane.faults.plan({ at: "evidence:write", from: 1, to: 1, applied: true });
    plane.faults.plan({ at: "evidence:read", from: 2, to: 2 });
    const answer = refused(await plane.execute(plane.redemption(governed, issued.handle)));
    assert.equal(answer.code, "EVIDENCE_STORE_UNAVAILABLE");
    assert.deepEqual([answer.retryable, answer.unlock], [false, undefined]);
    assert.equal(plane.targets.calls.length, 0);
    assert.equal(plane.types(governed.chainId).at(-1), "IdentityRevoked");
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

  test("VAI-69 ADV-29 twenty redemptions at once run one call; all others are told so", async () => {
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

  test("VAI-100 a redemption that STS refuses ends nothing that another redemption has started", async () => {
    for (const status of ["succeeded", "failed"] as const) {
      const { plane, governed, issued } = await held();
      if (status === "failed") {
        plane.targets.instead = () => ({ status, error: { name: "Other", kind: "other" } });
      }
      const [underWay, done] = [Promise.withResolvers<void>(), Promise.withResolvers<unknown>()];
      const asked = Promise.withResolvers<void>();
      const [first, second] = [plane.process(), plane.process()];
      const running = plane.execute(plane.redemption(governed, issued.handle), {
        ...first,
        assumeRole: (input) => asked.promise.then(() => first.assumeRole(input)),
        descriptorOf: (action) => {
          const real = first.descriptorOf(action);
          return (
            real && {
              ...real,
              call: async (...given) => {
                underWay.resolve();
                await done.promise;
                return real.call(...given);
              },
            }
          );
        },
      });
      const refusedOne = plane.execute(plane.redemption(governed, issued.handle), {
        ...second,
        assumeRole: async () => {
          asked.resolve();
          await underWay.promise;
          throw new Fault("STS_FAILED", "sts:AssumeRole failed: Throttling");
        },
      });
      done.resolve(refusedOne);
      const [answer, other] = [granted(await running), refused(await refusedOne)];
      assert.equal(answer.outcome?.status, status);
      assert.equal(other.code, "DUPLICATE_EXECUTION");
      assert.ok(!plane.types(governed.chainId).includes("IssuanceFailed"));
      const { ended } = plane.state(governed.chainId).contracts.get(governed.contractDigest) ?? {};
      assert.equal(ended?.code, status === "failed" ? "CONTRACT_REVOKED" : undefined);
    }
  });

  test("VAI-114 what ended the contract meanwhile stops a request between its barriers", async () => {
    const both: Mutation = {
      contract: {
        set: {
          "/deliveries": ["handle", "execute"],
          "/authorization_details/0/limits": { calls: 2, totals: { percent: 20 } },
        },
      },
      request: HANDLE.request ?? {},
    };
    const { plane, governed, issued } = await held(both);
    const wide = { request: { set: { "/operation/parameters/percent": 99 } } };
    const slow = plane.process();
    const answer = refused(
      await plane.issue(plane.event(governed), {
        ...slow,
        assumeRole: async (input) => {
          await plane.execute(plane.redemption(governed, issued.handle, wide));
          return slow.assumeRole(input);
        },
      }),
    );
    assert.equal(answer.code, "IDENTITY_REVOKED");
    assert.equal(plane.targets.calls.length, 0);
  });

  test("VAI-84 a violation is recorded although signing fails at first", async () => {
    const { plane, governed, issued } = await held();
    plane.faults.plan({ at: "signer:sign", to: 6, how: "throttle" });
    const wide = { request: { set: { "/operation/parameters/percent": 99 } } };
    const answer = refused(await plane.execute(plane.redemption(governed, issued.handle, wide)));
    assert.ok(answer.evidence, "it was written in the end");
    plane.faults.clear();
    const later = refused(await plane.execute(plane.redemption(governed, issued.handle)));
    assert.equal(later.code, "IDENTITY_REVOKED");
  });

  test("VAI-84 an absurd operation is a violation that finds room in one record", async () => {
    const { plane, governed, issued } = await held();
    const many = Object.fromEntries(
      Array.from({ length: 256 }, (_, index) => [`p${index}`, index]),
    );
    const absurd = {
      request: {
        set: { "/operation": { action: "x:Y", resource: "arn:aws:x:::y", parameters: many } },
      },
    };
    const answer = refused(await plane.execute(plane.redemption(governed, issued.handle, absurd)));
    assert.equal(answer.code, "ACTION_MISMATCH");
    assert.ok(answer.evidence);
    const more = { ...many, one: 1 };
    const beyond = { request: { set: { ...absurd.request.set, "/operation/parameters": more } } };
    const malformed = await plane.execute(plane.redemption(governed, issued.handle, beyond));
    assert.equal(refused(malformed).code, "REQUEST_MALFORMED");
  });

  test("VAI-84 violations at the same moment end the contract once and do not fill its chain", async () => {
    const { plane, governed, issued } = await held();
    const wide = { request: { set: { "/operation/parameters/percent": 99 } } };
    const events = Array.from({ length: 60 }, () =>
      plane.redemption(governed, issued.handle, wide),
    );
    await Promise.all(events.map((event) => plane.execute(event, plane.process())));
    const types = plane.types(governed.chainId);
    assert.equal(types.filter((type) => type === "ViolationDetected").length, 1);
    assert.ok(types.length < 40, `${types.length} records`);
  });

  test("VAI-88 a handle that cannot be used asks STS for nothing", async () => {
    const { plane, governed, issued } = await held();
    plane.faults.plan({ at: "target:preRead" });
    for (let round = 0; round < 30; round++) {
      await plane.execute(plane.redemption(governed, issued.handle));
    }
    assert.equal(plane.sts.executions.length, 0);
  });

  test("VAI-24 a plane key that is revoked while STS is asked makes the redemption end there", async () => {
    const { plane, governed, issued } = await held();
    const next = new MemoryKms(plane.faults, "planeSigner");
    const slow = plane.process();
    const answer = refused(
      await plane.execute(plane.redemption(governed, issued.handle), {
        ...slow,
        assumeRole: async (input) => {
          const signer = new KmsSigner(next.client(), "next-plane-key");
          plane.deps = { ...plane.deps, planeSigner: signer };
          const seconds = Math.floor(plane.world.now / 1000);
          await plane.publish({
            set: {
              "/planeKeys/1/revokedAt": seconds,
              "/planeKeys/2": { use: "plane", key: next.jwk, notBefore: seconds - 1 },
            },
          });
          return slow.assumeRole(input);
        },
      }),
    );
    assert.equal(answer.code, "IDENTITY_SIGNATURE_INVALID");
    assert.equal(plane.targets.calls.length, 0);
    const last = plane.records(governed.chainId).at(-1);
    assert.equal(last?.event.type, "ExecutionRejected");
    const failed = last?.decision.checks?.filter(({ result }) => result === "fail");
    assert.deepEqual(
      failed?.map(({ name }) => name),
      ["handleSignature"],
    );
  });

  test("VAI-64 a handle that is made again after a rotation of the plane key is good", async () => {
    const plane = await newPlane();
    const governed = plane.contract(HANDLE);
    const event = plane.event(governed, HANDLE);
    await plane.issue(event);
    plane.world.pass(10);
    const next = new MemoryKms(plane.faults, "planeSigner");
    plane.deps = { ...plane.deps, planeSigner: new KmsSigner(next.client(), "next-plane-key") };
    const seconds = Math.floor(plane.world.now / 1000);
    await plane.publish({
      set: { "/planeKeys/2": { use: "plane", key: next.jwk, notBefore: seconds } },
    });
    const again = granted(await plane.issue(event));
    const answer = await plane.execute(plane.redemption(governed, again.handle));
    assert.equal(granted(answer).outcome?.status, "succeeded");
  });

  test("VAI-64 the first retry of each use is recorded, with what it repeats", async () => {
    const plane = await newPlane();
    const governed = plane.contract(HANDLE);
    const ask = plane.event(governed, HANDLE);
    const issued = granted(await plane.issue(ask));
    await plane.issue(ask);
    const redemption = plane.redemption(governed, issued.handle);
    await plane.execute(redemption);
    await plane.execute(redemption);
    await plane.execute(redemption);
    const retries = plane
      .records(governed.chainId)
      .filter(({ event }) => event.type === "RetryDeduplicated");
    assert.deepEqual(
      retries.map(({ detail, decision }) => [detail["use"], decision.outcome]),
      [
        ["issue", "ALLOW"],
        ["execute", "ALLOW"],
      ],
    );
  });
});

suite("a handle that is asked for again and again", () => {
  test("X-50 a hundred resends cost no further signature of the plane key", async () => {
    const plane = await newPlane();
    const governed = plane.contract(HANDLE);
    const event = plane.event(governed, HANDLE);
    const first = await plane.issue(event);
    const signed = plane.faults.counts.get("planeSigner:sign");
    for (let index = 0; index < 100; index++) {
      const again = await plane.issue(event);
      assert.ok(first.ok && again.ok);
      assert.equal(again.handle, first.handle);
    }
    assert.equal(plane.faults.counts.get("planeSigner:sign"), signed);
    const elsewhere = await plane.issue(event, plane.process());
    assert.ok(elsewhere.ok && elsewhere.handle !== undefined, "another process makes it again");
  });
});
