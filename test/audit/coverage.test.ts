import assert from "node:assert/strict";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { unmetDemands } from "../../lib/audit/coverage.ts";
import type { Unended } from "../../lib/audit/unended.ts";
import type { EvidenceRow } from "../../lib/evidence/row.ts";
import { run } from "./support/cli.ts";
import { editLines, editManifest, exportTo, temporary } from "./support/folder.ts";
import { type Draft, PLANE, writeRows } from "./support/plane.ts";
import { CHAIN, INTENT, type Story, tellStory } from "./support/story.ts";

const OTHER = "0198c7d2-0000-7000-8000-00000000ffff";
let story: Story;
let place: Awaited<ReturnType<typeof temporary>>;
let whole: string;
let one: string;

before(async () => {
  [story, place] = await Promise.all([tellStory(), temporary()]);
  whole = await exportTo(join(place.path, "whole"), story);
  one = await exportTo(join(place.path, "one"), story, { intent: INTENT });
});
after(() => place.remove());

const verify = (folder: string, ...more: string[]) =>
  run("verify", folder, "--anchor", story.anchor.thumbprint, ...more);

describe("vai verify: whose evidence, and how much of it", () => {
  test("USR-13 the plane and what is covered are printed", async () => {
    assert.match(
      (await verify(whole)).out,
      new RegExp(`^plane +${PLANE}\\ncovers +the whole plane at .*: 1 intent$`, "m"),
    );
    assert.match((await verify(one)).out, new RegExp(`^covers +one intent only, ${INTENT}`, "m"));
    const { coverage, unmet } = JSON.parse((await verify(one, "--json")).out);
    assert.deepEqual(
      [coverage.plane, coverage.whole, coverage.intent, coverage.intents, unmet],
      [PLANE, false, INTENT, 1, []],
    );
  });

  const DEMANDS: readonly (readonly [string, () => string, readonly string[], number, RegExp])[] = [
    ["the right plane", () => whole, ["--plane", PLANE, "--whole", "--intent", INTENT], 0, /./],
    ["one intent that is there", () => one, ["--plane", PLANE, "--intent", INTENT], 0, /./],
    [
      ...(["another plane", () => whole, ["--plane", `${PLANE}2`], 1] as const),
      /^not what --plane demands: this export is of the plane vai:/,
    ],
    [
      ...(["one intent passed off as the whole", () => one, ["--whole"], 1] as const),
      /^not what --whole demands: this export holds only the intent/,
    ],
    [
      ...(["an intent that is not there", () => whole, ["--intent", OTHER], 1] as const),
      /^not what --intent demands: this export has no evidence of the intent/,
    ],
  ];
  for (const [name, folder, args, code, said] of DEMANDS) {
    test(`USR-13 demanded: ${name} ends with ${code}`, async () => {
      const ran = await verify(folder(), ...args);
      assert.equal(ran.code, code, ran.out);
      assert.match(ran.out, said);
      const json = await verify(folder(), ...args, "--json");
      assert.equal(json.code, code);
      assert.equal(JSON.parse(json.out).unmet.length, code);
    });
  }

  test("USR-13 a demand that is not met ends with 1 also where nothing is trusted; a name is no plane", async () => {
    assert.equal((await run("verify", one, "--whole")).code, 1);
    const { code, err } = await verify(whole, "--plane", "local");
    assert.equal(code, 2);
    assert.match(err, /vai:<account>:<region>:<name>/);
  });

  test("USR-13 an export whose plane is unknown, or without plane/registry, is not what was demanded", async () => {
    const nobodys = { plane: undefined, whole: true, intents: 0, createdAt: "" };
    const unmet = unmetDemands({ plane: PLANE }, nobodys, { chains: [] } as never);
    assert.deepEqual(unmet, [{ demand: "plane", what: "is of the plane unknown" }]);
    const folder = join(place.path, "no-registry");
    await cp(whole, folder, { recursive: true });
    // The trust policies are left, so that the other chains hold.
    await editLines(join(folder, "records.jsonl"), (lines) => lines.toSpliced(16, 1));
    await editLines(join(folder, "seals.jsonl"), (lines) => lines.toSpliced(4, 1));
    const { out } = await verify(folder, "--whole", "--json");
    assert.deepEqual(JSON.parse(out).unmet, [
      { demand: "whole", what: "has no chain plane/registry" },
    ]);
  });

  test("USR-13 what the manifest says of the plane is not what the anchor signed", async () => {
    const folder = join(place.path, "renamed");
    await cp(whole, folder, { recursive: true });
    await editManifest(folder, (manifest) => {
      manifest.plane = `${PLANE}2`;
    });
    assert.equal((await verify(folder, "--plane", `${PLANE}2`)).code, 1);
  });
});

