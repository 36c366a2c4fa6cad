import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fromInstant, toInstant } from "../lib/clock.ts";

const digits = (length: number): fc.Arbitrary<string> =>
  fc.nat(10 ** length - 1).map((value) => String(value).padStart(length, "0"));

/** Texts that look like instants, good ones and those of days and hours that there are not. */
const instantLike = fc
  .tuple(digits(4), ...Array.from({ length: 5 }, () => digits(2)), digits(3))
  .map(([year, month, day, hour, minute, second, rest]) => {
    return `${year}-${month}-${day}T${hour}:${minute}:${second}.${rest}Z`;
  });

test("an instant is read back from exactly the form that it is written in", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) }), (milliseconds) => {
      assert.equal(fromInstant(toInstant(milliseconds)), milliseconds);
    }),
  );
  const written = (text: string): boolean => {
    const parsed = Date.parse(text);
    return !Number.isNaN(parsed) && toInstant(parsed) === text;
  };
  fc.assert(
    fc.property(instantLike, (text) => {
      assert.equal(!Number.isNaN(fromInstant(text)), written(text), text);
    }),
    { numRuns: 2_000 },
  );
});

test("days and hours that there are not, and other spellings, are no instants", () => {
  const bad = [
    ...["2026-02-29T00:00:00.000Z", "2026-02-30T00:00:00.000Z", "2026-04-31T00:00:00.000Z"],
    ...["2026-05-05T24:00:00.000Z", "2026-05-05T23:60:00.000Z", "2026-05-05T23:59:60.000Z"],
    ...["2026-13-01T00:00:00.000Z", "2026-05-00T00:00:00.000Z", "+02026-05-05T00:00:00.000Z"],
    ...["2026-05-05T00:00:00Z", "2026-05-05T00:00:00.000+00:00", "2026-05-05T00:00:00.000z", ""],
  ];
  for (const text of bad) assert.ok(Number.isNaN(fromInstant(text)), text);
  assert.equal(fromInstant("2024-02-29T23:59:59.999Z"), Date.UTC(2024, 1, 29, 23, 59, 59, 999));
});
