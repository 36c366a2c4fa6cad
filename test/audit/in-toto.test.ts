import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { ensureEmulator } from "../../localstack/setup.ts";
import { blockOf, cutOut } from "./support/by-hand.ts";
import { exportTo, temporary } from "./support/folder.ts";
import { type Story, tellStory } from "./support/story.ts";

let story: Story;
let place: Awaited<ReturnType<typeof temporary>>;
let python: string;

before(async () => {
  [story, place, python] = await Promise.all([
    tellStory(),
    temporary(),
    ensureEmulator({
      what: "securesystemslib",
      folder: join(import.meta.dirname, "in-toto"),
      modules: ["securesystemslib.dsse", "cryptography"],
    }),
  ]);
});
after(() => place.remove());

/** Runs the page's Python, as it stands, in a folder of files that were cut out. */
const verifyIn = (cwd: string) =>
  spawnSync(python, ["-I", "-c", blockOf("python", "securesystemslib")], { cwd, encoding: "utf8" });

suite("a seal as in-toto's own library reads it", () => {
  test("VAI-24 securesystemslib verifies the seal of each record and finds the record among its subjects", async () => {
    const folder = await exportTo(join(place.path, "good"), story);
    for (const line of [1, 7, 9, 12, 16, 17, 19]) {
      cutOut(folder, line, story.anchor.thumbprint);
      const { stdout, stderr } = verifyIn(folder);
      const { chainId, seq } = story.rows[line - 1] ?? {};
      assert.equal(stdout, `sealed as ${chainId}#${seq}\n`, stderr);
    }
  });

  test("VAI-24 it refuses an edited record, another record, and an edited signature", async () => {
    const folder = await exportTo(join(place.path, "bad"), story);
    cutOut(folder, 7, story.anchor.thumbprint);
    const [record, seal] = ["record.json", "seal.json"].map((name) => join(folder, name));
    assert.ok(record !== undefined && seal !== undefined);
    const honest = readFileSync(record, "utf8");
    for (const other of [honest.replace('"max":10', '"max":90'), story.rows[7]?.record ?? ""]) {
      assert.notEqual(other, honest);
      writeFileSync(record, other);
      assert.match(verifyIn(folder).stderr, /KeyError/);
    }
    writeFileSync(record, honest);
    const envelope = JSON.parse(readFileSync(seal, "utf8"));
    const sig = Buffer.from(envelope.signatures[0].sig, "base64");
    sig[sig.length - 1] = (sig.at(-1) ?? 0) ^ 1;
    envelope.signatures[0].sig = sig.toString("base64");
    writeFileSync(seal, JSON.stringify(envelope));
    assert.match(verifyIn(folder).stderr, /VerificationError/);
  });
});
