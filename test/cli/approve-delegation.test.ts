import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { suite, type TestContext, test } from "node:test";
import { readBlock } from "../../lib/continuity/block.ts";
import { judgeDelegationApprovals } from "../../lib/continuity/people.ts";
import { delegationStatement } from "../../lib/continuity/statement.ts";
import { sha256Digest } from "../../lib/encoding/digest.ts";
import { readApproval } from "../../lib/proof/approval.ts";
import { isRefusal } from "../../lib/refusal.ts";
import { type ChainChange, chainPolicy } from "../support/chain.ts";
import { KEYS } from "../support/keys.ts";
import type { Change } from "../support/mutate.ts";
import { type HandingDesk, handingDesk } from "./support/handing-desk.ts";

/** What a person types who approves that authority is handed on. */

const AGENT = "spiffe://example.org/agent/eu";
const readJson = (file: string) => JSON.parse(readFileSync(file, "utf8"));

/** The class of these contracts asks one approval, of ada or bea. */
const ASKS: Change = {
  set: {
    "/governance/LOW/approvals": 1,
    "/approvers": [
      { name: "ada", roles: ["sre-lead"], keys: [KEYS.approver.jwk] },
      { name: "bea", roles: ["a", "b"], keys: [KEYS.otherApprover.jwk] },
    ],
  },
};

interface Asking extends HandingDesk {
  readonly asked: string;
  /** Options by which ada speaks. */
  readonly ada: readonly string[];
}

/** A delegation at a depth that people are to approve, in the file that `vai delegate --ask` wrote. */
async function asking(
  t: TestContext,
  {
    depth = 1,
    policy = {},
    change = {},
    designate = { jkt: KEYS.otherAgent.thumbprint, agent: AGENT } as object,
  } = {} as { depth?: number; policy?: Change; change?: ChainChange; designate?: object },
): Promise<Asking> {
  const found = await handingDesk(t);
  const from = depth === 0 ? found.held : found.at(depth, change);
  const content = readJson(from);
  const last = readBlock(content.chain?.at(-1), "");
  const steps = isRefusal(last)
    ? found.contract0.claims.authorization_details
    : last.claims.authorization_details;
  const draft = found.write("draft.json", { designate, steps });
  const asked = found.file("asked.json");
  const { code, err, out } = await found.vai(["delegate", from, "--draft", draft, "--ask", asked]);
  assert.equal(code, 0, err);
  assert.match(out, /nothing was signed or sent\nnext +.* vai approve \S+ --show$/);
  assert.equal(statSync(asked).mode & 0o777, 0o600);
  const merged = {
    set: { ...ASKS.set, ...policy.set },
    ...(policy.remove && { remove: policy.remove }),
  };
  const trust = ["--policy", found.policy(merged)];
  return { ...found, asked, ada: ["--as", "ada", "--key", found.key("approver"), ...trust] };
}

/** The statement of what a file asks for, made here. */
function statementOf(found: Asking): string {
  const { asked, chain = [] } = readJson(found.asked);
  const { digest, claims } = found.contract0;
  const last = readBlock(chain.at(-1), "");
  const from = isRefusal(last)
    ? { agent: claims.actor.id, jkt: claims.cnf.jkt }
    : { agent: last.claims.agent, jkt: last.claims.cnf.jkt };
  const parent = isRefusal(last) || last.claims.depth === 0 ? null : last.digest;
  return delegationStatement(
    { ...asked, contractDigest: digest, aud: claims.aud, audience: claims.aud },
    { parent, from, to: { agent: AGENT, jkt: KEYS.otherAgent.thumbprint } },
  );
}

