import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { suite, test } from "node:test";
import { readChain } from "../../lib/continuity/chain.ts";
import { CHAIN_CHECKS, type Continued, judgeChain } from "../../lib/continuity/judge.ts";
import { verifyChain } from "../../lib/continuity/verify.ts";
import { isRefusal, type Refusal } from "../../lib/refusal.ts";
import type { Request } from "../../lib/request/request.ts";
import {
  type ChainChange,
  chainOf,
  chainPolicy,
  holderAt,
  type MadeChain,
  NOW,
} from "../support/chain.ts";
import type { SignedChange } from "../support/forge.ts";
import { KEYS, type KeyName } from "../support/keys.ts";
import type { Change } from "../support/mutate.ts";
import { PLANE } from "../support/trust.ts";

/**
 * One attack on a chain a file, named after it: how a good chain is changed, how the plane differs that it is shown to, and
 * which check refuses it with which code where; `offline` is what a verifier says that has the plane's thumbprint alone,
 * `null` where it cannot know, absent where it says the same.
 */
interface Case {
  readonly description: string;
  readonly requirements: readonly string[];
  readonly change: ChainChange;
  readonly given?: {
    readonly signer?: KeyName;
    readonly use?: Request["use"];
    readonly plane?: string;
    readonly policy?: Change;
    /** Depths of blocks that evidence does not know. */
    readonly unrecorded?: readonly number[];
    /** The contract that is presented, if not the chain's. */
    readonly contract?: SignedChange;
  };
  readonly expect: {
    readonly check: string;
    readonly code: string;
    readonly pointer: string;
    readonly offline?: string | readonly string[] | null;
  };
}

const HERE = new URL("cases/", import.meta.url);
const CASES = readdirSync(HERE, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".json"))
  .sort()
  .map((file): readonly [string, Case] => [
    file.replace(/\.json$/, ""),
    JSON.parse(readFileSync(new URL(file, HERE), "utf8")),
  ]);

/** What the plane says of a chain: the check that refuses it, or nothing. */
function judged(made: MadeChain, given: Case["given"] = {}) {
  const chain = readChain(made.chain);
  if (chain === undefined) throw new Error("there is no chain");
  if (isRefusal(chain)) return { check: "parse", refusal: chain };
  const policy = chainPolicy(given.policy);
  const unknown = new Set(given.unrecorded?.map((at) => chain.blocks[at]?.digest));
  const subject: Continued = {
    chain,
    contract: given.contract ? chainOf({ contract: given.contract }).contract : made.contract,
    decider: "policy.example",
    trust: { published: policy, policy },
    plane: given.plane ?? PLANE,
    isRecorded: (digest) => !unknown.has(digest),
    signer: KEYS[given.signer ?? holderAt(made.depth)].thumbprint,
    use: given.use ?? "issue",
  };
  const failed = CHAIN_CHECKS.find(({ judge }) => judge(subject) !== undefined);
  const refusal = judgeChain(subject);
  assert.deepEqual(refusal, failed?.judge(subject));
  return failed && { check: failed.name, refusal: refusal as Refusal };
}

const verdictOf = (chain: readonly unknown[]) =>
  verifyChain(chain as readonly string[], { thumbprints: [KEYS.plane.thumbprint], at: NOW });

/** A chain that was refused says nothing secret of itself, and no more than answers are long. */
function judgeDetail({ detail, pointer = "" }: Refusal): void {
  assert.ok(detail.length > 0 && detail.length <= 400, detail);
  assert.ok(pointer.length <= 400, pointer);
}

suite("chains: attacks on shape, signing, narrowing and designation", () => {
  for (const [name, { description, requirements, change, given, expect }] of CASES) {
    test(`${requirements.join(" ")} ${name}: ${description}`, () => {
      const made = chainOf(change);
      const found = judged(made, given);
      assert.ok(found !== undefined, "it is let through");
      const { check, refusal } = found;
      const { code, pointer } = refusal;
      const { offline = code, ...wanted } = expect;
      assert.deepEqual({ check, code, pointer }, wanted, refusal.detail);
      judgeDetail(refusal);
      const { ok, problems } = verdictOf(made.chain);
      const codes = problems.map((each) => each.code);
      assert.deepEqual(codes, offline === null ? [] : [offline].flat());
      assert.equal(ok, offline === null);
    });
  }

  test("POC-01 POC-02 POC-21 the chains that are attacked hold, at the plane and offline, up to 33 blocks", () => {
    for (const depth of [0, 1, 2, 3, 8, 32]) {
      const made = chainOf({ depth });
      assert.equal(judged(made), undefined, `depth ${depth}`);
      const { ok, blocks, problems } = verdictOf(made.chain);
      assert.deepEqual([ok, problems], [true, []]);
      assert.deepEqual(
        blocks.map(({ jkt }) => jkt),
        blocks.map((_, at) => KEYS[holderAt(at)].thumbprint),
      );
    }
  });

  test("VAI-62 each attack's file says which check it meets, and every check is met", () => {
    const met = new Set(CASES.map(([, { expect }]) => expect.check));
    const names = ["parse", ...CHAIN_CHECKS.map(({ name }) => name)];
    assert.deepEqual(
      names.filter((name) => !met.has(name)),
      [],
    );
  });
});
