import assert from "node:assert/strict";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fromCdkOutputs } from "../../lib/cli/cdk-outputs.ts";
import { readDeployment } from "../../lib/cli/deployment.ts";
import { counted } from "../../lib/cli/plural.ts";
import { parseContract } from "../../lib/index.ts";
import { KEYS } from "../support/keys.ts";
import { desk, run } from "./support/plane-endpoint.ts";

const DRAFT = {
  purpose: "let an unmodified client work on one table",
  actor: { id: "spiffe://example.org/agent/coordinator", kind: "agent" },
  risk: "LOW",
  deliveries: ["credentials"],
  steps: [
    {
      id: "table",
      actions: ["dynamodb:UpdateItem"],
      resources: ["arn:aws:dynamodb:us-east-1:000000000000:table/settings"],
      parameters: "unbounded",
      limits: { calls: 2 },
    },
  ],
  window: { seconds: 600 },
};

const STACK = {
  Plane: "vai:111122223333:eu-west-1:payments",
  IssueFunction: "vai-payments-issue",
  IssueUrl: "https://issue.example/",
  ExecuteFunction: "vai-payments-execute",
  ExecuteUrl: "https://execute.example/",
  DelegateUrl: "https://delegate.example/",
  GovernFunction: "vai-payments-govern",
  DelegateFunction: "vai-payments-delegate",
  RevokeFunction: "vai-payments-revoke",
  SweepFunction: "vai-payments-sweep",
  EvidenceTable: "vai-payments-evidence",
  StateTable: "vai-payments-state",
  RegistryTable: "vai-payments-registry",
  EvidenceKeyId: "evidence-key",
  PlaneKeyId: "plane-key",
};

describe("vai contract sign", () => {
  test("VAI-44 makes a contract for credentials alone, bounded by action, resource and window", async (t) => {
    const { file, vai } = await desk(t);
    const names: Readonly<Record<string, string>> = {
      issuer: "issuer.json",
      decider: "decider.json",
    };
    for (const [role, name] of Object.entries(names)) {
      const key = KEYS[role as "issuer" | "decider"].privateKey;
      writeFileSync(file(name), JSON.stringify(key.export({ format: "jwk" })));
    }
    writeFileSync(file("draft.json"), JSON.stringify(DRAFT));
    const policy = { id: "baseline", version: "1", digest: `sha256:${"17".repeat(32)}` };
    writeFileSync(file("policy.json"), JSON.stringify(policy));
    writeFileSync(file("trust.json"), JSON.stringify({ policies: [policy], issuers: [] }));
    const sign = [
      ...["contract", "sign", file("draft.json"), "--out", file("held.json")],
      ...["--issuer-key", file("issuer.json"), "--issuer-name", "governance.example"],
      ...["--decider-key", file("decider.json"), "--decider-name", "policy.example"],
    ];
    writeFileSync(file("half.json"), JSON.stringify({ ...policy, version: "\ud800" }));
    const half = await vai([...sign, "--policy", file("half.json")]);
    assert.deepEqual([half.code, /lone surrogate/.test(half.err)], [2, true], half.err);
    const without = await vai(sign);
    assert.equal(without.code, 2);
    assert.match(without.err, /names no policy .*--policy FILE/);
    const signed = await vai([...sign, "--policy", file("policy.json")]);
    assert.equal(signed.code, 0, signed.err);
    assert.equal(statSync(file("held.json")).mode & 0o777, 0o600);
    const before = readFileSync(file("held.json"), "utf8");
    const contract = parseContract(JSON.parse(before).contract) as { deliveries: string[] };
    assert.deepEqual(contract.deliveries, ["credentials"]);
    const again = await vai(sign);
    assert.equal(again.code, 2);
    assert.match(again.err, /held\.json exists already; .*--force/);
    assert.equal(
      readFileSync(file("held.json"), "utf8"),
      before,
      "the first contract is still there",
    );
    const anew = await vai([...sign, "--force", "--policy", file("trust.json")]);
    assert.equal(anew.code, 0, anew.err);
    assert.notEqual(readFileSync(file("held.json"), "utf8"), before);
    assert.match(
      anew.out,
      /held\.json \(readable by its owner alone; in the place of an older one\)$/m,
    );
  });
});

describe("the deployment that a command is for", () => {
  test("USR-12 what cdk deploy wrote is as good as outputs.json, also beside other stacks", async (t) => {
    const { file } = await desk(t);
    const path = file("cdk.json");
    writeFileSync(path, JSON.stringify({ samples: { SampleTable: "s" }, "vai-payments": STACK }));
    const io = { out: () => {}, err: () => {}, environment: {}, isTerminal: false };
    const deployment = readDeployment(io, path);
    assert.equal(deployment.region, "eu-west-1");
    assert.deepEqual(deployment.functions, {
      issue: "vai-payments-issue",
      execute: "vai-payments-execute",
      delegate: "vai-payments-delegate",
      govern: "vai-payments-govern",
      revoke: "vai-payments-revoke",
      sweep: "vai-payments-sweep",
    });
    assert.deepEqual([deployment.planeKeyId, deployment.samples], ["plane-key", undefined]);
    assert.equal(deployment.retain, undefined);
    writeFileSync(path, JSON.stringify({ "vai-payments": { ...STACK, Retain: "false" } }));
    assert.equal(readDeployment(io, path).retain, false);
    const { RevokeFunction: _, ...older } = STACK;
    writeFileSync(path, JSON.stringify({ "vai-payments": older }));
    assert.throws(() => readDeployment(io, path), /\/functions\/revoke .*of this version\?/);
  });

  test("USR-12 outputs that name no plane are named, before anything is signed for it", async (t) => {
    const { file } = await desk(t);
    const path = file("outputs.json");
    const outputs = JSON.parse(readFileSync(path, "utf8"));
    writeFileSync(path, JSON.stringify({ ...outputs, plane: "none" }));
    const io = { environment: {} };
    assert.throws(() => readDeployment(io, path), /\/plane is not a plane's id/);
  });

  test("USR-12 anything else is left as it is, to be judged as outputs.json", () => {
    for (const value of [
      null,
      7,
      "text",
      [],
      {},
      { a: null },
      { a: { ...STACK, Plane: "none" } },
    ]) {
      assert.equal(fromCdkOutputs(value), value);
    }
  });

  test("USR-12 without a deployment a command says what it needs one for, and how to get one", async () => {
    const nowhere = { environment: { VAI_OUTPUTS: join("/nowhere", "outputs.json") } };
    const policy = await run(["policy", "held.json"], nowhere);
    assert.equal(policy.code, 2);
    assert.match(
      policy.err,
      /reads the trust policy in force .*there is no .*which VAI_OUTPUTS names: .*--outputs FILE/,
    );
    assert.doesNotMatch(policy.err, /local:up/);
    const doctor = await run(["doctor"], nowhere);
    assert.equal(doctor.code, 2);
  });
});

test("USR-11 counts read as people write them", () => {
  assert.deepEqual(
    [counted(0, "record"), counted(1, "record"), counted(2, "policy", "policies")],
    ["0 records", "1 record", "2 policies"],
  );
});
