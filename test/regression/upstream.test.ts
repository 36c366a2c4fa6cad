import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { suite, test } from "node:test";
import { CATALOGUE } from "../../lib/actions/catalogue.ts";
import { sessionName } from "../../lib/authority/derive/session-name.ts";
import { canonicalize, documentDigest } from "../../lib/encoding/canonical-json.ts";
import { readPublicJwk } from "../../lib/encoding/jwk.ts";
import { readJws, verifyJws } from "../../lib/encoding/jws.ts";
import { evidenceKeys, openLast } from "../../lib/evidence/open.ts";
import type { EvidenceRecord } from "../../lib/evidence/record.ts";
import type { Mutation } from "../support/governed.ts";
import { KEYS } from "../support/keys.ts";
import type { Change } from "../support/mutate.ts";
import { newPlane, type Plane, refused } from "../support/plane.ts";
import { PLANE } from "../support/trust.ts";

/*
 * What openkedge's AWS adapter lacks at 0c044ff (ledger D.9), row by row: each test shows that we do not
 * have the defect. Rows of later work come with it.
 */

const ITEM = { base: "item" } as const;

async function ran(mutation: object = {}): Promise<{ plane: Plane; records: EvidenceRecord[] }> {
  const plane = await newPlane();
  const governed = plane.contract(mutation);
  await plane.ask(mutation, governed);
  return { plane, records: plane.records(governed.chainId) };
}

const typesOf = (records: readonly EvidenceRecord[]): string[] =>
  records.map(({ event }) => event.type);

interface Statement {
  readonly Effect: string;
  readonly Action?: string | string[];
  readonly Resource?: string | string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}
const policyOf = (plane: Plane): Statement[] =>
  JSON.parse(plane.sts.executions[0]?.Policy ?? "{}").Statement;

/** An operation of each action of the catalogue. */
const ASKED: Readonly<
  Record<string, { resource: string; parameters: Record<string, string | number> }>
> = {
  "dynamodb:UpdateItem": {
    resource: "arn:aws:dynamodb:us-east-1:000000000000:table/settings",
    parameters: { "key/pk": "svc-a", "set/weight": 7 },
  },
  "lambda:UpdateAlias": {
    resource: "arn:aws:lambda:us-east-1:000000000000:function:checkout",
    parameters: { alias: "live", version: "7", percent: 10 },
  },
  "lambda:InvokeFunction": {
    resource: "arn:aws:lambda:us-east-1:000000000000:function:checkout-refunds:live",
    parameters: { "payload/clientToken": "ref-1", "payload/amount": 7 },
  },
  "s3:PutObject": { resource: "arn:aws:s3:::reports/today.txt", parameters: { body: "done" } },
  "ssm:PutParameter": {
    resource: "arn:aws:ssm:us-east-1:000000000000:parameter/mode",
    parameters: { value: "safe" },
  },
  "ec2:StopInstances": { resource: instance(), parameters: {} },
  "ec2:StartInstances": { resource: instance(), parameters: {} },
  "ec2:TerminateInstances": { resource: instance(), parameters: {} },
  "ecs:UpdateService": {
    resource: "arn:aws:ecs:us-east-1:000000000000:service/shop/checkout",
    parameters: { desiredCount: 3 },
  },
};

function instance(): string {
  return "arn:aws:ec2:us-east-1:000000000000:instance/i-0123456789abcdef0";
}

/** A trust policy that opens one action, to everybody who signs. */
const opened = (action: string): Change => {
  const role = (kind: string): string => `arn:aws:iam::000000000000:role/${kind}-opened`;
  const roles = { executionRoleArn: role("exec"), readerRoleArn: role("read") };
  return {
    set: {
      "/actions": [{ action, risk: "LOW", ...roles }],
      "/issuers/0/actions": [action],
      "/deciders/0/actions": [action],
    },
  };
};

