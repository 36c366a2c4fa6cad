import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import { refusedLines } from "../../lib/cli/answers.ts";
import { documentDigest } from "../../lib/encoding/canonical-json.ts";
import { readDecision } from "../../lib/proof/proof.ts";
import { refuse } from "../../lib/refusal.ts";
import { KEYS } from "../support/keys.ts";
import { changed } from "../support/mutate.ts";
import { START } from "../support/world.ts";
import { type Desk, desk, type Ran } from "./support/plane-endpoint.ts";

const OTHER = KEYS.stranger.jwk;
const TABLE = "arn:aws:dynamodb:us-east-1:000000000000:table/";
const STEP = {
  id: "table",
  actions: ["dynamodb:UpdateItem"],
  resources: [`${TABLE}settings`],
  parameters: "unbounded",
  limits: { calls: 2 },
};
const DRAFT = {
  purpose: "let an unmodified client work on one table",
  actor: { id: "spiffe://example.org/agent/coordinator", kind: "agent" },
  risk: "LOW",
  deliveries: ["credentials"],
  steps: [STEP],
  window: { seconds: 600 },
};

/** Signs the draft with one change. */
function signed({ file, vai }: Desk, change: object, ...more: string[]): Promise<Ran> {
  for (const role of ["issuer", "decider"] as const) {
    const key = KEYS[role].privateKey.export({ format: "jwk" });
    writeFileSync(file(`${role}.json`), JSON.stringify(key));
  }
  writeFileSync(file("draft.json"), JSON.stringify({ ...DRAFT, ...change }));
  const policy = { id: "baseline", version: "1", digest: `sha256:${"17".repeat(32)}` };
  writeFileSync(file("policy.json"), JSON.stringify(policy));
  return vai([
    ...["contract", "sign", file("draft.json"), "--out", file("held.json")],
    ...["--issuer-key", file("issuer.json"), "--issuer-name", "governance.example"],
    ...["--decider-key", file("decider.json"), "--decider-name", "policy.example"],
    ...["--policy", file("policy.json"), ...more],
  ]);
}

const step = (change: object) => ({ steps: [{ ...STEP, ...change }] });

const key = (exact: string | boolean) => ({ "key/pk": { exact } });
/** A step that the plane runs: one item, and what may be set. */
const run = (weight: object, named: object = key("a")) => ({
  deliveries: ["execute"],
  ...step({ parameters: { ...named, "set/weight": weight } }),
});

/** Drafts that no plane of this version could grant anything under. */
const HOPELESS: readonly (readonly [name: string, code: string, change: object])[] = [
  ["a wildcard", "CONTRACT_OVERBROAD", step({ resources: [`${TABLE}settings*`] })],
  ["the plane's own table", "CONTRACT_OVERBROAD", step({ resources: [`${TABLE}vai-test-state`] })],
  ["an unknown action", "ACTION_UNREGISTERED", step({ actions: ["dynamodb:DeleteItem"] })],
  [
    "a resource that the action cannot work on",
    "SESSION_POLICY_INEXPRESSIBLE",
    step({ resources: ["arn:aws:s3:::bucket/key"] }),
  ],
  [
    "a resource of another region",
    "SESSION_POLICY_INEXPRESSIBLE",
    step({ resources: [`${TABLE}settings`.replace("us-east-1", "eu-west-1")] }),
  ],
  [
    "credentials with an obligation",
    "DIRECT_MODE_FORBIDDEN",
    { obligations: [{ kind: "readBack", name: "seen", dueSeconds: 60 }] },
  ],
  ["a window that is over", "CONTRACT_", { window: { startsIn: -900, seconds: 600 } }],
  ["a range whose ends are swapped", "PARAMETER_OUT_OF_BOUNDS", run({ range: { min: 9, max: 1 } })],
  [
    "two constraints that no value meets",
    "PARAMETER_OUT_OF_BOUNDS",
    run({ all: [{ oneOf: ["a", "b"] }, { notOneOf: ["a", "b"] }] }),
  ],
  ["an item that nothing names", "PARAMETER_OUT_OF_BOUNDS", run({ exact: 1 }, {})],
  ["nothing that may be set", "PARAMETER_OUT_OF_BOUNDS", run({ absent: true })],
  ["a key of a type that no key has", "PARAMETER_OUT_OF_BOUNDS", run({ exact: 1 }, key(true))],
];

