import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { before, suite, test } from "node:test";
import { fileURLToPath } from "node:url";
import { readChain, stepsOf } from "../../lib/continuity/chain.ts";
import { approvalsOfBlock, delegatedIn, resolvedIn } from "../../lib/continuity/people.ts";
import {
  type Delegated,
  delegationStatement,
  delegationStatementDigest,
  type Resolved,
} from "../../lib/continuity/statement.ts";
import { constraintNarrows } from "../../lib/contract/narrowing.ts";
import { readPublicJwk } from "../../lib/encoding/jwk.ts";
import { isRefusal } from "../../lib/refusal.ts";
import { constraint } from "../fuzz/constraints.ts";
import { Dice } from "../fuzz/dice.ts";
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
import { type Change, changed } from "../support/mutate.ts";
import { PLANE } from "../support/trust.ts";
import { START } from "../support/world.ts";

/*
 * A second implementation, in Python with its standard library alone (`second/`), is given the cases that are data:
 * chains as they are presented, pairs that narrow or do not, statements. It must say what stands in the data, and make
 * the digests that this one makes. Signatures of both algorithms are verified there as well.
 */

interface Case {
  readonly change: ChainChange;
  readonly given?: {
    readonly signer?: KeyName;
    readonly use?: string;
    readonly plane?: string;
    readonly policy?: Change;
    readonly unrecorded?: readonly number[];
    readonly contract?: SignedChange;
  };
  readonly expect: {
    readonly check: string;
    readonly code: string;
    readonly pointer: string;
    readonly offline?: string | readonly string[] | null;
  };
}

interface Pair {
  readonly child: unknown;
  readonly parent: unknown;
  readonly code?: string;
  readonly pointer?: string;
}

/** What the other implementation says. */
interface Verdicts {
  readonly constraints: readonly object[];
  readonly steps: readonly object[];
  readonly lists: readonly object[];
  readonly delegation: readonly object[];
  readonly chains: readonly {
    readonly plane: { check: string; code: string; pointer: string } | null;
    readonly offline: readonly string[];
    readonly digests: readonly object[];
  }[];
  readonly statements: readonly { readonly text: string; readonly digest: string }[];
}

const PYTHON = "python3";
const isThere = spawnSync(PYTHON, ["-c", "import sys; sys.exit(sys.version_info < (3, 8))"]);
const skip = isThere.status === 0 ? false : `${PYTHON} is missing, or older than 3.8`;

const HERE = new URL("cases/", import.meta.url);
const CASES = readdirSync(HERE, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".json"))
  .sort()
  .map((file): readonly [string, Case] => [
    file,
    JSON.parse(readFileSync(new URL(file, HERE), "utf8")),
  ]);

/** Chains that hold, by depth. */
const GOOD = [0, 1, 2, 3, 8, 32].map((depth) => chainOf({ depth }));

/** A chain with all that a plane judges it by, as JSON. */
function presented(made: MadeChain, given: Case["given"] = {}): object {
  const policy = chainPolicy(given.policy);
  const contract = given.contract ? chainOf({ contract: given.contract }).contract : made.contract;
  return {
    ...{ chain: made.chain, contract: contract.jws.compact },
    ...{ planeKeys: policy.planeKeys, agents: policy.agents ?? [] },
    approvals: approvalsOfBlock(contract, policy),
    plane: given.plane ?? PLANE,
    unrecorded: (given.unrecorded ?? []).map((at) => digestsOf(made)[at]?.block),
    signer: KEYS[given.signer ?? holderAt(made.depth)].thumbprint,
    use: given.use ?? "issue",
    ...{ thumbprints: [KEYS.plane.thumbprint], at: NOW },
  };
}

