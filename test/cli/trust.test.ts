import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { describe, type TestContext, test } from "node:test";
import { fromBase64url, toBase64url } from "../../lib/encoding/base64url.ts";
import { canonicalize } from "../../lib/encoding/canonical-json.ts";
import { sha256Digest } from "../../lib/encoding/digest.ts";
import { jwkThumbprint } from "../../lib/encoding/jwk.ts";
import { signJws } from "../../lib/encoding/jws.ts";
import type { EvidenceRow } from "../../lib/evidence/row.ts";
import { KEYS } from "../support/keys.ts";
import { TABLES } from "../support/memory-dynamo.ts";
import type { Plane } from "../support/plane.ts";
import { type Desk, desk } from "./support/plane-endpoint.ts";

const REGISTRY = "plane/registry";
const DIGEST = `sha256:${"0".repeat(64)}`;

/** A desk whose deployment names its anchor, as every one that is deployed does. */
async function anchored(t: TestContext): Promise<Desk> {
  const found = await desk(t);
  const { file } = found;
  const outputs = JSON.parse(readFileSync(file("outputs.json"), "utf8"));
  const { jwk, thumbprint, privateKey } = KEYS.anchor;
  writeFileSync(
    file("outputs.json"),
    JSON.stringify({ ...outputs, anchor: thumbprint, anchorKeys: [jwk] }),
  );
  writeFileSync(file("anchor.json"), JSON.stringify(privateKey.export({ format: "jwk" })));
  return found;
}

/** The draft that would publish a plane's policy again. */
function draftOf({ file, plane }: Desk): string {
  const {
    version: _v,
    prev: _p,
    plane: _i,
    iat: _t,
    exp: _e,
    planeKeys: _k,
    ...draft
  } = plane.policy;
  writeFileSync(file("draft.json"), JSON.stringify(draft));
  return file("draft.json");
}

const lastRow = (plane: Plane): EvidenceRow => plane.rows(REGISTRY).at(-1) as EvidenceRow;

/** Writes the table as whoever lifted its resource policy can. */
const put = (plane: Plane, row: EvidenceRow): void =>
  void plane.dynamo.table(TABLES.evidence).set(`${row.chainId}|${row.seq}`, row as never);

function edited(plane: Plane, edit: (record: never) => void): EvidenceRow {
  const row = lastRow(plane);
  const record = JSON.parse(row.record);
  edit(record as never);
  const text = canonicalize(record);
  return { ...row, record: text, recordHash: sha256Digest(text) };
}

/** The policy in force with another evidence key in it, signed by whom the writer likes. */
function withOwnKey(plane: Plane, signer: typeof KEYS.agent): string {
  const policy = structuredClone(plane.policy);
  const key = { use: "evidence", key: KEYS.otherAgent.jwk, notBefore: 0 } as const;
  return signJws(
    "vai-trust-policy+jwt",
    { ...policy, planeKeys: [...policy.planeKeys, key] },
    signer,
  );
}

type Attack = (plane: Plane) => void | Promise<void>;
type Publication = { detail: { trustPolicy: string; trustPolicyDigest: string } };

const ATTACKS: Readonly<Record<string, Attack>> = {
  "another policy under the old signature": (plane) =>
    put(
      plane,
      edited(plane, ({ detail }: Publication) => {
        const [head, payload = "", signature] = detail.trustPolicy.split(".");
        const policy = JSON.parse(Buffer.from(fromBase64url(payload) ?? []).toString("utf8"));
        policy.issuers[0].name = "forged.issuer.example";
        detail.trustPolicy = [head, toBase64url(canonicalize(policy)), signature].join(".");
      }),
    ),
  "another policy under the writer's own key": (plane) =>
    put(
      plane,
      edited(plane, ({ detail }: Publication) => {
        detail.trustPolicy = withOwnKey(plane, KEYS.agent);
      }),
    ),
  "another policy that an anchor once signed, in a record that nobody sealed": (plane) =>
    put(
      plane,
      edited(plane, ({ detail }: Publication) => {
        const compact = withOwnKey(plane, KEYS.anchor);
        detail.trustPolicy = compact;
        detail.trustPolicyDigest = sha256Digest(compact.slice(0, compact.lastIndexOf(".")));
      }),
    ),
  "a record behind the last one, without a seal of the plane": (plane) => {
    const row = lastRow(plane);
    const record = JSON.parse(row.record);
    record.chain = { ...record.chain, seq: row.seq + 1, prev: row.recordHash };
    put(plane, { ...row, seq: row.seq + 1, sealSeq: row.seq + 1, record: canonicalize(record) });
  },
  "a first record that is gone": async (plane) => {
    await plane.publish();
    plane.dynamo.table(TABLES.evidence).delete(`${REGISTRY}|1`);
  },
  "an earlier record that was edited": async (plane) => {
    await plane.publish();
    const [first] = plane.rows(REGISTRY);
    assert.ok(first);
    put(plane, { ...first, record: first.record.replace('"0.', '"1.') });
  },
};

