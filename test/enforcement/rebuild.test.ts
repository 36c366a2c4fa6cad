import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { projectedItems } from "../../lib/aws/ports/projection.ts";
import { projectChain } from "../../lib/enforcement/rebuild.ts";
import { evidenceKeys } from "../../lib/evidence/open.ts";
import { DELEGABLE, handOn, withdrawEvent, withdrawn } from "../support/delegating.ts";
import { CREDENTIALS, HANDLE } from "../support/deliveries.ts";
import { TABLES } from "../support/memory-dynamo.ts";
import { newPlane, type Plane, refused } from "../support/plane.ts";
import { PLANE } from "../support/trust.ts";

/** State is a projection: it can be lost and made again from Evidence, but for marks and counters. */

type Item = Record<string, unknown>;

const isCounter = (item: Item): boolean => String(item["pk"]).startsWith("refusals#");

/** Everything but counters, and the marks on heads. */
const contentOf = (plane: Plane): Map<string, Item> =>
  new Map(
    [...plane.dynamo.table(TABLES.state)]
      .filter(([, item]) => !isCounter(item))
      .map(([key, { marks: _, marked: __, ...item }]) => [key, item]),
  );

function project(plane: Plane, chainId: string) {
  const chain = { plane: PLANE, chainId, keys: evidenceKeys(plane.policy) };
  return projectChain(plane.rows(chainId), chain, plane.world.now);
}

/** Deletes every item of State and makes them again. */
function rebuild(plane: Plane): void {
  const table = plane.dynamo.table(TABLES.state);
  table.clear();
  for (const chainId of plane.chains()) {
    const projected = project(plane, chainId);
    assert.ok(!("defect" in projected), JSON.stringify(projected));
    for (const item of projectedItems(projected)) {
      const key = `${item.pk}|${item.sk}`;
      // An executor's key is bound by each of its contracts, to one actor.
      assert.deepEqual(table.get(key) ?? item, item, key);
      table.set(key, { ...item });
    }
  }
}

/** A plane that has seen every kind of item, and nothing of which is open. */
async function closed(): Promise<Plane> {
  const plane = await newPlane();
  await plane.grant();
  const handled = plane.contract(HANDLE);
  const { handle } = await plane.grant(HANDLE, handled);
  plane.world.pass(30);
  assert.ok((await plane.execute(plane.redemption(handled, handle))).ok);
  refused(await plane.ask({ request: { set: { "/operation/parameters/percent": 100 } } }));
  refused((await plane.issue({ garbage: true })) as never);
  const handed = plane.contract(DELEGABLE);
  const { chain, block } = await handOn(plane, handed);
  await handOn(plane, handed, { chain, to: "ledger" });
  withdrawn(await plane.delegate(withdrawEvent(plane, handed, { block: block.digest })));
  const revoked = plane.contract(HANDLE);
  await plane.grant(HANDLE, revoked);
  const { contractDigest } = revoked;
  await order(plane, { do: "revokeContract", contractDigest });
  await order(plane, { do: "signal", kind: "risk", contractDigest: handled.contractDigest });
  await order(plane, { do: "haltActor", actorId: "another" });
  return plane;
}

async function order(plane: Plane, claims: Parameters<Plane["command"]>[0]): Promise<void> {
  const answer = await plane.revoke({ command: plane.command(claims) });
  assert.ok(answer.ok, JSON.stringify(answer));
}

suite("State made again from Evidence", () => {
  test("X-17 without open identities it is equal but for counters and marks", async () => {
    const plane = await closed();
    const before = contentOf(plane);
    for (const kind of [
      "chain#plane/registry",
      "chain#intent/",
      "chain#unattributed/",
      "retry#",
      "contract#",
      "contract-id#",
      "executor#",
      "command#",
    ]) {
      assert.ok(
        [...before.keys()].some((key) => key.startsWith(kind)),
        kind,
      );
    }
    rebuild(plane);
    assert.deepEqual(contentOf(plane), before);
  });

  test("X-17 with open identities of each delivery too, and what is open is listed as before", async () => {
    const plane = await closed();
    await plane.grant(HANDLE);
    await plane.grant(CREDENTIALS);
    const died = plane.faults.death({ at: "target:call" });
    void plane.ask();
    await died;
    plane.faults.clear();
    const before = contentOf(plane);
    const open = [...before.values()].flatMap(
      (item) => (item["open"] as { identities: unknown[] } | undefined)?.identities ?? [],
    );
    assert.equal(open.length, 3);
    rebuild(plane);
    assert.deepEqual(contentOf(plane), before);
  });

  test("X-17 a plane goes on with what was made again: spent uses stay spent, a retry is known, a denial holds", async () => {
    const plane = await closed();
    const governed = plane.contract(HANDLE);
    const event = plane.event(governed, HANDLE);
    const first = await plane.issue(event);
    assert.ok(first.ok);
    const { contractDigest } = governed;
    rebuild(plane);
    plane.deps = plane.process();
    const again = await plane.issue(event);
    assert.ok(again.ok);
    assert.equal(again.identity.identityId, first.identity.identityId);
    assert.equal(refused(await plane.ask(HANDLE, governed)).code, "CONTRACT_CONSUMED");
    await order(plane, { do: "revokeContract", contractDigest });
    assert.equal(refused(await plane.ask(HANDLE, governed)).code, "CONTRACT_REVOKED");
  });

  test("X-17 a chain that does not hold is not projected", async () => {
    const plane = await newPlane();
    const { chainId } = plane.contract();
    const governed = plane.contract();
    await plane.grant({}, governed);
    const rows = plane.rows(governed.chainId);
    const chain = { plane: PLANE, chainId: governed.chainId, keys: evidenceKeys(plane.policy) };
    const edited = rows.map((row) => ({ ...row, record: row.record.replace("ALLOW", "DENY") }));
    assert.ok("defect" in projectChain(edited, chain, plane.world.now));
    assert.ok("defect" in projectChain(rows.slice(1), chain, plane.world.now));
    assert.ok("defect" in projectChain(rows, { ...chain, chainId }, plane.world.now));
    assert.ok("defect" in projectChain(rows, { ...chain, keys: new Map() }, plane.world.now));
  });
});
