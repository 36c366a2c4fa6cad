import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { EVENT_TYPES, isNegative } from "../../lib/evidence/events.ts";
import { RECORD_MEMBERS } from "../../lib/evidence/record-shape.ts";
import { blockOf, blocksOf, cutOut } from "./support/by-hand.ts";
import { editLines, exportTo, temporary } from "./support/folder.ts";
import { evidenceKey, newKey, signPolicy } from "./support/plane.ts";
import { README } from "./support/readme.ts";
import { type Story, tellStory } from "./support/story.ts";

const missing = (...tools: string[]): string | false => {
  const absent = tools.filter((tool) => spawnSync(tool, ["--version"]).error !== undefined);
  return absent.length > 0 && `${absent.join(", ")} is not installed`;
};
const withoutTools = missing("bash", "jq", "openssl", "sha256sum", "node");

let story: Story;
let place: Awaited<ReturnType<typeof temporary>>;
let copies = 0;

before(async () => {
  [story, place] = await Promise.all([tellStory(), temporary()]);
});
after(() => place.remove());

const exported = () => exportTo(join(place.path, `export-${++copies}`), story);

/** Runs a block as it stands, in a folder. */
const runIn = (folder: string, block: string): string =>
  execFileSync("bash", ["-euo", "pipefail", "-c", block], {
    cwd: folder,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });

describe("lib/audit/README.md", () => {
  const twoCommands = blockOf("sh", "openssl dgst");

  test("VAI-24 two commands verify one record, run as written: each record of the story", {
    skip: withoutTools,
  }, async () => {
    const folder = await exported();
    assert.deepEqual(
      twoCommands
        .trim()
        .split("\n")
        .map((line) => line.split(" ")[0]),
      ["sha256sum", "openssl"],
    );
    for (const line of [1, 7, 9, 12, 16, 17, 19]) {
      cutOut(folder, line, story.anchor.thumbprint);
      assert.equal(runIn(folder, twoCommands), "record.json: OK\nVerified OK\n");
      const [hash] = runIn(folder, "sha256sum record.json").split(" ");
      assert.equal(`sha256:${hash}`, story.rows[line - 1]?.recordHash);
    }
  });

  test("VAI-24 the same two refuse an edited record, another record, and an edited signature", {
    skip: withoutTools,
  }, async () => {
    const folder = await exported();
    cutOut(folder, 7, story.anchor.thumbprint);
    const write = (name: string, text: string | Buffer) => writeFileSync(join(folder, name), text);
    const record = readFileSync(join(folder, "record.json"), "utf8");
    write("record.json", record.replace('"max":10', '"max":90'));
    assert.throws(() => runIn(folder, twoCommands), /record\.json: FAILED|did NOT match/);
    write("record.json", story.rows[7]?.record ?? "");
    assert.throws(() => runIn(folder, twoCommands), /FAILED|did NOT match/);
    write("record.json", record);
    const signature = readFileSync(join(folder, "signature.der"));
    signature[signature.length - 1] = (signature.at(-1) ?? 0) ^ 1;
    write("signature.der", signature);
    assert.throws(() => runIn(folder, twoCommands));
  });

  test("VAI-24 the key hangs on the anchor: another thumbprint, or a policy that it did not sign, gives none", {
    skip: withoutTools,
  }, async () => {
    const folder = await exported();
    const { thumbprint } = story.anchor;
    const thief = newKey();
    assert.throws(() => cutOut(folder, 7, thief.thumbprint), /is not in the export/);
    const forged = signPolicy(thief, [evidenceKey(thief)]);
    await editLines(join(folder, "trust-policies.jsonl"), () => [forged.jws]);
    assert.throws(() => cutOut(folder, 7, thumbprint), /did not sign the last trust policy/);
  });

  test("VAI-24 a record that no seal names cannot be cut out as good", {
    skip: withoutTools,
  }, async () => {
    const folder = await exported();
    await editLines(join(folder, "seals.jsonl"), (lines) => lines.slice(1));
    assert.throws(() => {
      cutOut(folder, 7, story.anchor.thumbprint);
      runIn(folder, twoCommands);
    });
  });

  test("VAI-24 cosign takes a record as a blob and its seal as the attestation, and refuses others", {
    skip: withoutTools || missing("cosign"),
  }, async () => {
    const folder = await exported();
    cutOut(folder, 7, story.anchor.thumbprint);
    const cosign = blockOf("sh", "cosign verify-blob-attestation");
    const { status, stderr } = spawnSync("bash", ["-c", cosign], { cwd: folder, encoding: "utf8" });
    assert.equal(status, 0, stderr);
    assert.match(stderr, /^Verified OK$/m);
    writeFileSync(join(folder, "record.json"), story.rows[7]?.record ?? "");
    assert.throws(() => runIn(folder, cosign), /no matching subject/);
  });

  test("USR-13 has a query by contract, by actor and time, by identity, and for negative events", () => {
    for (const index of ["byContract", "byActor", "byIdentity", "byNegativeDay"]) {
      assert.ok(
        blocksOf("sh").some(
          (block) => block.startsWith("aws dynamodb query") && block.includes(index),
        ),
        index,
      );
    }
  });

  test("USR-13 every verdict is explained, and every file and attribute that holds evidence", () => {
    for (const verdict of ["complete", "unanchored", "gap", "truncated", "tampered"]) {
      assert.ok(README.includes(`| \`${verdict}\` |`), verdict);
    }
    for (const name of ["records.jsonl", "seals.jsonl", "trust-policies.jsonl", "manifest.json"]) {
      assert.ok(README.includes(`| \`${name}\` |`), name);
    }
    for (const name of ["record", "seal", "sealSeq"]) {
      assert.ok(README.includes(`| \`${name}\` |`), name);
    }
    const [row] = story.rows;
    for (const name of Object.keys(row ?? {})) assert.ok(README.includes(`\`${name}\``), name);
  });
});

/** Rows of the page's one table whose first column is headed so. */
const rowsOf = (heading: string): string[][] => {
  const [, table = ""] =
    new RegExp(`^\\| ${heading} \\|.*\n\\|[- |]+\n((?:\\|.*\n)+)`, "m").exec(README) ?? [];
  return table
    .trim()
    .split("\n")
    .map((row) => row.split("|").map((cell) => cell.trim()));
};

describe("the lists of lib/audit/README.md", () => {
  test("VAI-92 every event type is listed, negative or not, and no other", () => {
    const listed = rowsOf("event type").map(([, type, negative]) => [type, negative]);
    const known = EVENT_TYPES.map((type) => [`\`${type}\``, isNegative(type) ? "yes" : "no"]);
    assert.deepEqual(listed.toSorted(), known.toSorted());
  });

  test("VAI-24 every member that a record may have is listed, and no other", () => {
    const listed = rowsOf("member").flatMap(([, names = ""]) =>
      names.split(", ").map((name) => name.replaceAll("`", "")),
    );
    assert.deepEqual(listed.toSorted(), RECORD_MEMBERS.toSorted());
  });
});
