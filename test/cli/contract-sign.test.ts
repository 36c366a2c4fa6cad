import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import { refusedLines } from "../../lib/cli/answers.ts";
import { refuse } from "../../lib/refusal.ts";
import { KEYS } from "../support/keys.ts";
import { type Desk, desk, type Ran } from "./support/plane-endpoint.ts";

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
