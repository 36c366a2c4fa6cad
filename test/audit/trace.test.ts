import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { chainOfTable, traceEvidence } from "../../lib/audit/collect.ts";
import { deliveryInWords } from "../../lib/audit/sentences.ts";
import type { Trace } from "../../lib/audit/trace.ts";
import { run } from "./support/cli.ts";
import { editLines, exportTo, temporary } from "./support/folder.ts";
import { newKey, readerOf } from "./support/plane.ts";
import { CHAIN, INTENT, type Story, tellStory } from "./support/story.ts";

let story: Story;
let place: Awaited<ReturnType<typeof temporary>>;
let folder: string;

before(async () => {
  [story, place] = await Promise.all([tellStory(), temporary()]);
  folder = await exportTo(join(place.path, "export"), story);
});
after(() => place.remove());

const anchored = (): string[] => ["--from", folder, "--anchor", story.anchor.thumbprint];
const tree = async (): Promise<Trace> =>
  JSON.parse((await run("trace", INTENT, ...anchored(), "--json")).out);

describe("vai trace --from", () => {
  test("VAI-08 answers from the chain alone: reason, limits, each use, the end", async () => {
    const [identity] = (await tree()).identities;
    assert.ok(identity);
    const { reason, limits, uses, end, contract, failures } = identity.answers;
    assert.equal(identity.identityId, story.identityId);
    assert.equal(
      reason[0],
      "spiffe://example.org/agent/coordinator wished to lambda:UpdateAlias on arn:aws:lambda:us-east-1:000000000000:function:checkout",
    );
    assert.equal(reason[1], "the context was observed at 2026-05-05T03:59:58.000Z");
    assert.match(reason.join("\n"), /decider\.example decided ALLOW by policy rollout version 3/);
    assert.match(reason.join("\n"), /governance\.example made the contract out for: shift 10 %/);
    assert.ok(limits.includes("percent: 0 to 10"));
    assert.ok(limits.includes("alias: exactly live"));
    assert.match(limits.join("\n"), /until 2026-05-05T04:10:00\.000Z/);
    assert.match(uses[0] ?? "", /called lambda:UpdateAlias with .*checkout/);
    assert.match(uses[1] ?? "", /succeeded/);
    assert.deepEqual(end, ["2026-05-05T04:00:00.000Z COMPLETED (IdentityCompleted)"]);
    assert.ok(contract?.digest.startsWith("sha256:"));
    assert.deepEqual(failures, []);
  });

  test("VAI-08 a chain of no intent is told by its own name: refusals of nobody, trust policies", async () => {
    const strays = await run("trace", "unattributed/2026-05-05/e", ...anchored(), "--json");
    assert.equal(strays.code, 0, strays.err);
    const told: Trace = JSON.parse(strays.out);
    assert.deepEqual([told.intentId, told.events.length], [null, 2]);
    const lines = (await run("trace", "unattributed/2026-05-05/e", ...anchored())).out;
    assert.match(lines, /^Chain unattributed\/2026-05-05\/e\nIntegrity: unanchored/);
    assert.match(lines, /REQUEST_UNSIGNED/);
    const trust = await run("trace", "plane/registry", ...anchored());
    assert.equal(trust.code, 0, trust.err);
    assert.match(trust.out, /#1 +TrustPolicyPublished/);
    assert.equal((await run("trace", "unattributed/2026-05-05/d", ...anchored())).code, 1);
  });

  test("VAI-08 VAI-24 out of the table a chain is as whole as out of an export, whichever name comes first", async () => {
    const { anchor, rows } = story;
    for (const chainId of [CHAIN, "plane/registry", "unattributed/2026-05-05/e"]) {
      const set = await chainOfTable(readerOf(rows), chainId, [anchor.jwk]);
      const trace = await traceEvidence(set, chainId, [anchor.thumbprint]);
      assert.ok(typeof trace !== "string", chainId);
      assert.deepEqual([trace.integrity.status, trace.integrity.firstDefect], ["unanchored", null]);
    }
  });

  test("OKG-39 the tree has intent, context, decision, contract, identities, negative, integrity", async () => {
    const trace = await tree();
    assert.deepEqual(
      [trace.intent?.seq, trace.context?.seq, trace.decision?.seq, trace.contract?.seq],
      [1, 2, 3, 4],
    );
    const [identity] = trace.identities;
    assert.deepEqual(
      [identity?.requested?.seq, identity?.validated?.seq, identity?.issued?.seq],
      [5, 6, 7],
    );
    assert.equal(identity?.executions[0]?.completed?.seq, 10);
    assert.equal(identity?.ended?.seq, 12);
    assert.equal(trace.execution.completed?.seq, 10);
    assert.deepEqual(
      trace.negative.map(({ type }) => type),
      ["ProofRejected", "ViolationDetected", "IdentityDenied"],
    );
    assert.equal(trace.integrity.status, "unanchored");
    assert.equal(trace.integrity.trusted, true);
    assert.equal(trace.integrity.head?.seq, 16);
  });

  test("VAI-130 the time line is one sentence a record, with codes verbatim", async () => {
    const { code, out } = await run("trace", `intent/${INTENT}`, ...anchored());
    assert.equal(code, 0);
    const lines = out.split("\n").filter((line) => /^\d{4}-/.test(line));
    assert.equal(lines.length, 16);
    assert.match(
      lines[6] ?? "",
      /#7 {3}IdentityIssued {6}ALLOW {2}identity .* was issued for lambda:UpdateAlias on arn:/,
    );
    assert.match(
      lines[15] ?? "",
      /IdentityDenied .*DENY PARAMETER_OUT_OF_BOUNDS .*percent 100 is above/,
    );
    assert.doesNotMatch(out, /unattributed|REQUEST_UNSIGNED/);
  });

  test("VAI-24 without an anchor it exits 3 and says that this is no trust; with a defect it exits 1 and names it", async () => {
    const untrusted = await run("trace", INTENT, "--from", folder);
    assert.equal(untrusted.code, 3);
    assert.match(untrusted.out, /no anchor was given, so this is consistency, not trust/);
    assert.equal((await run("trace", INTENT, "--from", folder, "--json")).code, 3);
    const damaged = await exportTo(join(place.path, "damaged"), story);
    await editLines(join(damaged, "records.jsonl"), (lines) => lines.toSpliced(2, 1));
    const { code, out } = await run("trace", INTENT, "--from", damaged);
    assert.equal(code, 1);
    assert.match(out, new RegExp(`Integrity: gap: ${CHAIN} record 3 is missing`));
  });

  test("VAI-08 says how the authority was delivered, in the time line and under limits", async () => {
    const { out } = await run("trace", INTENT, ...anchored());
    assert.match(
      out,
      /#7 .* was issued for .*, delivery execute: run by the trust plane at once$/m,
    );
    assert.match(out, /^ {2}limits {3}delivery execute: /m);
    const issued = (await tree()).events.find(({ type }) => type === "IdentityIssued");
    for (const delivery of ["handle", "credentials"]) {
      assert.match(
        deliveryInWords({ ...issued?.detail, delivery }),
        new RegExp(`^delivery ${delivery}: `),
      );
    }
    assert.equal(deliveryInWords({ delivery: "toString" }), "delivery toString");
  });

  test("VAI-24 VAI-08 with a wrong anchor it says so, not that there is no evidence", async () => {
    const wrong = ["--from", folder, "--anchor", newKey().thumbprint];
    const { code, out, err } = await run("trace", INTENT, ...wrong);
    assert.deepEqual([code, out], [1, ""]);
    assert.match(err, /nothing here hangs on the anchor/);
    assert.doesNotMatch(err, /no evidence of the intent/);
  });

  test("VAI-24 VAI-08 evidence of which nothing holds is a defect that is told, not evidence that is absent", async () => {
    const unsealed = await exportTo(join(place.path, "unsealed"), story);
    await editLines(join(unsealed, "seals.jsonl"), () => []);
    const { code, out, err } = await run("trace", INTENT, "--from", unsealed);
    assert.equal(code, 1);
    assert.match(out, new RegExp(`Integrity: tampered: ${CHAIN} record 1 has no seal`));
    assert.doesNotMatch(err, /no evidence of the intent/);
  });

  test("VAI-08 an unknown intent exits 1, a folder that is none exits 2", async () => {
    const { code, err } = await run(
      "trace",
      "0198c7d2-0000-7000-8000-00000000ffff",
      "--from",
      folder,
    );
    assert.equal(code, 1);
    assert.match(err, /there is no evidence under intent/);
    assert.equal((await run("trace", INTENT, "--from", place.path)).code, 2);
  });
});
