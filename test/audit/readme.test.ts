import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { exportTo, temporary } from "./support/folder.ts";
import { type Story, tellStory } from "./support/story.ts";

const README = readFileSync(new URL("../../lib/audit/README.md", import.meta.url), "utf8");
const blocks = [...README.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = ""]) => block);
const byHand = blocks.find((block) => block.includes("openssl dgst")) ?? "";
const hasTools = ["jq", "openssl", "bash", "node"].every(
  (tool) => spawnSync(tool, ["--version"]).error === undefined,
);

let story: Story;
let place: Awaited<ReturnType<typeof temporary>>;

before(async () => {
  [story, place] = await Promise.all([tellStory(), temporary()]);
});
after(() => place.remove());

describe("lib/audit/README.md", () => {
  test("VAI-24 the commands for one record, run as written, verify it with openssl", {
    skip: !hasTools,
  }, async () => {
    const folder = await exportTo(join(place.path, "export"), story);
    const env = { ...process.env, N: "7" };
    const runBlock = () =>
      execFileSync("bash", ["-ec", byHand], {
        cwd: folder,
        env,
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      });
    const out = runBlock();
    assert.match(out, /Verified OK/);
    assert.ok(out.includes(story.rows[6]?.recordHash.slice("sha256:".length) ?? "nothing"));
    const records = readFileSync(join(folder, "records.jsonl"), "utf8");
    writeFileSync(join(folder, "records.jsonl"), records.replace(/"sig":"M/g, '"sig":"N'));
    assert.throws(runBlock);
  });

  test("USR-13 has a query by contract, by actor and time, by identity, and for negative events", () => {
    for (const index of ["byContract", "byActor", "byIdentity", "byNegativeDay"]) {
      assert.ok(
        blocks.some((block) => block.startsWith("aws dynamodb query") && block.includes(index)),
        index,
      );
    }
  });

  test("USR-13 every verdict is explained", () => {
    for (const verdict of ["complete", "unanchored", "gap", "truncated", "tampered"]) {
      assert.ok(README.includes(`| \`${verdict}\` |`), verdict);
    }
  });
});
