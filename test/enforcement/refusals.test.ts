import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { suite, test } from "node:test";
import type { Check, EvidenceRecord } from "../../lib/evidence/record.ts";
import { failureDomain, REFUSAL_CODES, type RefusalCode, STAGES } from "../../lib/refusal.ts";
import { type Aftermath, type Attack, attackPlane } from "../support/attack.ts";

/*
 * Every refusal that this path can produce, as a table and as attacks.
 *
 * To add a case: write `cases/<name of the attack>.json` and name it in `refusals.table.json` under its code and
 * stage. A case says how the one valid request of `support/governed.ts` is mutated (`mutate`: intent, context,
 * decision, contract, proof, request, event; each with `set`, `remove` and, where it is signed, what an attacker
 * can do to a signature: see `support/forge.ts`), what happened before (`policy`, `wait`, `history`, `tables`) and
 * what happens meanwhile (`clock`, `fails`). Everything is linked and signed after its change, so that nothing but
 * the mutation itself is wrong. `expect.records` are all records that the attack may leave, in order; `expect.spent`
 * is what it may cost, and without it the cost must be nothing.
 *
 * To add a code to `lib/refusal.ts`: give it a case here, or name in `elsewhere` the test that produces it.
 */

interface Case extends Attack {
  readonly description: string;
  readonly requirements: readonly string[];
  readonly expect: {
    readonly code: RefusalCode;
    readonly stage: string;
    readonly pointer?: string;
    readonly failureDomain: string;
    readonly retryable: boolean;
    /** Where the records are: the intent's chain, a chain that accuses nobody, or nowhere. */
    readonly chain: "intent" | "unattributed" | "none";
    readonly records: readonly string[];
    readonly spent?: Partial<Aftermath["spent"]>;
  };
}

interface Table {
  readonly refusals: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
  readonly elsewhere: Readonly<Record<string, string>>;
}

const here = new URL(".", import.meta.url);
const read = <T>(path: string): T => JSON.parse(readFileSync(new URL(path, here), "utf8")) as T;
const NAMES = readdirSync(new URL("cases/", here)).map((file) => file.replace(/\.json$/, ""));
const CASES = new Map(NAMES.map((name) => [name, read<Case>(`cases/${name}.json`)]));
const TABLE = read<Table>("refusals.table.json");

suite("every refusal of the issuing path", () => {
  for (const [name, each] of CASES) {
    test(`${each.requirements.join(" ")} ${name}: ${each.description}`, async () => {
      const aftermath = await attackPlane(each);
      judgeAnswer(aftermath, each.expect);
      judgeEvidence(aftermath, each.expect);
      judgeCost(aftermath, each.expect);
    });
  }
});

function judgeAnswer({ answer }: Aftermath, expected: Case["expect"]): void {
  const { detail, evidence: _, ...said } = answer;
  assert.ok(detail.length > 0, "a refusal says why");
  const { chain, records, spent, ...answered } = expected;
  assert.deepEqual(said, { ok: false, ...answered });
}

function judgeEvidence({ answer, written, chainId }: Aftermath, expected: Case["expect"]): void {
  const types = [...written].map(([id, records]) => [id, records.map(({ event }) => event.type)]);
  if (expected.chain === "none") {
    assert.deepEqual(types, []);
    assert.equal(answer.evidence, undefined, "what was not written is not promised");
    return;
  }
  const [[id, records] = ["", []]] = written;
  assert.deepEqual(types, [[id, expected.records]], JSON.stringify(answer));
  if (expected.chain === "intent") assert.equal(id, chainId);
  else assert.match(id, /^unattributed\/2026-\d\d-\d\d\/[0-9a-f]$/);
  const last = records.at(-1);
  if (answer.evidence !== undefined) {
    assert.deepEqual(answer.evidence, { chainId: id, seq: last?.chain.seq });
  }
  judgeLastRecord(last, expected);
}

function judgeLastRecord(last: EvidenceRecord | undefined, { code, stage }: Case["expect"]): void {
  if (last?.event.type !== "IdentityDenied") return;
  assert.equal(last.decision.code, code);
  assert.equal(last.decision.stage, stage);
  assert.equal(last.decision.failureDomain, failureDomain(code));
  judgeChecks(last.decision.checks ?? []);
}

/** VAI-04: those that held, at most one that failed, and nothing after it was run. */
function judgeChecks(checks: readonly Check[]): void {
  const shape = checks.map(({ result }) => result[0]).join("");
  assert.match(shape, /^p*f?n*$/, JSON.stringify(checks));
  assert.equal(new Set(checks.map(({ name }) => name)).size, checks.length);
}

function judgeCost({ spent }: Aftermath, expected: Case["expect"]): void {
  const nothing = { executions: 0, calls: 0, uses: 0, retryKeys: 0, isTargetChanged: false };
  assert.deepEqual(spent, { ...nothing, ...expected.spent });
}

suite("the table of refusals", () => {
  const listed = Object.entries(TABLE.refusals).flatMap(([code, stages]) =>
    Object.entries(stages).flatMap(([stage, names]) =>
      names.map((name) => ({ code, stage, name })),
    ),
  );

  test("VAI-62 names each case once, under the code and the stage that it expects", () => {
    const expected = [...CASES].map(([name, { expect }]) => ({
      code: expect.code as string,
      stage: expect.stage,
      name,
    }));
    const byName = (left: { name: string }, right: { name: string }): number =>
      left.name < right.name ? -1 : 1;
    assert.deepEqual(listed.toSorted(byName), expected.toSorted(byName));
    for (const { stage } of listed) assert.ok((STAGES as readonly string[]).includes(stage), stage);
  });

  for (const [code, stages] of Object.entries(TABLE.refusals)) {
    test(`VAI-82 ${code} has a case for each of its stages`, () => {
      assert.ok((REFUSAL_CODES as readonly string[]).includes(code), "is a code of lib/refusal.ts");
      for (const [stage, names] of Object.entries(stages)) assert.ok(names.length > 0, stage);
    });
  }

  test("OKG-58 every code of this version has a case here or another home", () => {
    const homeless = REFUSAL_CODES.filter(
      (code) => !(code in TABLE.refusals) && !(code in TABLE.elsewhere),
    );
    assert.deepEqual(homeless, []);
    for (const [code, home] of Object.entries(TABLE.elsewhere)) {
      assert.ok((REFUSAL_CODES as readonly string[]).includes(code), code);
      if (home.startsWith("test/")) {
        const text = readFileSync(new URL(`../../${home}`, here), "utf8");
        assert.ok(text.includes(code), `${home} does not speak of ${code}`);
      } else assert.match(home, /^later: /);
    }
  });
});
