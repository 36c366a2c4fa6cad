import assert from "node:assert/strict";
import type { RefusedAnswer } from "../../lib/enforcement/answer.ts";
import type { EvidenceRecord } from "../../lib/evidence/record.ts";
import { failureDomain, type RefusalCode } from "../../lib/refusal.ts";
import type { Aftermath } from "./attack.ts";

/** What must come of a refused request. */
export interface Expected {
  readonly code: RefusalCode;
  readonly stage: string;
  readonly pointer?: string;
  readonly retryable: boolean;
  readonly unlock?: readonly object[];
  /** Where the records are: the intent's chain, a chain that accuses nobody, or nowhere. */
  readonly chain: "intent" | "unattributed" | "none";
  readonly records: readonly string[];
  readonly spent?: Partial<Aftermath["spent"]>;
}

type Refused = Pick<Aftermath, "written" | "chainId" | "spent"> & {
  readonly answer: RefusedAnswer;
};

/** Answer, evidence, checks and cost of a refusal. */
export function judgeRefusal(refused: Refused, expected: Expected): void {
  judgeAnswer(refused, expected);
  judgeEvidence(refused, expected);
  judgeChecks(refused);
  judgeCost(refused, expected);
}

function judgeAnswer({ answer }: Refused, expected: Expected): void {
  const { detail, evidence: _, ...said } = answer;
  assert.ok(detail.length > 0, "a refusal says why");
  const { chain, records, spent, ...answered } = expected;
  const domain = failureDomain(expected.code);
  assert.deepEqual(said, { ok: false, failureDomain: domain, ...answered });
}

function judgeEvidence({ answer, written, chainId }: Refused, expected: Expected): void {
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

function judgeLastRecord(last: EvidenceRecord | undefined, { code, stage }: Expected): void {
  if (last?.event.type !== "IdentityDenied") return;
  assert.equal(last.decision.code, code);
  assert.equal(last.decision.stage, stage);
  assert.equal(last.decision.failureDomain, failureDomain(code));
}

/** Records that say which checks led to them: a refusal names one that failed. */
const REFUSALS: ReadonlySet<string> = new Set([
  ...["IdentityDenied", "ProofRejected", "ViolationDetected", "ExecutionRejected"],
]);

/** VAI-04: exactly one failed, everything before it was run and held, nothing after it was run. */
function judgeChecks({ written }: Refused): void {
  for (const { event, decision } of [...written.values()].flat()) {
    const { checks } = decision;
    if (REFUSALS.has(event.type)) assert.ok(checks !== undefined, event.type);
    if (checks === undefined || event.type === "ProofValidated") continue;
    const shape = checks.map(({ result }) => result[0]).join("");
    assert.match(shape, /^p*fn*$/, JSON.stringify(checks));
    assert.equal(new Set(checks.map(({ name }) => name)).size, checks.length);
  }
}

function judgeCost({ spent }: Refused, expected: Expected): void {
  const nothing = { executions: 0, calls: 0, uses: 0, retryKeys: 0, isTargetChanged: false };
  assert.deepEqual(spent, { ...nothing, ...expected.spent });
}