describe("vai contract sign", () => {
  for (const [name, code, change] of HOPELESS) {
    test(`USR-11 does not sign what could never be used, unless forced: ${name}`, async (t) => {
      const table = await desk(t);
      const refused = await signed(table, change);
      assert.equal(refused.code, 2, refused.out);
      assert.match(refused.err, new RegExp(`not signed, .* ${code}.*--force`));
      assert.equal(existsSync(table.file("held.json")), false);
      const forced = await signed(table, change, "--force");
      assert.equal(forced.code, 0, forced.err);
    });
  }

  const GOOD = run({ range: { min: 1, max: 9 } });

  test("USR-11 says that it cannot know the trust policy's part, and signs", async (t) => {
    const table = await desk(t);
    const { code, out, err } = await signed(table, GOOD);
    assert.equal(code, 0, err);
    assert.match(out, /^not checked +whether .*class and window: the anchor's public key is not/m);
  });

  /** Trust policies, by what is changed of a good one, under which nothing of the draft could be granted. */
  const FORBIDDEN: readonly (readonly [
    name: string,
    code: string,
    change: object,
    draft?: object,
  ])[] = [
    ["a window longer than its class's", "TTL_EXCEEDED", { "/governance/LOW/maxSeconds": 599 }],
    ["a class below its action's", "RISK_CLASS_UNDERSTATED", { "/actions/1/risk": "MEDIUM" }],
    ["an action that is not opened", "ACTION_UNREGISTERED", { "/actions": [] }],
    ["an issuer with another key", "CONTRACT_ISSUER_UNTRUSTED", { "/issuers/0/keys": [OTHER] }],
    ["an issuer of another action", "CONTRACT_ISSUER_UNTRUSTED", { "/issuers/0/actions": [] }],
    ["a decider with another key", "DECISION_SIGNATURE_INVALID", { "/deciders/0/keys": [OTHER] }],
    ["an executor of governance", "EXECUTOR_MISMATCH", { "/auditors/0/keys": [KEYS.agent.jwk] }],
    [
      "credentials in a class without",
      "DIRECT_MODE_FORBIDDEN",
      { "/governance/LOW/credentials": false },
      {},
    ],
  ];
  for (const [name, code, change, draft = GOOD] of FORBIDDEN) {
    test(`USR-11 does not sign what the trust policy forbids, unless forced: ${name}`, async (t) => {
      const table = await desk(t);
      const trust = (set: object): string[] => {
        const policy = changed(table.plane.policy, { set } as never, START);
        writeFileSync(table.file("trust.json"), JSON.stringify(policy));
        return ["--policy", table.file("trust.json")];
      };
      const refused = await signed(table, draft, ...trust(change));
      assert.equal(refused.code, 2, refused.out);
      assert.match(refused.err, new RegExp(`not signed, .* ${code}.*--force`));
      assert.equal(existsSync(table.file("held.json")), false);
      const good = await signed(table, draft, ...trust({}));
      assert.match(good.out, /^checked +issuer, .*the draft of --policy/m, good.err);
      const forced = await signed(table, draft, ...trust(change), "--force");
      assert.equal(forced.code, 0, forced.err);
    });
  }

  for (const [name, change] of [
    ["approvals", { "/governance/LOW/approvals": 1 }],
    ["attestations", { "/governance/LOW/attestations": 1 }],
    ["classes", { "/governance/LOW/classes": 1 }],
    ["a veto", { "/governance/LOW/veto": ["human"] }],
    ["nobody", {}],
  ] as const) {
    test(`DTF-10 ADV-54 a decision of a class that asks for ${name} says under which thresholds it was taken, or needs not; then comes who is asked first`, async (t) => {
      const table = await desk(t);
      const policy = changed(table.plane.policy, { set: change } as never, START);
      writeFileSync(table.file("trust.json"), JSON.stringify(policy));
      const { code, out, err } = await signed(table, GOOD, "--policy", table.file("trust.json"));
      assert.equal(code, 0, err);
      const { proof } = JSON.parse(readFileSync(table.file("held.json"), "utf8"));
      const read = readDecision(proof.decision, "");
      assert.ok("claims" in read);
      const isAsked = name !== "nobody";
      assert.equal(
        read.claims.governanceDigest,
        isAsked ? documentDigest((policy as { governance: object }).governance) : undefined,
      );
      assert.match(out, isAsked ? /^next +.* vai register \S+held\.json$/m : /vai issue/);
      assert.equal(/vai register/.test(out), isAsked);
    });
  }

  test("USR-11 the local AWS's policy in force is read, verified, and what it is judged by", async (t) => {
    const table = await desk(t);
    const known = JSON.parse(readFileSync(table.file("outputs.json"), "utf8"));
    const anchored = { ...known, anchorKeys: [KEYS.anchor.jwk] };
    writeFileSync(table.file("outputs.json"), JSON.stringify(anchored));
    const good = await signed(table, GOOD);
    assert.match(good.out, /^checked +issuer, .*version 1 in force/m, good.err);
    rmSync(table.file("held.json"));
    const long = await signed(table, { ...GOOD, window: { seconds: 3601 } });
    assert.match(long.err, /not signed, .* TTL_EXCEEDED/);
  });

  test("USR-11 what comes next follows from the deliveries", async (t) => {
    const table = await desk(t);
    const direct = await signed(table, {});
    assert.match(direct.out, /fill in +npx --no -- vai credentials \S+held\.json -- PROGRAM$/m);
    const parameters = { "key/pk": { exact: "a" }, "set/weight": { range: { max: 9 } } };
    const change = { deliveries: ["execute", "handle"], ...step({ parameters }) };
    const run = await signed(table, change, "--force");
    assert.match(run.out, /fill in +npx --no -- vai issue \S+held\.json --set set\/weight=VALUE$/m);
  });
});

test("USR-11 what a command refuses by itself reads as what the plane refuses, without a stage", () => {
  const { refused: _marker, ...refusal } = refuse("CONTRACT_OVERBROAD", "too broad", "/contract/x");
  assert.deepEqual(refusedLines(refusal), [
    "refused    CONTRACT_OVERBROAD",
    "why        too broad",
    "where      /contract/x",
  ]);
});
