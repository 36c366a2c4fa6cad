import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { tamperedCopy } from "../../localstack/walkthrough/tamper.ts";

const record = (seq: number, detail: object): string =>
  JSON.stringify({ chain: { id: "intent/one", seq }, detail });

test("USR-10 the tampered copy differs from the evidence by one byte, in the record it names", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "vai-tamper-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [from, to] = [join(folder, "evidence"), join(folder, "forged")];
  mkdirSync(from);
  const lines = [record(1, {}), record(2, { percent: 10 }), record(3, { percent: 10 })];
  const honest = `${lines.join("\n")}\n`;
  writeFileSync(join(from, "records.jsonl"), honest);

  assert.deepEqual(tamperedCopy(from, to), { chainId: "intent/one", seq: 2 });
  assert.equal(readFileSync(join(from, "records.jsonl"), "utf8"), honest);
  const forged = readFileSync(join(to, "records.jsonl"), "utf8").split("\n");
  assert.deepEqual([forged[0], forged[2]], [lines[0], lines[2]]);
  const [before, after] = [lines[1], forged[1]].map((line) => Buffer.from(line ?? ""));
  assert.equal(after?.length, before?.length);
  const differing = [...(before ?? [])].filter((byte, index) => byte !== after?.[index]);
  assert.equal(differing.length, 1);

  writeFileSync(join(from, "records.jsonl"), `${lines[0]}\n`);
  assert.throws(() => tamperedCopy(from, to), /has no record/);
});
