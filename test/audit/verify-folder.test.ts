import assert from "node:assert/strict";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { followTrust } from "../../lib/audit/trust-chain.ts";
import { readPublicJwk, type VerificationKey } from "../../lib/encoding/jwk.ts";
import { run } from "./support/cli.ts";
import { editLines, editManifest, exportTo, temporary } from "./support/folder.ts";
import { evidenceKey, newKey, publication, signPolicy, writeRows } from "./support/plane.ts";
import { reseal } from "./support/resign.ts";
import { CHAIN, INTENT, type Story, tellStory } from "./support/story.ts";

let story: Story;
let place: Awaited<ReturnType<typeof temporary>>;
let good: string;
let copies = 0;

before(async () => {
  [story, place] = await Promise.all([tellStory(), temporary()]);
  good = await exportTo(join(place.path, "good"), story);
});
after(() => place.remove());

async function copy(): Promise<string> {
  const folder = join(place.path, `copy-${++copies}`);
  await cp(good, folder, { recursive: true });
  return folder;
}

/** Verifies as a person does, by command line. */
async function verify(folder: string, anchors = [story.anchor.thumbprint]) {
  const ran = await run(
    "verify",
    folder,
    "--json",
    ...anchors.flatMap((anchor) => ["--anchor", anchor]),
  );
  return { code: ran.code, err: ran.err, report: ran.out === "" ? {} : JSON.parse(ran.out) };
}

type EditLines = (lines: string[]) => string[];

/** The verdict on a copy whose records, seals, or both were edited. */
async function withRecords(edit: EditLines, editSeals?: EditLines) {
  const folder = await copy();
  await editLines(join(folder, "records.jsonl"), edit);
  if (editSeals !== undefined) await editLines(join(folder, "seals.jsonl"), editSeals);
  return verify(folder);
}

const withSeals = (edit: EditLines) => withRecords((lines) => lines, edit);

async function withPolicies(edit: (lines: string[]) => string[]) {
  const folder = await copy();
  await editLines(join(folder, "trust-policies.jsonl"), edit);
  return verify(folder);
}

