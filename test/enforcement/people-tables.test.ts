import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Item } from "../support/dynamo-expressions.ts";
import type { Governed, Mutation } from "../support/governed.ts";
import { TABLES } from "../support/memory-dynamo.ts";
import { approval, attestation } from "../support/people.ts";
import { newPlane, type Plane } from "../support/plane.ts";
import { SHIFT_STEP } from "../support/shift-step.ts";

/*
 * Somebody can write one of the tables and holds no key. What people have said stands in records: whoever changes, removes
 * or puts back one of them, or the view that says when a duty is due, stops the intent or changes nothing.
 */

const codeOf = (answer: { readonly ok: boolean; readonly code?: string }): string =>
  answer.ok ? "ok" : `${answer.code}`;

const STEP = { ...SHIFT_STEP, gate: "approval" };
const STEPS = [
  { ...STEP, id: "shift" },
  { ...STEP, id: "more" },
];
/** Two steps, each behind a gate. */
const GATED: Mutation = {
  contract: { set: { "/authorization_details": STEPS } },
  decision: { set: { "/boundary/authorization_details": STEPS } },
};
const DUE = 10;
const PROMISED: Mutation = {
  contract: {
    set: {
      "/obligations": [{ kind: "event", name: "seen", dueSeconds: DUE }],
      "/authorization_details/0/limits": { calls: 2 },
    },
  },
  decision: { set: { "/boundary/authorization_details/0/limits": { calls: 2 } } },
};

interface Said {
  readonly plane: Plane;
  readonly governed: Governed;
}

/** What somebody with write access to one table does; `before`: that table as it was before people spoke. */
type Edit = (said: Said, before: ReadonlyMap<string, Item>) => void;

const evidence = ({ plane }: Said) => plane.dynamo.table(TABLES.evidence);
const head = ({ plane, governed }: Said): [ReturnType<typeof evidence>, string, Item] => {
  const state = plane.dynamo.table(TABLES.state);
  const key = `chain#${governed.chainId}|head`;
  const item = state.get(key);
  assert.ok(item);
  return [state, key, item];
};

/** The row of the last record of a type. */
function rowOf(said: Said, type: string): readonly [string, Item] {
  const own = [...evidence(said)].filter(
    ([, item]) => item["chainId"] === said.governed.chainId && item["eventType"] === type,
  );
  const last = own.at(-1);
  assert.ok(last, type);
  return last;
}

const changed =
  (type: string, from: string, to: string): Edit =>
  (said) => {
    const [key, item] = rowOf(said, type);
    const record = String(item["record"]).replace(from, to);
    assert.notEqual(record, item["record"]);
    evidence(said).set(key, { ...item, record });
  };
const removed =
  (type: string): Edit =>
  (said) => {
    evidence(said).delete(rowOf(said, type)[0]);
  };
/** Whoever has kept the table puts it back as it was. */
const putBack =
  (table: keyof typeof TABLES): Edit =>
  ({ plane }, before) => {
    const rows = plane.dynamo.table(TABLES[table]);
    rows.clear();
    for (const [key, item] of before) rows.set(key, item);
  };

async function objected(): Promise<Said & { readonly speak: () => Promise<void> }> {
  const plane = await newPlane();
  const governed = plane.contract();
  const { contract, proof, contractDigest } = governed;
  assert.ok((await plane.govern({ op: "register", contract, proof })).ok);
  const no = attestation(plane, governed, "state.example", { set: { "/verdict": "reject" } });
  const speak = async () => {
    assert.ok((await plane.govern({ op: "attest", contractDigest, attestation: no })).ok);
  };
  return { plane, governed, speak };
}

async function opened(): Promise<Said & { readonly speak: () => Promise<void> }> {
  const plane = await newPlane();
  const governed = plane.contract(GATED);
  const { contract, proof, contractDigest } = governed;
  assert.ok((await plane.govern({ op: "register", contract, proof })).ok);
  const yes = approval(plane, governed, "ada", { step: "shift" });
  const speak = async () => {
    assert.ok((await plane.govern({ op: "approve", contractDigest, approval: yes })).ok);
  };
  return { plane, governed, speak };
}

const copyOf = (plane: Plane, table: keyof typeof TABLES): ReadonlyMap<string, Item> =>
  structuredClone(plane.dynamo.table(TABLES[table]));

suite("a table edited by somebody without keys: what people have said", () => {
  const OBJECTION: readonly (readonly [string, keyof typeof TABLES, Edit])[] = [
    ["changed into a yes", "evidence", changed("AttestationRecorded", "reject", "approve")],
    ["removed", "evidence", removed("AttestationRecorded")],
    ["taken back with all of Evidence", "evidence", putBack("evidence")],
    ["taken back with all of State", "state", putBack("state")],
  ];
  for (const [what, table, edit] of OBJECTION) {
    test(`VAI-12 ADV-19 ADV-20 ADV-30 an objection ${what} lets nothing through`, async () => {
      const { speak, ...said } = await objected();
      const before = copyOf(said.plane, table);
      await speak();
      edit(said, before);
      assert.equal(codeOf(await said.plane.ask({}, said.governed)), "EVIDENCE_CHAIN_BROKEN");
      assert.deepEqual([said.plane.targets.calls, said.plane.sts.executions], [[], []]);
    });
  }

  const GATE: readonly (readonly [string, keyof typeof TABLES, Edit])[] = [
    ["opened in a record", "evidence", changed("GateOpened", "shift", "more")],
    ["opened in its approval", "evidence", changed("ApprovalRecorded", "shift", "more")],
    ["whose opening was removed", "evidence", removed("GateOpened")],
    ["whose approval was removed", "evidence", removed("ApprovalRecorded")],
  ];
  for (const [what, table, edit] of GATE) {
    test(`VAI-12 VAI-74 ADV-20 behind a gate ${what} nothing goes`, async () => {
      const { speak, ...said } = await opened();
      const before = copyOf(said.plane, table);
      await speak();
      edit(said, before);
      const asking = { request: { set: { "/step": "more" } } };
      assert.equal(codeOf(await said.plane.ask(asking, said.governed)), "EVIDENCE_CHAIN_BROKEN");
      assert.deepEqual(said.plane.targets.calls, []);
    });
  }

  const DUTIES: readonly (readonly [string, (open: Record<string, unknown>) => object])[] = [
    ["later", (view) => ({ ...view, due: "2030-01-01T00:00:00.000Z" })],
    ["of nothing", ({ view: _, due: __, open: ___, ...rest }) => rest],
    ["fulfilled", (view) => ({ ...view, open: { ...(view["open"] as object), duties: [] } })],
  ];
  for (const [what, edit] of DUTIES) {
    test(`VAI-48 VAI-75 ADV-20 a duty that State's view says is ${what} is due as its records say`, async () => {
      const plane = await newPlane();
      const governed = plane.contract(PROMISED);
      await plane.grant({}, governed);
      const [state, key, item] = head({ plane, governed });
      state.set(key, edit({ ...item }) as Item);
      plane.world.pass(DUE + 1);
      assert.equal(codeOf(await plane.ask({}, governed)), "CONTRACT_CONSUMED");
      state.set(key, { ...(state.get(key) ?? {}), ...viewOf(item) } as Item);
      plane.world.pass(120);
      await plane.sweep();
      const types = plane.types(governed.chainId);
      assert.equal(types.filter((type) => type === "ObligationMissed").length, 1, types.join());
      assert.equal(types.filter((type) => type === "ExecutionIncomplete").length, 1);
    });
  }
});

/** What lists an intent where `sweep` looks. */
const viewOf = ({ view, due, open }: Item) => ({ view, due, open });
