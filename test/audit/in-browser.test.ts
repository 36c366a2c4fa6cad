import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { FILES } from "../../lib/audit/manifest.ts";
import type { SealedRow } from "../../lib/audit/transaction.ts";
import { newPrivateJwk, signingKey } from "../../lib/client/keys.ts";
import { browserBundle } from "./browser/bundle.ts";
import { findChromium, judgeInChromium } from "./browser/chromium.ts";
import { type GivenExport, judge } from "./browser/judge.ts";
import { exportTo, temporary } from "./support/folder.ts";
import { newKey } from "./support/plane.ts";
import { reseal } from "./support/resign.ts";
import { type Story, tellStory } from "./support/story.ts";

const CHROMIUM = findChromium();
const skip =
  CHROMIUM === undefined && "there is no Chromium in PATH (Debian: apt-get install chromium)";

type Bytes = Readonly<Record<keyof typeof FILES, Buffer>>;
type Name = keyof typeof FILES;

let bundle: string;
let given: readonly GivenExport[];
/** What Node says of each, by the platform of Node. */
let expected: readonly string[];
let place: Awaited<ReturnType<typeof temporary>>;

before(async () => {
  place = await temporary();
  bundle = await browserBundle();
  const [first, second] = [await tellStory(), await tellStory(signingKey(newPrivateJwk("EdDSA")))];
  given = [
    ...(await variants("P-256 anchor", first)),
    ...(await variants("Ed25519 anchor", second)),
  ];
  expected = await Promise.all(given.map(judge));
});
after(() => place.remove());

const edited = (bytes: Bytes, name: Name, edit: (text: string) => string): Bytes => ({
  ...bytes,
  [name]: Buffer.from(edit(bytes[name].toString("latin1")), "latin1"),
});

const editedLines = (bytes: Bytes, name: Name, edit: (lines: string[]) => string[]): Bytes =>
  edited(bytes, name, (text) => `${edit(text.trimEnd().split("\n")).join("\n")}\n`);

/** Another letter in its signature. */
const otherSignature = (jws: string): string =>
  jws.replace(
    /\.([^.]*)(.)([^.]{9})$/,
    (_, head, letter, tail) => `.${head}${letter === "A" ? "B" : "A"}${tail}`,
  );

/** What a folder may come to be; texts as latin1, so that bytes stay what they are. */
const FILE_EDITS: readonly (readonly [what: string, edit: (bytes: Bytes) => Bytes])[] = [
  ["as it was exported", (bytes) => bytes],
  [
    "an edited record",
    (bytes) => edited(bytes, "records", (text) => text.replace('"max":10', '"max":90')),
  ],
  [
    "a record that is gone",
    (bytes) => editedLines(bytes, "records", (lines) => lines.toSpliced(4, 1)),
  ],
  ["a seal that is gone", (bytes) => editedLines(bytes, "seals", (lines) => lines.toSpliced(1, 1))],
  [
    "the last records gone",
    (bytes) => editedLines(bytes, "records", (lines) => lines.slice(0, -2)),
  ],
  [
    "two records exchanged",
    (bytes) =>
      editedLines(bytes, "records", ([one = "", two = "", ...more]) => [two, one, ...more]),
  ],
  [
    "a record that is no UTF-8",
    (bytes) => edited(bytes, "records", (text) => text.replace("checkout", "check\xffut")),
  ],
  ["a byte order mark", (bytes) => edited(bytes, "records", (text) => `\xef\xbb\xbf${text}`)],
  [
    "white space in a record",
    (bytes) => edited(bytes, "records", (text) => text.replace(":", ": ")),
  ],
  [
    "an escaped lone surrogate",
    (bytes) => edited(bytes, "records", (text) => text.replace("checkout", "\\ud800")),
  ],
  [
    "another signature of a seal",
    (bytes) =>
      edited(bytes, "seals", (text) =>
        text.replace(
          /"sig":"(.{60})(.)/,
          (_, head, letter) => `"sig":"${head}${letter === "A" ? "B" : "A"}`,
        ),
      ),
  ],
  [
    "a signature in other base64",
    (bytes) => edited(bytes, "seals", (text) => text.replace(/"sig":"([^"]*)"/, '"sig":"$1="')),
  ],
  [
    "another signature of the anchor",
    (bytes) => editedLines(bytes, "trustPolicies", (lines) => lines.map(otherSignature)),
  ],
  ["no trust policy", (bytes) => edited(bytes, "trustPolicies", () => "")],
  ["a manifest that is none", (bytes) => edited(bytes, "manifest", (text) => text.slice(1))],
  [
    "a manifest of another plane",
    (bytes) => edited(bytes, "manifest", (text) => text.replace(":local", ":other")),
  ],
];

