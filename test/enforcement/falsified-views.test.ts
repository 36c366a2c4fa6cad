import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { DynamoOpenStore } from "../../lib/aws/ports/open-view.ts";
import { type SeenView, type Status, seenView, statusOf } from "../../lib/cli/status/status.ts";
import type { Swept } from "../../lib/enforcement/sweep.ts";
import { genesisHead } from "../../lib/evidence/chain.ts";
import { VIEWS, viewKey } from "../../lib/lifecycle/view.ts";
import { HANDLE } from "../support/deliveries.ts";
import type { Mutation } from "../support/governed.ts";
import { TABLES } from "../support/memory-dynamo.ts";
import { newPlane, type Plane } from "../support/plane.ts";

/*
 * What operators see stands on items that whoever writes State can falsify. Enforcement reads none of it, and `sweep` sets
 * it right within an hour from what evidence says (PROTOCOL.md §10, Views).
 */

type Item = Record<string, unknown>;

/** What somebody does to the head of an intent, and what was on it before if it has ended. */
interface Falsification {
  readonly what: string;
  readonly falsify: (head: Item, before: Item) => void;
}

const remove =
  (...names: readonly string[]) =>
  (head: Item): void => {
    for (const name of names) delete head[name];
  };
const put =
  (values: Item) =>
  (head: Item): void =>
    void Object.assign(head, values);
const otherBucket = (head: Item): void => {
  head["view"] = VIEWS[(VIEWS.indexOf(String(head["view"])) + 1) % VIEWS.length];
};
const invented = {
  ...{ id: "01INVENTED", contractDigest: "sha256:0", state: "ISSUED", jkt: "j", step: "s" },
  ...{ delivery: "credentials", session: "vai-x", issuedAt: "2026-01-01T00:00:00.000Z" },
  ...{ expiresAt: "2099-01-01T00:00:00.000Z", until: "2099-01-01T00:00:00.000Z" },
};
const LATER = "2099-01-01T00:00:00.000Z";
/** Behind every instant that is asked for, so that no list has it. */
const NEVER = "zzzz";

/** An intent with a handle that waits and a use that is left. */
const OF_OPEN: readonly Falsification[] = [
  { what: "its view is removed", falsify: remove("view") },
  { what: "its due is removed", falsify: remove("due") },
  { what: "its open is removed", falsify: remove("open") },
  { what: "all of it is removed", falsify: remove("view", "due", "open") },
  { what: "it is in another list", falsify: otherBucket },
  { what: "it is in a list that nobody asks for", falsify: put({ view: "open#g" }) },
  { what: "it is due much later", falsify: put({ due: LATER }) },
  { what: "it is due at a time that is none", falsify: put({ due: NEVER }) },
  { what: "it is due long since", falsify: put({ due: "2000" }) },
  { what: "it has nothing open", falsify: put({ open: { identities: [], contracts: [] } }) },
  { what: "its open is a text", falsify: put({ open: "none" }) },
  { what: "its open is a number", falsify: put({ open: 7 }) },
  { what: "its open is a list", falsify: put({ open: [1] }) },
  {
    what: "an identity is invented beside",
    falsify: (head) => {
      const { identities, ...open } = head["open"] as { identities: readonly unknown[] };
      head["open"] = { ...open, identities: [...identities, invented] };
    },
  },
  {
    what: "its identity is said to live on",
    falsify: (head) => {
      const open = structuredClone(head["open"]) as { identities: Item[] };
      for (const each of open.identities) each["expiresAt"] = LATER;
      head["open"] = open;
    },
  },
];

/** An intent whose one identity has completed, and nothing is left. */
const OF_ENDED: readonly Falsification[] = [
  { what: "is shown as it was while it was open", falsify: (head, before) => put(before)(head) },
  {
    what: "is shown as open, and due much later",
    falsify: (head, before) => put({ ...before, due: LATER })(head),
  },
  {
    what: "is shown as open in another list",
    falsify: (head, before) => {
      put(before)(head);
      otherBucket(head);
    },
  },
  { what: "is shown with garbage", falsify: put({ view: "open#0", due: "2000", open: "x" }) },
  {
    what: "is shown with an invented identity",
    falsify: put({ view: "open#3", due: LATER, open: { identities: [invented], contracts: [] } }),
  },
];

