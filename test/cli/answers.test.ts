import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import {
  answerLines,
  exitCodeOfAnswer,
  planeRefusalLines,
  useAfter,
} from "../../lib/cli/answers.ts";
import { EXIT } from "../../lib/cli/io.ts";
import type { Answer } from "../../lib/enforcement/answer.ts";
import { desk, run } from "./support/plane-endpoint.ts";

const granted = (state: string, more: object = {}): Answer =>
  ({
    ...{ ok: true, deduplicated: true },
    identity: { state, identityId: "i", intentId: "n" },
    guarantee: { effectiveUntil: "then" },
    evidence: { chainId: "intent/n", firstSeq: 1, lastSeq: 9 },
    ...more,
  }) as never;
const outcome = (status: string, met = true) => ({
  outcome: { status, obligations: [{ name: "alias-routing", met }] },
});
/** It was done, nobody saw it, and its rollback came to something. */
const undone = (status: string, identityId?: string): Answer => {
  const { outcome: missed } = outcome("succeeded", false);
  const rollback = { status, ...(identityId !== undefined && { identityId }) };
  return granted("INCOMPLETE", { outcome: { ...missed, rollback } });
};
const refused = (code: string, stage: string): Answer =>
  ({ ok: false, code, stage, detail: "why" }) as never;

const ANSWERS: readonly (readonly [string, Answer, number, RegExp])[] = [
  ["done", granted("COMPLETED", outcome("succeeded")), 0, /outcome +succeeded$/m],
  [
    "a function's answer",
    granted("COMPLETED", {
      outcome: {
        ...{ status: "succeeded", obligations: [] },
        response: { statusCode: 200, executedVersion: "3", reference: "pay-1" },
      },
    }),
    0,
    /^answered +200 by version 3: pay-1$/m,
  ],
  ["a handle that waits", granted("ISSUED", { handle: "a.b.c" }), 0, /granted/],
  ["credentials that left", granted("ISSUED", { credentials: "a.b.c" }), 0, /granted/],
  ["a call that failed", granted("COMPLETED", outcome("failed")), 1, /outcome +failed/],
  ["a window that is over", granted("EXPIRED"), 1, /outcome +none: nothing was started/],
  ["an identity that failed", granted("FAILED"), 1, /outcome +none/],
  ["a refusal", refused("PARAMETER_OUT_OF_BOUNDS", "scope"), 1, /^refused/],
  ["a refusal before the call", refused("IDENTITY_EXPIRED", "execution"), 1, /^refused/],
  ["no store before the grant", refused("EVIDENCE_STORE_UNAVAILABLE", "evidence"), 1, /^refused/],
  ["a first try that runs", granted("IN_USE"), 5, /not known: .*running\ndo +ask again.*minute/],
  ["one that was just issued", granted("ISSUED"), 5, /not known: .*running/],
  ["one that was lost", granted("INCOMPLETE"), 5, /not known: .*nobody will\ndo +look at the/],
  ["one that was revoked", granted("REVOKED"), 5, /not known: [\s\S]*Do not ask again/],
  ["an unknown call", granted("INCOMPLETE", outcome("unknown")), 5, /unknown[\s\S]*Do not ask/],
  ["a missed duty", granted("INCOMPLETE", outcome("succeeded", false)), 5, /missed[\s\S]*do +see/],
  [
    "a duty that is not due yet",
    granted("IN_USE", outcome("succeeded", false)),
    3,
    /obligation alias-routing waited for\ndo +it was done, .* vai status[\s\S]*Do not ask again/,
  ],
  [
    "a rollback that worked",
    undone("succeeded", "r"),
    1,
    /^rollback +succeeded: identity r\n[\s\S]*taken back$/m,
  ],
  ["one that failed", undone("failed"), 5, /^rollback +failed\n[\s\S]*not taken back$/m],
  ["one of which nobody knows", undone("unknown", "r"), 5, /unknown: [\s\S]*may have been taken/],
  [
    "a record that could not be written after the call",
    refused("EVIDENCE_STORE_UNAVAILABLE", "execution"),
    5,
    /outcome +not known: [\s\S]*Do not ask again/,
  ],
  ["a crash", refused("INTERNAL_FAULT", "execution"), 5, /not known/],
];

