import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { suite, test } from "node:test";
import { EVENT_TYPES, type EventType, isNegative } from "../../lib/evidence/events.ts";
import { type Played, play } from "../support/golden.ts";
import { COURSES } from "./courses.ts";

const here = new URL("golden/", import.meta.url);
const fileOf = (name: string): URL => new URL(`${name}.json`, here);

interface Written {
  readonly row: Readonly<Record<string, unknown>>;
  readonly record: { readonly event: { readonly type: EventType; readonly at: string } };
}

/** `VAI_WRITE_GOLDEN=1 npm run test:one -- golden`, then `npm run fix`: a reviewer sees the difference. */
const isWriting = process.env["VAI_WRITE_GOLDEN"] === "1";

suite("golden courses: each member of what is answered, asked and written", () => {
  for (const [name, course] of Object.entries(COURSES)) {
    test(`VAI-90 USR-07 golden ${name}`, async () => {
      const played = await play(course);
      if (isWriting) writeFileSync(fileOf(name), `${JSON.stringify(played, null, 2)}\n`);
      const golden: Played = JSON.parse(readFileSync(fileOf(name), "utf8"));
      for (const part of ["answers", "assumed", "called", "written"] as const) {
        assert.deepEqual(played[part], golden[part], part);
      }
    });
  }

  test("VAI-90 VAI-92 golden each event type that this version writes is in one of them, negative ones under their day, and none is left over", () => {
    const files = readdirSync(here);
    assert.deepEqual(
      files.sort(),
      Object.keys(COURSES)
        .map((name) => `${name}.json`)
        .sort(),
    );
    const written = files.flatMap((file): Written[] => {
      return JSON.parse(readFileSync(new URL(file, here), "utf8")).written;
    });
    // Whoever asks for what went wrong asks the index (VAI-92).
    const missing = written.filter(
      ({ row, record }) =>
        isNegative(record.event.type) !== (row["negativeDay"] === record.event.at.slice(0, 10)),
    );
    assert.deepEqual(
      missing.map(({ record }) => record.event.type),
      [],
    );
    const types = new Set(written.map(({ record }) => record.event.type));
    assert.deepEqual(
      EVENT_TYPES.filter((type) => !types.has(type)),
      [],
    );
  });
});
