import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { REFUSAL_CODES, STAGES } from "../../lib/refusal.ts";
import { type Attack, attackPlane } from "../support/attack.ts";
import { type Expected, judgeRefusal } from "../support/judge-refusal.ts";

/*
 * Every refusal that this path can produce, as attacks.
 *
 * To add a case: write `cases/<stage>/<name of the attack>.json`; of a command of people, `cases/govern/`. A case says how the one valid request of `support/governed.ts` is mutated (`mutate`: intent, context,
 * decision, contract, proof, request, event; each with `set`, `remove` and, where it is signed, what an attacker
 * can do to a signature: see `support/forge.ts`), what happened before (`policy`, `wait`, `history`, `orders`,
 * `restrictions`, `tables`) and
 * what happens meanwhile (`clock`, `fails`). Everything is linked and signed after its change, so that nothing but
 * the mutation itself is wrong. `expect.records` are all records that the attack may leave, in order; `expect.spent`
 * is what it may cost, and without it the cost must be nothing.
 *
 * To add a code to `lib/refusal.ts`: give it a case here, or name in `ELSEWHERE` the test that produces it.
 */

interface Case extends Attack {
  readonly description: string;
  readonly requirements: readonly string[];
  readonly expect: Expected;
}

/** Codes that no single refused request shows, and the tests that do. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  BREAK_GLASS_EXPIRED: "test/enforcement/break-glass.test.ts",
  BREAK_GLASS_REVIEW_OVERDUE: "test/enforcement/break-glass.test.ts",
  EVALUATOR_VETO: "test/enforcement/people.test.ts",
  SELF_APPROVAL_FORBIDDEN: "test/enforcement/people-refused.test.ts",
  OBLIGATION_UNMET: "test/enforcement/dependencies.test.ts",
  EXECUTION_OUTCOME_UNKNOWN: "test/enforcement/dependencies.test.ts",
  CREDENTIALS_MISSING: "test/enforcement/dependencies.test.ts",
  INTERNAL_FAULT: "test/enforcement/dependencies.test.ts",
  ACTION_OBSERVED: "test/enforcement/observed.test.ts",
  REVOCATION_FAILED: "test/enforcement/points.test.ts",
  DELEGATOR_MISMATCH: "test/continuity/uses/article/a8-handed-on-by-another.json",
  ATTENUATION_VIOLATION: "test/continuity/uses/article/a7-bound-loosened.json",
  CONSTRAINT_REMOVED: "test/continuity/uses/article/a6-bound-removed.json",
  CHAINS_COMBINED: "test/continuity/uses/article/a17-two-chains.json",
  CHAIN_BLOCK_SIGNATURE_INVALID:
    "test/continuity/uses/article/a11-block-signed-by-the-delegator.json",
  CHAIN_EXPIRED: "test/continuity/uses/article/a24-block-that-ended.json",
  CHAIN_ROOT_REVOKED: "test/continuity/uses/article/a16-key-revoked.json",
  HUMAN_SIGNATURE_MISSING: "test/continuity/uses/article/a23-nobody-approved.json",
  CHAIN_BLOCK_REVOKED: "test/continuity/uses/ends/block-that-was-ended.json",
  HEAD_SUPERSEDED: "test/continuity/uses/article/a13-head-that-was-handed-on.json",
};

const here = new URL(".", import.meta.url);
const FILES = readdirSync(new URL("cases/", here), { recursive: true, encoding: "utf8" }).filter(
  (file) => file.endsWith(".json"),
);
const CASES = new Map(
  FILES.map((file) => [
    file.replace(/\.json$/, ""),
    JSON.parse(readFileSync(new URL(`cases/${file}`, here), "utf8")) as Case,
  ]),
);

suite("every refusal of the issuing path", () => {
  for (const [name, each] of CASES) {
    test(`${each.requirements.join(" ")} ${name}: ${each.description}`, async () => {
      const aftermath = await attackPlane(each);
      judgeRefusal(aftermath, each.expect);
    });
  }
});

suite("the cases", () => {
  test("VAI-62 each lies in the folder of the stage that it expects", () => {
    for (const [name, { govern, order, expect }] of CASES) {
      const folder = name.split("/")[0];
      const isCommand = govern !== undefined || order !== undefined;
      assert.equal(folder, isCommand ? "govern" : expect.stage, name);
      assert.ok((STAGES as readonly string[]).includes(expect.stage), name);
    }
  });

  test("OKG-58 every code of this version has a case here or another home", () => {
    const shown = new Set([...CASES.values()].map(({ expect }) => expect.code as string));
    const homeless = REFUSAL_CODES.filter((code) => !shown.has(code) && !(code in ELSEWHERE));
    assert.deepEqual(homeless, []);
    for (const [code, home] of Object.entries(ELSEWHERE)) {
      assert.ok((REFUSAL_CODES as readonly string[]).includes(code), code);
      if (home.startsWith("test/")) {
        const text = readFileSync(new URL(`../../${home}`, here), "utf8");
        assert.ok(text.includes(code), `${home} does not speak of ${code}`);
      } else assert.match(home, /^later: /);
    }
  });
});
