import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { describe, type TestContext, test } from "node:test";
import { readChain } from "../../lib/continuity/chain.ts";
import { isRefusal } from "../../lib/refusal.ts";
import { DELEGABLE, handOn } from "../support/delegating.ts";
import { KEYS } from "../support/keys.ts";
import { refused } from "../support/plane.ts";
import { desk } from "./support/plane-endpoint.ts";

/** What an operator types who ends what somebody was handed. */

const OWN = ["--as", "olga", "--reason", "agent behaves oddly"];
const KEEPING = { request: { set: { "/retain": true } } };

/** An operator's desk; two hops were handed on, and a branch beside them; nobody else is handed anything. */
async function handed(t: TestContext) {
  const found = await desk(t);
  const { plane, file } = found;
  const write = (name: string, value: unknown): string => {
    writeFileSync(file(name), JSON.stringify(value));
    return file(name);
  };
  for (const name of ["operator", "agent"] as const) {
    write(`${name}.json`, KEYS[name].privateKey.export({ format: "jwk" }));
  }
  const governed = plane.contract(DELEGABLE);
  const beside = await handOn(plane, governed, { ...KEEPING, to: "ledger" });
  const first = await handOn(plane, governed, KEEPING);
  const second = await handOn(plane, governed, { chain: first.chain, to: "otherAgent" });
  const { contract, contractDigest } = governed;
  const held = write("held.json", { contract });
  const chained = write("chained.json", { contract, chain: second.chain });
  const bare = write("bare.json", second.chain);
  const end = (args: readonly string[]) =>
    found.vai(["revoke", "delegation", ...args, ...OWN, "--key", file("operator.json")]);
  const ended = (): readonly string[] => {
    const { contracts } = plane.state(governed.chainId);
    const { tree } = contracts.get(contractDigest) ?? assert.fail("is not bound");
    const all = [...tree.blocks.values()].filter((block) => block.ended !== undefined);
    return [...(tree.top.ended === undefined ? [] : ["all"]), ...all.map(({ digest }) => digest)];
  };
  const blocks = { beside: beside.block.digest, first: first.block.digest };
  const files = { held, chained, bare };
  return {
    ...{ ...found, governed, contractDigest, write, end, ended, ...files, ...blocks },
    ...{ second: second.block.digest, chain: second.chain },
  };
}

