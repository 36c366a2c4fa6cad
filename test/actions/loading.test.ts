import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { before, suite, test } from "node:test";
import { CATALOGUE } from "../../lib/actions/catalogue.ts";
import { loadFamily } from "../../lib/actions/reader.ts";
import { READS } from "../../lib/actions/reads.ts";

const SUPPORT = join(import.meta.dirname, "support/without-clients.ts");

/** What `support/without-clients.ts` saw where no SDK client of an action can be loaded. */
interface Seen {
  readonly loadedAtStart: readonly string[];
  readonly call: Readonly<Record<string, unknown>>;
  readonly readBack: Readonly<Record<string, unknown>>;
  readonly preRead: Readonly<Record<string, string>>;
  readonly fetch: Readonly<Record<string, string>>;
  readonly family: Readonly<Record<string, string>>;
}

suite("SDK clients of actions are loaded when one is needed", () => {
  let seen: Seen;
  before(() => {
    seen = JSON.parse(execFileSync(process.execPath, [SUPPORT], { encoding: "utf8" }));
  });

  test("USR-12 the catalogue and the reads load no SDK client", () => {
    assert.deepEqual(seen.loadedAtStart, []);
  });

  test("VAI-74 a call whose client cannot be loaded has surely not been made, and ends as failed", () => {
    assert.deepEqual(
      Object.keys(seen.call),
      CATALOGUE.map(({ action }) => action),
    );
    for (const [action, outcome] of Object.entries(seen.call)) {
      const error = { name: "ClientNotLoaded", kind: "other" };
      assert.deepEqual(outcome, { status: "failed", error }, action);
    }
  });

  test("VAI-88 a read whose client cannot be loaded is a dependency that failed, in every place that reads", () => {
    assert.deepEqual(
      Object.keys(seen.fetch),
      READS.map(({ read }) => read),
    );
    const reading = CATALOGUE.filter(({ preRead }) => preRead !== undefined);
    assert.deepEqual(
      Object.keys(seen.preRead),
      reading.map(({ action }) => action),
    );
    for (const [name, code] of Object.entries({ ...seen.fetch, ...seen.preRead })) {
      assert.equal(code, "DEPENDENCY_UNAVAILABLE", name);
    }
    for (const [action, read] of Object.entries(seen.readBack)) assert.equal(read, null, action);
  });

  test("VAI-88 with a reader's session comes the family's client: without it there is no session, so no call is announced", () => {
    const families = [...new Set(CATALOGUE.map(({ family }) => family))];
    assert.deepEqual(Object.keys(seen.family), families);
    for (const [family, why] of Object.entries(seen.family)) {
      assert.equal(why, `DEPENDENCY_UNAVAILABLE: loading the client of ${family} failed: Error`);
    }
  });

  test("VAI-88 every action and read says what it loads, and it can be loaded", async () => {
    for (const each of [...CATALOGUE, ...READS]) assert.ok(each.load !== undefined, each.family);
    await Promise.all(CATALOGUE.map(({ family }) => loadFamily(family)));
  });
});