/** Items where no chain is. */
const INVENTED: readonly { readonly what: string; readonly item: Item }[] = [
  { what: "that is due at once", item: { due: "2000" } },
  { what: "that is due much later", item: { due: LATER } },
  { what: "that ends before its first record", item: { due: LATER, seq: 0, hash: "x" } },
  { what: "that is garbage", item: { due: "0", open: [[]] } },
];
const PHANTOM = "intent/phantom";
const LIE: Item = { view: viewKey("elsewhere"), open: { identities: [invented], contracts: [] } };
const isOfView = (name: string): boolean => ["view", "due", "open"].includes(name);
const NOTHING = { live: [], pending: [], unreadable: 0 };

/** Puts an item where no chain is. */
function invent(plane: Plane, item: Item): void {
  const key = { pk: `chain#${PHANTOM}`, sk: "head" };
  table(plane).set(`${key.pk}|${key.sk}`, { ...LIE, ...key, ...item });
}

const TWICE: Mutation = {
  ...HANDLE,
  contract: {
    set: { ...HANDLE.contract?.set, "/authorization_details/0/limits": { calls: 2 } },
  },
};

const table = (plane: Plane) => plane.dynamo.table(TABLES.state);
function headOf(plane: Plane, chainId: string): Item {
  const item = table(plane).get(`chain#${chainId}|head`);
  assert.ok(item);
  return item;
}

/** What an operator sees of open intents. */
async function seenIn(plane: Plane): Promise<Pick<Status, "live" | "pending" | "unreadable">> {
  const views: SeenView[] = [];
  const open = new DynamoOpenStore(plane.dynamo.client(), TABLES.state);
  await open.views((view) => views.push(seenView(view)));
  const heads = await plane.deps.registry.readHeads({ known: 0 });
  const registry = { heads, documents: await plane.deps.registry.readDocuments(heads.registry) };
  const { live, pending, unreadable } = statusOf(
    { views, registry, marks: new Map(), refusals: [] },
    { plane: "vai", now: plane.world.now, within: 0 },
  );
  return { live, pending, unreadable };
}

/**
 * A process of `sweep` that has been at work for almost an hour, and nothing has changed since.
 * @returns what it does when the hour is over.
 */
async function sweeper(plane: Plane): Promise<() => Promise<Swept>> {
  const deps = plane.process();
  await plane.sweep(deps);
  plane.world.pass(3_590);
  await plane.sweep(deps);
  return () => {
    plane.world.pass(10);
    return plane.sweep(deps);
  };
}

/** An intent with a handle that waits and a use that is left. */
async function opened(plane: Plane): Promise<string> {
  const governed = plane.contract(TWICE);
  await plane.grant(TWICE, governed);
  return governed.chainId;
}

/** An intent whose contract a refused request has bound, and no other record tells of. */
async function bound(plane: Plane): Promise<string> {
  const governed = plane.contract(TWICE);
  const beyond = {
    request: { set: { ...TWICE.request?.set, "/operation/parameters/percent": 100 } },
  };
  assert.equal((await plane.ask(beyond, governed)).ok, false);
  return governed.chainId;
}