suite("vai approve, of a delegation", () => {
  for (const depth of [0, 1, 2]) {
    test(`POC-34 from depth ${depth} the statement is printed whole before it is signed, and what is signed is its digest`, async (t) => {
      const found = await asking(t, { depth });
      const out = found.file("yes.json");
      const ran = await found.vai(["approve", found.asked, ...found.ada, "--out", out]);
      assert.equal(ran.code, 0, ran.err);
      const statement = statementOf(found);
      assert.ok(ran.out.startsWith(statement), ran.out);
      assert.ok(ran.out.includes(`statement  ${sha256Digest(statement)}`));
      const { approval, statementDigest } = readJson(out);
      const read = readApproval(approval, "");
      assert.ok(!isRefusal(read));
      assert.equal(statementDigest, sha256Digest(statement));
      const { iss, role, exp, contractDigest, step, ...claims } = read.claims;
      assert.deepEqual([iss, role, step], ["ada", "sre-lead", undefined]);
      assert.equal(claims.statementDigest, statementDigest);
      assert.deepEqual([exp, contractDigest], [found.contract0.claims.exp, found.contract0.digest]);
      assert.equal(found.events.length, 0);
    });
  }

  test("POC-34 what was approved is handed on with it, and the block carries it as the plane demands", async (t) => {
    const found = await asking(t, { depth: 1 });
    const [yes, out] = [found.file("yes.json"), found.file("out.json")];
    await found.vai(["approve", found.asked, ...found.ada, "--out", yes]);
    const args = ["delegate", found.asked, "--approval", yes, "--out", out];
    const ran = await found.vai([...args, "--key", found.key("refunds")]);
    assert.equal(ran.code, 0, ran.err + ran.out);
    const block = readBlock(readJson(out).chain[2], "");
    const parent = readBlock(readJson(out).chain[1], "");
    assert.ok(!isRefusal(block) && !isRefusal(parent) && block.request !== undefined);
    assert.deepEqual(found.events[0]?.["approvals"], [readJson(yes).approval]);
    const { asked } = readJson(found.asked);
    const { claims } = found.contract0;
    const judged = judgeDelegationApprovals(
      {
        delegated: {
          ...asked,
          contractDigest: found.contract0.digest,
          aud: claims.aud,
          audience: claims.aud,
        },
        resolved: {
          parent: parent.digest,
          from: { agent: parent.claims.agent, jkt: parent.claims.cnf.jkt },
          to: { agent: AGENT, jkt: KEYS.otherAgent.thumbprint },
        },
        ...{ at: block.claims.iat, approvals: block.approvals },
      },
      { contract: found.contract0, decider: "", policy: chainPolicy(ASKS), agents: [] },
      "",
    );
    assert.equal(judged, undefined);
    const again = await found.vai([...args, "--draft", yes, "--key", found.key("refunds")]);
    assert.equal(again.code, 2);
  });

  test("POC-34 where it cannot be printed nothing is signed and nothing written", async (t) => {
    const found = await asking(t);
    const fail = (): never => {
      throw new Error("the paper is out");
    };
    const out = found.file("yes.json");
    for (const more of [[], ["--json"]]) {
      const args = ["approve", found.asked, ...found.ada, "--out", out, ...more];
      await assert.rejects(found.vai(args, { out: fail, err: fail }));
      assert.ok(!existsSync(out));
    }
  });

  test("POC-34 --show signs nothing and says how to sign exactly that; with another statement nothing is signed", async (t) => {
    const found = await asking(t);
    const shown = await found.vai(["approve", found.asked, ...found.ada, "--show"]);
    assert.equal(shown.code, 0, shown.err);
    const digest = sha256Digest(statementOf(found));
    assert.match(shown.out, /^nothing was signed$/m);
    assert.match(shown.out, new RegExp(`^next +.* vai approve .*--statement ${digest}$`, "m"));
    const json = await found.vai(["approve", found.asked, ...found.ada, "--show", "--json"]);
    assert.deepEqual(JSON.parse(json.out), {
      contractDigest: found.contract0.digest,
      statementDigest: digest,
      statement: statementOf(found),
    });
    const other = `sha256:${"0".repeat(64)}`;
    for (const flag of ["--statement", "--digest"]) {
      const { code, err } = await found.vai(["approve", found.asked, ...found.ada, flag, other]);
      assert.equal(code, 1);
      assert.match(err, /nothing was signed: (the contract|its statement) has the digest sha256/);
    }
    const good = await found.vai([
      "approve",
      found.asked,
      ...found.ada,
      "--statement",
      digest,
      "--json",
    ]);
    assert.equal(good.code, 0);
    assert.equal(`${good.err}\n`, statementOf(found));
    assert.equal(JSON.parse(good.out).statementDigest, digest);
  });

  test("POC-08 POC-34 a criterion is shown as the agent and the key that it comes to by the trust policy", async (t) => {
    const found = await asking(t, { designate: { labels: ["eu"] } });
    const { out, code, err } = await found.vai(["approve", found.asked, ...found.ada, "--show"]);
    assert.equal(code, 0, err);
    const { name, jkt } = (chainPolicy().agents ?? [])[1] ?? {};
    assert.ok(out.includes(`\nto "${name}" key "${jkt}" at `), out);
  });

  test("ADV-48 what looks like something else shows as its escape", async (t) => {
    const agent = "spiffe://example.org/\u0430gent/eu";
    const found = await asking(t, { designate: { jkt: KEYS.otherAgent.thumbprint, agent } });
    const { out, err } = await found.vai(["approve", found.asked, ...found.ada, "--show"]);
    assert.ok(out.includes('to "spiffe://example.org/\\u0430gent/eu"'), out + err);
  });

  const UNFIT: readonly (readonly [
    string,
    Parameters<typeof asking>[1],
    readonly string[],
    RegExp,
  ])[] = [
    [
      "a criterion that nobody meets",
      { designate: { labels: ["nobody"] } },
      [],
      /EXECUTOR_MISMATCH, 0 agents/,
    ],
    [
      "a criterion that two meet",
      { designate: { labels: ["refunds"] } },
      [],
      /EXECUTOR_MISMATCH, 2 agents/,
    ],
    [
      "a known agent's name with another key",
      {
        designate: {
          jkt: KEYS.otherAgent.thumbprint,
          agent: "spiffe://example.org/agent/refunds-1",
        },
      },
      [],
      /ACTOR_MISMATCH/,
    ],
    [
      "a key of governance",
      { designate: { jkt: KEYS.issuer.thumbprint, agent: AGENT } },
      [],
      /EXECUTOR_MISMATCH/,
    ],
    [
      "a class that asks nobody",
      { policy: { set: { "/governance/LOW/approvals": 0 } } },
      [],
      /for class LOW governance asks nobody to approve a delegation/,
    ],
    [
      "a chain that another key signed",
      { change: { block: { "1": { signedBy: "otherPlane" } } } },
      [],
      /CHAIN_BLOCK_SIGNATURE_INVALID/,
    ],
    [
      "a root that says more than its contract",
      { change: { block: { "0": { set: { "/agent": "spiffe://example.org/agent/other" } } } } },
      [],
      /ATTENUATION_VIOLATION, the root's agent is not the contract's/,
    ],
    [
      "a contract of an issuer that nobody knows",
      { policy: { set: { "/issuers": [] } } },
      [],
      /CONTRACT_ISSUER_UNTRUSTED/,
    ],
    [
      "an approver who is the agent",
      {
        designate: { jkt: KEYS.otherAgent.thumbprint, agent: "ada" },
      },
      [],
      /SELF_APPROVAL_FORBIDDEN/,
    ],
    ["the gate of a step", {}, ["--step", "refund"], /--step is for a contract/],
  ];
  for (const [what, given, more, why] of UNFIT) {
    test(`POC-34 POC-35 ${what} is not approved, and it is said why`, async (t) => {
      const found = await asking(t, given);
      const out = found.file("yes.json");
      const args = ["approve", found.asked, ...found.ada, ...more, "--out", out];
      const { code, err } = await found.vai(args);
      assert.ok(code === 1 || code === 2, `${code} ${err}`);
      assert.match(err, why);
      assert.ok(!existsSync(out));
    });
  }

  test("POC-34 of several roles somebody says which, and whoever is no approver signs nothing that counts", async (t) => {
    const found = await asking(t);
    const policy = found.ada.slice(-2);
    const bea = ["--as", "bea", "--key", found.key("otherApprover"), ...policy];
    const open = await found.vai(["approve", found.asked, ...bea]);
    assert.deepEqual([open.code, /give --role, one of: a, b/.test(open.err)], [2, true]);
    assert.equal((await found.vai(["approve", found.asked, ...bea, "--role", "b"])).code, 0);
    const nobody = ["--as", "cleo", ...bea.slice(2)];
    const unnamed = await found.vai(["approve", found.asked, ...nobody]);
    assert.equal(unnamed.code, 2);
    assert.match(
      unnamed.err,
      /nothing was signed: by the trust policy cleo approves nothing; --as is one of: ada, bea$/,
    );
    const other = ["--as", "ada", "--key", found.key("stranger"), ...policy];
    const { code, err } = await found.vai(["approve", found.asked, ...other]);
    assert.deepEqual([code, /APPROVAL_SIGNATURE_INVALID/.test(err)], [1, true]);
  });

  test("POC-34 a second approver may still be to come", async (t) => {
    const found = await asking(t, { policy: { set: { "/governance/LOW/approvals": 2 } } });
    assert.equal((await found.vai(["approve", found.asked, ...found.ada])).code, 0);
  });

  const BAD: readonly (readonly [string, (content: Record<string, unknown>) => unknown, RegExp])[] =
    [
      ["no contract", ({ asked }) => ({ asked }), /\/contract /],
      ["a member too many", (all) => ({ ...all, from: "x" }), /\/from /],
      ["asked as null", (all) => ({ ...all, asked: null }), /\/asked /],
      [
        "no steps",
        (all) => ({ ...all, asked: { ...(all["asked"] as object), authorization_details: [] } }),
        /\/asked\/authorization_details /,
      ],
      [
        "part of delegation",
        (all) => ({ ...all, asked: { ...(all["asked"] as object), delegation: { maxDepth: 1 } } }),
        /\/asked\/delegation\//,
      ],
      [
        "wider than is held",
        (all) => ({ ...all, asked: { ...(all["asked"] as object), retain: true } }),
        /ATTENUATION_VIOLATION.*\/request\/retain/,
      ],
    ];
  for (const [what, change, why] of BAD) {
    test(`POC-34 a file with ${what} is refused at its place`, async (t) => {
      const found = await asking(t);
      const file = found.write("bad.json", change(readJson(found.asked)));
      const { code, err } = await found.vai(["approve", file, ...found.ada]);
      assert.ok(code === 1 || code === 2);
      assert.match(err, why);
    });
  }

  test("POC-34 what is no approval is not sent", async (t) => {
    const found = await asking(t);
    const no = found.write("no.json", { approved: true });
    const args = ["delegate", found.asked, "--approval", no, "--out", found.file("o.json")];
    const { code, err } = await found.vai([...args, "--key", found.key("refunds")]);
    assert.equal(code, 2);
    assert.match(err, /holds no approval: .* vai approve ASKED --out FILE writes one/);
  });
});

suite("vai approve, of a contract that may be handed on", () => {
  test("POC-34 shows delegation with its defaults", async (t) => {
    const found = await handingDesk(t);
    const policy = ["--policy", found.policy(ASKS)];
    const { out, code, err } = await found.vai(["approve", found.held, "--show", ...policy]);
    assert.equal(code, 0, err);
    assert.match(
      out,
      /^risk "LOW" .* delegation \{"labels":\[\],"maxDepth":3,"planes":\[\],"retain":false\}$/m,
    );
  });
});
