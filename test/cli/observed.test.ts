import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { suite, test } from "node:test";
import { answerLines, exitCodeOfAnswer } from "../../lib/cli/answers.ts";
import { readAnswer } from "../../lib/cli/read-answer.ts";
import type { Answer, RefusedAnswer } from "../../lib/enforcement/answer.ts";
import { KEYS } from "../support/keys.ts";
import { desk } from "./support/plane-endpoint.ts";

/** What is only observed must look like a grant to nobody: no script, no person, no reader. */

const REFUSED = { ok: false, code: "PLANE_HALTED", stage: "state", detail: "the plane is halted" };
const observed = (over: object = {}): Answer =>
  ({
    ...{ ok: false, code: "ACTION_OBSERVED", stage: "authority", retryable: false },
    ...{ failureDomain: "governance", detail: "only observed", enforced: false },
    would: { ok: true },
    ...over,
  }) as never;

const NO_ANSWERS: Readonly<Record<string, unknown>> = {
  "one that does not say what would be": observed({ would: undefined }),
  "one that does not say that it was not enforced": observed({ enforced: undefined }),
  "one that says that it was enforced": observed({ enforced: true }),
  "another code with what would be": observed({ code: "PLANE_HALTED" }),
  "a grant with what would be": observed({ ok: true }),
  "a would with a handle": observed({ would: { ok: true, handle: "a.b.c" } }),
  "a would with credentials": observed({ would: { ok: true, credentials: "a.b.c" } }),
  "a would that is granted and refused": observed({ would: { ...REFUSED, ok: true } }),
  "a would that does not say why not": observed({ would: { ok: false } }),
  "a would within a would": observed({ would: { ...REFUSED, would: { ok: true } } }),
};

suite("an observed answer", () => {
  test("VAI-146 USR-11 that would be granted ends with 1 and says that nothing was done", () => {
    const answer = readAnswer(observed(), "issue") as RefusedAnswer;
    assert.equal(exitCodeOfAnswer(answer), 1);
    const lines = answerLines(answer);
    assert.match(lines[0] ?? "", /^refused {4}ACTION_OBSERVED at authority$/);
    assert.ok(lines.includes("observed   nothing was done; enforced, it would have been granted"));
    assert.ok(lines.includes("use        none was spent"));
    assert.deepEqual(
      lines.filter((line) => /^(granted|outcome|ends) /.test(line)),
      [],
    );
  });

  test("VAI-146 USR-11 that would be refused says why, where, and what would change it", () => {
    const unlock = [{ kind: "command", do: "resumePlane", names: 2 }];
    const answer = observed({ would: { ...REFUSED, pointer: "/request", unlock } });
    assert.equal(exitCodeOfAnswer(readAnswer(answer, "issue")), 1);
    assert.deepEqual(answerLines(answer).slice(2, 6), [
      "observed   nothing was done; enforced, it would have been refused: PLANE_HALTED at state",
      "why        the plane is halted",
      "where      /request",
      "unlock     two people lift it: npx --no -- vai lift plane",
    ]);
  });

  for (const [name, answer] of Object.entries(NO_ANSWERS)) {
    test(`VAI-146 ${name} is no answer`, () => {
      assert.throws(() => readAnswer(answer, "issue"), /no answer/);
    });
  }

  test("VAI-146 vai trust show says which action is only observed, by which role or none yet", async (t) => {
    const { plane, vai, file } = await desk(t);
    await plane.publish({
      set: { "/actions/0/mode": "observe", "/actions/1/mode": "observe" },
      remove: ["/actions/0/executionRoleArn"],
    });
    const anchor = file("anchor.json");
    writeFileSync(anchor, JSON.stringify(KEYS.anchor.jwk));
    const { out, err } = await vai(["trust", "show", "--anchor-key", anchor]);
    assert.equal(err, "");
    const said = out.split("\n").filter((line) => line.startsWith("action "));
    assert.deepEqual(said, [
      "action      lambda:UpdateAlias (LOW) only observed, nothing is done; by no role yet",
      "action      dynamodb:UpdateItem (LOW) only observed, nothing is done; by arn:aws:iam::000000000000:role/exec-dynamodb",
    ]);
  });

  test("VAI-146 USR-11 vai issue ends with 1, writes no handle, and has all of it with --json", async (t) => {
    const { plane, contract, vai } = await desk(t);
    const held = contract("held.json", {});
    await plane.publish({ set: { "/actions/0/mode": "observe" } });
    const { code, out } = await vai(["issue", held, "--set", "percent=10"]);
    assert.equal(code, 1, out);
    assert.match(out, /^refused {4}ACTION_OBSERVED[\s\S]*would have been granted/);
    const json = await vai(["issue", held, "--set", "percent=10", "--json"]);
    const { ok, enforced, would } = JSON.parse(json.out);
    assert.deepEqual([json.code, ok, enforced, would], [1, false, false, { ok: true }]);
    assert.equal(plane.targets.calls.length, 0);
  });
});
