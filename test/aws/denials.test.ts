import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { TransactionCanceledException } from "@aws-sdk/client-dynamodb";
import { DynamoDenialStore } from "../../lib/aws/ports/denials.ts";
import { DynamoOpenStore } from "../../lib/aws/ports/open-view.ts";
import { type Mark, readMarks } from "../../lib/lifecycle/mark.ts";
import { Fault } from "../../lib/refusal.ts";
import { Faults } from "../support/faults.ts";
import { MemoryDynamo, TABLES } from "../support/memory-dynamo.ts";
import { tooPrecise } from "../support/too-precise.ts";

/** Denials and views in DynamoDB, beside whatever a writer of State has left there. */

const CHAIN = "intent/a";
const HEAD = { pk: `chain#${CHAIN}`, sk: "head" };
const MARK: Mark = { at: 1, code: "CONTRACT_REVOKED", trigger: "operator", identityId: "a" };

function stores() {
  const dynamo = new MemoryDynamo(new Faults());
  const client = dynamo.client();
  const state = dynamo.table(TABLES.state);
  const put = (item: Record<string, unknown> & { pk: string; sk: string }): void =>
    void state.set(`${item.pk}|${item.sk}`, item);
  const head = () => state.get(`${HEAD.pk}|head`) ?? {};
  return {
    ...{ dynamo, put, head },
    denials: new DynamoDenialStore(client, TABLES),
    open: new DynamoOpenStore(client, TABLES.state),
  };
}

suite("marks in DynamoDB", () => {
  test("VAI-115 each is added behind the others, and raises the counter", async () => {
    const { denials, head } = stores();
    assert.equal(await denials.mark({ chainId: CHAIN, mark: MARK }), "marked");
    const other = { ...MARK, identityId: "b" };
    assert.equal(await denials.mark({ chainId: CHAIN, mark: other }), "marked");
    const due = "1970-01-01T00:00:01.000Z";
    assert.deepEqual(head(), { ...HEAD, marks: [MARK, other], marked: 2, due });
  });

  test("VAI-115 an append beside it keeps no denial from being committed: it is tried again, and not for ever", async () => {
    const conflict = () =>
      new TransactionCanceledException({
        ...{ message: "cancelled", $metadata: {} },
        CancellationReasons: [{ Code: "TransactionConflict" }],
      });
    for (const [conflicts, expected] of [
      [3, "marked"],
      [100, undefined],
    ] as const) {
      let left = conflicts;
      const send = async () => {
        if (left-- > 0) throw conflict();
        return {};
      };
      const denials = new DynamoDenialStore({ send } as never, TABLES);
      const marked = denials.mark({ chainId: CHAIN, mark: MARK });
      if (expected === undefined) await assert.rejects(marked, Fault);
      else assert.equal(await marked, expected);
    }
  });

  test("VAI-120 with a key that is held nothing is marked", async () => {
    const { denials, head } = stores();
    const key = { pk: "command#a", sk: "command", value: "one" };
    assert.equal(await denials.mark({ chainId: CHAIN, mark: MARK, key }), "marked");
    for (const value of ["one", "two"]) {
      const other = { ...key, value };
      assert.equal(await denials.mark({ chainId: CHAIN, mark: MARK, key: other }), "taken");
    }
    assert.equal(head()["marked"], 1);
    assert.equal(await denials.valueOf(key), "one");
  });

  for (const [what, left] of Object.entries({
    "text in place of the list": { marks: "x", marked: 3 },
    "text in place of the counter": { marks: [], marked: "x" },
    "a map and a list": { marks: { a: 1 }, marked: [] },
  })) {
    test(`VAI-115 ${what} keeps no denial from being committed, and goes on denying the whole intent`, async () => {
      const { denials, head, put } = stores();
      put({ ...HEAD, seq: 4, hash: "sha256:x", ...left });
      assert.equal(await denials.mark({ chainId: CHAIN, mark: MARK }), "marked");
      const { marks, legible, isIllegible } = { ...readMarks(head()), ...head() } as never;
      assert.deepEqual([legible, isIllegible, (marks as unknown[]).length], [[MARK], true, 2]);
      assert.equal(typeof head()["marked"], "number");
      assert.equal(head()["seq"], 4, "the chain's end stays");
    });
  }
});

