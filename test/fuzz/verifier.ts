import { linesOf } from "../../lib/audit/lines.ts";
import { readExport } from "../../lib/audit/read-export.ts";
import { verifyEvidence } from "../../lib/audit/verify-evidence.ts";
import { type Story, tellStory } from "../audit/support/story.ts";
import { type Fuzzer, fuzz } from "./fuzzer.ts";

/** Texts of an export folder. */
interface Texts {
  readonly records: string;
  readonly seals: string;
  readonly trustPolicies: string;
  readonly manifest: string;
}

type Name = keyof Texts;

/** Whole numbers from 0 below a limit; the same ones for the same seed (mulberry32). */
type Below = (limit: number) => number;

function numbersFrom(seed: number): Below {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

const EDITS: Readonly<Record<string, (text: string, below: Below) => string>> = {
  /** Latin-1 units are bytes here: not all of what comes out is UTF-8. */
  byte: (text, below) => {
    const at = below(text.length + 1);
    return `${text.slice(0, at)}${String.fromCharCode(below(256))}${text.slice(at + below(3))}`;
  },
  cut: (text, below) => text.slice(0, below(text.length + 1)),
  dropLines: (text, below) => lines(text, (all) => all.toSpliced(below(all.length), 1 + below(8))),
  copyLine: (text, below) =>
    lines(text, (all) => all.toSpliced(below(all.length), 0, pick(all, below))),
  replaceLine: (text, below) => lines(text, (all) => all.with(below(all.length), pick(all, below))),
  moveLines: (text, below) =>
    lines(text, (all) => {
      const [from, count] = [below(all.length), 1 + below(8)];
      const left = all.toSpliced(from, count);
      return left.toSpliced(below(left.length + 1), 0, ...all.slice(from, from + count));
    }),
  turnRound: (text) => lines(text, (all) => all.toReversed()),
  junkLine: (text, below) => lines(text, (all) => all.with(below(all.length), junk(below))),
  member: (text, below) =>
    lines(text, (all) => {
      const at = below(all.length);
      return all.with(at, withMember(all[at] ?? "", below));
    }),
};

const lines = (text: string, edit: (all: string[]) => string[]): string => {
  const all = text.replace(/\n$/, "").split("\n");
  return edit(all)
    .map((line) => `${line}\n`)
    .join("");
};

const pick = <Value>(all: readonly Value[], below: Below): Value => {
  const [first] = all;
  return all[below(all.length)] ?? (first as Value);
};

const VALUES = [null, {}, [], "", 0, -1, 2 ** 53, 1.5, true, "\ud800", "x".repeat(600)];
const JUNK = ["", "null", "{}", "[]", '"', "\u0000", "[".repeat(100_000), '{"chain":{"seq":1}}'];
const junk = (below: Below): string => pick(JUNK, below);

/** A line of JSON with one member added, gone, or of another value, somewhere in it. */
function withMember(line: string, below: Below): string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return `${line} `;
  }
  const objects = objectsIn(value);
  if (objects.length === 0) return junk(below);
  const object = pick(objects, below);
  const names = Object.keys(object);
  const name = names.length === 0 || below(4) === 0 ? "more" : pick(names, below);
  if (below(3) === 0) delete object[name];
  else object[name] = pick(VALUES, below);
  return JSON.stringify(value);
}

const objectsIn = (value: unknown): Record<string, unknown>[] =>
  typeof value === "object" && value !== null
    ? [value as Record<string, unknown>, ...Object.values(value).flatMap(objectsIn)]
    : [];

function textsOf({ anchor, policy, rows }: Story): Texts {
  const seals = rows.flatMap(({ seal }) => (seal === undefined ? [] : [seal]));
  const heads = new Map(rows.map(({ chainId, seq, recordHash: hash }) => [chainId, { seq, hash }]));
  const manifest = {
    version: 1,
    plane: JSON.parse(rows[0]?.record ?? "{}").plane,
    createdAt: "2026-05-05T05:00:00.000Z",
    records: rows.length,
    seals: seals.length,
    trustPolicies: 1,
    chains: [...heads].map(([id, head]) => ({ id, ...head })),
    anchors: [anchor.jwk],
  };
  const bytesOf = (all: readonly string[]): string =>
    Buffer.from(all.map((line) => `${line}\n`).join("")).toString("latin1");
  return {
    records: bytesOf(rows.map(({ record }) => record)),
    seals: bytesOf(seals),
    trustPolicies: bytesOf([policy.jws]),
    manifest: bytesOf([JSON.stringify(manifest)]),
  };
}

/** The verdict; `undefined` when the export cannot be opened. */
async function judge(texts: Texts, anchor: string): Promise<string | undefined> {
  const bytes = (name: Name) =>
    linesOf(async function* () {
      const all = Buffer.from(texts[name], "latin1");
      for (let at = 0; at < all.length; at += 4096) yield all.subarray(at, at + 4096);
    });
  const opened = readExport({
    manifest: Buffer.from(texts.manifest, "latin1").toString("utf8"),
    trustPolicies: Buffer.from(texts.trustPolicies, "latin1").toString("utf8"),
    records: bytes("records"),
    seals: bytes("seals"),
  });
  return opened.ok ? (await verifyEvidence(opened.value, [anchor])).verdict : undefined;
}

/** The last line break is nobody's. */
const same = (one: string, other: string): boolean =>
  one.replace(/\n$/, "") === other.replace(/\n$/, "");

/** Which file is edited; the manifest, which nobody signs, seldom. */
const EDITED: readonly Name[] = [
  "records",
  "records",
  "records",
  "seals",
  "seals",
  "trustPolicies",
];

/** One to four edits of a good export, each by name. */
function edited(good: Texts, below: Below): { texts: Texts; said: string } {
  let texts = good;
  const said: string[] = [];
  for (let left = 1 + below(4); left > 0; left--) {
    const name = below(20) === 0 ? "manifest" : pick(EDITED, below);
    const [how, edit] = pick(Object.entries(EDITS), below);
    texts = { ...texts, [name]: edit(texts[name], below) };
    said.push(`${how} of ${name}`);
  }
  return { texts, said: said.join(", ") };
}

/**
 * A good export with random edits. It never throws, and the verdict is never better than the truth: who edits anything
 * but the unsigned manifest finds no good verdict, and who edits nothing finds one.
 */
export const verifierFuzzer: Fuzzer = {
  about:
    "the verifier, an export under random edits: it never throws, and never says better than is true",
  async run(seed, inputs, isOver) {
    const story = await tellStory();
    const good = textsOf(story);
    const { thumbprint } = story.anchor;
    if ((await judge(good, thumbprint)) !== "unanchored") throw new Error("the export is not good");
    return fuzz(
      inputs,
      async (input) => {
        const { texts, said } = edited(good, numbersFrom(seed * 1_000_003 + input));
        const problem = await problemOf(good, texts, thumbprint);
        return problem && `${said}: ${problem}`;
      },
      isOver,
    );
  },
};

async function problemOf(good: Texts, texts: Texts, anchor: string): Promise<string | undefined> {
  const verdict = await judge(texts, anchor);
  const isManifestSame = same(good.manifest, texts.manifest);
  const isSame = (["records", "seals", "trustPolicies"] as const).every((name) =>
    same(good[name], texts[name]),
  );
  const isGood = verdict === "unanchored" || verdict === "complete";
  return isManifestSame && isGood !== isSame ? `the verdict is ${verdict}` : undefined;
}