describe("vai trust, vai policy: what is not verified is not shown, nor continued by the anchor", () => {
  test("VAI-24 an intact chain is shown, continued and used", async (t) => {
    const found = await anchored(t);
    const { vai, file, contract, plane } = found;
    const shown = await vai(["trust", "show"]);
    assert.equal(shown.code, 0, shown.err);
    assert.match(shown.out, /^trust policy 1 of [\s\S]*governance\.example/);
    assert.ok(shown.out.includes(`signed by   ${KEYS.anchor.thumbprint}`));
    const policy = await vai(["policy", contract("held.json", {})]);
    assert.equal(policy.code, 0, policy.err);
    const publish = ["trust", "publish", draftOf(found), "--anchor-key", file("anchor.json")];
    const published = await vai(publish);
    assert.equal(published.code, 0, published.out + published.err);
    assert.match((await vai(["trust", "show"])).out, /^trust policy 2 of/);
    assert.equal(plane.rows(REGISTRY).length, 2);
  });

  for (const [name, attack] of Object.entries(ATTACKS)) {
    test(`VAI-24 ${name}: nothing is shown, derived or signed`, async (t) => {
      const found = await anchored(t);
      const { vai, file, contract, plane } = found;
      const draft = draftOf(found);
      await attack(plane);
      const before = structuredClone(plane.dynamo.table(TABLES.registry));
      const invoked = t.mock.method(plane, "govern");
      for (const args of [
        ["trust", "show"],
        ["trust", "show", "--json"],
        ["policy", contract("held.json", {})],
        ["trust", "publish", draft, "--anchor-key", file("anchor.json")],
      ]) {
        const { code, out, err } = await vai(args);
        assert.deepEqual([code, out], [1, ""], `${args} ${err}`);
        assert.match(err, /^vai: .* is not verified/);
      }
      assert.equal(invoked.mock.callCount(), 0);
      assert.deepEqual(plane.dynamo.table(TABLES.registry), before);
    });
  }

  test("POC-08 POC-02 whom one can hand on to, who approves that, how deep, and the plane's key that a stranger verifies by", async (t) => {
    const { vai, plane } = await anchored(t);
    const jkt = KEYS.refunds.thumbprint;
    const own = plane.policy.planeKeys.find(({ use }) => use === "plane")?.key;
    assert.ok(own);
    const old = { use: "plane", key: KEYS.otherPlane.jwk, notBefore: 0, revokedAt: 1777953000 };
    await plane.publish({
      set: {
        "/planeKeys": [...plane.policy.planeKeys, old],
        "/agents": [
          { name: "spiffe://example.org/agent/refunds", labels: ["refunds", "eu"], jkt },
          { name: "spiffe://example.org/agent/bare", labels: [], jkt: KEYS.ledger.thumbprint },
        ],
        "/approvers": [{ name: "ada", roles: ["sre-lead", "b"], keys: [KEYS.approver.jwk] }],
        "/evaluators": [{ name: "world", class: "state", keys: [KEYS.otherApprover.jwk] }],
        "/governance/LOW/maxDepth": 0,
        "/governance/HIGH/maxDepth": 2,
      },
    });
    const { code, out, err } = await vai(["trust", "show"]);
    assert.equal(code, 0, err);
    const said = out.split("\n");
    assert.deepEqual(
      said.filter((line) => /^(agent|plane key|evaluators|approvers) /.test(line)),
      [
        "evaluators  world (state)",
        "approvers   ada (sre-lead, b)",
        `agent       spiffe://example.org/agent/refunds (refunds, eu), key ${jkt}`,
        `agent       spiffe://example.org/agent/bare (no labels), key ${KEYS.ledger.thumbprint}`,
        `plane key   ${jwkThumbprint(own)}, signs chains and handles`,
        `plane key   ${KEYS.otherPlane.thumbprint}, revoked since 2026-05-05T03:50:00.000Z: what it signed counts for nothing`,
      ],
    );
    assert.deepEqual(
      said
        .filter((line) => line.startsWith("class "))
        .map((line) => line.split(" ").slice(-4).join(" ")),
      [
        "attestations, nobody hands on",
        "chains to depth 8",
        "chains to depth 2",
        "chains to depth 8",
      ],
    );
  });

  test("VAI-24 an anchor of the reader's own choice is the one that counts", async (t) => {
    const { vai, file } = await anchored(t);
    const other = await vai(["trust", "show", "--anchor-key", file("agent.json")]);
    assert.deepEqual([other.code, other.out], [1, ""]);
    assert.match(other.err, /not signed by a given anchor/);
    assert.equal((await vai(["trust", "show", "--anchor-key", file("anchor.json")])).code, 0);
  });

  test("VAI-24 another plane's chain is not shown as this one's", async (t) => {
    const { vai, file } = await anchored(t);
    const outputs = JSON.parse(readFileSync(file("outputs.json"), "utf8"));
    const plane = "vai:000000000000:us-east-1:other";
    writeFileSync(file("other.json"), JSON.stringify({ ...outputs, plane }));
    const { code, out } = await vai(["trust", "show", "--outputs", file("other.json")]);
    assert.deepEqual([code, out], [1, ""]);
  });
});

