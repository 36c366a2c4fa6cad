import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { plainAnswer } from "../../lib/actions/plain-answer.ts";

suite("VAI-31 an AWS answer as JSON", () => {
  test("VAI-31 dates, bytes and what JSON cannot say", () => {
    const answer = {
      $metadata: { requestId: "r", attempts: 1 },
      date: new Date(1767323045500),
      noDate: new Date(Number.NaN),
      bytes: new Uint8Array([1, 2]),
      buffer: Buffer.from([1, 2]),
      nothing: undefined,
      none: null,
      infinite: Number.POSITIVE_INFINITY,
      stream: () => "x",
      list: [undefined, new Date(0), { a: undefined, $metadata: 1 }],
    };
    assert.deepEqual(plainAnswer(answer), {
      date: "2026-01-02T03:04:05.500Z",
      bytes: "AQI=",
      buffer: "AQI=",
      none: null,
      list: [null, "1970-01-01T00:00:00.000Z", { $metadata: 1 }],
    });
  });

  test("VAI-31 a member named __proto__ is a member and nothing else", () => {
    const item = Object.fromEntries([["__proto__", { S: "x" }]]);
    const plain = plainAnswer({ Item: item }) as { readonly Item: object };
    assert.deepEqual(Object.keys(plain.Item), ["__proto__"]);
    assert.equal(Object.getPrototypeOf(plain.Item), Object.prototype);
  });

  test("VAI-31 what is JSON already stays as it is", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ noUnicodeString: false })), (value) => {
        const { $metadata: _, ...rest } = value;
        const asJson = JSON.parse(JSON.stringify(rest));
        assert.equal(JSON.stringify(plainAnswer(value)), JSON.stringify(asJson));
      }),
    );
  });
});