/** What is hashed of a chain, as this implementation does it; of one that cannot be read, nothing. */
function digestsOf(made: MadeChain) {
  const chain = readChain(made.chain);
  if (chain === undefined || isRefusal(chain)) return [];
  const statements = [...stepsOf(chain)].map(({ block, parent }) =>
    delegationStatementDigest(delegatedIn(block), resolvedIn(block, parent)),
  );
  return chain.blocks.map(({ digest, jws, request }, depth) => ({
    ...{ block: digest, key: carriedBy(jws.header.jwk) },
    ...(request && { request: request.digest, statement: statements[depth - 1] }),
  }));
}

function carriedBy(jwk: unknown): string | null {
  const key = readPublicJwk(jwk);
  return typeof key === "string" ? null : key.thumbprint;
}

const MATRIX = JSON.parse(readFileSync(new URL("narrowing.json", import.meta.url), "utf8"));

const stepOf = (set: Change["set"] = {}, remove: readonly string[] = []): unknown =>
  changed(MATRIX.step, { set, remove }, START);
const plain = (each: unknown): unknown => ({
  ...{ type: "aws", actions: ["a:B"], resources: ["arn:aws:a:::b"] },
  parameters: { n: { range: { min: 0, max: 9 } } },
  ...(typeof each === "string" ? { id: each } : (each as object)),
});

type Row = Pair & {
  readonly child: never;
  readonly parent: never;
  readonly without?: readonly string[];
};
const PAIRS = {
  constraints: MATRIX.constraints as readonly Pair[],
  steps: (MATRIX.steps as readonly Row[]).map(
    ({ child, without, parent, ...expected }): Pair => ({
      ...{ ...expected, child: stepOf(child, without), parent: stepOf(parent) },
    }),
  ),
  lists: (MATRIX.lists as readonly { child: unknown[]; parent: unknown[] }[]).map(
    ({ child, parent, ...expected }): Pair => ({
      ...{ ...expected, child: child.map(plain), parent: parent.map(plain) },
    }),
  ),
  delegation: MATRIX.delegation as readonly Pair[],
};

/** Pairs by chance, the same in every run, that nobody chose. */
const CHANCE = 4000;
const dice = new Dice(15);
const DRAWN: readonly Pair[] = Array.from({ length: CHANCE }, () => {
  const [child, parent] = [constraint(dice), constraint(dice)];
  const { narrows: _, ...found } = constraintNarrows(child, parent);
  return { ...found, child, parent };
});

const LOCAL = "vai:000000000000:us-east-1:local";
/** The delegation of the golden statement, and one that says what could be written in several ways. */
const CLAIMS: Delegated = {
  ...{ contractDigest: `sha256:${"0".repeat(63)}1`, aud: LOCAL, audience: LOCAL },
  ...{ exp: Date.UTC(2026, 4, 5, 4, 10) / 1000, retain: false, deliveries: ["execute"] },
  delegation: { maxDepth: 2, retain: false, labels: [], planes: [] },
  authorization_details: [
    {
      ...{ type: "aws", id: "refund", actions: ["lambda:InvokeFunction"] },
      resources: ["arn:aws:lambda:us-east-1:000000000000:function:sample-payments:live"],
      parameters: {
        "payload/amount": { range: { max: 500, min: 1 } },
        "payload/clientToken": { prefix: "ref-" },
      },
      limits: { calls: 2, totals: { "payload/amount": 500 } },
    },
  ],
};
const RESOLVED: Resolved = {
  parent: null,
  from: { agent: "spiffe://example.org/agent/coordinator", jkt: "A".repeat(43) },
  to: { agent: "spiffe://example.org/agent/refunds", jkt: `${"B".repeat(42)}A` },
};
const GOLDEN = "sha256:a799d9234eda0b00c38138ad2a566f3af82c1ebe7a8525121b2b7e209e91b2a2";
const STATEMENTS: readonly { readonly claims: Delegated; readonly resolved: Resolved }[] = [
  { claims: CLAIMS, resolved: RESOLVED },
  changed(
    { claims: CLAIMS, resolved: RESOLVED },
    {
      set: {
        "/claims/delegation/labels": ["eu", "\u202eb\ud83d\ude00"],
        "/claims/authorization_details/0/parameters/\ud83d\ude00": {
          exact: "\u0430\n\u00e9\u007f",
        },
        "/claims/authorization_details/0/parameters/\uff5e": { oneOf: [true] },
        "/claims/authorization_details/0/gate": "approval",
        "/resolved/parent": `sha256:${"ab".repeat(32)}`,
      },
    },
    0,
  ),
];

