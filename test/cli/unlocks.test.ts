import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { answerLines } from "../../lib/cli/answers.ts";
import { orderLines } from "../../lib/cli/order/lines.ts";
import { readAnswer, readCommandAnswer } from "../../lib/cli/read-answer.ts";
import type { RefusedAnswer } from "../../lib/enforcement/answer.ts";
import type { Unlock } from "../../lib/unlock.ts";

/** What somebody who was refused is told to do, and that nothing else is taken for it. */

const refused = (unlock: unknown): RefusedAnswer =>
  ({ ok: false, code: "AGENT_HALTED", stage: "contract", detail: "why", unlock }) as never;

const lift = { kind: "command", names: 2 } as const;
const WORDS: readonly (readonly [Unlock, string])[] = [
  [{ kind: "approval", needed: 2, have: 1, roles: [] }, "2 must say yes, 1 so far"],
  [
    { kind: "approval", needed: 2, have: 0, roles: ["sre-lead", "owner"], step: "shift" },
    "2 must say yes as sre-lead or owner to step shift, 0 so far",
  ],
  [
    { kind: "attestation", needed: 3, have: 1, classesNeeded: 2, classesHave: 1, veto: ["human"] },
    "3 evaluators must attest it (1 so far), of 2 classes (1 so far), each of human among them",
  ],
  [{ kind: "step", steps: ["precheck", "warm-up"] }, "first complete precheck, warm-up"],
  [
    { kind: "time", at: "2026-05-05T04:00:13.000Z" },
    "not before 2026-05-05T04:00:13.000Z: ask anew then",
  ],
  [{ ...lift, do: "resumePlane" }, "two people lift it: npx --no -- vai lift plane"],
  [
    { ...lift, do: "reinstateActor", actorId: "spiffe://a/b c" },
    "two people lift it: npx --no -- vai lift actor 'spiffe://a/b c'",
  ],
  [{ ...lift, do: "reinstateKey", jkt: "abc" }, "two people lift it: npx --no -- vai lift key abc"],
  [
    { ...lift, do: "liftQuarantine", path: "arn:aws:iam::1:role/x" },
    "two people lift it: npx --no -- vai lift quarantine arn:aws:iam::1:role/x",
  ],
  [{ kind: "retry", afterSeconds: 60 }, "the same again after 60 s"],
  [
    { kind: "contract" },
    "a new contract, under a decision that holds: this one cannot pass any more",
  ],
];

/** What no plane of this version says; an answer that has it is none. */
const NOT_READ: Readonly<Record<string, unknown>> = {
  "a kind that nobody knows": [{ kind: "bribe" }],
  "an empty list": [],
  "no list": { kind: "contract" },
  "a member too many": [{ kind: "contract", by: "me" }],
  "a member too few": [{ ...lift, do: "reinstateActor" }],
  "a member of another verb": [{ ...lift, do: "resumePlane", actorId: "a" }],
  "a verb that lifts nothing": [{ ...lift, do: "haltPlane" }],
  "a lift by one name": [{ ...lift, names: 1, do: "resumePlane" }],
  "a time that is none": [{ kind: "time", at: "soon" }],
  "one that is good, and one that is not": [{ kind: "contract" }, { kind: "bribe" }],
};

suite("unlock as people read it", () => {
  for (const [unlock, words] of WORDS) {
    test(`USR-11 VAI-130 ${words}`, () => {
      const answer = readAnswer(refused([unlock]), "issue") as RefusedAnswer;
      assert.deepEqual(answer.unlock, [unlock]);
      assert.ok(
        answerLines(answer).includes(`unlock     ${words}`),
        answerLines(answer).join("\n"),
      );
    });
  }

  for (const [unlock, how] of [
    [WORDS[0]?.[0], "vai approve FILE --show"],
    [WORDS[1]?.[0], "vai approve FILE --step shift --show"],
    [WORDS[2]?.[0], "vai attest FILE --verdict approve"],
  ] as const) {
    test(`USR-11 VAI-130 what a contract waits for is said with its command, ${how}; what a command of people lacks is not`, () => {
      const at = (stage: string) =>
        answerLines({ ...refused([unlock]), stage } as never).join("\n");
      for (const stage of ["proof", "state"]) {
        assert.match(at(stage), new RegExp(`^unlock .* so far.*: npx --no -- ${how}$`, "m"));
        assert.match(at(stage), /^retryable +no, not before what unlock says: ask anew then$/m);
      }
      assert.doesNotMatch(at("contract"), /vai (approve|attest)/);
    });
  }

  test("USR-11 VAI-130 each of several is a line, of orders too; without there is none", () => {
    const both = [{ ...lift, do: "resumePlane" }, { kind: "contract" }] as const;
    const linesOf = (lines: readonly string[]) => lines.filter((line) => /^unlock/.test(line));
    assert.equal(linesOf(answerLines(refused(both))).length, 2);
    assert.deepEqual(linesOf(answerLines(refused(undefined))), []);
    const order = readCommandAnswer(refused(both), "govern") as RefusedAnswer;
    assert.equal(linesOf(orderLines(order, {} as never)).length, 2);
  });

  for (const [name, unlock] of Object.entries(NOT_READ)) {
    test(`USR-11 ${name} is no answer`, () => {
      assert.throws(() => readAnswer(refused(unlock), "issue"), { code: "DEPENDENCY_UNAVAILABLE" });
      assert.throws(() => readCommandAnswer(refused(unlock), "govern"), /no answer/);
    });
  }
});
