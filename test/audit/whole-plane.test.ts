import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { chainOfFolder, traceEvidence } from "../../lib/audit/collect.ts";
import { openFolder } from "../../lib/audit/folder.ts";
import { sentenceOf } from "../../lib/audit/sentences.ts";
import type { Trace } from "../../lib/audit/trace.ts";
import { verifyEvidence } from "../../lib/audit/verify-evidence.ts";
import { EVENT_TYPES } from "../../lib/evidence/events.ts";
import type { EvidenceRecord } from "../../lib/evidence/record.ts";
import { LIVE_IS_6, type Mutation } from "../support/governed.ts";
import { KEYS } from "../support/keys.ts";
import { newPlane, type Plane } from "../support/plane.ts";
import { exportTo, temporary } from "./support/folder.ts";

/** A handle redeemed, one violated, one whose context changed, and credentials that left. */
async function deliverAll(plane: Plane): Promise<void> {
  const handle: Mutation = {
    contract: { set: { "/deliveries": ["handle"], "/assumptions": [LIVE_IS_6] } },
    request: { set: { "/delivery": "handle" } },
  };
  const wide = { request: { set: { "/operation/parameters/percent": 99 } } };
  for (const mutation of [{}, wide]) {
    const governed = plane.contract(handle);
    const { handle: held } = await plane.grant(handle, governed);
    await plane.execute(plane.redemption(governed, held, mutation));
  }
  const governed = plane.contract(handle);
  const { handle: held } = await plane.grant(handle, governed);
  plane.targets.answers.set("lambda:GetAlias", [{ FunctionVersion: "7" }]);
  await plane.execute(plane.redemption(governed, held));
  await plane.grant({
    base: "item",
    contract: {
      set: {
        "/deliveries": ["credentials"],
        "/authorization_details/0/parameters": "unbounded",
      },
    },
    request: {
      set: { "/delivery": "credentials", "/deliverTo": "$jwk.otherAgent" },
      remove: ["/operation"],
    },
  });
}

/** The records that the enforcement itself writes, judged by code that shares nothing with it but the schema. */
describe("evidence of a whole plane", () => {
  let place: Awaited<ReturnType<typeof temporary>>;
  let plane: Plane;
  let folder: string;
  let chainId: string;

  before(async () => {
    [plane, place] = await Promise.all([newPlane(), temporary()]);
    const governed = plane.contract();
    const event = plane.event(governed);
    const answer = await plane.issue(event);
    assert.ok(answer.ok, JSON.stringify(answer));
    chainId = answer.evidence.chainId;
    await plane.issue(event);
    await plane.issue(plane.event(governed));
    await plane.issue({ nothing: "good" });
    await plane.issue("no event at all");
    await plane.publish();
    await plane.grant();
    await deliverAll(plane);
    folder = await exportTo(
      join(place.path, "export"),
      {
        anchor: KEYS.anchor,
        rows: plane.chains().flatMap((id) => plane.rows(id)),
      },
      { plane: plane.policy.plane },
    );
  });
  after(() => place.remove());

  async function open() {
    const opened = await openFolder(folder);
    assert.ok(opened.ok);
    return opened.value;
  }

  test("USR-13 everything that enforcement wrote verifies from the anchor: grants, refusals, policies", async () => {
    const report = await verifyEvidence(await open(), [KEYS.anchor.thumbprint]);
    assert.deepEqual(report.defects, []);
    assert.equal(report.verdict, "unanchored");
    assert.equal(report.trustPolicies, 2);
    assert.ok(report.chains.length >= 4);
  });

  test("VAI-08 a grant, its retry and a later refusal are told from the chain alone", async () => {
    const intentId = chainId.slice("intent/".length);
    const set = await chainOfFolder(await open(), `intent/${intentId}`);
    const trace = (await traceEvidence(set, `intent/${intentId}`, [
      KEYS.anchor.thumbprint,
    ])) as Trace;
    assert.equal(trace.integrity.firstDefect, null);
    const [identity] = trace.identities;
    assert.ok(identity);
    const { reason, limits, uses, end } = identity.answers;
    for (const answer of [reason, limits, uses, end]) {
      assert.ok(answer.length > 0);
      assert.doesNotMatch(answer.join(" "), /unknown|undefined/);
    }
    assert.match(end[0] ?? "", /COMPLETED/);
    assert.ok(trace.events.some(({ type }) => type === "RetryDeduplicated"));
    assert.ok(trace.negative.some(({ decision }) => decision.code === "CONTRACT_CONSUMED"));
    for (const { sentence } of trace.events)
      assert.doesNotMatch(sentence, /unknown|undefined|later version/);
  });

  test("VAI-08 X-01 every delivery is told from its chain alone", async () => {
    const told = new Set<string>();
    for (const chain of plane.chains().filter((id) => id.startsWith("intent/"))) {
      const intentId = chain.slice("intent/".length);
      const own = await chainOfFolder(await open(), `intent/${intentId}`);
      const trace = (await traceEvidence(own, `intent/${intentId}`, [
        KEYS.anchor.thumbprint,
      ])) as Trace;
      assert.equal(trace.integrity.firstDefect, null, chain);
      for (const { type, sentence } of trace.events) {
        told.add(type);
        assert.doesNotMatch(sentence, /unknown|undefined|later version/, type);
      }
      for (const { answers } of trace.identities) {
        const said = [answers.limits, answers.uses, answers.end].flat().join(" ");
        assert.doesNotMatch(said, /unknown|undefined/);
      }
    }
    for (const type of ["ContextRechecked", "ContextInvalidated", "ExecutionRejected"]) {
      assert.ok(told.has(type), type);
    }
  });

  test("VAI-130 every event type that is written has its sentence", () => {
    const [row] = plane.rows(chainId);
    assert.ok(row);
    const record: EvidenceRecord = JSON.parse(row.record);
    for (const type of EVENT_TYPES) {
      const sentence = sentenceOf({
        ...record,
        event: { ...record.event, type },
        detail: {},
      });
      assert.doesNotMatch(sentence, /later version/, type);
    }
  });
});