function ask(): Verdicts {
  const chains = [
    ...CASES.map(([, { change, given }]) => ({ made: chainOf(change), given })),
    ...GOOD.map((made) => ({ made, given: {} })),
  ];
  asked = chains.map(({ made }) => made);
  const input = JSON.stringify({
    ...{ ...PAIRS, constraints: [...PAIRS.constraints, ...DRAWN] },
    chains: chains.map(({ made, given }) => presented(made, given)),
    statements: STATEMENTS,
  });
  const program = fileURLToPath(new URL("second/verdicts.py", import.meta.url));
  const { status, stdout, stderr } = spawnSync(PYTHON, ["-B", program], {
    ...{ input, encoding: "utf8", maxBuffer: 2 ** 26, env: { ...process.env, PYTHONUTF8: "1" } },
  });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}
let asked: readonly MadeChain[] = [];

suite("a second implementation in another language", { skip }, () => {
  let said: Verdicts;
  before(() => {
    said = ask();
  });

  test("POC-02 POC-16 it refuses every chain that is attacked at the same check, with the same code and place", () => {
    for (const [index, [name, { expect }]] of CASES.entries()) {
      const { offline = expect.code, ...wanted } = expect;
      const { plane, offline: told } = said.chains[index] ?? {};
      assert.deepEqual(plane, wanted, name);
      assert.deepEqual(told, offline === null ? [] : [offline].flat(), `${name}, offline`);
    }
  });

  test("POC-02 POC-21 it lets the chains through that hold, up to 33 blocks", () => {
    const good = said.chains.slice(CASES.length);
    assert.deepEqual(
      good.map(({ plane, offline }) => [plane, offline]),
      GOOD.map(() => [null, []]),
    );
  });

  test("POC-01 POC-34 it makes the same digest of every block, request, key and statement of these chains", () => {
    const own = asked.map((made) => digestsOf(made));
    assert.ok(own.flat().length > 200);
    assert.deepEqual(
      said.chains.map(({ digests }) => digests),
      own,
    );
  });

  for (const [kind, pairs] of Object.entries(PAIRS)) {
    test(`POC-14 POC-15 it says of every pair of ${kind} what stands in the matrix`, () => {
      const found = said[kind as keyof typeof PAIRS];
      for (const [index, { child, parent, code, pointer }] of pairs.entries()) {
        const wanted = code === undefined ? {} : { code, pointer };
        assert.deepEqual(found[index], wanted, JSON.stringify({ child, parent }));
      }
    });
  }

  test("POC-14 POC-15 it says of constraints by chance what this implementation says", () => {
    const found = said.constraints.slice(PAIRS.constraints.length);
    assert.equal(found.length, CHANCE);
    for (const [index, { child, parent, ...wanted }] of DRAWN.entries()) {
      assert.deepEqual(found[index], wanted, JSON.stringify({ child, parent }));
    }
    const accepted = DRAWN.filter(({ code }) => code === undefined).length;
    assert.ok(accepted > 100 && accepted < CHANCE - 100, `${accepted} are accepted`);
  });

  test("POC-34 it writes the same statement of a delegation, with the same digest", () => {
    assert.equal(said.statements[0]?.digest, GOLDEN);
    assert.deepEqual(
      said.statements,
      STATEMENTS.map(({ claims, resolved }) => ({
        text: delegationStatement(claims, resolved),
        digest: delegationStatementDigest(claims, resolved),
      })),
    );
  });
});
