import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type Chain, readChain, stepsOf } from "../../lib/continuity/chain.ts";
import { CHAIN_CHECKS } from "../../lib/continuity/judge.ts";
import {
  approvalsOfBlock,
  delegatedIn,
  judgeChainApprovals,
  judgeDelegationApprovals,
  resolvedIn,
} from "../../lib/continuity/people.ts";
import { delegationStatementDigest } from "../../lib/continuity/statement.ts";
import { readApproval } from "../../lib/proof/approval.ts";
import { isRefusal } from "../../lib/refusal.ts";
import { agentAt, type ChainChange, chainOf, chainPolicy, NOW } from "../support/chain.ts";
import { forge, type SignedChange } from "../support/forge.ts";
import type { KeyName } from "../support/keys.ts";
import type { Change } from "../support/mutate.ts";
import { START } from "../support/world.ts";

const HIGH: ChainChange = { contract: { set: { "/risk": "HIGH" } }, depth: 1 };
const NAMES = { ada: "approver", bea: "otherApprover", olga: "operator" } as const;

/** An approval of the first block as it would be without approvals. */
function approval(change: ChainChange, name: keyof typeof NAMES, how: SignedChange = {}): string {
  const chain = readChain(chainOf(change).chain) as Chain;
  const [first] = [...stepsOf(chain)];
  if (first === undefined) throw new Error("there is no block");
  const statementDigest = delegationStatementDigest(
    delegatedIn(first.block),
    resolvedIn(first.block, first.parent),
  );
  const claims = {
    ...{ iss: name, iat: NOW, exp: NOW + 900, jti: `approval-of-${name}`, role: "sre-lead" },
    ...{ contractDigest: first.block.claims.contractDigest, statementDigest },
  };
  return String(forge("vai-approval+jwt", claims, NAMES[name] as KeyName, how, START));
}

interface Asked {
  readonly change?: ChainChange;
  readonly policy?: Change;
  readonly decider?: string;
}

/** Code and place of what a chain with these approvals in its first block comes to. */
function judged(approvals: readonly string[], asked: Asked = {}): string | undefined {
  const { change = HIGH, policy, decider = "policy.example" } = asked;
  const set = approvals.length === 0 ? {} : { "/approvals": approvals };
  const made = chainOf({ ...change, block: { ...change.block, "1": { set } } });
  const chain = readChain(made.chain);
  if (chain === undefined || isRefusal(chain)) throw new Error(JSON.stringify(chain));
  const by = { contract: made.contract, decider, policy: chainPolicy(policy) };
  const refusal = judgeChainApprovals(chain, by);
  return refusal && `${refusal.code} ${refusal.pointer}`;
}

const PLACE = "/chain/1/approvals";
const NONE = `HUMAN_SIGNATURE_MISSING ${PLACE}`;
const INVALID = `APPROVAL_SIGNATURE_INVALID ${PLACE}/0`;