describe("how vai issue and vai execute end", () => {
  for (const [name, answer, code, words] of ANSWERS) {
    test(`USR-11 ${name} ends with ${code} and says so`, () => {
      assert.equal(exitCodeOfAnswer(answer), code);
      assert.match(answerLines(answer).join("\n"), words);
    });
  }

  test("USR-11 VAI-103 a first try whose end could not be recorded: 5, and 5 again for every retry, running or lost", async (t) => {
    const { plane, contract, vai, file } = await desk(t);
    const held = contract("held.json", {});
    const event = file("event.json");
    plane.faults.plan({ at: "evidence:write", from: 3 });
    const first = await vai(["issue", held, "--set", "percent=10", "--save-event", event]);
    assert.equal(first.code, EXIT.unknown, first.out + first.err);
    assert.match(first.out, /^refused[\s\S]*outcome +not known/);
    assert.equal(plane.targets.calls.length, 1, "it was done");
    plane.faults.clear();
    const running = await vai(["issue", event, "--event"]);
    assert.equal(running.code, EXIT.unknown, running.out + running.err);
    assert.match(running.out, /IN_USE\noutcome +not known: .*still running/);
    plane.world.pass(40);
    const lost = await vai(["issue", event, "--event", "--json"]);
    assert.deepEqual(
      [lost.code, JSON.parse(lost.out).identity.state],
      [EXIT.unknown, "INCOMPLETE"],
    );
  });

  test("USR-11 VAI-82 a refusal says whether to ask again, what became of the use, and where its evidence is", async (t) => {
    const { contract, vai } = await desk(t);
    const beyond = await vai(["issue", contract("held.json", {}), "--set", "percent=100"]);
    const [, chain = ""] = /^evidence +(intent\/\S+) \d+$/m.exec(beyond.out) ?? [];
    assert.deepEqual(beyond.out.split("\n").slice(3), [
      "retryable  no: the same again is refused again",
      "use        none was spent, unless the evidence has an IdentityIssued for this request",
      /^evidence .*$/m.exec(beyond.out)?.[0],
      "next       npx --no -- vai explain PARAMETER_OUT_OF_BOUNDS",
      `next       npx --no -- vai trace ${chain}`,
    ]);
  });

  test("USR-11 a refusal that people can lift, or that time ends, is not said to be refused again for ever", () => {
    const said = (...unlock: unknown[]) =>
      planeRefusalLines({ code: "X", stage: "state", retryable: false, unlock } as never).find(
        (line) => line.startsWith("retryable"),
      );
    const halted = { kind: "command", do: "resumePlane", names: 2 };
    const early = { kind: "time", at: "2026-01-01T00:00:00.000Z" };
    const passes = "retryable  no, not before what unlock says: ask anew then";
    assert.equal(said(halted, early), passes);
    assert.equal(said(early), passes);
    assert.equal(
      said(halted, { kind: "contract" }),
      "retryable  no: the same again is refused again",
    );
    assert.equal(said(), "retryable  no: the same again is refused again");
  });

  /** What is said of the use: by stage, and whether the same may be granted later. */
  const USES: readonly (readonly [stage: string, retryable: boolean, says: RegExp])[] = [
    ["parse", false, /^none was spent$/],
    ["retry", false, /^none was spent$/],
    ["contract", true, /^none was spent$/],
    ["evidence", true, /^none was spent$/],
    ["contract", false, /^none was spent, unless/],
    ["context", false, /^none was spent, unless/],
    ["issuance", false, /^spent: it was granted/],
    ["execution", false, /^spent: it was granted/],
  ];
  for (const [stage, retryable, says] of USES) {
    test(`USR-11 the use after a refusal at ${stage}, ${retryable ? "" : "not "}retryable`, () => {
      assert.match(useAfter({ stage, retryable } as never), says);
      const line = retryable ? /^retryable {2}yes: /m : /^retryable {2}no: /m;
      const lines = planeRefusalLines({ stage, retryable } as never).join("\n");
      assert.match(lines, line);
      assert.match(lines, /^evidence {3}none was written$/m);
    });
  }

  test("USR-11 a redemption that is refused has cost its use before", async (t) => {
    const { contract, vai, file } = await desk(t);
    const held = contract("held.json", { contract: { set: { "/deliveries": ["handle"] } } });
    const asked = ["--delivery", "handle", "--out", file("handle.json"), "--set", "percent=10"];
    await vai(["issue", held, ...asked]);
    await vai(["execute", file("handle.json")]);
    const again = await vai(["execute", file("handle.json")]);
    assert.match(again.out, /^use +spent when the handle was made$/m);
  });

  test("USR-11 the exit codes are documented where people look", async () => {
    const { out } = await run(["--help"]);
    const pages = ["README.md", "lambdas/README.md"].map((path) => readFileSync(path, "utf8"));
    assert.match(out, /5 not known whether it was done/);
    assert.match(pages[0] ?? "", /5 it is not known whether it was done/);
    assert.match(pages[1] ?? "", /\*\*exit code 5\*\*/);
  });
});
