import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { TransactionCanceledException } from "@aws-sdk/client-dynamodb";
import { KmsSigner } from "../../lib/aws/ports/kms-signer.ts";
import { transact } from "../../lib/aws/ports/transaction.ts";
import { backOff } from "../../lib/enforcement/barriers/append.ts";
import { requireSigner } from "../../lib/enforcement/barriers/seal.ts";
import { judgeTimeLeft } from "../../lib/enforcement/barriers/start.ts";
import { readIntent } from "../../lib/enforcement/read/intent.ts";
import { readTrust } from "../../lib/enforcement/read/registry.ts";
import type { EvidenceStore } from "../../lib/evidence/ports.ts";
import { readHandle } from "../../lib/issuance/handle.ts";
import { Fault, isRefusal } from "../../lib/refusal.ts";
import { HANDLE } from "../support/deliveries.ts";
import type { Mutation } from "../support/governed.ts";
import { granted, newPlane, refused } from "../support/plane.ts";

/** A store of evidence that appends otherwise. */
const storingBy = (store: EvidenceStore, append: EvidenceStore["append"]): EvidenceStore => ({
  append,
  readChain: (...asked) => store.readChain(...asked),
  readRows: (...asked) => store.readRows(...asked),
  readTail: (...asked) => store.readTail(...asked),
});

suite("trying again", () => {
  test("VAI-68 waits between two tries, and not beyond the invocation's end", async () => {
    const plane = await newPlane();
    const slept: number[] = [];
    const deps = {
      ...plane.deps,
      random: () => 0.5,
      clock: () => 1_000,
      sleep: async (milliseconds: number) => void slept.push(milliseconds),
    };
    const until = (deadline: number) => ({ deps, invocation: { requestId: "one", deadline } });
    await backOff(until(3_010) as never, 0);
    await backOff(until(9_000) as never, 2);
    assert.deepEqual(slept, [10, 40]);
    await assert.rejects(backOff(until(3_009) as never, 0), { code: "EVIDENCE_STORE_UNAVAILABLE" });
    assert.equal(slept.length, 2);
  });

  test("OKG-27 a torn read of a chain is read again after a wait", async () => {
    const plane = await newPlane();
    const governed = plane.contract();
    await plane.grant({}, governed);
    const { trust } = await readTrust(plane.deps);
    assert.ok(!isRefusal(trust));
    const whole = await plane.deps.evidence.readChain(governed.chainId);
    const torn = { ...whole, rows: whole.rows.slice(0, -2) };
    const slept: number[] = [];
    const deps = {
      ...plane.deps,
      random: () => 0.5,
      sleep: async (ms: number) => void slept.push(ms),
    };
    const read = await readIntent(deps, governed.chainId, trust, { stored: torn });
    assert.ok(!isRefusal(read) && read.records.length === 11);
    assert.deepEqual(slept, [50]);
  });

  test("VAI-103 the end of an identity is tried until it is durable", async () => {
    const plane = await newPlane();
    plane.faults.plan({ at: "evidence:write", from: 3, to: 4 });
    const answer = await plane.grant();
    assert.equal(answer.identity.state, "COMPLETED");
    assert.equal(plane.targets.calls.length, 1);
  });

  test("VAI-03 a nameless refusal that another one was faster than is written behind it", async () => {
    const plane = await newPlane();
    const store = plane.deps.evidence;
    let lost = 0;
    const evidence = storingBy(store, async (step) =>
      lost++ === 0 ? "conflict" : store.append(step),
    );
    const answer = refused(await plane.issue({ n: 1 }, { ...plane.deps, evidence }));
    assert.equal(lost, 2);
    assert.deepEqual(answer.evidence?.seq, 2);
  });
});

suite("where a request stood when a dependency failed", () => {
  const failing = async (at: "evidence:write" | "signer:sign", from: number) => {
    const plane = await newPlane();
    const governed = plane.contract();
    plane.faults.plan({ at, from });
    const { code, stage, evidence } = refused(await plane.issue(plane.event(governed)));
    return { code, stage, seq: evidence?.seq };
  };

  test("VAI-103 at barrier 3 the barriers before are named, and the stage is the end's", async () => {
    const end = { stage: "execution", seq: 9 };
    assert.deepEqual(await failing("evidence:write", 3), {
      code: "EVIDENCE_STORE_UNAVAILABLE",
      ...end,
    });
    assert.deepEqual(await failing("signer:sign", 3), {
      code: "EVIDENCE_SIGNER_UNAVAILABLE",
      ...end,
    });
  });

  test("VAI-99 at barrier 1 the stage is evidence, and nothing is named", async () => {
    assert.deepEqual(await failing("evidence:write", 1), {
      code: "EVIDENCE_STORE_UNAVAILABLE",
      stage: "evidence",
      seq: undefined,
    });
  });

  test("VAI-99 a call that cannot be described fails at barrier 2, with the session on record", async () => {
    const plane = await newPlane();
    const alias = plane.targets.descriptorOf("lambda:UpdateAlias");
    assert.ok(alias !== undefined);
    const broken: typeof alias = {
      ...alias,
      describeCall: () => {
        throw new TypeError("a bug");
      },
    };
    const governed = plane.contract();
    const deps = { ...plane.deps, descriptorOf: () => broken };
    const answer = refused(await plane.issue(plane.event(governed), deps));
    assert.deepEqual([answer.code, answer.stage], ["INTERNAL_FAULT", "execution"]);
    const rejected = plane
      .records(governed.chainId)
      .find(({ event }) => event.type === "ExecutionRejected");
    const failed = rejected?.decision.checks?.filter(({ result }) => result === "fail");
    assert.deepEqual(failed, [{ name: "barrier2", result: "fail" }]);
    assert.ok(plane.types(governed.chainId).includes("CredentialsMinted"));
  });
});

