import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { watchEvidence } from "../../lib/audit/watch.ts";
import { sha256Digest } from "../../lib/encoding/digest.ts";
import { EVENT_TYPES } from "../../lib/evidence/events.ts";

const KEYS = { chainId: { S: "intent/7" }, seq: { N: "3" } };
const RECORD = {
  ...KEYS,
  record: { S: '{"chain":1}' },
  seal: { S: '{"payload":"one"}' },
  outcome: { S: "DENY" },
  actorId: { S: "agent" },
};

/** A stream record as DynamoDB writes it. */
const entry = (eventName: string, OldImage?: object, NewImage?: object) => ({
  eventID: "1",
  eventName,
  eventSource: "aws:dynamodb",
  dynamodb: { Keys: KEYS, OldImage, NewImage, StreamViewType: "NEW_AND_OLD_IMAGES" },
});

const watch = (...Records: unknown[]) => watchEvidence({ Records });

suite("evidence watch", () => {
  test("ADV-20 an edited record is named with the attributes that changed and all digests", () => {
    const edited = { ...RECORD, record: { S: '{"chain":2}' }, outcome: { S: "ALLOW" } };
    const seal = sha256Digest('{"payload":"one"}');
    assert.deepEqual(watch(entry("MODIFY", RECORD, edited)), {
      raised: [],
      tampered: [
        {
          chainId: "intent/7",
          seq: "3",
          change: "modified",
          attributes: ["outcome", "record"],
          before: sha256Digest('{"chain":1}'),
          after: sha256Digest('{"chain":2}'),
          sealBefore: seal,
          sealAfter: seal,
        },
      ],
      unreadable: 0,
    });
  });

  test("ADV-20 a seal that is exchanged, taken away or put to another row is a change of that row", () => {
    const { seal: _, ...unsealed } = RECORD;
    const other = { ...RECORD, seal: { S: '{"payload":"two"}' } };
    const seals = [
      [RECORD, other],
      [RECORD, unsealed],
      [unsealed, RECORD],
    ].map(([before, after]) => {
      const [found] = watch(entry("MODIFY", before, after)).tampered;
      assert.deepEqual(found?.attributes, ["seal"]);
      assert.equal(found.before, found.after);
      return [found.sealBefore, found.sealAfter];
    });
    const [one, two] = ['{"payload":"one"}', '{"payload":"two"}'].map(sha256Digest);
    assert.deepEqual(seals, [
      [one, two],
      [one, undefined],
      [undefined, one],
    ]);
  });

  test("ADV-20 an attribute that was added or taken away is a change, record and seal untouched", () => {
    const { actorId: _, ...less } = RECORD;
    const more = { ...less, ttl: { N: "1" } };
    const [found] = watch(entry("MODIFY", RECORD, more)).tampered;
    assert.deepEqual(found?.attributes, ["actorId", "ttl"]);
    assert.equal(found?.before, found?.after);
    assert.equal(found?.sealBefore, found?.sealAfter);
  });

  test("ADV-21 a removed record is named, with the digests of what is gone", () => {
    const [found] = watch(entry("REMOVE", RECORD)).tampered;
    assert.equal(found?.change, "removed");
    assert.equal(found?.before, sha256Digest('{"chain":1}'));
    assert.equal(found?.sealBefore, sha256Digest('{"payload":"one"}'));
    assert.deepEqual([found?.after, found?.sealAfter], [undefined, undefined]);
  });

  test("ADV-20 appending a record is no tampering", () => {
    const nothing = { tampered: [], raised: [], unreadable: 0 };
    assert.deepEqual(watch(entry("INSERT", undefined, RECORD)), nothing);
  });

  test("VAI-117 VAI-131 of appended records exactly those are told that people have to hear of", () => {
    const told = EVENT_TYPES.flatMap(
      (type) => watch(entry("INSERT", undefined, { ...RECORD, eventType: { S: type } })).raised,
    );
    assert.deepEqual(
      told.map(({ type }) => type),
      ["BreakGlassInvoked", "ObligationMissed", "RevocationFailed", "EscalationRaised"],
    );
    for (const { chainId, seq } of told) assert.deepEqual([chainId, seq], ["intent/7", "3"]);
  });

  test("ADV-20 such a record that is changed afterwards is tampering, and told as nothing else", () => {
    const failed = { ...RECORD, eventType: { S: "RevocationFailed" } };
    const { tampered, raised } = watch(entry("MODIFY", failed, { ...failed, at: { S: "later" } }));
    assert.equal(tampered.length, 1);
    assert.deepEqual(raised, []);
  });

  test("VAI-131 one entry that cannot be read hides none of the others", () => {
    const { tampered, unreadable } = watch(null, entry("REMOVE", RECORD), { eventName: "MODIFY" });
    assert.equal(tampered.length, 1);
    assert.equal(unreadable, 2);
  });

  for (const event of [undefined, null, 7, "x", {}, { Records: "x" }, []]) {
    test(`VAI-131 an event that is no batch is told, not passed over: ${JSON.stringify(event)}`, () => {
      assert.deepEqual(watchEvidence(event), { tampered: [], raised: [], unreadable: 1 });
    });
  }

  test("VAI-131 whatever comes, nothing is thrown, and every entry is judged or counted", () => {
    const name = fc.constantFrom("MODIFY", "REMOVE", "INSERT", "OTHER");
    const image = fc.oneof(fc.anything(), fc.constant(RECORD));
    const some = fc.oneof(fc.anything(), fc.tuple(name, image, image).map(toEntry));
    fc.assert(
      fc.property(fc.array(some), (Records) => {
        const { tampered, unreadable } = watchEvidence({ Records });
        const inserts = Records.filter(
          (one) => Object(one) === one && (one as { eventName?: unknown }).eventName === "INSERT",
        );
        assert.equal(tampered.length + unreadable, Records.length - inserts.length);
      }),
    );
  });

  test("USR-16 a changed record's values are not repeated, and its names cannot make a line endless", () => {
    const canary = "canary-77";
    const names = Array.from({ length: 500 }, (_, index) => [`n${index}`, { S: canary }]);
    const long = { [`a\n\u202e${"x".repeat(500)}`]: { S: canary } };
    const edited = { ...RECORD, ...Object.fromEntries(names), ...long, actorId: { S: canary } };
    const [found] = watch(entry("MODIFY", RECORD, edited)).tampered;
    assert.equal(found?.attributes.length, 21);
    const text = JSON.stringify(found);
    assert.ok(text.length < 2_500 && !text.includes(canary) && !/\\n|\u202e/.test(text), text);
  });
});

const toEntry = ([eventName, before, after]: [string, unknown, unknown]) =>
  entry(eventName, before as object, after as object);