suite("what is open, by index", () => {
  const open = (identities: unknown) => ({
    view: "open#0",
    due: "2026-01-01T00:00:00.000Z",
    open: { identities },
  });

  test("VAI-129 what is due now is listed, and what is not due is not", async () => {
    const { open: store, put } = stores();
    put({ ...HEAD, ...open([]) });
    assert.deepEqual(await store.due("2026-01-01T00:00:00.000Z"), [CHAIN]);
    assert.deepEqual(await store.due("2025-12-31T23:59:59.999Z"), []);
    assert.deepEqual(await store.all(), [CHAIN]);
  });

  test("VAI-129 VAI-118 whatever stands on later pages of an index is found too", async () => {
    const { dynamo, open: store, denials, put } = stores();
    const chains = Array.from({ length: 60 }, (_, n) => `intent/${`${n}`.padStart(2, "0")}`);
    for (const chainId of chains) {
      put({ pk: `chain#${chainId}`, sk: "head", ...open([]) });
      const row = { chainId, seq: 1, eventType: "IdentityIssued", at: "2026-01-01T00:00:00.000Z" };
      dynamo.table(TABLES.evidence).set(`${chainId}|1`, row);
    }
    assert.deepEqual((await store.all()).toSorted(), chains);
    const since = async (instant: string) => (await denials.issuedSince(instant)).toSorted();
    assert.deepEqual(await since("2026-01-01T00:00:00.000Z"), chains);
    assert.deepEqual(await since("2026-01-01T00:00:00.001Z"), []);
  });

  test("VAI-129 an item that is no intent's head is passed over", async () => {
    const { open: store, put } = stores();
    put({ pk: "chain#plane/registry", sk: "head", ...open([]) });
    put({ pk: "other", sk: "head", ...open([]) });
    assert.deepEqual(await store.all(), []);
  });

  test("VAI-129 a view of another form names nobody", async () => {
    const { open: store, put } = stores();
    put({ ...HEAD, ...open([{ jkt: "k", actor: "a" }, { jkt: 1 }, null, "x"]) });
    put({ pk: "chain#intent/b", sk: "head", ...open("x") });
    put({ pk: "chain#intent/c", sk: "head", ...open(undefined), open: "x" });
    assert.deepEqual(await store.identities(), [{ jkt: "k", actor: "a" }]);
  });

  test("VAI-115 VAI-129 one item with a number that JavaScript cannot hold hides no other item", async () => {
    const { dynamo, open: store, denials, put } = stores();
    const honest = { jkt: "k", actor: "a" };
    const at = "2026-01-01T00:00:00.000Z";
    put({ ...HEAD, ...open([honest]) });
    put({ pk: "chain#intent/b", sk: "head", ...open([{ ...honest, id: tooPrecise() }]) });
    put({ pk: "revoked#r", sk: "000000000999#role", x: tooPrecise() });
    for (const chainId of ["intent/a", "intent/b"]) {
      const row = { chainId, seq: 1, eventType: "IdentityIssued", at, identityId: chainId };
      dynamo.table(TABLES.evidence).set(`${chainId}|1`, { ...row, x: tooPrecise() });
    }
    assert.deepEqual((await store.all()).toSorted(), ["intent/a", "intent/b"]);
    assert.ok((await store.identities()).some((each) => each.id === undefined));
    assert.deepEqual((await denials.issuedSince(at)).toSorted(), ["intent/a", "intent/b"]);
    assert.deepEqual(await denials.chainsOf("intent/a"), ["intent/a"]);
    const forged = { chainId: "plane/registry", seq: 9, eventType: "IdentityIssued", at };
    dynamo.table(TABLES.evidence).set("plane/registry|9", { ...forged, identityId: "intent/a" });
    assert.deepEqual(await denials.chainsOf("intent/a"), ["intent/a"]);
    assert.deepEqual((await denials.issuedSince(at)).toSorted(), ["intent/a", "intent/b"]);
  });
});