describe("vai trust publish: a Registry that disagrees with its chain", () => {
  const ROLLED: Readonly<Record<string, Attack>> = {
    "the newest record cut off": (plane) =>
      void plane.dynamo.table(TABLES.evidence).delete(`${REGISTRY}|2`),
    "the whole chain gone": (plane) => {
      for (const seq of [1, 2]) plane.dynamo.table(TABLES.evidence).delete(`${REGISTRY}|${seq}`);
    },
    "the Registry's head turned back": (plane) => {
      const table = plane.dynamo.table(TABLES.registry);
      table.set("registry|head", { ...table.get("registry|head"), version: 1 });
    },
    "a head that names another digest": (plane) => {
      const table = plane.dynamo.table(TABLES.registry);
      table.set("registry|head", { ...table.get("registry|head"), trustPolicyDigest: DIGEST });
    },
  };
  for (const [name, attack] of Object.entries(ROLLED)) {
    test(`VAI-24 ${name}: the anchor signs nothing`, async (t) => {
      const found = await anchored(t);
      const { vai, file, plane } = found;
      await plane.publish();
      await attack(plane);
      const invoked = t.mock.method(plane, "govern");
      const { code, out, err } = await vai([
        ...["trust", "publish", draftOf(found), "--anchor-key", file("anchor.json")],
      ]);
      assert.deepEqual([code, out], [1, ""], err);
      assert.match(err, /is not verified/);
      assert.equal(invoked.mock.callCount(), 0);
    });
  }
});

test("VAI-24 what vai export copied is said to be unverified", async (t) => {
  const { vai, file, plane } = await anchored(t);
  const { evidence } = await plane.grant();
  const intent = evidence.chainId.slice("intent/".length);
  const args = ["export", file("evidence"), "--intent", intent];
  const { code, out, err } = await vai(args);
  assert.equal(code, 0, err);
  assert.match(out, /^unverified: [\s\S]*^next +npx --no -- vai verify/m);
  assert.ok(existsSync(file("evidence/manifest.json")));
  const json = await vai(["export", file("again"), "--intent", intent, "--json"]);
  assert.equal(JSON.parse(json.out).verified, false);
});