const asking = (
  action: string,
  resource: string,
  parameters: Record<string, string | number>,
): Mutation => ({
  intent: { set: { "/action": action, "/target": [resource] } },
  contract: {
    set: {
      "/authorization_details/0/actions": [action],
      "/authorization_details/0/resources": [resource],
      "/authorization_details/0/parameters": Object.fromEntries(
        Object.entries(parameters).map(([name, value]) => [name, { exact: value }]),
      ),
    },
    remove: ["/authorization_details/0/limits"],
  },
  request: { set: { "/operation": { action, resource, parameters } } },
});

suite("defects of the upstream adapter that we do not have", () => {
  test("UP-01 there is an execution contract, and nothing is issued without one", async () => {
    const plane = await newPlane();
    const answer = refused(await plane.ask({ event: { remove: ["/contract"] } }));
    assert.equal(answer.code, "CONTRACT_MALFORMED");
    assert.equal(plane.sts.executions.length, 0);
  });

  test("UP-02 an intent alone proves nothing: a decision, its context and its signature are judged", async () => {
    for (const part of ["/intent", "/context", "/decision"]) {
      const plane = await newPlane();
      assert.equal(
        refused(await plane.ask({ proof: { remove: [part] } })).code,
        "EVIDENCE_MISSING",
      );
      assert.equal(plane.sts.executions.length, 0);
    }
  });

  test("UP-03 an identity is what a signed record says: every record of it verifies under the evidence key", async () => {
    const { plane, records } = await ran();
    const issued = records.find(({ event }) => event.type === "IdentityIssued");
    assert.ok(issued?.identity !== undefined);
    const row = plane.rows(issued.chain.id)[issued.chain.seq - 1];
    assert.ok(row !== undefined);
    const chain = { plane: PLANE, chainId: issued.chain.id };
    const keys = evidenceKeys(plane.policy);
    assert.equal(typeof openLast(row, { ...chain, keys }), "object");
    assert.equal(typeof openLast(row, { ...chain, keys: new Map() }), "string");
  });

  test("UP-04 every action that can be run can get an identity, by the same descriptor", async () => {
    assert.deepEqual(Object.keys(ASKED).toSorted(), CATALOGUE.map(({ action }) => action).sort());
    for (const [action, { resource, parameters }] of Object.entries(ASKED)) {
      const plane = await newPlane({ policy: opened(action) });
      await plane.grant(asking(action, resource, parameters));
      assert.deepEqual(
        plane.targets.calls.map((call) => call.action),
        [action],
      );
      assert.ok(policyOf(plane).some(({ Action }) => [Action].flat().includes(action)));
    }
  });

  test("UP-06 the end is in the session policy, with tags and source identity, not in our process alone", async () => {
    const { plane } = await ran();
    const [asked] = plane.sts.executions;
    const end = policyOf(plane).find(
      ({ Condition }) => Condition?.["DateGreaterThanEquals"] !== undefined,
    );
    assert.deepEqual(
      [end?.Effect, end?.Condition?.["DateGreaterThanEquals"]?.["aws:CurrentTime"]],
      ["Deny", "2026-05-05T04:10:12Z"],
    );
    assert.equal(asked?.SourceIdentity, asked?.RoleSessionName);
    assert.equal(asked?.Tags?.[0]?.Value, asked?.RoleSessionName);
  });

  test("UP-07 partition, account and region come from the contract, and every ARN must agree with them", async () => {
    const { plane } = await ran();
    assert.match(JSON.stringify(policyOf(plane)), /"aws:RequestedRegion":"us-east-1"/);
    const codes = [];
    for (const arn of [
      "aws-cn:lambda:us-east-1:000000000000",
      "aws:lambda:eu-west-1:000000000000",
      "aws:lambda:us-east-1:111111111111",
    ]) {
      const resource = { "/authorization_details/0/resources/0": `arn:${arn}:function:checkout` };
      codes.push(refused(await plane.ask({ contract: { set: resource } })).code);
    }
    assert.deepEqual(codes, ["ACCOUNT_MISMATCH", "REGION_MISMATCH", "ACCOUNT_MISMATCH"]);
  });

  test("UP-08 identities that begin alike do not share a session name", () => {
    const head = "intent-".padEnd(64, "x");
    assert.notEqual(sessionName(`${head}a`), sessionName(`${head}b`));
    assert.match(sessionName(`${head}a`), /^[\w+=,.@-]{2,64}$/);
  });

  test("UP-12 an answered request sent again runs nothing, and a captured one runs nothing later", async () => {
    const plane = await newPlane();
    const event = plane.event(plane.contract());
    await plane.issue(event);
    await plane.issue(event);
    assert.equal(plane.targets.calls.length, 1);
    plane.world.pass(3600);
    assert.equal(refused(await plane.issue(event)).code, "REQUEST_STALE");
  });

  test("UP-13 a failed call is ExecutionFailed after ExecutionStarted, never ExecutionCompleted", async () => {
    const plane = await newPlane();
    const governed = plane.contract();
    plane.faults.plan({ at: "target:call", how: "throttle" });
    await plane.ask({}, governed);
    const types = plane.types(governed.chainId);
    assert.deepEqual(types.slice(8), ["ExecutionStarted", "ExecutionFailed", "IdentityCompleted"]);
    assert.ok(!types.includes("ExecutionCompleted"));
  });

  test("UP-15 an issuance that fails leaves its own evidence", async () => {
    const plane = await newPlane();
    const governed = plane.contract();
    plane.faults.plan({ at: "sts" });
    await plane.ask({}, governed);
    const last = plane.records(governed.chainId).at(-1);
    assert.deepEqual([last?.event.type, last?.decision.code], ["IssuanceFailed", "STS_FAILED"]);
  });

  test("UP-16 no record is unsealed, and a signature is not part of what it signs", async () => {
    const { plane, records } = await ran();
    const rows = plane.rows(records[0]?.chain.id ?? "");
    const sealed = rows.filter(({ seal }) => seal !== undefined);
    assert.equal(sealed.length, 3);
    const keys = evidenceKeys(plane.policy);
    for (const row of sealed) {
      const { payload, signatures, ...rest } = JSON.parse(row.seal ?? "");
      assert.equal(signatures.length, 1);
      assert.ok(Buffer.from(signatures[0].sig, "base64").length >= 68);
      const statement = Buffer.from(payload, "base64").toString("utf8");
      assert.ok(!statement.includes(signatures[0].sig) && !statement.includes("UNSIGNED"));
      for (const sig of ["", "UNSIGNED", "AA=="]) {
        const signed = { ...rest, payload, signatures: [{ ...signatures[0], sig }] };
        const unsigned = { ...row, seal: canonicalize(signed) };
        const chain = { plane: PLANE, chainId: row.chainId, keys };
        assert.equal(typeof openLast(unsigned, chain), "string");
      }
    }
  });

  test("UP-17 seals are in-toto statements over records under a genesis of their own chain; the six RFC types are there", async () => {
    const { plane, records } = await ran();
    const [first] = records;
    assert.notEqual(first?.chain.prev, null);
    const other = await plane.grant();
    const second = plane.records(other.evidence.chainId)[0];
    assert.notEqual(first?.chain.prev, second?.chain.prev);
    const failing = await newPlane();
    failing.faults.plan({ at: "target:call", how: "throttle" });
    const governed = failing.contract();
    await failing.ask({}, governed);
    const types = new Set([...typesOf(records), ...failing.types(governed.chainId)]);
    for (const type of [
      "IntentSubmitted",
      "ContextEvaluated",
      "PolicyEvaluated",
      "ExecutionStarted",
      "ExecutionCompleted",
      "ExecutionFailed",
    ]) {
      assert.ok(types.has(type), type);
    }
    const { payload, payloadType } = JSON.parse(
      plane.rows(first?.chain.id ?? "").find(({ seal }) => seal !== undefined)?.seal ?? "",
    );
    assert.equal(payloadType, "application/vnd.in-toto+json");
    const statement = JSON.parse(Buffer.from(payload, "base64").toString("utf8"));
    assert.equal(statement._type, "https://in-toto.io/Statement/v1");
    assert.equal(statement.predicateType, "urn:vai:seal:v1");
  });

  test("UP-19 the canonical form hides no member and equates no two values", () => {
    const parse = (text: string): unknown => JSON.parse(text);
    assert.notEqual(documentDigest(parse('{"__proto__":{"a":1}}')), documentDigest({}));
    assert.notEqual(documentDigest({ a: null }), documentDigest({}));
    assert.throws(() => documentDigest({ a: Number.NaN }));
    assert.notEqual(documentDigest({ a: new Date(0) }), documentDigest({ a: {} }));
    assert.notEqual(documentDigest(parse('{"10":1,"9":2}')), documentDigest({ 10: 2, 9: 1 }));
  });

  test("UP-20 a cut tail and a gap are both seen, before anything is granted", async () => {
    for (const seq of [11, 5, 1]) {
      const plane = await newPlane();
      plane.isWhole = false;
      const governed = plane.contract();
      await plane.grant({}, governed);
      plane.dynamo.table("evidence").delete(`${governed.chainId}|${seq}`);
      assert.equal(refused(await plane.ask({}, governed)).code, "EVIDENCE_CHAIN_BROKEN");
    }
  });

  test("UP-21 the store only appends: no record is ever written over, also by writers at once", async () => {
    const plane = await newPlane();
    const governed = plane.contract();
    const event = plane.event(governed);
    await plane.issue(event);
    const before = structuredClone(plane.rows(governed.chainId));
    const wrong = { request: { set: { "/step": "other" } } };
    await Promise.all(Array.from({ length: 8 }, () => plane.ask(wrong, governed)));
    await plane.issue(event);
    assert.deepEqual(plane.rows(governed.chainId).slice(0, before.length), before);
    const [row] = before;
    assert.ok(row !== undefined);
    const head = { seq: 0, hash: row.prev };
    const step = {
      chainId: governed.chainId,
      from: head,
      marked: undefined,
      to: head,
      rows: [row],
    };
    assert.equal(await plane.deps.evidence.append(step), "conflict");
  });

  test("UP-22 the call carries exactly the target and parameters of the request, and of no more", async () => {
    const { plane } = await ran(ITEM);
    const [call] = plane.targets.calls;
    assert.equal(call?.input["TableName"], "settings");
    assert.deepEqual(call?.input["Key"], { pk: { S: "svc-a" } });
    assert.equal(call?.input["ReturnValues"], "NONE");
  });

  test("UP-24 without a trust policy, a decision or a bounded action everything is refused; there is no default that allows", async () => {
    const bare = await newPlane({ publish: false });
    assert.equal(refused(await bare.ask()).code, "REGISTRY_STALE");
    const none = await newPlane({ policy: { set: { "/deciders": [] } } });
    assert.equal(refused(await none.ask()).code, "DECISION_SIGNATURE_INVALID");
    const closed = await newPlane({ policy: { set: { "/actions": [] } } });
    assert.equal(refused(await closed.ask()).code, "ACTION_UNREGISTERED");
    for (const plane of [bare, none, closed]) assert.equal(plane.sts.executions.length, 0);
  });

  test("UP-26 there are functions, a stack and tables: what these tests run is what is deployed", () => {
    const root = new URL("../../", import.meta.url);
    const files = (folder: string): string[] => readdirSync(new URL(folder, root));
    assert.ok(files("lambdas").includes("issue.ts") && files("lambdas").includes("govern.ts"));
    assert.ok(files("infra").length > 0 && files("localstack").length > 0);
    assert.ok(files("lib/aws/ports").includes("transaction.ts"));
  });

  test("UP-03 a request's signature is the agent's own, and is kept in evidence to be verified later", async () => {
    const { records } = await ran();
    const requested = records.find(({ event }) => event.type === "IdentityRequested");
    const jws = readJws(requested?.detail["request"], "vai-request+jwt");
    const key = readPublicJwk(KEYS.agent.jwk);
    assert.ok(jws.ok && typeof key !== "string" && verifyJws(jws.value, key));
  });
});
