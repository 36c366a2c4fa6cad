import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { present } from "../../lib/encoding/present.ts";
import { STAGES, type StageName } from "../../lib/refusal.ts";
import { type Aftermath, type Attack, attackPlane } from "../support/attack.ts";
import { TABLES } from "../support/memory-dynamo.ts";

/*
 * Every refused request of `cases/` once more, with every action in mode observe: up to stage `retry` it is refused as
 * always; from then on `would` is what enforcing answers, and nothing at all has come of it.
 */

interface Case extends Attack {
  readonly requirements: readonly string[];
  readonly description: string;
}

const here = new URL("cases/", import.meta.url);
const CASES = readdirSync(here, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".json"))
  .map((file): [string, Case] => [
    file.replace(/\.json$/, ""),
    JSON.parse(readFileSync(new URL(file, here), "utf8")) as Case,
  ])
  .filter(([, each]) => each.govern === undefined && each.order === undefined)
  // A contract whose rollback would only be looked at is none that a request could be watched under.
  .filter(([name]) => name !== "scope/step-of-the-rollback");

const upTo = (stage: StageName): ReadonlySet<string> =>
  new Set(STAGES.slice(0, STAGES.indexOf(stage) + 1));
const AS_ALWAYS = upTo("retry");
const JUDGED = upTo("context");

/** An identity's own id is another one on every plane. */
const bare = (detail: string): string => detail.replaceAll(/[0-9a-f-]{36}/g, "(id)");

/** The answer says that it was only watched, and what `enforced` was answered. */
function judgeWould({ answer }: Aftermath, enforced: Aftermath): void {
  const { would, detail, evidence: _, ...said } = answer;
  assert.deepEqual(said, {
    ...{ ok: false, code: "ACTION_OBSERVED", stage: "authority" },
    ...{ failureDomain: "governance", retryable: false, enforced: false },
  });
  assert.match(detail, /only observed, nothing was done/);
  const { code, stage, pointer, unlock, detail: why } = enforced.answer;
  const refusal = { ok: false, code, stage, detail: bare(why), ...present({ pointer, unlock }) };
  // What is seen only behind a grant is not seen where there is none.
  const isSeen = JUDGED.has(stage) && enforced.spent.uses === 0;
  assert.deepEqual(
    would?.ok === false ? { ...would, detail: bare(would.detail) } : would,
    isSeen ? refusal : { ok: true },
  );
}

/** No session of an execution role, no call, no use, no key, no end, no mark; and every record says so. */
function judgeNothing({ spent, written, plane, chainId }: Aftermath): void {
  assert.deepEqual(
    { ...spent },
    { executions: 0, calls: 0, uses: 0, retryKeys: 0, isTargetChanged: false },
  );
  for (const { event, detail } of [...written.values()].flat()) {
    assert.equal(detail["enforced"], false, event.type);
    assert.equal(detail["endsContract"], undefined, event.type);
    assert.ok(ALLOWED.has(event.type), event.type);
  }
  const head = plane.dynamo.table(TABLES.state).get(`chain#${chainId}|head`);
  assert.equal(head?.["marks"], undefined);
}

/** Records of what is only watched: what binds the contract, what was asked, and that it was refused. */
const ALLOWED: ReadonlySet<string> = new Set([
  ...["IntentSubmitted", "ContextEvaluated", "PolicyEvaluated", "ContractBound"],
  ...["IdentityRequested", "IdentityDenied", "ExecutionRejected"],
]);

suite("every refused request, with every action only observed", () => {
  let watched = 0;
  for (const [name, each] of CASES) {
    test(`VAI-146 ${name}: ${each.description}`, async () => {
      const enforced = await attackPlane(each);
      const isLater = each.history !== undefined || each.redeem !== undefined;
      const observed = isLater ? "later" : "since the first policy";
      const seen = await attackPlane({ ...each, observed });
      const { evidence: _, ...expected } = enforced.answer;
      const { evidence: __, ...answer } = seen.answer;
      if (AS_ALWAYS.has(expected.stage)) {
        assert.deepEqual(
          { ...answer, detail: bare(answer.detail) },
          { ...expected, detail: bare(expected.detail) },
        );
        return;
      }
      watched += 1;
      judgeWould(seen, enforced);
      judgeNothing(seen);
    });
  }

  test("VAI-146 most of them are watched", () => {
    assert.ok(watched > 100, String(watched));
  });
});
