import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type TestContext, test } from "node:test";
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { executionRoles } from "../../lib/enforcement/points/unread.ts";
import type { CloudTrailEvent } from "../../localstack/machine/control.ts";
import { REPOSITORY_ROOT } from "../../localstack/machine/paths.ts";
import { granted, invoke, refused, settingEvent } from "../support/local/agent.ts";
import { intentOf, settingDraft, signDraft } from "../support/local/contracts.ts";
import { verifiedChain } from "../support/local/evidence.ts";
import { named, recorded } from "../support/local/faults.ts";
import { publishedPolicy } from "../support/local/iam.ts";
import { observing } from "../support/local/modes.ts";
import { type LocalPlane, localPlane } from "../support/local/plane.ts";
import { ownTemporary } from "../support/local/state.ts";
import { readItem, seedItem } from "../support/local/targets.ts";

const ACTION = "dynamodb:UpdateItem";

/** Calls that ask for a session of an execution role. */
async function executionSessions(
  plane: LocalPlane,
  calls: readonly CloudTrailEvent[],
): Promise<CloudTrailEvent[]> {
  const roles = new Set(executionRoles(await publishedPolicy(plane)));
  return named(calls, "sts AssumeRole").filter(({ requestParameters }) =>
    roles.has(String((requestParameters as Record<string, unknown> | null)?.["roleArn"])),
  );
}

test("VAI-146 the deployed function judges an observed action and asks STS for no execution role; a trust policy alone enforces it", async (t) => {
  const plane = await localPlane();
  await seedItem(plane, "watched");
  const held = signDraft(plane, settingDraft(plane, "watched"));
  const event = settingEvent(plane, held, "watched");
  const { enforce } = await observing(t, plane, ACTION);

  const watched = await recorded(plane, () => invoke(plane, event));
  const { enforced, would, evidence } = refused(watched.result, "ACTION_OBSERVED");
  assert.deepEqual([enforced, would], [false, { ok: true }]);
  const beyond = settingEvent(plane, held, "watched", { parameters: { "set/weight": 999 } });
  const wider = refused(await invoke(plane, beyond), "ACTION_OBSERVED").would;
  assert.deepEqual(wider?.ok === false && [wider.code, wider.stage], [
    "PARAMETER_OUT_OF_BOUNDS",
    "scope",
  ]);
  assert.deepEqual(await executionSessions(plane, watched.calls), []);
  assert.equal((await readItem(plane, "watched"))?.["weight"], 1);
  const records = await verifiedChain(plane, evidence?.chainId ?? "");
  assert.deepEqual([...new Set(records.map(({ detail }) => detail["enforced"]))], [false]);
  const denied = records.filter(({ event: { type } }) => type === "IdentityDenied");
  assert.deepEqual(
    observedBy(t, plane).filter(({ chainId }) => chainId === `intent/${intentOf(held)}`),
    denied.map(({ chain: { id, seq } }) => ({ chainId: id, seq })),
  );

  await enforce();
  // The very same request: it took neither a use nor its keys.
  const done = await recorded(plane, () => invoke(plane, event));
  assert.equal(granted(done.result).deduplicated, false);
  assert.equal((await executionSessions(plane, done.calls)).length, 1, "the feed would have it");
  assert.equal((await readItem(plane, "watched"))?.["weight"], 10);
});

/** The cloud team's query, as it is printed, run as the auditor: where each observed refusal of today is. */
function observedBy(t: TestContext, plane: LocalPlane): { chainId: string; seq: number }[] {
  const page = readFileSync(join(REPOSITORY_ROOT, "infra/README.md"), "utf8");
  const [block = "", ...others] = [...page.matchAll(/^ *```sh\n(.*?)\n *```$/gms)]
    .map(([, text = ""]) => text)
    .filter((text) => text.includes("ACTION_OBSERVED"));
  assert.deepEqual(others, []);
  const tools = mkdtempSync(join(ownTemporary(), "aws-"));
  t.after(() => rmSync(tools, { recursive: true, force: true }));
  if (spawnSync("aws", ["--version"]).error !== undefined) {
    const program = join(import.meta.dirname, "../support/local/aws-query.ts");
    writeFileSync(join(tools, "aws"), `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`);
    chmodSync(join(tools, "aws"), 0o755);
  }
  const { endpoint, region, credentials, tables } = plane.outputs;
  const out = execFileSync("bash", ["--norc", "-euo", "pipefail", "-c", block], {
    encoding: "utf8",
    env: {
      PATH: [tools, process.env["PATH"]].join(delimiter),
      EVIDENCE: tables.evidence,
      DAY: new Date().toISOString().slice(0, 10),
      AWS_ENDPOINT_URL: endpoint,
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
      AWS_ACCESS_KEY_ID: credentials.auditor.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.auditor.secretAccessKey,
    },
  });
  const { Items } = JSON.parse(out) as { Items: Record<string, AttributeValue>[] };
  return Items.map(({ chainId, seq }) => ({
    chainId: String(chainId?.S),
    seq: Number(seq?.N),
  })).sort((left, right) => left.seq - right.seq);
}
