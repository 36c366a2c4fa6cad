import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { SigningKey } from "../../lib/encoding/jws.ts";
import { run } from "./support/cli.ts";
import { editLines, exportTo, temporary } from "./support/folder.ts";
import { evidenceKey, newKey, publication, signPolicy, writeRows } from "./support/plane.ts";
import { INTENT, type Story, tellStory } from "./support/story.ts";

let story: Story;
let place: Awaited<ReturnType<typeof temporary>>;
const newer = newKey();
let folders = 0;

before(async () => {
  [story, place] = await Promise.all([tellStory(), temporary()]);
});
after(() => place.remove());

/** An export of the story whose trust policies are these, signed one after the other, with these anchors' public keys. */
async function exported(signers: readonly SigningKey[], listed: readonly SigningKey[]) {
  const rows = story.rows.filter(({ chainId }) => chainId !== "plane/registry");
  let policy = story.policy;
  const drafts = [publication(policy)];
  for (const signer of signers) {
    policy = signPolicy(signer, [evidenceKey(story.key)], policy);
    drafts.push(publication(policy));
  }
  const registry = await writeRows(story.key, "plane/registry", drafts);
  const folder = join(place.path, `folder-${++folders}`);
  const anchors = listed.map(({ jwk }) => jwk);
  return exportTo(folder, { ...story, rows: [...rows, ...registry] }, { anchors });
}

const verify = async (folder: string, ...anchors: readonly SigningKey[]) => {
  const pins = anchors.flatMap(({ thumbprint }) => ["--anchor", thumbprint]);
  const { code, out } = await run("verify", folder, ...pins);
  const { out: json } = await run("verify", folder, ...pins, "--json");
  return { code, out, report: JSON.parse(json) };
};

describe("an anchor that was replaced", () => {
  test("VAI-24 is told by its old thumbprint: what happened, and how to go on; consistent, not trusted, no tampering", async () => {
    const folder = await exported([newer, newer], [story.anchor, newer]);
    const { code, out, report } = await verify(folder, story.anchor);
    assert.equal(code, 3, out);
    assert.deepEqual(
      [report.verdict, report.trusted, report.defectCount, report.anchorProblem],
      ["unanchored", false, 0, undefined],
    );
    assert.deepEqual(report.succession, { upTo: 1, isChecked: true, by: [newer.thumbprint] });
    assert.match(
      out,
      /^consistent, not trusted: the anchor was replaced after trust policy version 1/,
    );
    assert.match(out, /in writing, whether the newer one is theirs$/m);
    assert.match(out, new RegExp(`^if it is: --anchor ${newer.thumbprint}, which vouches`, "m"));
    assert.doesNotMatch(out, /tampered/);
  });

  test("VAI-24 the newer thumbprint, or both, verify all of it", async () => {
    const folder = await exported([newer], [story.anchor, newer]);
    for (const pins of [[newer], [story.anchor, newer]]) {
      const { code, report } = await verify(folder, ...pins);
      assert.deepEqual([code, report.trusted, report.succession], [0, true, undefined]);
    }
  });

  test("VAI-24 an export with the newer key alone says so of the older one's signatures", async () => {
    const folder = await exported([newer], [newer]);
    const { code, out, report } = await verify(folder, story.anchor);
    assert.deepEqual([code, report.succession.isChecked], [3, false]);
    assert.match(out, /its public key is not in the export\); /);
  });

  test("VAI-24 trace tells its story, and that it hangs on an anchor that nobody named", async () => {
    const folder = await exported([newer], [story.anchor, newer]);
    const args = ["trace", INTENT, "--from", folder, "--anchor", story.anchor.thumbprint];
    const { code, out } = await run(...args);
    assert.equal(code, 3);
    assert.match(
      out,
      new RegExp(`the anchor was replaced by ${newer.thumbprint} after trust policy`),
    );
  });

  test("VAI-24 a successor without its key, a gap, or another defect is no succession", async () => {
    const keyless = await exported([newer], [story.anchor]);
    const [unkeyed, third] = [await verify(keyless, story.anchor), newKey()];
    assert.deepEqual([unkeyed.code, unkeyed.report.verdict], [1, "tampered"]);
    assert.match(unkeyed.out, /export anew with --anchor-key FILE of the newer one/);
    const gap = await exported([newer, third], [story.anchor, newer, third]);
    const broken = [
      (lines: string[]) => lines.toSpliced(1, 1),
      (lines: string[]) => [...lines, lines[0] ?? ""],
    ];
    for (const edit of broken) {
      await editLines(join(gap, "trust-policies.jsonl"), edit);
      const { code, report } = await verify(gap, story.anchor);
      assert.deepEqual([code, report.succession], [1, undefined]);
    }
  });

  test("VAI-24 whoever rewrote what the verifier's own anchor signed is no successor", async () => {
    const thief = newKey();
    const rows = story.rows.filter(({ chainId }) => chainId !== "plane/registry");
    const first = signPolicy(thief, [evidenceKey(story.key)]);
    const second = signPolicy(story.anchor, [evidenceKey(story.key)], story.policy);
    const third = signPolicy(thief, [evidenceKey(story.key)], second);
    const registry = await writeRows(
      story.key,
      "plane/registry",
      [first, second, third].map(publication),
    );
    const folder = join(place.path, "rewritten");
    const anchors = [story.anchor.jwk, thief.jwk];
    await exportTo(folder, { ...story, rows: [...rows, ...registry] }, { anchors });
    const { code, report } = await verify(folder, story.anchor);
    assert.deepEqual([code, report.verdict, report.succession], [1, "tampered", undefined]);
  });
});
