import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { ActionDescriptor } from "../../lib/actions/descriptor.ts";
import { sessionName } from "../../lib/authority/derive/session-name.ts";
import type { EvidenceRecord } from "../../lib/evidence/record.ts";
import type { Mutation } from "../support/governed.ts";
import { KEYS } from "../support/keys.ts";
import type { Change } from "../support/mutate.ts";
import { newPlane, type Plane } from "../support/plane.ts";

const ROW_OF_BINDING = ["IntentSubmitted", "ContextEvaluated", "PolicyEvaluated", "ContractBound"];
const ROW_OF_ISSUANCE = ["IdentityRequested", "ProofValidated", "IdentityIssued"];
const ROW_OF_EXECUTION = ["CredentialsMinted", "ExecutionStarted"];

/** The records of one type on a chain. */
const of = (plane: Plane, chainId: string, type: string): EvidenceRecord[] =>
  plane.records(chainId).filter(({ event }) => event.type === type);

suite("the whole course of one request", () => {
  test("VAI-01 VAI-02 VAI-06 leaves each stage's record, in order", async () => {
    const plane = await newPlane();
    const governed = plane.contract();
    const answer = await plane.grant({}, governed);
    assert.deepEqual(plane.types(governed.chainId), [
      ...ROW_OF_BINDING,
      ...ROW_OF_ISSUANCE,
      ...ROW_OF_EXECUTION,
      "ExecutionCompleted",
      "IdentityCompleted",
    ]);
    assert.deepEqual(answer.evidence, {
      chainId: governed.chainId,
      firstSeq: 1,
      lastSeq: 11,
      head: plane.rows(governed.chainId).at(-1)?.recordHash,
    });
    assert.equal(answer.identity.state, "COMPLETED");
    assert.deepEqual(answer.outcome, {
      status: "succeeded",
      readBack: { matches: true },
      obligations: [],
    });
    assert.deepEqual(plane.targets.state.alias.weights, { 7: 10 });
  });

  test("VAI-04 every check is named once and passed, none of them by default", async () => {
    const plane = await newPlane();
    const governed = plane.contract();
    await plane.grant({}, governed);
    const [validated] = of(plane, governed.chainId, "ProofValidated");
    const checks = validated?.decision.checks ?? [];
    assert.deepEqual(
      checks.filter(({ result }) => result !== "pass"),
      [],
    );
    assert.ok(checks.length >= 30, `${checks.length} checks`);
    assert.equal(new Set(checks.map(({ name }) => name)).size, checks.length);
    assert.match(String(validated?.detail["proofDigest"]), /^sha256:[0-9a-f]{64}$/);

    const other = {
      decision: { set: { "/boundary/actorId": "spiffe://example.org/agent/other" } },
    };
    const denied = plane.contract(other);
    await plane.ask(other, denied);
    const [rejected] = of(plane, denied.chainId, "ProofRejected");
    const judged = rejected?.decision.checks ?? [];
    const end = judged.findIndex(({ result }) => result === "fail");
    assert.deepEqual(
      judged.map(({ result }) => result),
      judged.map((_, index) => (index < end ? "pass" : index === end ? "fail" : "notRun")),
    );
    assert.deepEqual(
      checks.map(({ name }) => name),
      judged.map(({ name }) => name).slice(0, checks.length),
      "the same checks, whatever comes of them",
    );
  });

  test("VAI-05 VAI-11 VAI-18 the issuance says scope, role, expiry and what it derives from", async () => {
    const plane = await newPlane();
    const governed = plane.contract();
    const { identity } = await plane.grant({}, governed);
    const [issued] = of(plane, governed.chainId, "IdentityIssued");
    assert.equal(issued?.contract?.digest, governed.contractDigest);
    assert.equal(issued?.identity?.id, identity.identityId);
    assert.equal(issued?.actor?.jkt, KEYS.agent.thumbprint);
    assert.equal(issued?.detail["sessionName"], sessionName(identity.identityId));
    assert.equal(identity.issuedAt, "2026-05-05T04:00:12.345Z");
    assert.equal(identity.expiresAt, "2026-05-05T04:10:12.000Z");
    assert.deepEqual(identity.scope, {
      actions: ["lambda:UpdateAlias"],
      resources: ["arn:aws:lambda:us-east-1:000000000000:function:checkout"],
    });
  });

  test("VAI-18 DTF-17 the identity ends with the earliest of contract, decision, boundary and class", async () => {
    const ends: readonly (readonly [string, Mutation, Change, number])[] = [
      ["contract", { contract: { set: { "/exp": "$seconds:200" } } }, {}, 200],
      ["decision", { decision: { set: { "/exp": "$seconds:150" } } }, {}, 150],
      ["boundary", { decision: { set: { "/boundary/notAfter": "$seconds:600" } } }, {}, 600],
    ];
    for (const [name, mutation, policy, seconds] of ends) {
      const plane = await newPlane({ policy });
      const { identity } = await plane.grant(mutation);
      const start = Math.floor(plane.world.now / 1000);
      assert.equal(Date.parse(identity.expiresAt) / 1000 - start, seconds, name);
    }
  });

  test("VAI-91 VAI-92 OKG-25 each row's attributes say what its record says", async () => {
    const plane = await newPlane();
    const governed = plane.contract({ request: { set: { "/step": "other" } } });
    await plane.ask({ request: { set: { "/step": "other" } } }, governed);
    const rows = plane.rows(governed.chainId);
    const records = plane.records(governed.chainId);
    assert.equal(rows.length, 8);
    rows.forEach((row, index) => {
      const record = records[index];
      assert.equal(row.eventType, record?.event.type);
      assert.equal(row.eventId, record?.event.id);
      assert.equal(row.prev, record?.chain.prev);
      assert.equal(row.contractId, governed.ids.contract);
      assert.equal(row.code, record?.decision.code);
    });
    assert.deepEqual(
      rows.map(({ negativeDay }) => negativeDay !== undefined),
      [false, false, false, false, false, true, true, true],
    );
  });

  test("VAI-02 a contract is bound once, and its intent is submitted once", async () => {
    const plane = await newPlane();
    const two = { contract: { set: { "/authorization_details/0/limits/calls": 2 } } };
    const governed = plane.contract(two);
    const small = { request: { set: { "/operation/parameters/percent": 1 } } };
    await plane.grant(small, governed);
    await plane.grant(small, governed);
    const types = plane.types(governed.chainId);
    for (const type of ROW_OF_BINDING)
      assert.equal(types.filter((t) => t === type).length, 1, type);
    assert.deepEqual(types.slice(11), [
      ...ROW_OF_ISSUANCE,
      ...ROW_OF_EXECUTION,
      "ExecutionCompleted",
      "IdentityCompleted",
    ]);
  });

  test("VAI-77 a bound contract may be named by its digest, and needs no proof again", async () => {
    const plane = await newPlane();
    const two = { contract: { set: { "/authorization_details/0/limits/calls": 2 } } };
    const governed = plane.contract(two);
    const small = { "/operation/parameters/percent": 1 };
    await plane.grant({ request: { set: small } }, governed);
    const named = { remove: ["/contract", "/proof"] };
    const event = { ...named, set: { "/contractDigest": governed.contractDigest } };
    await plane.grant({ request: { set: small }, event }, governed);
    assert.equal(plane.state(governed.chainId).identities.size, 2);
  });

  test("VAI-100 VAI-150 VAI-151 STS is asked once, by a name that the identity decides", async () => {
    const plane = await newPlane();
    const { identity } = await plane.grant();
    assert.equal(plane.sts.executions.length, 1);
    const [asked] = plane.sts.executions;
    const name = sessionName(identity.identityId);
    assert.match(name, /^vai-[0-9a-f]{26}$/);
    assert.equal(asked?.RoleArn, "arn:aws:iam::000000000000:role/exec-lambda");
    assert.equal(asked?.RoleSessionName, name);
    assert.equal(asked?.SourceIdentity, name);
    assert.deepEqual(asked?.Tags, [{ Key: "vai-identity", Value: name }]);
    assert.equal(asked?.DurationSeconds, 900);
    assert.ok((asked?.Policy.length ?? 0) <= 2048);
  });

  test("VAI-76 ADV-39 the bounded call has the issued session's credentials, reads the reader's", async () => {
    const plane = await newPlane();
    const { identity } = await plane.grant();
    const [call] = plane.targets.calls;
    const hex = sessionName(identity.identityId).replace("-", "").toUpperCase();
    assert.equal(call?.accessKeyId, `ASIA${hex.slice(0, 16)}`);
    assert.deepEqual(new Set(plane.targets.readers), new Set(["ASIAVAIREADER0000000"]));
  });

  test("VAI-78 what is called is what was recorded before, with compare and set", async () => {
    const plane = await newPlane();
    const governed = plane.contract();
    await plane.grant({}, governed);
    const [started] = of(plane, governed.chainId, "ExecutionStarted");
    const described = started?.detail["call"] as { input: unknown };
    assert.deepEqual(plane.targets.calls[0]?.input, described.input);
    assert.deepEqual(described.input, {
      FunctionName: "checkout",
      Name: "live",
      RoutingConfig: { AdditionalVersionWeights: { 7: 0.1 } },
      RevisionId: "r1",
    });
  });

  test("ADV-66 VAI-96 USR-16 no secret is in an answer or in any table", async () => {
    const plane = await newPlane();
    const answer = await plane.grant();
    const everything = JSON.stringify([answer, [...plane.dynamo.tables].map(([, t]) => [...t])]);
    const payloads = plane.chains().map((id) => plane.records(id));
    for (const text of [everything, JSON.stringify(payloads)]) {
      assert.doesNotMatch(text, /secret of|token of|"d":/);
      for (const call of plane.targets.calls) assert.ok(!text.includes(call.accessKeyId));
    }
    assert.match(JSON.stringify(payloads), /"accessKeyId":"ASIA…[0-9A-F]{4}"/);
  });

  test("VAI-43 OKG-22 the enforcement map covers every pointer of what was asked", async () => {
    const plane = await newPlane();
    const { enforcement } = await plane.grant();
    const place = "/authorization_details/0";
    const expected = [
      "/nbf",
      "/exp",
      "/account",
      "/region",
      `${place}/actions`,
      `${place}/resources`,
      `${place}/parameters`,
      `${place}/parameters/alias`,
      `${place}/parameters/version`,
      `${place}/parameters/percent`,
      `${place}/limits/calls`,
      `${place}/limits/totals/percent`,
    ];
    assert.deepEqual(enforcement.map(({ constraint }) => constraint).sort(), expected.sort());
    for (const { enforcedBy } of enforcement) assert.ok(enforcedBy.length > 0);
  });

  test("VAI-91 each record says by whose trust policy, for which actor, by which component", async () => {
    const plane = await newPlane();
    const governed = plane.contract({
      decision: { set: { "/boundary/actorKind": "workflow" } },
      contract: { set: { "/actor/kind": "workflow" } },
    });
    await plane.grant({}, governed);
    for (const record of plane.records(governed.chainId)) {
      assert.deepEqual(record.trustPolicy, { version: 1, digest: plane.policyDigest });
      assert.equal(record.actor?.kind, "workflow");
      assert.equal(record.source.component, "issue");
      assert.equal(record.source.requestId, "invocation-2");
    }
  });
});

