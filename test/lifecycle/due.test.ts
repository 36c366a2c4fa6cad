import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { toInstant } from "../../lib/clock.ts";
import { FUNCTION_TIMEOUT_SECONDS } from "../../lib/config.ts";
import type { IdentityView } from "../../lib/evidence/intent-state.ts";
import { dueOf, overdue } from "../../lib/lifecycle/due.ts";
import { START } from "../support/world.ts";

/** When nobody else can be at work on an identity any more: an invocation's life, and a minute. */
const ABANDONED = FUNCTION_TIMEOUT_SECONDS * 1000 + 60_000;
const WINDOW = 600_000;
const MINTED = toInstant(START + 900_000);

const identity = (given: Partial<IdentityView>): IdentityView =>
  ({ issuedAt: toInstant(START), expiresAt: toInstant(START + WINDOW), ...given }) as IdentityView;

const CASES = [
  ["a handle that waits", { delivery: "handle" }, WINDOW, "windowEnded"],
  ["delivered credentials", { delivery: "credentials", hardExpiry: MINTED }, WINDOW, "windowEnded"],
  ["credentials that never left", { delivery: "credentials" }, ABANDONED, "issuanceLost"],
  ["an execution before its start", { delivery: "execute" }, ABANDONED, "issuanceLost"],
  [
    "an execution that was begun",
    { delivery: "execute", startedAt: toInstant(START + 5_000) },
    5_000 + ABANDONED,
    "executionLost",
  ],
  [
    "a handle that was redeemed",
    { delivery: "handle", startedAt: toInstant(START + 5_000) },
    5_000 + ABANDONED,
    "executionLost",
  ],
] as const satisfies readonly (readonly [string, Partial<IdentityView>, number, string])[];

suite("what ends an identity if nobody else does", () => {
  for (const [what, given, after, ends] of CASES) {
    test(`VAI-103 VAI-106 ${what}: ${ends} at its instant, and not a millisecond before`, () => {
      const each = identity(given);
      assert.deepEqual(dueOf(each), { at: START + after, what: ends });
      assert.equal(overdue(each, START + after - 1), undefined);
      assert.equal(overdue(each, START + after), ends);
    });
  }

  test("VAI-07 nothing is due of an identity that has ended, however it was left", () => {
    for (const [, given] of CASES) {
      const end = { state: "REVOKED", trigger: "operator", used: false } as const;
      const each = identity({ ...given, end });
      assert.equal(dueOf(each), undefined);
      assert.equal(overdue(each, START + 10 * ABANDONED), undefined);
    }
  });
});