describe("vai verify: identities without an end", () => {
  /** The end of the story's identity cut off, and the manifest set back, as whoever holds a folder can. */
  async function cutTo(name: string, rows: readonly EvidenceRow[]): Promise<string> {
    return exportTo(join(place.path, name), story, { rows });
  }
  const upTo = (last: number): EvidenceRow[] =>
    story.rows.filter(({ chainId, seq }) => chainId !== CHAIN || seq <= last);

  test("VAI-07 an identity whose end is there is not mentioned", async () => {
    const { out } = await verify(whole, "--json");
    assert.deepEqual([JSON.parse(out).unended, JSON.parse(out).unendedCount], [[], 0]);
    assert.doesNotMatch((await verify(whole)).out, /without an end/);
  });

  for (const [last, reached, said] of [
    [9, "begun", "its call was begun"],
    [7, "issued", "issued, never used"],
  ] as const) {
    test(`VAI-07 one whose end was cut off, or never written, is said: ${said}`, async () => {
      const folder = await cutTo(`cut-${last}`, upTo(last));
      const { code, out } = await verify(folder);
      assert.equal(code, 0, out);
      assert.match(out, /^1 identity without an end on record: never written, or cut off:$/m);
      assert.match(out, new RegExp(`^ {2}${CHAIN} ${story.identityId}: ${said}; .*04:10:00`, "m"));
      const { unended } = JSON.parse((await verify(folder, "--json")).out);
      assert.deepEqual(unended, [
        {
          ...{ chainId: CHAIN, identityId: story.identityId, reached },
          expiresAt: "2026-05-05T04:10:00.000Z",
        },
      ]);
    });
  }

  /** An identity by number, of another intent than the story's. */
  const about = (index: number, intentId = OTHER) => ({
    intentId,
    identity: { id: `0198c7d2-0000-7000-8000-${String(index).padStart(12, "0")}` },
  });
  const issued = (index: number): Draft => ({ type: "IdentityIssued", about: about(index) });

  test("VAI-07 of many the first are named, up to a hundred, and all are counted", async () => {
    const chains = [OTHER, OTHER.replace("ffff", "fffe")].map((intentId) =>
      writeRows(
        story.key,
        `intent/${intentId}`,
        Array.from({ length: 60 }, (_, index) => ({
          type: "IdentityIssued" as const,
          about: about(index, intentId),
        })),
      ),
    );
    const rows = (await Promise.all(chains)).flat();
    const folder = await cutTo("many", [...story.rows, ...rows]);
    const { out } = await verify(folder);
    assert.match(out, /^120 identities without an end/m);
    assert.match(out, /and 115 more: --json/);
    const { unended, unendedCount } = JSON.parse((await verify(folder, "--json")).out);
    assert.deepEqual([unended.length, unendedCount], [100, 120]);
  });

  test("VAI-07 each way in which an identity ends is an end, on its own chain alone", async () => {
    const ways = [
      "IdentityCompleted",
      "ExecutionIncomplete",
      "IdentityExpired",
      "IdentityRevoked",
      "IssuanceFailed",
    ] as const;
    const ends = ways.map((type, index): Draft => ({ type, about: about(index) }));
    const said: Draft = { type: "ExecutionRejected", about: about(5), detail: { state: "FAILED" } };
    const minted: Draft = { type: "CredentialsMinted", about: about(6) };
    const drafts = [...Array.from({ length: 8 }, (_, index) => issued(index)), ...ends, said];
    const own = await writeRows(story.key, `intent/${OTHER}`, [...drafts, minted]);
    // The end of an identity of the same id that another intent's chain has.
    const elsewhere = OTHER.replace("ffff", "fffe");
    const foreign = await writeRows(story.key, `intent/${elsewhere}`, [
      { type: "IdentityCompleted", about: about(7, elsewhere) },
    ]);
    const folder = await cutTo("ended", [...story.rows, ...own, ...foreign]);
    const { unended } = JSON.parse((await verify(folder, "--json")).out);
    assert.deepEqual(
      unended.map(({ chainId, identityId, reached }: Unended) => [
        chainId,
        identityId.at(-1),
        reached,
      ]),
      [
        [`intent/${OTHER}`, "6", "minted"],
        [`intent/${OTHER}`, "7", "issued"],
      ],
    );
  });
});

test("VAI-07 a folder whose lines end in a cut transaction is a defect, not only unended", async () => {
  const folder = join(place.path, "torn");
  await cp(whole, folder, { recursive: true });
  await editLines(join(folder, "records.jsonl"), (lines) => lines.toSpliced(11, 1));
  assert.equal((await verify(folder)).code, 1);
});