suite("what governance takes back while a request is served", () => {
  /** Publishes a policy between STS and barrier 2, when the read before the call is made. */
  async function changeMeanwhile(change: Readonly<Record<string, unknown>>) {
    const plane = await newPlane();
    const governed = plane.contract();
    const alias = plane.targets.descriptorOf("lambda:UpdateAlias");
    assert.ok(alias?.preRead !== undefined);
    const { preRead } = alias;
    const meddling: ActionDescriptor = {
      ...alias,
      preRead: async (operation, settings) => {
        await plane.publish({ set: change });
        return preRead(operation, settings);
      },
    };
    const deps = { ...plane.deps, descriptorOf: () => meddling };
    const answer = await plane.issue(plane.event(governed), deps);
    return { plane, governed, answer };
  }

  test("VAI-109 design §2.8 a contract whose issuer is gone is not run", async () => {
    const { plane, governed, answer } = await changeMeanwhile({
      "/issuers/0/name": "gone.example",
    });
    assert.deepEqual(!answer.ok && [answer.code, answer.stage, answer.retryable], [
      "CONTRACT_ISSUER_UNTRUSTED",
      "contract",
      false,
    ]);
    assert.equal(plane.targets.calls.length, 0);
    assert.deepEqual(plane.types(governed.chainId).slice(7), [
      "CredentialsMinted",
      "ExecutionRejected",
      "IdentityRevoked",
    ]);
  });

  test("VAI-109 VAI-53 a decision whose policy is no head any more is not run", async () => {
    const { plane, answer } = await changeMeanwhile({ "/policies/0/version": "2" });
    assert.equal(!answer.ok && answer.code, "POLICY_VERSION_STALE");
    assert.equal(plane.targets.calls.length, 0);
  });

  test("design §2.8 a change that does not concern the request refuses nothing", async () => {
    const { plane, answer } = await changeMeanwhile({ "/auditors": [] });
    assert.equal(answer.ok, true);
    assert.equal(plane.targets.calls.length, 1);
  });
});

suite("starting fast", () => {
  test("OKG-27 the client of the action loads while barrier 1 is sealed, and what fails there fails nobody", async () => {
    const plane = await newPlane();
    const events: string[] = [];
    const { signer, descriptorOf } = plane.deps;
    const deps = {
      ...plane.deps,
      signer: {
        keyid: () => signer.keyid(),
        sign: async (digest: Uint8Array) => {
          await Promise.resolve();
          events.push("signed");
          return signer.sign(digest);
        },
      },
      descriptorOf: (action: string) => {
        const descriptor = descriptorOf(action);
        const load = async () => {
          events.push("load");
          throw new Error("the file is not there");
        };
        return events.includes("signed") || descriptor === undefined
          ? descriptor
          : { ...descriptor, load };
      },
    };
    const answer = await plane.issue(plane.event(plane.contract()), deps);
    assert.equal(answer.ok, true);
    assert.deepEqual(events.slice(0, 2), ["load", "signed"]);
  });
});
