import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { playAttack, type UseAttack } from "../support/continued-play.ts";
import { type Expected, judgeRefusal } from "../support/judge-refusal.ts";
import { resolved } from "../support/mutate.ts";

/**
 * Attacks on the use of a chain at a whole plane, one a file, named after it (`uses/<kind>/`): how authority was handed on
 * before (`before`), who asks for what under which chain (`attack`), and the code, stage, pointer and records that must come
 * of it. Nothing may be spent, nothing called, and no head moved.
 */
interface Case extends UseAttack {
  readonly description: string;
  readonly requirements: readonly string[];
  readonly expect: Expected;
}

const HERE = new URL("uses/", import.meta.url);
const CASES = readdirSync(HERE, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".json"))
  .sort()
  .map((file): readonly [string, Case] => [
    file.replace(/\.json$/, ""),
    JSON.parse(readFileSync(new URL(file, HERE), "utf8")),
  ]);

suite("the use of chains: attacks", () => {
  for (const [name, { description, requirements, expect, ...attack }] of CASES) {
    test(`${requirements.join(" ")} ${name}: ${description}`, async () => {
      const left = await playAttack(attack);
      judgeRefusal(left, resolved(expect, 0) as Expected);
      assert.equal(left.isTreeChanged, false, "a head moved, or a use was counted");
    });
  }
});
