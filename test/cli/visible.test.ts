import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import { visible, visibleLine } from "../../lib/cli/visible.ts";
import { signJws } from "../../lib/encoding/jws.ts";
import { KEYS } from "../support/keys.ts";
import { desk } from "./support/plane-endpoint.ts";

/** Title, erase, cursor up, conceal, an 8-bit CSI, right-to-left override, isolates, zero width, line separators. */
const HOSTILE = [
  ...[
    "\u001b]0;owned\u0007\u001b[2K\u001b[1Ggranted\u001b[8m",
    "\u009b2J",
    "\u202eabc\u2066x\u2069",
  ],
  ...[
    "a\u200bb\ufeff",
    "one\u2028two\u2029three",
    "tab\there\rback\b\u007f",
    "\ud800",
    "\u{e0041}",
  ],
].join("|");
/** And a line of its own. */
const LINES = `${HOSTILE}\ngranted   identity 1, COMPLETED`;
const OBEYED = /[^\P{C}\n]|[\p{Zl}\p{Zp}]/u;

test("USR-11 every character of a text is seen, and JSON reads the same text back", () => {
  const text = JSON.stringify({ [LINES]: LINES });
  assert.ok(!OBEYED.test(visible(text)));
  assert.deepEqual(JSON.parse(visible(text)), JSON.parse(text));
  assert.equal(visible("as it is: é 漢 🙂\n"), "as it is: é 漢 🙂\n");
  assert.equal(visibleLine("a\nb"), "a\\nb");
});

/** The same without what canonical JSON, and so a signature, cannot carry. */
const SIGNED = HOSTILE.toWellFormed();
const SIGNED_LINES = LINES.toWellFormed();

describe("what a hostile file makes vai print", () => {
  test("USR-11 no terminal obeys a contract, a draft, a key, a folder or a name, on any output of any command", async (t) => {
    const { plane, contract, file, vai } = await desk(t);
    const write = (name: string, value: unknown): string => {
      writeFileSync(file(name), typeof value === "string" ? value : JSON.stringify(value));
      return file(name);
    };
    mkdirSync(file("folder"));
    write("folder/manifest.json", {
      ...{ version: 1, plane: "p", createdAt: "", records: 0, seals: 0, trustPolicies: 0 },
      ...{ chains: [], anchors: [], [SIGNED_LINES]: 1 },
    });
    for (const name of ["records", "seals", "trust-policies"]) write(`folder/${name}.jsonl`, "");
    const member = contract("member.json", { contract: { set: { [`/${SIGNED_LINES}`]: 1 } } });
    const resource = contract("resource.json", {
      contract: {
        set: { "/authorization_details/0/resources/0": `arn:aws:lambda:::${SIGNED_LINES}` },
      },
    });
    const parameter = contract("parameter.json", {
      contract: {
        set: { [`/authorization_details/0/parameters/${SIGNED}`]: { exact: SIGNED_LINES } },
      },
    });
    const foreign = write("foreign.json", {
      contract: signJws("vai-contract+jwt", { [SIGNED_LINES]: 1 }, KEYS.issuer),
      proof: {},
    });
    const key = write("key.json", { kty: "EC", crv: SIGNED_LINES, x: "a", y: "b", d: "x" });
    const anchor = write("anchor.json", KEYS.anchor.jwk);
    const held = contract("held.json", {});
    const intent = "0198c7d2-0000-7000-8000-000000000001";
    const commands: readonly (readonly string[])[] = [
      ["verify", file("folder")],
      ["trace", intent, "--from", file("folder")],
      ["trace", SIGNED_LINES, "--anchor-key", anchor],
      ...[member, resource, parameter, foreign].flatMap((given) => [
        ["policy", given, "--anchor-key", anchor],
        ["policy", given, "--anchor-key", anchor, "--json"],
        ["issue", given],
        ["issue", given, "--set", `${SIGNED_LINES}=1`],
        ["issue", given, "--json"],
        ["credentials", given],
        ["execute", given],
      ]),
      ["issue", held, "--key", key],
      ["issue", held, "--step", SIGNED_LINES],
      ["issue", held, "--delivery", SIGNED_LINES],
      ["issue", held, "--set", SIGNED_LINES],
      ["issue", SIGNED_LINES],
      ["verify", SIGNED_LINES, "--anchor", SIGNED_LINES],
      ["contract", "sign", write("draft.json", { [SIGNED_LINES]: 1 }), "--out", file("out.json")],
      ["explain", SIGNED_LINES],
      ["keys", "new", file("new.json"), "--alg", SIGNED_LINES],
      ["keys", "kms", SIGNED_LINES],
      ["trust", "show", "--outputs", write("bad.json", { [SIGNED_LINES]: 1, region: 7 })],
      [SIGNED_LINES],
      ["issue", `--${SIGNED_LINES}`],
    ];
    for (const args of commands) {
      const { code, out, err } = await vai(args);
      const said = `${out}\n${err}`;
      assert.ok(!OBEYED.test(said), `${args}: ${JSON.stringify(said)}`);
      assert.ok(code > 0 && code <= 5, `${args} ended with ${code}`);
      // No line is the file's own; the person's own command line is quoted by the library as it came.
      if (!args.includes(SIGNED_LINES) && args[1] !== `--${SIGNED_LINES}`) {
        assert.doesNotMatch(said, /^granted/m, args.join(" "));
      }
    }
    assert.equal(plane.targets.calls.length, 0);
  });

  test("USR-11 nor what the plane answers, as lines or as JSON; and an answer's words make no line of their own", async (t) => {
    const { contract, vai } = await desk(t);
    const asked = ["issue", contract("held.json", {}), "--set", "percent=1"];
    for (const args of [
      [...asked, "--resource", SIGNED_LINES],
      [...asked, "--action", SIGNED_LINES, "--json"],
      [...asked, "--set", `${SIGNED_LINES}=1`],
    ]) {
      const { code, out } = await vai(args);
      assert.equal(code, 1, out);
      assert.ok(out.includes("owned"), "it is quoted");
      assert.ok(!OBEYED.test(out), JSON.stringify(out));
      assert.doesNotMatch(out, /^granted/m);
    }
  });

  test("USR-11 the program itself prints no less carefully", () => {
    const args = ["lib/cli/main.js", "verify", `/nowhere/${SIGNED}`];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    assert.equal(status, 2);
    assert.ok(!OBEYED.test(`${stdout}${stderr}`), JSON.stringify(stderr));
  });
});

const UNLIKE: Readonly<Record<string, string>> = {
  "a filler": "\u3164",
  "a joiner": "\u034f",
  "a variation selector": "\ufe0f",
  "a selector beyond 16 bits": "\u{e0100}",
  "a vowel that is not shown": "\u17b4",
  "an empty pattern of dots": "\u2800",
  "a space that does not break": "\u00a0",
  "a wide space": "\u3000",
};
for (const [what, character] of Object.entries(UNLIKE)) {
  test(`VAI-118 two texts that differ by ${what} alone do not look the same`, () => {
    assert.match(visible(`a${character}b`), /^a(\\u[0-9a-f]{4})+b$/);
    assert.equal(JSON.parse(`"${visible(character)}"`), character);
  });
}