suite("people's approvals of a block", () => {
  test("POC-34 a class that asks for one has a block with one, and none without", () => {
    assert.equal(judged([approval(HIGH, "ada")]), undefined);
    assert.equal(judged([]), NONE);
    assert.equal(judged([], { change: { depth: 1 } }), undefined, "class LOW asks for none");
    assert.equal(
      judged([], { change: { ...HIGH, depth: 0 } }),
      undefined,
      "the root is the proof's",
    );
  });

  test("POC-34 what is missing is told by number", () => {
    const made = chainOf(HIGH);
    const by = { contract: made.contract, decider: "d", policy: chainPolicy() };
    const refusal = judgeChainApprovals(readChain(made.chain) as Chain, by);
    assert.deepEqual(refusal?.unlock, [{ kind: "approval", needed: 1, have: 0, roles: [] }]);
  });

  test("POC-34 one person twice is one", () => {
    const two = { policy: { set: { "/governance/HIGH/approvals": 2 } } };
    const again = { set: { "/jti": "another" } };
    assert.equal(judged([approval(HIGH, "ada"), approval(HIGH, "ada", again)], two), NONE);
    assert.equal(judged([approval(HIGH, "ada"), approval(HIGH, "bea")], two), undefined);
  });

  const OTHERS: Readonly<Record<string, ChainChange>> = {
    "another amount": {
      asked: {
        "1": { set: { "/authorization_details/0/parameters/payload~1amount/range/max": 9 } },
      },
    },
    "another key": {
      asked: { "1": { set: { "/designate": { agent: agentAt(1), jkt: "$jkt.stranger" } } } },
    },
    "another end": { asked: { "1": { set: { "/exp": "$seconds+30" } } } },
  };
  for (const [what, other] of Object.entries(OTHERS)) {
    test(`POC-34 an approval of ${what} is none`, () => {
      const jws = approval({ ...HIGH, ...other }, "ada");
      assert.equal(judged([jws]), `${INVALID}/statementDigest`);
    });
  }

  const WRONG: Readonly<Record<string, readonly [SignedChange, string]>> = {
    "by somebody who is no approver": [{ set: { "/iss": "olga" }, signedBy: "operator" }, "/iss"],
    "by another key of somebody": [{ signedBy: "otherApprover" }, "/iss"],
    "in a role that is not theirs": [{ set: { "/role": "incident-commander" } }, "/role"],
    "whose signature is not good": [{ signature: "flipped" }, ""],
    "from tomorrow": [{ set: { "/iat": NOW + 61 } }, "/iat"],
    "of another contract": [{ set: { "/contractDigest": "$digest" } }, "/contractDigest"],
    "of a step's gate": [{ set: { "/step": "refund" } }, "/step"],
    "that ends before the block": [{ set: { "/exp": NOW + 599 } }, "/exp"],
    "that had ended before the block was signed": [
      { set: { "/iat": NOW - 900, "/exp": NOW } },
      "/exp",
    ],
  };
  for (const [what, [how, place]] of Object.entries(WRONG)) {
    test(`POC-34 an approval ${what} is none`, () => {
      assert.equal(judged([approval(HIGH, "ada", how)]), INVALID + place);
    });
  }

  test("POC-34 by somebody who is no longer listed it is none", () => {
    const policy = { remove: ["/approvers/0"] };
    assert.equal(judged([approval(HIGH, "ada")], { policy }), `${INVALID}/iss`);
  });

  test("POC-34 ADV-49 nobody approves what they issued, decided, or will do", () => {
    const own = `SELF_APPROVAL_FORBIDDEN ${PLACE}/0/iss`;
    assert.equal(judged([approval(HIGH, "ada")], { decider: "ada" }), own);
    const acting = { ...HIGH, contract: { set: { "/risk": "HIGH", "/actor/id": "ada" } } };
    assert.equal(judged([approval(acting, "ada")], { change: acting }), own);
    const designated = {
      ...HIGH,
      asked: { "1": { set: { "/designate": { agent: "ada", jkt: "$jkt.refunds" } } } },
    };
    assert.equal(judged([approval(designated, "ada")], { change: designated }), own);
    const issuing = { ...HIGH, contract: { set: { "/risk": "HIGH", "/iss": "ada" } } };
    assert.equal(judged([approval(issuing, "ada")], { change: issuing }), own);
  });

  test("POC-34 one approval serves one block of a chain", () => {
    const change = { ...HIGH, depth: 2 };
    const jws = approval(change, "ada");
    const made = chainOf({
      ...change,
      block: { "1": { set: { "/approvals": [jws] } }, "2": { set: { "/approvals": [jws] } } },
    });
    const by = { contract: made.contract, decider: "d", policy: chainPolicy() };
    const refusal = judgeChainApprovals(readChain(made.chain) as Chain, by);
    assert.equal(
      `${refusal?.code} ${refusal?.pointer}`,
      "APPROVAL_SIGNATURE_INVALID /chain/2/approvals/0",
    );
  });

  test("POC-34 what two approvers have named alike are two approvals", () => {
    const two = { policy: { set: { "/governance/HIGH/approvals": 2 } } };
    const alike = (["ada", "bea"] as const).map((name) =>
      approval(HIGH, name, { set: { "/jti": "one" } }),
    );
    assert.equal(judged(alike, two), undefined);
  });

  test("POC-34 of a delegation that is asked for now, approvals count that have not ended now", () => {
    const made = chainOf(HIGH);
    const [first] = [...stepsOf(readChain(made.chain) as Chain)];
    assert.ok(first !== undefined);
    const read = readApproval(approval(HIGH, "ada"), "/approvals/0");
    assert.ok(!isRefusal(read));
    const by = { contract: made.contract, decider: "d", policy: chainPolicy(), agents: [] };
    const asked = (at: number, agents: readonly string[] = []) =>
      judgeDelegationApprovals(
        {
          ...{
            delegated: delegatedIn(first.block),
            resolved: resolvedIn(first.block, first.parent),
          },
          ...{ at, approvals: [read] },
        },
        { ...by, agents },
        "/approvals",
      );
    assert.equal(asked(NOW + 899), undefined);
    assert.equal(asked(NOW + 900)?.pointer, "/approvals/0/exp");
    assert.equal(asked(NOW, ["ada"])?.code, "SELF_APPROVAL_FORBIDDEN");
  });

  test("POC-34 stage executor asks who may approve now, and who decided", () => {
    const set = { "/approvals": [approval(HIGH, "ada")] };
    const made = chainOf({ ...HIGH, block: { "1": { set } } });
    const check = CHAIN_CHECKS.find(({ name }) => name === "chainApprovals");
    const judged = (policy: Change, decider: string) =>
      check?.judge({
        ...{ chain: readChain(made.chain) as Chain, contract: made.contract, decider },
        trust: { published: chainPolicy(), policy: chainPolicy(policy) },
        ...{ plane: "", isRecorded: () => true, signer: "", use: "issue" },
      })?.code;
    assert.equal(judged({}, "policy.example"), undefined);
    assert.equal(judged({}, "ada"), "SELF_APPROVAL_FORBIDDEN");
    const without = { remove: ["/approvers/0"] };
    assert.equal(judged(without, "policy.example"), "APPROVAL_SIGNATURE_INVALID");
  });

  test("POC-35 approvals are asked for the contract's kind of actor, or for agents", () => {
    const { contract } = chainOf(HIGH);
    const asked = (approvalFor?: readonly string[], kind = "agent") =>
      approvalsOfBlock(
        { claims: { ...contract.claims, actor: { id: "a", kind: kind as "agent" } } },
        chainPolicy({ set: approvalFor ? { "/governance/HIGH/approvalFor": approvalFor } : {} }),
      );
    assert.deepEqual([asked(), asked(["agent"]), asked(["human"])], [1, 1, 0]);
    assert.deepEqual([asked(["agent"], "workflow"), asked(["workflow"], "workflow")], [1, 1]);
    assert.deepEqual([asked(["human"], "workflow"), asked([], "workflow")], [0, 0]);
  });

  test("POC-34 the root has no digest yet when people are asked, so its block says null", () => {
    const chain = readChain(chainOf().chain) as Chain;
    const parents = [...stepsOf(chain)].map(
      ({ block, parent }) => resolvedIn(block, parent).parent,
    );
    assert.deepEqual(parents, [null, chain.blocks[1]?.digest]);
  });
});