suite("what must not be forgotten", () => {
  const beyond: Mutation = { request: { set: { "/operation/parameters/percent": 100 } } };

  /** A handle is violated while the store fails so many times; what it came to. */
  async function violated(failures: number, random: number) {
    const plane = await newPlane();
    const governed = plane.contract(HANDLE);
    const { handle } = await plane.grant(HANDLE, governed);
    const store = plane.deps.evidence;
    let tries = 0;
    const slept: number[] = [];
    const evidence = storingBy(store, (step) => {
      tries += 1;
      if (tries > 50) throw new TypeError("it goes on for ever");
      if (tries > failures) return store.append(step);
      throw new Fault("EVIDENCE_STORE_UNAVAILABLE", "a test's");
    });
    const deps = {
      ...plane.deps,
      ...{ evidence, random: () => random },
      sleep: async (milliseconds: number) => void slept.push(milliseconds),
    };
    const answer = await plane.execute(plane.redemption(governed, handle, beyond), deps);
    return { plane, governed, answer: refused(answer), tries, slept };
  }

  test("VAI-69 a violation is tried again after a wait that grows, until it is written", async () => {
    const { plane, governed, answer, slept } = await violated(2, 0.5);
    assert.equal(answer.code, "PARAMETER_OUT_OF_BOUNDS");
    assert.deepEqual(slept, [10, 20]);
    assert.ok(plane.types(governed.chainId).includes("ViolationDetected"));
    assert.equal(refused(await plane.ask(HANDLE, governed)).code, "CONTRACT_REVOKED");
  });

  test("VAI-69 it is not tried for ever, however short the waits", async () => {
    const { answer, tries } = await violated(Number.POSITIVE_INFINITY, 0);
    assert.deepEqual([answer.code, answer.evidence], ["PARAMETER_OUT_OF_BOUNDS", undefined]);
    assert.equal(tries, 21);
  });
});

suite("instants are half-open", () => {
  test("ADV-15 an evidence key is good until its end, and not at it", async () => {
    const plane = await newPlane();
    const [key] = plane.policy.planeKeys;
    assert.ok(key !== undefined);
    const at = Math.floor(plane.world.now / 1000) + 100;
    const policy = { ...plane.policy, planeKeys: [{ ...key, notAfter: at }] };
    const span = (until: number) =>
      requireSigner(plane.deps, policy, { from: plane.world.now, until });
    await span(at * 1000 - 1);
    await assert.rejects(span(at * 1000), { code: "EVIDENCE_SIGNER_UNAVAILABLE" });
  });

  test("ADV-15 an identity that needs no time any more is still over at its end", () => {
    const grant = { expiresAt: 1_000 } as Parameters<typeof judgeTimeLeft>[0];
    assert.equal(judgeTimeLeft(grant, 999, 0), undefined);
    assert.equal(judgeTimeLeft(grant, 1_000, 0)?.code, "IDENTITY_EXPIRED");
    assert.equal(judgeTimeLeft(grant, 900, 100), undefined);
    assert.equal(judgeTimeLeft(grant, 901, 100)?.code, "IDENTITY_EXPIRED");
  });

  test("ADV-15 a call is not begun when storing its start has used the window up", async () => {
    const plane = await newPlane();
    const governed = plane.contract({ contract: { set: { "/exp": "$seconds:20" } } });
    const store = plane.deps.evidence;
    const evidence = storingBy(store, (step) => {
      if (step.rows.some(({ eventType }) => eventType === "ExecutionStarted")) plane.world.pass(15);
      return store.append(step);
    });
    const { outcome } = granted(
      await plane.issue(plane.event(governed), { ...plane.deps, evidence }),
    );
    assert.deepEqual(outcome?.error, { name: "IdentityEndsBeforeCall", kind: "precondition" });
    assert.equal(plane.targets.calls.length, 0);
  });
});

