import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { EvidenceRecord } from "../../lib/evidence/record.ts";
import { newPlane, type Plane, refused } from "../support/plane.ts";

const nameless = (plane: Plane): EvidenceRecord[] =>
  plane
    .chains()
    .filter((id) => id.startsWith("unattributed/"))
    .flatMap((id) => plane.records(id));

const count = (records: readonly EvidenceRecord[], type: string): number =>
  records.filter(({ event }) => event.type === type).length;

suite("floods are counted, not signed one by one", () => {
  test("VAI-03 X-38 the 21st nameless refusal of a minute is counted, without KMS", async () => {
    const plane = await newPlane();
    for (let n = 0; n < 20; n++) await plane.issue({ n });
    const signed = plane.faults.counts.get("signer:sign");
    for (let n = 0; n < 30; n++) {
      const answer = refused(await plane.issue({ n }));
      assert.equal(answer.code, "REQUEST_MALFORMED");
      assert.equal(answer.evidence, undefined);
    }
    assert.equal(plane.faults.counts.get("signer:sign"), signed);
    assert.equal(count(nameless(plane), "IdentityDenied"), 20);
  });

  test("VAI-03 the next minute's first refusal writes how many there were, and the counter is settled", async () => {
    const plane = await newPlane();
    for (let n = 0; n < 33; n++) await plane.issue({ n });
    plane.world.pass(60);
    const { evidence } = refused(await plane.issue({ later: true }));
    const records = plane.records(evidence?.chainId ?? "").slice(-3);
    assert.deepEqual(
      records.map(({ event }) => event.type),
      ["RefusalsCounted", "IdentityRequested", "IdentityDenied"],
    );
    const { scope, count: sum } = records[0]?.detail ?? {};
    assert.deepEqual([scope, sum], ["unattributed", 13]);
    assert.equal(
      plane.dynamo.table("state").get("refusals#unattributed|counter")?.["unwritten"],
      0,
    );
    plane.world.pass(60);
    await plane.issue({ later: 2 });
    assert.equal(count(nameless(plane), "RefusalsCounted"), 1, "nothing is counted twice");
  });

  test("VAI-03 after a flood that nobody follows sweep writes how many there were, once their minute is over", async () => {
    const plane = await newPlane();
    for (let index = 0; index < 33; index++) await plane.issue({ index });
    const sums = () =>
      plane
        .everyRecord()
        .flatMap(({ event, detail }) =>
          event.type === "RefusalsCounted" ? [[detail["scope"], detail["count"]]] : [],
        );
    await plane.sweep();
    assert.deepEqual(sums(), [], "its minute goes on");
    plane.world.pass(60);
    await plane.sweep();
    await plane.sweep();
    assert.deepEqual(sums(), [["unattributed", 13]]);
  });

  test("VAI-03 a count whose record could not be written is not lost", async () => {
    const plane = await newPlane();
    for (let n = 0; n < 25; n++) await plane.issue({ n });
    plane.world.pass(60);
    plane.faults.plan({ at: "evidence:write", to: 1 });
    await plane.issue({ lost: true });
    plane.world.pass(60);
    await plane.issue({ later: true });
    const sums = nameless(plane).filter(({ event }) => event.type === "RefusalsCounted");
    assert.deepEqual(
      sums.map(({ detail }) => detail["count"]),
      [5],
    );
  });

  test("VAI-03 a flood starves no honest request", async () => {
    const plane = await newPlane();
    for (let n = 0; n < 60; n++) await plane.issue({ n });
    await plane.grant();
  });

  test("VAI-03 the 21st refusal of one contract is counted; another contract's are written", async () => {
    const plane = await newPlane();
    const wrong = { request: { set: { "/step": "other" } } };
    const [governed, other] = [plane.contract(), plane.contract()];
    for (let n = 0; n < 40; n++) await plane.ask(wrong, governed);
    await plane.ask(wrong, other);
    assert.equal(count(plane.records(governed.chainId), "IdentityDenied"), 20);
    assert.equal(count(plane.records(other.chainId), "IdentityDenied"), 1);
    const sums = plane
      .records(governed.chainId)
      .filter(({ event }) => event.type === "RefusalsCounted");
    assert.ok(sums.length <= 1);
    plane.world.pass(60);
    await plane.ask(wrong, governed);
    const all = plane
      .records(governed.chainId)
      .filter(({ event }) => event.type === "RefusalsCounted");
    assert.equal(
      all.reduce((sum, { detail }) => sum + Number(detail["count"]), 0),
      21,
    );
    assert.equal(all[0]?.detail["scope"], `refusals/${governed.contractDigest}`);
  });

  test("VAI-66 a flood of refusals leaves the contract as it is", async () => {
    const plane = await newPlane();
    const governed = plane.contract();
    const wrong = { request: { set: { "/operation/parameters/percent": 100 } } };
    for (let n = 0; n < 30; n++) await plane.ask(wrong, governed);
    await plane.grant({}, governed);
  });

  test("VAI-03 wire §5 beyond 120 records a refusal is only counted, but what is issued is always recorded", async () => {
    const plane = await newPlane();
    const first = plane.contract();
    const wrong = { request: { set: { "/step": "other" } } };
    const another = () => {
      plane.world.pass(1);
      const ids = { ...first.ids, contract: plane.world.newId(), decision: plane.world.newId() };
      return plane.contract({}, { ...first, ids });
    };
    // Each contract of the intent has 20 refusals of its own, and is under a later decision.
    for (let contract = 0; contract < 6; contract++) {
      const own = another();
      for (let n = 0; n < 20; n++) await plane.ask(wrong, own);
    }
    const { length } = plane.rows(first.chainId);
    assert.ok(length >= 120 && length < 130, String(length));
    const last = another();
    const answer = refused(await plane.ask(wrong, last));
    assert.equal(answer.evidence, undefined);
    assert.equal(plane.rows(first.chainId).length, length);
    await plane.grant({}, last);
    assert.equal(plane.types(first.chainId).at(-1), "IdentityCompleted");
  });

  test("wire §5 a course that would pass 200 records is not begun", async () => {
    const plane = await newPlane();
    const sixteen = { "/authorization_details/0/limits": { calls: 16, totals: { percent: 100 } } };
    const small = { request: { set: { "/operation/parameters/percent": 1 } } };
    const first = plane.contract({ contract: { set: sixteen } });
    let last: string | undefined;
    for (let contract = 0; contract < 3; contract++) {
      plane.world.pass(1);
      const ids = { ...first.ids, contract: plane.world.newId(), decision: plane.world.newId() };
      const own = plane.contract({ contract: { set: sixteen } }, { ...first, ids });
      for (let n = 0; n < 16; n++) {
        const answer = await plane.ask(small, own);
        last = answer.ok ? undefined : answer.code;
      }
    }
    assert.equal(last, "CONTRACT_CONSUMED");
    assert.ok(plane.rows(first.chainId).length <= 200);
    for (const { end } of plane.state(first.chainId).identities.values())
      assert.ok(end !== undefined);
  });
});
