import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { suite, type TestContext, test } from "node:test";
import type { Metrics } from "../../lib/audit/metrics/metrics.ts";
import type { Integrity } from "../../lib/audit/trace.ts";
import { HANDLE } from "../support/deliveries.ts";
import { KEYS } from "../support/keys.ts";
import { TABLES } from "../support/memory-dynamo.ts";
import { listened } from "./support/listened.ts";
import { desk } from "./support/plane-endpoint.ts";

/** What evidence tells of how well contracts fit, out of the table and out of an export. */

type Told = Metrics & { readonly integrity: Integrity; readonly since: string };

/** A plane on which something of each kind has happened, and the command line before it. */
async function used(t: TestContext) {
  const found = await desk(t);
  const anchor = found.file("anchor.json");
  writeFileSync(anchor, JSON.stringify(KEYS.anchor.jwk));
  const vai = (args: readonly string[], io = {}) =>
    found.vai(["metrics", "--anchor-key", anchor, ...args], io);
  const { plane } = found;
  await plane.grant();
  await plane.ask({ request: { set: { "/operation/parameters/percent": 100 } } });
  await plane.ask({ request: { set: { "/operation/parameters/other": 1 } } });
  await plane.grant(HANDLE, plane.contract(HANDLE));
  found.pass(901_000);
  await plane.sweep();
  const told = async (...args: readonly string[]): Promise<Told> => {
    const { code, out, err } = await vai([...args, "--json"]);
    assert.equal(code, 0, err);
    return JSON.parse(out);
  };
  return { ...found, anchor, metrics: vai, told };
}

suite("vai metrics", () => {
  test("VAI-136 VAI-137 VAI-138 counts verified records of the table, by queries alone", async (t) => {
    const { plane, told, anchor: _, ...found } = await used(t);
    const asked = listened(plane);
    const { requests, uses, violations, integrity } = await told();
    assert.deepEqual([integrity.trusted, integrity.firstDefect], [true, null]);
    assert.deepEqual(
      [requests.requests, requests.missing, requests.ambiguous, requests.share],
      [4, 1, 0, 1 / 4],
    );
    assert.deepEqual(
      requests.groups.map((each) => [each.issuer, each.template]),
      [["governance.example", "lambda:UpdateAlias"]],
    );
    assert.deepEqual([uses.issued, uses.ended, uses.expiredUnused], [2, 2, 1]);
    assert.deepEqual(violations.clusters, [
      {
        ...{ adapter: "execute lambda", action: "lambda:UpdateAlias" },
        ...{ actor: "spiffe://example.org/agent/coordinator", violations: 2 },
      },
    ]);
    assert.deepEqual([...new Set(asked)].sort(), ["Query evidence", "Query evidence byEventType"]);
    const { out } = await found.metrics([]);
    assert.match(
      out,
      /^since 2\d{3}-\S+Z\nIntegrity: unanchored \(\d+ records\)\n\nRequests refused/,
    );
    assert.match(out, /^ {2}25\.0 % of 4 requests: 1 by what is missing, 0 by what is ambiguous$/m);
  });

  test("VAI-136 out of an export it is the same, and without an anchor it is consistent, not trusted", async (t) => {
    const { metrics, vai, file, told, anchor } = await used(t);
    assert.equal((await vai(["export", file("export"), "--anchor-key", anchor])).code, 0);
    const from = ["--from", file("export")];
    const { requests, uses, violations } = await told(...from, "--anchor", KEYS.anchor.thumbprint);
    const ofTable = await told();
    assert.deepEqual(
      { requests, uses, violations },
      {
        ...{ requests: ofTable.requests, uses: ofTable.uses, violations: ofTable.violations },
      },
    );
    const untrusted = await metrics(from);
    assert.equal(untrusted.code, 3);
    assert.match(untrusted.out, /no anchor was given, so this is consistency, not trust/);
  });

  test("VAI-136 only what happened in the days or since the instant that is asked for", async (t) => {
    const { told, pass } = await used(t);
    const { since } = await told("--days", "1");
    assert.equal((await told("--since", since)).requests.requests, 4);
    pass(2 * 24 * 60 * 60 * 1000);
    assert.equal((await told("--days", "1")).requests.requests, 0);
    assert.equal((await told("--days", "3")).requests.requests, 4);
    assert.equal((await told("--since", "2026-05-05T00:00:00Z")).requests.requests, 4);
  });

  test("VAI-138 records that do not hold count for nothing, and it is said that nothing is verified", async (t) => {
    const { plane, metrics } = await used(t);
    plane.isWhole = false;
    for (const row of plane.dynamo.table(TABLES.evidence).values()) {
      if (row["eventType"] !== "ViolationDetected") continue;
      row["record"] = String(row["record"]).replace("coordinator", "somebody-else");
    }
    const { code, out } = await metrics([]);
    assert.equal(code, 1);
    assert.match(out, /^Integrity: tampered: intent\/\S+ record \d+ /m);
    assert.match(out, /^NOT VERIFIED: the counts are not to be relied on$/m);
    assert.doesNotMatch(out, /somebody-else/);
  });

  test("VAI-136 a time that is none is told, and nothing is read", async (t) => {
    const { plane, metrics } = await used(t);
    const asked = listened(plane);
    for (const [args, why] of [
      [["--days", "soon"], "--days must be a whole number"],
      [["--since", "yesterday"], "--since must be an instant such as"],
      [["--since", "2026-13-45T00:00:00Z"], "--since must be an instant such as"],
    ] as const) {
      const { code, err } = await metrics(args);
      assert.deepEqual([code, err.includes(why)], [2, true], err);
    }
    assert.deepEqual(asked, []);
  });
});
