import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { LOCALSTACK_FOLDER } from "../../localstack/machine/paths.ts";
import { SCENES } from "../../localstack/walkthrough/play.ts";

test("USR-10 no two scenes sign under one name, for vai writes over no contract that is there", () => {
  const folder = join(LOCALSTACK_FOLDER, "walkthrough");
  const drafts = readdirSync(folder)
    .filter((file) => file.startsWith("scene-"))
    .map((file) => readFileSync(join(folder, file), "utf8"))
    .flatMap((text) =>
      [...text.matchAll(/write(?:Draft|HandOn)\([^"]*"([a-z0-9-]+)\.draft\.json"/g)].map(
        ([, name]) => name,
      ),
    );
  assert.ok(drafts.length > 15, "drafts are found");
  assert.deepEqual(drafts, [...new Set(drafts)]);
});

test("USR-10 the walkthrough plays each scene once", () => {
  assert.deepEqual(SCENES, [...new Set(SCENES)]);
});
