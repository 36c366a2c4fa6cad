import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { EvidenceRecord } from "../../lib/evidence/record.ts";
import { newPlane, type Plane } from "../support/plane.ts";
import { blocksOf } from "./support/by-hand.ts";
import { README } from "./support/readme.ts";

/** What an index's key must repeat of the record, by the name that the page gives it. */
const KEYS: Readonly<Record<string, (record: EvidenceRecord) => string | undefined>> = {
  contractId: ({ contract }) => contract?.id,
  identityId: ({ identity }) => identity?.id,
  actorId: ({ actor }) => actor?.id,
  eventType: ({ event }) => event.type,
  negativeDay: ({ event, decision }) =>
    decision.outcome === "ALLOW" || !NEGATIVE.has(event.type) ? undefined : event.at.slice(0, 10),
};

/** Said here once more, by hand: a list that is compared with itself shows nothing. */
const NEGATIVE: ReadonlySet<string> = new Set([
  "ContextInvalidated",
  "ExecutionFailed",
  "ExecutionIncomplete",
  "ExecutionRejected",
  "IdentityDenied",
  "IdentityExpired",
  "IdentityRevoked",
  "IssuanceFailed",
  "ObligationMissed",
  "ProofRejected",
  "RefusalsCounted",
  "ViolationDetected",
]);

/** A grant, a refusal, a failed execution, and a nameless refusal. */
async function busyPlane(): Promise<Plane> {
  const plane = await newPlane();
  await plane.grant();
  await plane.ask({ request: { set: { "/operation/parameters/percent": 100 } } });
  plane.targets.instead = () => ({ status: "failed", error: { name: "No", kind: "denied" } });
  await plane.ask();
  await plane.issue({ n: 1 });
  return plane;
}

suite("VAI-92 the indexes that the page describes", () => {
  const indexes = [...README.matchAll(/^\| `(by\w+)` \| `(\w+)` \|/gm)];

  test("VAI-92 each row has the key of each index if its record has it, and else not", async () => {
    assert.deepEqual(indexes.map(([, , key]) => key).sort(), Object.keys(KEYS).sort());
    const plane = await busyPlane();
    for (const chainId of plane.chains()) {
      const records = plane.records(chainId);
      for (const [at, row] of plane.rows(chainId).entries()) {
        const record = records[at];
        assert.ok(record);
        for (const [key, said] of Object.entries(KEYS))
          assert.equal(row[key as keyof typeof row], said(record), `${record.event.type} ${key}`);
      }
    }
  });

  test("VAI-92 the page has a query by each index, by its own key", () => {
    for (const [, index, key] of indexes) {
      const [block, ...more] = blocksOf("sh").filter((each) =>
        each.includes(`--index-name ${index} `),
      );
      assert.ok(block?.includes(`--key-condition-expression "${key} = `), index);
      assert.deepEqual(more, []);
    }
  });
});
