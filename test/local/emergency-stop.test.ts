import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { DeleteRolePolicyCommand, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { executionRoles } from "../../lib/enforcement/points/unread.ts";
import { REPOSITORY_ROOT } from "../../localstack/machine/paths.ts";
import { tableArn } from "../support/local/contracts.ts";
import { permissionOf, publishedPolicy } from "../support/local/iam.ts";
import { sessionAsIssued } from "../support/local/issued.ts";
import { type LocalPlane, localPlane } from "../support/local/plane.ts";
import { ownTemporary } from "../support/local/state.ts";
import { seedItem } from "../support/local/targets.ts";

const RUNBOOK = readFileSync(join(REPOSITORY_ROOT, "infra/runbook.md"), "utf8");
const [, SECTION = ""] = /^# Emergency stop\n([\s\S]*?)^# /m.exec(RUNBOOK) ?? [];
const blocks = [...SECTION.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, block = ""]) => block);
const blockWith = (text: string): string => blocks.find((block) => block.includes(text)) ?? "";

const missing = ["bash", "jq"].filter((tool) => spawnSync(tool, ["--version"]).error !== undefined);
const skip = missing.length > 0 && `${missing.join(", ")} is not installed`;

/** Stands in for the aws CLI and for `npx --no -- vai`: notes what it is asked, a call a line, and says the trust policy. */
const STAND_INS = `
aws() { for word in "$@"; do printf '%s\\0' "$word"; done >> calls; printf '\\n' >> calls; }
npx() { cat trust.json; }
`;

/** Runs blocks of the runbook as printed. @returns what the aws CLI was asked, word by word. */
async function asked(t: TestContext, plane: LocalPlane, ...run: string[]): Promise<string[][]> {
  const folder = mkdtempSync(join(ownTemporary(), "stop-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "trust.json"), JSON.stringify(await publishedPolicy(plane)));
  const script = `${STAND_INS}${run.join("\n")}`;
  execFileSync("bash", ["--norc", "-euo", "pipefail", "-c", script], {
    cwd: folder,
    env: { PATH: process.env["PATH"], PLANE: "local" },
  });
  const stop = readFileSync(join(folder, "stop.json"), "utf8");
  return readFileSync(join(folder, "calls"), "utf8")
    .trim()
    .split("\n")
    .map((call) => call.split("\0").slice(0, -1))
    .map((words) => words.map((word) => (word === "file://stop.json" ? stop : word)));
}

/** The words after these options. */
const given = (words: readonly string[], ...options: readonly string[]): string[] =>
  options.map((option) => words[words.indexOf(option) + 1] ?? "");

test("X-01 VAI-115 the runbook's emergency stop denies a session that left the plane, on every execution role, until it is taken off", {
  skip,
}, async (t) => {
  const plane = await localPlane();
  const { iam } = plane.deployer;
  await seedItem(plane, "stopped");
  const action = "dynamodb:UpdateItem";
  const session = await sessionAsIssued(t, plane, { action, target: tableArn(plane) });
  const held = plane.as(session).dynamoDb;
  const use = (): Promise<string> =>
    permissionOf(
      held.send(
        new UpdateItemCommand({
          ...{ TableName: plane.outputs.samples.table, Key: { pk: { S: "stopped" } } },
          UpdateExpression: "SET weight = :weight",
          ExpressionAttributeValues: { ":weight": { N: "7" } },
        }),
      ),
    );
  assert.equal(await use(), "allowed");

  const block = blockWith("put-role-policy");
  const calls = await asked(t, plane, block);
  const roles = calls.map((call) => given(call, "--role-name")[0]);
  const named = new Set(
    executionRoles(await publishedPolicy(plane)).map((role) => role.split("/").at(-1)),
  );
  assert.deepEqual(roles.toSorted(), [...named].sort());

  /** Puts what the runbook puts, with the instant moved by seconds. */
  const stopAt = async (seconds: number): Promise<void> => {
    for (const call of calls) {
      const [RoleName, PolicyName, text = ""] = given(
        call,
        ...["--role-name", "--policy-name", "--policy-document"],
      );
      const PolicyDocument = text.replace(/(?<="aws:TokenIssueTime": ")[^"]+/, (instant) =>
        new Date(Date.parse(instant) + seconds * 1000).toISOString().replace(/\.\d+/, ""),
      );
      await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument }));
    }
  };
  const takeOff = async (): Promise<void> => {
    for (const call of await asked(t, plane, block, blockWith("delete-role-policy"))) {
      if (call[1] !== "delete-role-policy") continue;
      const [RoleName, PolicyName] = given(call, "--role-name", "--policy-name");
      await iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName }));
    }
  };
  t.after(() => takeOff().catch(() => undefined));
  // The same second counts as later, so the instant is moved instead of waiting for the next one.
  await stopAt(1);
  assert.equal(await use(), "denied");
  await stopAt(-3600);
  assert.equal(await use(), "allowed", "a session that was issued later is not stopped");
  await stopAt(1);
  await takeOff();
  assert.equal(await use(), "allowed", "nothing is left of it");
});