suite("views that somebody falsified", () => {
  for (const { what, falsify } of OF_OPEN) {
    test(`VAI-129 ADV-36 of an open intent, and sweep sets right within the hour: ${what}`, async () => {
      const plane = await newPlane();
      const hourly = await sweeper(plane);
      const chainId = await opened(plane);
      const right = structuredClone(headOf(plane, chainId));
      const seen = await seenIn(plane);
      assert.deepEqual([seen.pending.length, seen.live.length], [1, 1]);
      falsify(headOf(plane, chainId), right);
      assert.notDeepEqual(headOf(plane, chainId), right);
      await hourly();
      assert.deepEqual(headOf(plane, chainId), right);
      assert.deepEqual(await seenIn(plane), seen);
    });
  }

  test("VAI-129 ADV-36 a contract that is bound by a refused request alone is hidden, and found within the hour", async () => {
    const plane = await newPlane();
    const hourly = await sweeper(plane);
    const chainId = await bound(plane);
    const right = structuredClone(headOf(plane, chainId));
    assert.equal((await seenIn(plane)).pending.length, 1);
    remove("view", "due", "open")(headOf(plane, chainId));
    await hourly();
    assert.deepEqual(headOf(plane, chainId), right);
  });

  test("VAI-129 ADV-36 looking at every chain behind a change of the Registry puts the hour off by nothing", async () => {
    const plane = await newPlane();
    const deps = plane.process();
    await plane.sweep(deps);
    plane.world.pass(3_400);
    await plane.publish({ set: { "/auditors": [] } });
    const chainId = await bound(plane);
    remove("view", "due", "open")(headOf(plane, chainId));
    await plane.sweep(deps);
    plane.world.pass(200);
    await plane.sweep(deps);
    assert.equal((await seenIn(plane)).pending.length, 1);
  });

  for (const { what, falsify } of OF_ENDED) {
    test(`VAI-129 ADV-36 an intent that has ended ${what}, and sweep takes it out within the hour`, async () => {
      const plane = await newPlane();
      const hourly = await sweeper(plane);
      const governed = plane.contract(HANDLE);
      const { handle } = await plane.grant(HANDLE, governed);
      const { view, due, open } = headOf(plane, governed.chainId);
      assert.ok((await plane.execute(plane.redemption(governed, handle))).ok);
      const right = structuredClone(headOf(plane, governed.chainId));
      assert.deepEqual(await seenIn(plane), NOTHING);
      falsify(headOf(plane, governed.chainId), { view, due, open });
      assert.notDeepEqual(await seenIn(plane), NOTHING);
      await hourly();
      assert.deepEqual(headOf(plane, governed.chainId), right);
      assert.deepEqual(await seenIn(plane), NOTHING);
    });
  }

  for (const { what, item } of INVENTED) {
    test(`VAI-129 ADV-36 an intent is invented ${what}, and sweep takes it out within the hour`, async () => {
      const plane = await newPlane();
      const hourly = await sweeper(plane);
      invent(plane, item);
      assert.notDeepEqual(await seenIn(plane), NOTHING);
      await hourly();
      assert.deepEqual(await seenIn(plane), NOTHING);
      assert.deepEqual(Object.keys(headOf(plane, PHANTOM)).filter(isOfView), []);
      assert.deepEqual(plane.rows(PHANTOM), [], "nothing is recorded of what never was");
    });
  }

  test("VAI-129 ADV-36 an invented intent that is marked denies on, and shows nothing as alive", async () => {
    const plane = await newPlane();
    const hourly = await sweeper(plane);
    invent(plane, { due: LATER, marks: ["garbage"], marked: 1 });
    await hourly();
    assert.deepEqual(await seenIn(plane), NOTHING);
    assert.deepEqual(headOf(plane, PHANTOM)["marks"], ["garbage"]);
  });

  test("VAI-129 ADV-36 an invented head whose records are missing is no end of theirs: it stays, and sweep says that it failed", async () => {
    const plane = await newPlane();
    plane.isWhole = false;
    const hourly = await sweeper(plane);
    invent(plane, { due: LATER, seq: 3, hash: `sha256:${"0".repeat(64)}` });
    assert.equal((await hourly()).failed, 1);
    assert.equal((await seenIn(plane)).live.length, 1);
  });

  test("VAI-129 ADV-36 what stands beside a head is no view, as nothing could ever take it out", async () => {
    const plane = await newPlane();
    const hourly = await sweeper(plane);
    const item = { ...LIE, pk: `chain#${PHANTOM}`, sk: "tail", due: "2000" };
    table(plane).set(`chain#${PHANTOM}|tail`, item);
    assert.deepEqual(await seenIn(plane), NOTHING);
    assert.equal((await hourly()).chains, 0);
    assert.equal(table(plane).has(`chain#${PHANTOM}|head`), false, "and sweep puts no item there");
  });

  test("VAI-129 an intent that begins while sweep takes an invented one out stays in view", async () => {
    const plane = await newPlane();
    const governed = plane.contract(TWICE);
    const open = new DynamoOpenStore(plane.dynamo.client(), TABLES.state);
    await plane.grant(TWICE, governed);
    const right = structuredClone(headOf(plane, governed.chainId));
    const head = genesisHead(plane.deps.plane.id, governed.chainId);
    await open.show({ chainId: governed.chainId, head, marked: undefined, seen: null });
    assert.deepEqual(headOf(plane, governed.chainId), right);
    invent(plane, { due: LATER, marked: 1 });
    await open.show({ chainId: PHANTOM, head, marked: undefined, seen: null });
    assert.equal(headOf(plane, PHANTOM)["due"], LATER, "a mark came between");
    await open.show({ chainId: "intent/nobody", head, marked: undefined, seen: null });
    assert.equal(table(plane).has("chain#intent/nobody|head"), false);
  });
});