describe("vai verify", () => {
  test("USR-13 a good export exits 0, unanchored, with every record counted", async () => {
    const { code, report } = await verify(good);
    assert.equal(code, 0);
    assert.equal(report.verdict, "unanchored");
    assert.deepEqual(
      [report.records, report.seals, report.chains, report.trustPolicies],
      [story.rows.length, 6, 3, 1],
    );
    const { out } = await run("verify", good, "--anchor", story.anchor.thumbprint);
    assert.match(out, /^unanchored \(19 records, 6 seals, 3 chains, 1 trust policy\)/);
    assert.match(out, /no checkpoint covers the ends/);
  });

  test("VAI-24 without --anchor a consistent export exits 3, and a defective one 1", async () => {
    assert.equal((await verify(good, [])).code, 3);
    const folder = await copy();
    await editLines(join(folder, "records.jsonl"), (lines) => lines.toSpliced(3, 1));
    assert.equal((await verify(folder, [])).code, 1);
  });

  test("VAI-24 what cannot be read exits 2 and says what", async () => {
    const missing = await verify(join(place.path, "nowhere"));
    assert.equal(missing.code, 2);
    assert.match(missing.err, /manifest\.json cannot be read/);
    for (const name of ["records.jsonl", "seals.jsonl", "trust-policies.jsonl", "manifest.json"]) {
      const other = await copy();
      await rm(join(other, name));
      await mkdir(join(other, name));
      const { code, err } = await verify(other);
      assert.equal(code, 2, name);
      assert.match(err, new RegExp(`${name} (?:is not a file|cannot be read)`));
    }
    const folder = await copy();
    await writeFile(join(folder, "manifest.json"), "{");
    assert.equal((await verify(folder)).code, 2);
    assert.match((await verify(good, ["short"])).err, /43 characters/);
    assert.equal((await verify(good, ["short"])).code, 2);
  });

  test("VAI-24 a manifest of another form is not read, and exits 2: no member of it goes unjudged", async () => {
    const edits: Parameters<typeof editManifest>[1][] = [
      (manifest) => Object.assign(manifest, { version: 2 }),
      (manifest) => Object.assign(manifest, { checkpoints: [] }),
      (manifest) => Object.assign(manifest.chains[0], { hash: "of another kind" }),
      (manifest) => Object.assign(manifest.chains[0], { seq: 0 }),
      (manifest) => Object.assign(manifest, { records: -1 }),
      (manifest) => delete manifest.trustPolicies,
    ];
    for (const edit of edits) {
      const folder = await copy();
      await editManifest(folder, edit);
      const { code, err } = await verify(folder);
      assert.equal(code, 2, edit.toString());
      assert.match(err, /manifest\.json/);
    }
  });

  test("OKG-23 any single byte changed in records.jsonl or seals.jsonl is tampered and named", async () => {
    const files = await Promise.all(
      (["records.jsonl", "seals.jsonl"] as const).map(async (name) => ({
        name,
        lines: (await readFile(join(good, name), "utf8")).trimEnd().split("\n"),
      })),
    );
    // Where each seal begins to cover.
    const first = [0, 7, 9, 12, 16, 17];
    const flip = fc.tuple(
      fc.constantFrom(...files),
      fc.nat(1000),
      fc.nat(100_000),
      fc.integer({ min: 1, max: 255 }),
    );
    await fc.assert(
      fc.asyncProperty(flip, async ([{ name, lines }, line, at, mask]) => {
        const index = line % lines.length;
        const folder = await copy();
        const bytes = lines.map((each) => Buffer.from(`${each}\n`, "utf8"));
        const edited = bytes[index] ?? Buffer.alloc(0);
        // A line break inside a line makes two of it: then both are named, the first one where it belongs.
        const offset = at % (edited.length - 1);
        edited[offset] = (edited[offset] ?? 0) ^ mask;
        await writeFile(join(folder, name), Buffer.concat(bytes));
        const { code, report } = await verify(folder);
        const { chainId, seq } = report.firstDefect;
        const row = story.rows[name === "records.jsonl" ? index : (first[index] ?? -1)];
        assert.deepEqual(
          [code, report.verdict, chainId, seq],
          [1, "tampered", row?.chainId, row?.seq],
        );
      }),
      { numRuns: 120 },
    );
  });

  test("ADV-20 the defect is named in words too: chain, number, what, code", async () => {
    const folder = await copy();
    await editLines(join(folder, "seals.jsonl"), (lines) =>
      lines.with(1, (lines[1] ?? "").replace(/"sig":".{12}/, '"sig":"MEUCIQDAAAAA')),
    );
    const { code, out } = await run("verify", folder, "--anchor", story.anchor.thumbprint);
    assert.equal(code, 1);
    assert.match(
      out,
      new RegExp(`^tampered: ${CHAIN} record 8 .* \\[EVIDENCE_SIGNATURE_INVALID\\]`),
    );
  });

  test("ADV-21 a cut tail is truncated, whether its seal went with it or not", async () => {
    const cuts = [
      withRecords((lines) => lines.toSpliced(15, 1)),
      withRecords(
        (lines) => lines.toSpliced(12, 4),
        (lines) => lines.toSpliced(3, 1),
      ),
    ];
    for (const [index, { code, report }] of (await Promise.all(cuts)).entries()) {
      assert.deepEqual([code, report.verdict], [1, "truncated"]);
      const { chainId, seq, code: found } = report.firstDefect;
      assert.deepEqual([chainId, seq, found], [CHAIN, [16, 13][index], "EVIDENCE_TRUNCATED"]);
    }
  });

  test("ADV-21 a tail that was cut from records and manifest alike shows by its seal", async () => {
    const folder = await copy();
    await editLines(join(folder, "records.jsonl"), (lines) => lines.toSpliced(15, 1));
    await editManifest(folder, (manifest) => {
      manifest.records--;
      Object.assign(manifest.chains[0], { seq: 15, hash: story.rows[14]?.recordHash });
    });
    const { report } = await verify(folder);
    assert.deepEqual([report.verdict, report.firstDefect.seq], ["truncated", 16]);
    assert.match(report.firstDefect.what, /its last seal names 16/);
  });

  test("ADV-22 a chain that is gone as a whole is truncated, whether its seals went with it or not", async () => {
    for (const { report } of await Promise.all([
      withRecords((lines) => lines.slice(16)),
      withRecords(
        (lines) => lines.slice(16),
        (lines) => lines.slice(4),
      ),
    ])) {
      assert.equal(report.verdict, "truncated");
      assert.deepEqual([report.firstDefect.chainId, report.firstDefect.seq], [CHAIN, 1]);
    }
  });

  test("ADV-19 a record out of the middle is a gap, and so is a whole transaction", async () => {
    for (const at of [0, 1, 5, 6, 7, 8]) {
      const { report } = await withRecords((lines) => lines.toSpliced(at, 1));
      assert.deepEqual([report.verdict, report.firstDefect.seq], ["gap", at + 1]);
    }
    for (const seals of [(lines: string[]) => lines, (lines: string[]) => lines.toSpliced(1, 1)]) {
      const { report } = await withRecords((lines) => lines.toSpliced(7, 2), seals);
      assert.deepEqual([report.verdict, report.firstDefect.seq], ["gap", 8]);
    }
  });

  test("VAI-91 reordered, doubled, spliced records and reordered chains are tampered", async () => {
    const edits: EditLines[] = [
      (lines) => lines.with(1, lines[2] ?? "").with(2, lines[1] ?? ""),
      (lines) => lines.with(6, lines[7] ?? "").with(7, lines[6] ?? ""),
      (lines) => lines.toSpliced(1, 0, lines[1] ?? ""),
      (lines) => [...lines, lines[0] ?? ""],
      (lines) => lines.with(3, lines[18] ?? ""),
      (lines) => [...lines.slice(16), ...lines.slice(0, 16)],
      (lines) => [...lines, ""],
    ];
    for (const edit of edits) {
      const { code, report } = await withRecords(edit);
      assert.deepEqual([code, report.verdict], [1, "tampered"], edit.toString());
    }
  });

  test("VAI-91 a missing seal is said, of each record that it covered, and none of the others", async () => {
    const { code, report } = await withSeals((lines) => lines.toSpliced(1, 1));
    assert.deepEqual(
      [code, report.verdict, report.firstDefect.code],
      [1, "tampered", "EVIDENCE_SIGNATURE_INVALID"],
    );
    const named = report.defects.filter(({ what }: { what: string }) => what === "has no seal");
    assert.deepEqual(
      named.map(({ chainId, seq }: { chainId: string; seq: number }) => [chainId, seq]),
      [
        [CHAIN, 8],
        [CHAIN, 9],
      ],
    );
    assert.equal((await withSeals(() => [])).report.firstDefect.what, "has no seal");
  });

  test("VAI-91 reordered, doubled, foreign and surplus seals are tampered", async () => {
    const foreign = reseal(story.rows.slice(7, 9), newKey()).at(-1)?.seal ?? "";
    const edits: EditLines[] = [
      (lines) => lines.with(0, lines[1] ?? "").with(1, lines[0] ?? ""),
      (lines) => lines.with(3, lines[4] ?? "").with(4, lines[3] ?? ""),
      (lines) => lines.toReversed(),
      (lines) => lines.toSpliced(1, 0, lines[1] ?? ""),
      (lines) => [...lines, lines[0] ?? ""],
      (lines) => lines.with(1, foreign),
      (lines) => lines.toSpliced(1, 0, foreign),
      (lines) => [...lines, foreign],
      (lines) => [...lines, ""],
      (lines) => lines.with(2, "null"),
      (lines) => lines.with(2, "[".repeat(100_000)),
    ];
    for (const edit of edits) {
      const { code, report } = await withSeals(edit);
      assert.deepEqual([code, report.verdict], [1, "tampered"], edit.toString());
    }
  });

  test("VAI-91 several edited lines, across seals, are each named where they stand", async () => {
    const { report } = await withRecords((lines) =>
      lines.map((line, index) =>
        index >= 4 && index <= 9 ? line.replace("0.1.0", "0.1.1") : line,
      ),
    );
    assert.deepEqual(
      report.defects.map(({ seq }: { seq: number }) => seq),
      [5, 6, 7, 8, 9, 10],
    );
  });

  test("VAI-91 bytes that are not UTF-8 are not taken for the character that replaces them", async () => {
    const spoken = await writeRows(story.key, "unattributed/2026-05-05/f", [
      { type: "IdentityDenied", detail: { said: "\ufffd and \u2028 \u{1f511} é" } },
    ]);
    const folder = await exportTo(join(place.path, "spoken"), story, {
      rows: [...story.rows, ...spoken],
    });
    assert.equal((await verify(folder)).code, 0);
    const file = join(folder, "records.jsonl");
    const bytes = await readFile(file);
    const at = bytes.indexOf("\ufffd");
    await writeFile(
      file,
      Buffer.concat([bytes.subarray(0, at), Buffer.of(0xff), bytes.subarray(at + 3)]),
    );
    const { report } = await verify(folder);
    assert.deepEqual(
      [report.verdict, report.firstDefect.chainId, report.firstDefect.seq],
      ["tampered", "unattributed/2026-05-05/f", 1],
    );
    assert.match(report.firstDefect.what, /not text in UTF-8/);
  });

  test("VAI-24 a manifest that is bent to the records does not help against signatures", async () => {
    const folder = await copy();
    await editLines(join(folder, "records.jsonl"), (lines) => lines.toSpliced(1, 1));
    await editManifest(folder, (manifest) => manifest.records--);
    assert.equal((await verify(folder)).report.verdict, "gap");
  });

  test("VAI-24 a manifest with another head, count or plane is a defect", async () => {
    const edits: Parameters<typeof editManifest>[1][] = [
      (manifest) => Object.assign(manifest.chains[0], { hash: `sha256:${"0".repeat(64)}` }),
      (manifest) => Object.assign(manifest.chains[0], { seq: 15 }),
      (manifest) => Object.assign(manifest, { chains: [] }),
      (manifest) => Object.assign(manifest, { records: 7 }),
      (manifest) => Object.assign(manifest, { seals: 7 }),
      (manifest) => Object.assign(manifest, { trustPolicies: 0 }),
      (manifest) => Object.assign(manifest, { plane: "vai:000000000000:us-east-1:other" }),
    ];
    for (const edit of edits) {
      const folder = await copy();
      await editManifest(folder, edit);
      const { code, report } = await verify(folder);
      assert.deepEqual([code, report.verdict], [1, "tampered"], edit.toString());
    }
  });

  test("VAI-24 another anchor than the one that signed believes nothing", async () => {
    const { code, report } = await verify(good, [newKey().thumbprint]);
    assert.deepEqual([code, report.verdict], [1, "tampered"]);
    assert.match(report.firstDefect.what, /not signed by a given anchor/);
  });

  test("VAI-24 a wrong anchor is told as one before the verdict; one whose key is absent is another thing", async () => {
    const other = newKey().thumbprint;
    const wrong = await run("verify", good, "--anchor", other);
    assert.equal(wrong.code, 1);
    assert.match(
      wrong.out,
      new RegExp(
        `^nothing here hangs on the anchor ${other}: is the thumbprint right\\?.*\ntampered: `,
      ),
    );
    assert.doesNotMatch(wrong.out, /more defects/);
    const keyless = await exportTo(join(place.path, "keyless"), story, { anchors: [] });
    const { thumbprint } = story.anchor;
    const { code, out } = await run("verify", keyless, "--anchor", thumbprint);
    assert.equal(code, 1);
    assert.match(
      out,
      /^the public key of the anchor \S+ is not in the export.*--anchor-key FILE\n/,
    );
    // The key of another pinned anchor, which signed nothing here, is not the one that is absent.
    const beside = newKey();
    const folder = await exportTo(join(place.path, "beside"), story, { anchors: [beside.jwk] });
    const { report } = await verify(folder, [beside.thumbprint, thumbprint]);
    assert.equal(report.anchorProblem, "keyAbsent");
    const right = await verify(good, [other, thumbprint]);
    assert.deepEqual([right.code, right.report.anchorProblem], [0, undefined]);
  });

  test("VAI-24 a forged signature under the right anchor is no wrong anchor", async () => {
    const { code, report } = await withPolicies(([jws = ""]) => [
      `${jws.slice(0, -9)}${jws.at(-9) === "A" ? "B" : "A"}${jws.slice(-8)}`,
    ]);
    assert.deepEqual([code, report.verdict, report.anchorProblem], [1, "tampered", undefined]);
  });

  test("USR-13 more defects than are kept are counted, and not promised", async () => {
    const repeated = (count: number) => async (): Promise<string> => {
      const folder = await copy();
      await editLines(join(folder, "records.jsonl"), (lines) => [
        ...lines,
        ...Array.from({ length: count }, () => lines[0] ?? ""),
      ]);
      return (await run("verify", folder, "--anchor", story.anchor.thumbprint)).out;
    };
    assert.match(await repeated(2)(), /1 more defect: --json lists all$/m);
    assert.match(await repeated(150)(), /^149 more defects: --json lists the first 100$/m);
    assert.match(await repeated(300)(), /^299 more defects/m);
  });

  test("VAI-24 an anchor that puts itself into the manifest is not believed", async () => {
    const thief = newKey();
    const forged = signPolicy(thief, [evidenceKey(thief)]);
    const rows = await writeRows(thief, "plane/registry", [publication(forged)]);
    const folder = await exportTo(join(place.path, "forged"), { anchor: thief, rows });
    assert.equal((await verify(folder)).code, 1);
    assert.equal((await verify(folder, [thief.thumbprint])).code, 0);
  });

  test("VAI-24 a missing, altered or foreign trust policy is a defect", async () => {
    const foreign = signPolicy(
      story.anchor,
      [evidenceKey(story.key)],
      undefined,
      "vai:000000000000:us-east-1:b",
    ).jws;
    const none = await withPolicies(() => []);
    const { verdict, anchorProblem, trustPolicies } = none.report;
    assert.deepEqual([verdict, anchorProblem, trustPolicies], ["tampered", undefined, 0]);
    assert.equal((await withPolicies(() => [foreign])).report.verdict, "tampered");
    for (const at of [5, 200, -5]) {
      const { code, report } = await withPolicies(([jws = ""]) => {
        const letter = jws.at(at) === "A" ? "B" : "A";
        const index = at < 0 ? jws.length + at : at;
        return [jws.slice(0, index) + letter + jws.slice(index + 1)];
      });
      assert.deepEqual([code, report.verdict], [1, "tampered"]);
    }
  });

  test("VAI-91 one intent exported alone verifies with the plane's registry", async () => {
    const folder = await exportTo(join(place.path, "one"), story, { intent: INTENT });
    const { code, report } = await verify(folder);
    assert.deepEqual([code, report.records, report.chains], [0, 17, 2]);
  });
});

describe("trust policies of an export", () => {
  const asKey = (key: ReturnType<typeof newKey>): VerificationKey => {
    const read = readPublicJwk(key.jwk);
    if (typeof read === "string") throw new TypeError(read);
    return read;
  };

  test("VAI-24 a believed policy makes the one before it believed, though its anchor was replaced", () => {
    const [old, current, first, second] = [newKey(), newKey(), newKey(), newKey()];
    const one = signPolicy(old, [evidenceKey(first)]);
    const two = signPolicy(current, [evidenceKey(first), evidenceKey(second)], one);
    const { defects, digests, keys } = followTrust([one.jws, two.jws], [asKey(current)]);
    assert.deepEqual(defects, []);
    assert.deepEqual([...digests.keys()], [1, 2]);
    assert.equal(keys.length, 3);
  });

  test("VAI-24 what follows the last policy of a given anchor is not believed", () => {
    const [old, thief] = [newKey(), newKey()];
    const one = signPolicy(old, [evidenceKey(newKey())]);
    const two = signPolicy(thief, [evidenceKey(thief)], one);
    const { defects, keys } = followTrust([one.jws, two.jws], [asKey(old)]);
    assert.equal(keys.length, 1);
    assert.match(defects[0]?.what ?? "", /version 2\) is not signed by a given anchor/);
  });

  test("VAI-24 a policy that is missing in between, or does not link, is a defect", () => {
    const anchor = newKey();
    const keys = [evidenceKey(newKey())];
    const one = signPolicy(anchor, keys);
    const two = signPolicy(anchor, keys, one);
    const three = signPolicy(anchor, keys, two);
    const other = signPolicy(anchor, keys, { version: 1, digest: two.digest });
    const found = (...lines: string[]) =>
      followTrust(lines, [asKey(anchor)]).defects.map(({ verdict }) => verdict);
    assert.deepEqual(found(one.jws, two.jws, three.jws), []);
    assert.deepEqual(found(one.jws, three.jws), ["gap"]);
    assert.deepEqual(found(two.jws, three.jws), ["gap"]);
    assert.deepEqual(found(one.jws, other.jws), ["tampered"]);
    assert.deepEqual(found(two.jws, one.jws), ["gap", "tampered"]);
    assert.deepEqual(found(), ["gap"]);
  });

  test("VAI-91 a policy that is in the file and was never published is truncated", async () => {
    const two = signPolicy(story.anchor, [evidenceKey(story.key)], story.policy);
    const { report } = await withPolicies((lines) => [...lines, two.jws]);
    assert.match(report.defects[0].what, /the publication of trust policy version 2/);
  });

  test("VAI-91 a publication that is gone is missing where it stood, and only the last is a cut end", async () => {
    const two = signPolicy(story.anchor, [evidenceKey(story.key)], story.policy);
    const one = story.rows.filter(({ chainId }) => chainId === "plane/registry");
    const more = await writeRows(story.key, "plane/registry", [publication(two)], { after: one });
    const rows = [...story.rows.slice(0, 17), ...more, ...story.rows.slice(17)];
    for (const [line, verdict] of [
      [16, "gap"],
      [17, "truncated"],
    ] as const) {
      const folder = await exportTo(join(place.path, `published-${line}`), story, { rows });
      await editLines(join(folder, "records.jsonl"), (lines) => lines.toSpliced(line, 1));
      const { report } = await verify(folder);
      const { chainId, seq } = report.firstDefect;
      assert.deepEqual([report.verdict, chainId, seq], [verdict, "plane/registry", line - 15]);
      const named = report.defects.map((each: { seq: number }) => each.seq);
      assert.deepEqual([...new Set(named)], [line - 15]);
    }
  });

  test("VAI-91 a key that a later policy revokes carries no record, not even an earlier one", async () => {
    const revoked = [evidenceKey(story.key, { revokedAt: 1777960000 }), evidenceKey(newKey())];
    const two = signPolicy(story.anchor, revoked, story.policy);
    const registry = story.rows.filter(({ chainId }) => chainId === "plane/registry");
    const more = await writeRows(story.key, "plane/registry", [publication(two)], {
      after: registry,
    });
    const rows = [...story.rows.slice(0, 17), ...more, ...story.rows.slice(17)];
    const folder = await exportTo(join(place.path, "revoked"), story, { rows });
    const { report } = await verify(folder);
    assert.equal(report.verdict, "tampered");
    assert.match(report.firstDefect.what, /revoked at/);
  });
});
