import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { type DelegateAttack, playDelegateAttack } from "../support/delegating-play.ts";
import { type Expected, judgeRefusal } from "../support/judge-refusal.ts";
import { resolved } from "../support/mutate.ts";

/**
 * Attacks on function `delegate` at a whole plane, one a file, named after it (`hand-overs/<kind>/`): what was handed on and
 * ended before (`before`), who asks for what under which chain (`attack`), and the code, stage, pointer and records that must
 * come of it. No block is signed or ended, no key taken.
 */
interface Case extends DelegateAttack {
  readonly description: string;
  readonly requirements: readonly string[];
  readonly expect: Expected;
}

const HERE = new URL("hand-overs/", import.meta.url);
const CASES = readdirSync(HERE, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".json"))
  .sort()
  .map((file): readonly [string, Case] => [
    file.replace(/\.json$/, ""),
    JSON.parse(readFileSync(new URL(file, HERE), "utf8")),
  ]);

suite("handing on and taking back: attacks", () => {
  for (const [name, { description, requirements, expect, ...attack }] of CASES) {
    test(`${requirements.join(" ")} ${name}: ${description}`, async () => {
      const left = await playDelegateAttack(attack);
      judgeRefusal(left, resolved(expect, 0) as Expected);
      assert.equal(left.isTreeChanged, false, "a block was signed or ended, or a head moved");
    });
  }
});
