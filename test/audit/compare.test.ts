import assert from "node:assert/strict";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { run } from "./support/cli.ts";
import { editLines, editManifest, exportTo, temporary } from "./support/folder.ts";
import { CHAIN, INTENT, type Story, tellStory } from "./support/story.ts";

let story: Story;
let place: Awaited<ReturnType<typeof temporary>>;
let earlier: string;
let later: string;
let copies = 0;

const LATE = { createdAt: "2026-06-05T05:00:00.000Z" };

before(async () => {
  [story, place] = await Promise.all([tellStory(), temporary()]);
  const first = story.rows.filter(({ chainId, seq }) => chainId !== CHAIN || seq <= 12);
  const rows = first.filter(({ chainId }) => !chainId.startsWith("unattributed/"));
  earlier = await exportTo(join(place.path, "earlier"), story, { rows });
  later = await exportTo(join(place.path, "later"), story, LATE);
});
after(() => place.remove());

const compare = async (from: string, to: string) => {
  const { out } = await run("manifest", "compare", from, to, "--json");
  const said = await run("manifest", "compare", from, to);
  return { ...said, found: out === "" ? undefined : JSON.parse(out) };
};

type Edit = Parameters<typeof editManifest>[1];
async function edited(edit: Edit): Promise<string> {
  const folder = join(place.path, `copy-${++copies}`);
  await cp(later, folder, { recursive: true });
  await editManifest(folder, edit);
  return folder;
}

describe("vai manifest compare", () => {
  test("VAI-24 chains that stayed, grew and came are counted, and nothing is lost", async () => {
    const { code, out, found } = await compare(earlier, later);
    assert.equal(code, 0, out);
    const { lost, unseen, same, grown, added } = found;
    assert.deepEqual(
      { lost, unseen, same, grown, added },
      {
        ...{ lost: [], unseen: [] },
        ...{ same: 1, grown: 1, added: 1 },
      },
    );
    assert.match(
      out,
      /^nothing is lost: 1 chain as before, 1 grown, 1 new\nnext +npx --no -- vai verify/,
    );
    assert.equal((await compare(later, later)).code, 0);
  });

  const LOSSES: readonly (readonly [name: string, edit: Edit, lost: object])[] = [
    [
      "a chain that is gone",
      (manifest) => manifest.chains.shift(),
      { chainId: CHAIN, what: "gone", seq: 12 },
    ],
    [
      "a chain that is shorter",
      (manifest) => Object.assign(manifest.chains[0], { seq: 11 }),
      { chainId: CHAIN, what: "shorter", seq: 12, now: 11 },
    ],
    [
      "a chain of the same length that ends otherwise",
      (manifest) => Object.assign(manifest.chains[0], { seq: 12 }),
      { chainId: CHAIN, what: "rewritten", seq: 12, now: 12 },
    ],
  ];
  for (const [name, edit, lost] of LOSSES) {
    test(`VAI-24 ${name} is named, with exit 1`, async () => {
      const { code, out, found } = await compare(earlier, await edited(edit));
      assert.deepEqual([code, found.lost], [1, [lost]]);
      assert.match(out, new RegExp(`^LOST: 1 chain of the earlier export\n${CHAIN} is `));
    });
  }

  test("VAI-24 a chain that grew from another record than its earlier end is rewritten", async () => {
    const folder = await edited(() => {});
    await editLines(join(folder, "records.jsonl"), (lines) =>
      lines.map((line, index) =>
        index === 11 ? line.replace("IdentityCompleted", "IdentityExpired") : line,
      ),
    );
    const { code, found } = await compare(earlier, folder);
    assert.deepEqual([code, found.lost[0].what], [1, "rewritten"]);
    await editLines(join(folder, "records.jsonl"), (lines) => lines.toSpliced(11, 1));
    assert.equal((await compare(earlier, folder)).found.lost[0].what, "rewritten");
  });

  test("VAI-24 manifests alone cannot show that the earlier end is still there: exit 3, and named", async () => {
    const alone = [earlier, later].map((folder) => join(folder, "manifest.json"));
    const { code, out, found } = await compare(alone[0] ?? "", alone[1] ?? "");
    assert.deepEqual([code, found.unseen], [3, [CHAIN]]);
    assert.match(out, /as far as the manifests say[\s\S]*only the later export's folder shows/);
    assert.equal((await compare(alone[0] ?? "", later)).code, 0);
  });

  test("VAI-24 what cannot be compared is no loss: another plane, one intent, the order exchanged, no export", async () => {
    const other = await edited((manifest) =>
      Object.assign(manifest, { plane: "vai:1:us-east-1:x" }),
    );
    const one = await exportTo(join(place.path, "one"), story, { ...LATE, intent: INTENT });
    const cases: readonly (readonly [string, string, RegExp])[] = [
      [earlier, other, /is of vai:1:us-east-1:x, the earlier one of/],
      [earlier, one, /holds the intent \S+ alone, the earlier one the whole plane/],
      [later, earlier, /exchange the two/],
      [earlier, place.path, /manifest\.json cannot be read/],
      [join(earlier, "records.jsonl"), later, /is not JSON/],
    ];
    for (const [from, to, says] of cases) {
      const { code, out, err } = await compare(from, to);
      assert.deepEqual([code, out], [2, ""], says.source);
      assert.match(err, says);
    }
    assert.equal((await compare(one, one)).code, 0);
  });
});