suite("what moves between the barriers", () => {
  test("VAI-109 a role that governance took from the action is not used, and the place is told", async () => {
    const plane = await newPlane();
    const { assumeRole } = plane.deps;
    const deps: typeof plane.deps = {
      ...plane.deps,
      assumeRole: async (input) => {
        const arn = "arn:aws:iam::000000000000:role/exec-other";
        await plane.publish({ set: { "/actions/0/executionRoleArn": arn } });
        return assumeRole(input);
      },
    };
    const governed = plane.contract();
    const answer = refused(await plane.issue(plane.event(governed), deps));
    assert.deepEqual([answer.code, answer.stage], ["REGISTRY_STALE", "execution"]);
    assert.equal(plane.targets.calls.length, 0);
    const rejected = plane
      .records(governed.chainId)
      .find(({ event }) => event.type === "ExecutionRejected");
    const failed = rejected?.decision.checks?.filter(({ result }) => result === "fail");
    assert.deepEqual(failed, [{ name: "trustAgain", result: "fail" }]);
  });

  test("VAI-103 an end that cannot be written fails where its reason fell", async () => {
    const plane = await newPlane();
    const assumption = {
      ...{ name: "live-is-6", read: "lambda:GetAlias", path: "/FunctionVersion" },
      resource: "arn:aws:lambda:us-east-1:000000000000:function:checkout",
      ...{ parameters: { alias: "live" }, expect: { exact: "6" } },
      ...{ maxAgeSeconds: 60, recheck: true },
    };
    plane.targets.answers.set("lambda:GetAlias", [
      { FunctionVersion: "6" },
      { FunctionVersion: "7" },
    ]);
    const governed = plane.contract({ contract: { set: { "/assumptions": [assumption] } } });
    plane.faults.plan({ at: "evidence:write", from: 2 });
    const answer = refused(await plane.issue(plane.event(governed)));
    assert.deepEqual([answer.code, answer.stage], ["EVIDENCE_STORE_UNAVAILABLE", "context"]);
    assert.equal(answer.evidence?.seq, 7);
  });
});

suite("small promises of the ports", () => {
  test("VAI-109 a limit that governance shortened between the barriers is seen before the call", async () => {
    const plane = await newPlane();
    const { assumeRole } = plane.deps;
    const deps: typeof plane.deps = {
      ...plane.deps,
      assumeRole: async (input) => {
        await plane.publish({ set: { "/governance/LOW/maxSeconds": 300 } });
        return assumeRole(input);
      },
    };
    const governed = plane.contract();
    const answer = refused(await plane.issue(plane.event(governed), deps));
    assert.deepEqual([answer.code, answer.stage], ["TTL_EXCEEDED", "contract"]);
    assert.equal(plane.targets.calls.length, 0);
    assert.equal(plane.types(governed.chainId).at(-1), "IdentityRevoked");
  });

  test("VAI-91 KMS that answers without a signature is one that failed", async () => {
    const client = { send: async () => ({}) };
    const signer = new KmsSigner(client as never, "key");
    await assert.rejects(signer.sign(new Uint8Array(32)), { code: "EVIDENCE_SIGNER_UNAVAILABLE" });
  });

  test("VAI-98 a transaction is lost, or failed: which of both is never guessed", async () => {
    const sending = (error: unknown) =>
      transact({ send: () => Promise.reject(error) } as never, [
        { item: {}, guard: "chain" },
        { item: {}, guard: { pk: "a", sk: "b", value: "c" } },
      ]);
    const cancelled = (...codes: string[]) =>
      new TransactionCanceledException({
        message: "cancelled",
        $metadata: {},
        CancellationReasons: codes.map((Code) => ({ Code })),
      });
    assert.equal(await sending(cancelled("TransactionConflict", "None")), "conflict");
    assert.equal(await sending(cancelled("ConditionalCheckFailed", "None")), "conflict");
    assert.deepEqual(await sending(cancelled("None", "ConditionalCheckFailed")), {
      taken: { pk: "a", sk: "b", value: "c" },
    });
    for (const error of [cancelled("None", "ThrottlingError"), new Error("a socket")])
      await assert.rejects(sending(error), { code: "EVIDENCE_STORE_UNAVAILABLE" });
  });

  test("VAI-57 a reader's session is asked for once, and a policy's row names its digest", async () => {
    const plane = await newPlane();
    await plane.grant();
    await plane.grant();
    assert.equal(plane.sts.readers.length, 1);
    const row = plane.dynamo.table("registry").get("trust-policy|000000001");
    assert.equal(row?.["digest"], plane.policyDigest);
  });

  test("VAI-64 a handle that another process makes again has the same claims", async () => {
    const plane = await newPlane();
    const governed = plane.contract(HANDLE);
    const event = plane.event(governed, HANDLE);
    const first = readHandle(granted(await plane.issue(event)).handle);
    const again = readHandle(granted(await plane.issue(event, plane.process())).handle);
    assert.ok(!isRefusal(first) && !isRefusal(again));
    assert.deepEqual(again.claims, first.claims);
  });

  test("VAI-07 a handle is redeemed by a process that has served nothing before", async () => {
    const plane = await newPlane();
    const governed = plane.contract(HANDLE);
    const { handle } = await plane.grant(HANDLE, governed);
    const answer = await plane.execute(plane.redemption(governed, handle), plane.process());
    assert.equal(granted(answer).outcome?.status, "succeeded");
  });
});