describe("vai revoke delegation", () => {
  test("POC-37 ends a block and all below it by digests, in an operator's name, and leaves what is beside alone", async (t) => {
    const found = await handed(t);
    const { code, out } = await found.end([found.contractDigest, "--block", found.first]);
    assert.equal(code, 0, out);
    const [done] = out.split("\n");
    const object = `block ${found.first} of contract ${found.contractDigest}, and all below it`;
    assert.equal(done, `revoked    ${object}, now: agent behaves oddly`);
    assert.match(out, /^adapter +reached/m);
    assert.deepEqual(found.ended(), [found.first, found.second]);
    const told = found.plane
      .records(found.governed.chainId)
      .findLast(({ event }) => event.type === "DelegationRevoked");
    assert.deepEqual([told?.detail["by"], told?.detail["reason"]], ["olga", "agent behaves oddly"]);
    const again = await found.end([found.contractDigest, "--block", found.first, "--json"]);
    assert.equal(again.code, 0, again.out);
    assert.equal(JSON.parse(again.out).state, "REVOKED");
  });

  for (const [what, name, depth, ends] of [
    ["the last block", "chained", "2", ["second"]],
    ["a block in between", "chained", "1", ["first", "second"]],
    ["a block of a bare list of blocks", "bare", "2", ["second"]],
    ["everything, and what the contract's own executor may,", "chained", "0", "all"],
  ] as const) {
    test(`POC-37 by its number in the chain of a file: ${what}`, async (t) => {
      const found = await handed(t);
      const { code, out } = await found.end([found[name], "--depth", depth]);
      assert.equal(code, 0, out);
      const { beside, first, second } = found;
      assert.deepEqual(
        found.ended(),
        ends === "all" ? ["all", beside, first, second] : ends.map((each) => found[each]),
      );
    });
  }

  test("POC-37 by the contract's file, which finds it without what State says, and a digest of another branch", async (t) => {
    const found = await handed(t);
    const state = found.plane.dynamo.table("state");
    assert.ok(state.delete(`contract#${found.contractDigest}|chain`));
    const { code, out } = await found.end([found.chained, "--block", found.beside]);
    assert.equal(code, 0, out);
    assert.deepEqual(found.ended(), [found.beside]);
  });

  const NONE = `sha256:${"0".repeat(64)}`;
  const CASES: Readonly<
    Record<
      string,
      (found: Awaited<ReturnType<typeof handed>>) => readonly [string[], 1 | 2, RegExp]
    >
  > = {
    "no block": ({ contractDigest }) => [[contractDigest], 2, /say which block: --block DIGEST/],
    "two blocks": ({ chained, first }) => [
      [chained, "--block", first, "--depth", "1"],
      2,
      /say which block/,
    ],
    "a digest that is none": ({ chained }) => [
      [chained, "--block", "1"],
      2,
      /--block 1 is no digest/,
    ],
    "a place without a chain": ({ held }) => [
      [held, "--depth", "1"],
      2,
      /--depth is a place in a chain, and \S+held\.json holds none: give --block DIGEST$/,
    ],
    "a place of a digest": ({ contractDigest }) => [
      [contractDigest, "--depth", "1"],
      2,
      /--depth is a place in a chain/,
    ],
    "a place beyond the chain": ({ chained }) => [
      [chained, "--depth", "3"],
      2,
      /--depth 3: the chain of \S+ has 0, the contract with all that was handed on, to 2$/,
    ],
    "a place from the end": ({ chained }) => [[chained, "--depth=-1"], 2, /--depth -1: the chain/],
    "a place of no number": ({ chained }) => [
      [chained, "--depth", "last"],
      2,
      /--depth last: the chain/,
    ],
    "neither a digest nor a file": ({ first }) => [
      ["x", "--block", first],
      2,
      /neither the digest of a contract .* nor a file/,
    ],
    "a file of something else": ({ write, first }) => [
      [write("odd.json", { answer: 42 }), "--block", first],
      2,
      /holds no contract/,
    ],
    "a list without a block": ({ write, first }) => [
      [write("none.json", []), "--block", first],
      2,
      /holds no chain, and no contract/,
    ],
    "a chain that was cut": ({ write, chain, first }) => [
      [write("cut.json", [chain[0], chain[2]]), "--block", first],
      2,
      /cut\.json: CHAIN_BROKEN .* \(\/chain\/1\/parent\)$/,
    ],
    "a contract with the chain of another": ({ write, chain, plane, first }) => [
      [
        write("other.json", { contract: plane.contract(DELEGABLE).contract, chain }),
        ...["--block", first],
      ],
      2,
      /the chain is of another contract/,
    ],
    "a block that nobody was handed": ({ contractDigest }) => [
      [contractDigest, "--block", NONE],
      1,
      /^refused +CHAIN_BROKEN[\s\S]*\/command\/block[\s\S]*do +nobody was handed that under this contract: .* vai chain show FILE$/m,
    ],
    "a contract that the plane has never seen": ({ first }) => [
      [NONE, "--block", first],
      1,
      /CONTRACT_UNKNOWN[\s\S]*do +.*give the contract's file, .* vai revoke delegation FILE$/m,
    ],
  };
  for (const [what, make] of Object.entries(CASES)) {
    test(`POC-37 ${what}: nothing ends, and the person is told`, async (t) => {
      const found = await handed(t);
      const [args, exit, said] = make(found);
      const { code, out, err } = await found.end(args);
      assert.equal(code, exit, out + err);
      assert.match(out + err, said);
      assert.deepEqual(found.ended(), []);
    });
  }

  test("POC-37 somebody who is no operator ends nothing", async (t) => {
    const found = await handed(t);
    const args = ["revoke", "delegation", found.chained, "--depth", "2", ...OWN];
    const { code, out } = await found.vai([...args, "--key", found.file("agent.json")]);
    assert.equal(code, 1);
    assert.match(out, /ACTOR_AUTH_INVALID[\s\S]*do +compare with .* trust show/);
    assert.deepEqual(found.ended(), []);
  });

  test("POC-37 whoever was handed the block is refused from then on", async (t) => {
    const found = await handed(t);
    assert.equal((await found.end([found.chained, "--depth", "2"])).code, 0);
    const read = readChain(found.chain);
    assert.ok(read !== undefined && !isRefusal(read));
    const asked = {
      request: {
        signedBy: "otherAgent",
        set: { "/chainDigest": found.second, "/operation/parameters/percent": 1 },
      },
      event: { set: { "/chain": found.chain } },
    } as const;
    const answer = refused(await found.plane.ask(asked, found.governed));
    assert.deepEqual([answer.code, answer.pointer], ["CHAIN_BLOCK_REVOKED", "/chain/2"]);
  });
});