async function variants(what: string, story: Story): Promise<GivenExport[]> {
  const folder = await exportTo(join(place.path, what), story);
  const names = Object.keys(FILES) as Name[];
  const contents = await Promise.all(names.map((name) => readFile(join(folder, FILES[name]))));
  const bytes = Object.fromEntries(names.map((name, index) => [name, contents[index]])) as Bytes;
  const rows = story.rows.map(({ record, seal }) =>
    seal === undefined ? { record } : { record, seal },
  );
  const tables: SealedRow[][] = [rows, ...tamperedRows(rows, story)];
  return FILE_EDITS.flatMap(([edit, change], index) => {
    const files = Object.entries(change(bytes)).map(([name, each]) => [
      name,
      each.toString("base64"),
    ]);
    const [anchors, keys] = [[story.anchor.thumbprint], [story.key.jwk]];
    const one = {
      files: Object.fromEntries(files),
      keys,
      rows: tables[index % tables.length] ?? rows,
    };
    const trusted = { ...one, name: `${what}: ${edit}`, anchors };
    const untrusted = { ...one, name: `${what}, not believed: ${edit}`, anchors: [] };
    return index === 0 ? [trusted, untrusted] : [trusted];
  });
}

/** Tables that somebody wrote into: without a key, with a stolen one, and with a text that is none. */
const tamperedRows = (rows: readonly SealedRow[], { key }: Story): SealedRow[][] => [
  rows.toSpliced(2, 1),
  rows.toSpliced(7, 2, ...reseal(rows.slice(7, 9), newKey())),
  rows.toSpliced(7, 2, ...reseal(rows.slice(7, 9), { ...newKey(), thumbprint: key.thumbprint })),
  rows.toSpliced(
    7,
    2,
    ...reseal(rows.slice(7, 9), key, { record: (each) => Object.assign(each.detail, { a: 1 }) }),
  ),
  rows.with(0, { record: `${rows[0]?.record.slice(0, -1)},"z":"\ud800"}` }),
];

suite("the verifier without Node", () => {
  test("VAI-24 its bundle has nothing of Node in it, and the verdicts are of every kind", () => {
    assert.doesNotMatch(bundle, /\bBuffer\b|node:|\brequire\(/);
    const verdicts = new Set(expected.map((each) => JSON.parse(each).report.verdict));
    assert.deepEqual([...verdicts].sort(), [
      "gap",
      "tampered",
      "truncated",
      "unanchored",
      undefined,
    ]);
    const good = JSON.parse(expected[0] ?? "");
    assert.deepEqual([good.report.verdict, good.table.verdict], ["unanchored", "unanchored"]);
  });

  test("VAI-24 with the browser's platform it says the same as with Node's, on Node", async () => {
    const url = `data:text/javascript;base64,${Buffer.from(bundle).toString("base64")}`;
    const { judge: judgeThere } = (await import(url)) as { judge: typeof judge };
    for (const [index, each] of given.entries()) {
      assert.equal(await judgeThere(each), expected[index], each.name);
    }
  });

  test("VAI-24 it says the same in a headless Chromium", { skip }, async () => {
    const { answers = [], agent } = await judgeInChromium(CHROMIUM ?? "", bundle, given);
    assert.match(agent ?? "", /Chrome\//);
    assert.deepEqual([answers.length, given.length], [expected.length, expected.length]);
    for (const [index, { name }] of given.entries()) {
      assert.equal(answers[index], expected[index], name);
    }
  });
});
