import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { agentAt, chainOf } from "../support/chain.ts";
import { KEYS } from "../support/keys.ts";
import { handingDesk } from "./support/handing-desk.ts";

const PLANE_KEY = ["--thumbprint", KEYS.plane.thumbprint];

suite("vai chain show", () => {
  test("POC-02 tells who designated whom, for what, and verifies nothing", async (t) => {
    const found = await handingDesk(t);
    const { code, out } = await found.vai(["chain", "show", found.at(2)]);
    assert.equal(code, 0);
    for (const depth of [0, 1, 2])
      assert.ok(out.includes(`for        ${agentAt(depth)}, key `), out);
    assert.match(out, /^ {2}step +refund: lambda:InvokeFunction on arn:\S+:live$/m);
    assert.match(out, /"payload\/amount":\{"range":\{"max":100,"min":1\}\}/);
    assert.match(out, new RegExp(`^contract +${found.contract0.digest}$`, "m"));
    assert.match(out, /^next +.* vai chain verify /m);
    const json = await found.vai(["chain", "show", found.at(2), "--json"]);
    const blocks = JSON.parse(json.out);
    assert.deepEqual(
      blocks.map(({ claims }: { claims: { depth: number } }) => claims.depth),
      [0, 1, 2],
    );
  });

  test("POC-02 what holds no chain, or one that was never one, is told apart", async (t) => {
    const found = await handingDesk(t);
    const none = await found.vai(["chain", "show", found.held]);
    assert.equal(none.code, 2);
    assert.match(none.err, /holds no chain: nothing was handed on there/);
    const { chain } = chainOf({ order: [0, 2] });
    const broken = await found.vai(["chain", "show", found.write("broken.json", chain)]);
    assert.equal(broken.code, 1);
    assert.match(broken.err, /never valid: CHAIN_BROKEN, .* \(\/chain\/1\/parent\)/);
  });
});

suite("vai chain verify, offline", () => {
  test("POC-02 a chain is valid by the plane's thumbprint alone, also as a bare list, and it is said what that does not show", async (t) => {
    const found = await handingDesk(t);
    const bare = found.write("bare.json", chainOf().chain);
    for (const file of [found.at(2), bare]) {
      const { code, out } = await found.vai(["chain", "verify", file, ...PLANE_KEY]);
      assert.equal(code, 0, out);
      assert.match(out, /^valid: it designates spiffe:\S+-2, key \S+, until 2026-/m);
      assert.match(out, /handed on, ended or revoked since is for evidence/);
    }
    const json = await found.vai(["chain", "verify", bare, ...PLANE_KEY, "--json"]);
    const { verdict, validAtTime, since, blocks, isHead } = JSON.parse(json.out);
    assert.deepEqual(
      [verdict, validAtTime, since, blocks.length, isHead],
      ["valid", true, [], 3, undefined],
    );
  });

  test("POC-A24 one whose window is over was valid then", async (t) => {
    const found = await handingDesk(t);
    const file = found.at(2);
    found.pass(3_600_000);
    const { code, out } = await found.vai(["chain", "verify", file, ...PLANE_KEY]);
    assert.equal(code, 3, out);
    assert.match(out, /^valid then, and not any more: it designated /m);
    assert.match(out, /^since +2026-\S+: its window is over \(block 0\)$/m);
    const json = await found.vai(["chain", "verify", file, ...PLANE_KEY, "--json"]);
    const { verdict, validAtTime, since } = JSON.parse(json.out);
    assert.deepEqual([verdict, validAtTime, since.length], ["validThen", true, 3]);
  });

  test("POC-A11 POC-A6 what was never valid is told with code and place, also when its window is over", async (t) => {
    const found = await handingDesk(t);
    const wider = { "/authorization_details/0/limits/calls": 9 };
    const cases = [
      [
        chainOf({ block: { "2": { signedBy: "stranger" } } }),
        "CHAIN_BLOCK_SIGNATURE_INVALID",
        "/chain/2",
      ],
      [
        chainOf({ asked: { "2": { set: wider } } }),
        "ATTENUATION_VIOLATION",
        "/chain/2/authorization_details/0/limits/calls",
      ],
    ] as const;
    const files = cases.map(([{ chain }], at) => found.write(`${at}.json`, chain));
    const judge = async () => {
      for (const [at, [, code, pointer]] of cases.entries()) {
        const args = ["chain", "verify", files[at] ?? "", ...PLANE_KEY, "--json"];
        const ran = await found.vai(args);
        assert.equal(ran.code, 1);
        const { verdict, validAtTime, problem } = JSON.parse(ran.out);
        assert.deepEqual([verdict, validAtTime], ["neverValid", false]);
        assert.deepEqual([problem.code, problem.pointer], [code, pointer]);
      }
    };
    await judge();
    found.pass(3_600_000);
    await judge();
    const text = await found.vai(["chain", "verify", files[0] ?? "", ...PLANE_KEY]);
    assert.match(text.out, /^never valid: CHAIN_BLOCK_SIGNATURE_INVALID, /);
  });

  test("POC-A6 USR-12 what is no chain at all was never valid either, and with --json too that is said on standard output", async (t) => {
    const found = await handingDesk(t);
    for (const [value, code, pointer] of [
      [chainOf({ order: [0, 2] }).chain, "CHAIN_BROKEN", "/chain/1/parent"],
      [{ chain: "x" }, "CHAIN_MALFORMED", "/chain"],
    ] as const) {
      const file = found.write("none.json", value);
      const json = await found.vai(["chain", "verify", file, ...PLANE_KEY, "--json"]);
      assert.equal(json.code, 1, json.err);
      const { verdict, validAtTime, problem, blocks } = JSON.parse(json.out);
      assert.deepEqual([verdict, validAtTime, blocks], ["neverValid", false, []]);
      assert.deepEqual([problem.code, problem.pointer], [code, pointer]);
      const text = await found.vai(["chain", "verify", file, ...PLANE_KEY]);
      assert.equal(text.code, 1);
      assert.ok(text.out.startsWith(`never valid: ${code}, `) && text.out.includes(pointer));
    }
  });

  test("POC-A15 the thumbprint of another plane makes no chain valid, and what is no thumbprint is refused", async (t) => {
    const found = await handingDesk(t);
    const file = found.at(1);
    const other = ["--thumbprint", KEYS.otherPlane.thumbprint];
    assert.equal((await found.vai(["chain", "verify", file, ...other])).code, 1);
    assert.equal((await found.vai(["chain", "verify", file, ...other, ...PLANE_KEY])).code, 0);
    const bad = await found.vai(["chain", "verify", file, "--thumbprint", "x"]);
    assert.equal(bad.code, 2);
    assert.match(bad.err, /--thumbprint x is not a thumbprint: .*RFC 7638\)$/);
  });

  test("POC-02 without a contract in the file evidence is found by the intent alone", async (t) => {
    const found = await handingDesk(t);
    const known = JSON.parse(readFileSync(found.file("outputs.json"), "utf8"));
    const { jwk, thumbprint } = KEYS.anchor;
    found.write("outputs.json", { ...known, anchor: thumbprint, anchorKeys: [jwk] });
    const bare = found.write("bare.json", chainOf().chain);
    const { code, err } = await found.vai(["chain", "verify", bare]);
    assert.equal(code, 2, err);
    assert.match(err, /holds no contract, so give --intent ID; or verify it offline/);
    // The plane has no evidence of it: whoever's key signed it, it was never granted.
    const unknown = await found.vai(["chain", "verify", found.at(1)]);
    assert.equal(unknown.code, 1, unknown.err);
  });
});
