import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { parseBlock } from "../../lib/continuity/block.ts";
import { delegationStatementDigest } from "../../lib/continuity/statement.ts";
import { readContract } from "../../lib/contract/contract.ts";
import { documentDigest } from "../../lib/encoding/canonical-json.ts";
import { isFailure, Judgement } from "../../lib/enforcement/judgement.ts";
import { parseIssueEvent } from "../../lib/enforcement/read/event.ts";
import { readIntent } from "../../lib/enforcement/read/intent.ts";
import { readTrust } from "../../lib/enforcement/read/registry.ts";
import { CONTINUITY } from "../../lib/enforcement/stages/executor.ts";
import { contractView, type IntentState } from "../../lib/evidence/intent-state.ts";
import { isRefusal } from "../../lib/refusal.ts";
import { readDelegateRequest } from "../../lib/request/request.ts";
import { agentOf, DELEGABLE, delegated, digestOf, handOnEvent } from "../support/delegating.ts";
import { ACTOR, type Mutation } from "../support/governed.ts";
import { KEYS } from "../support/keys.ts";
import { approval } from "../support/people.ts";
import { granted, newPlane, refused } from "../support/plane.ts";

/** Bea approved a block, and is heard no more: whatever is asked under it from then on needs somebody's yes anew. */

/** A block that bea approved, under a contract that ada approved, and whoever asks under it. */
async function approved() {
  const plane = await newPlane({ policy: { set: { "/governance/LOW/approvals": 1 } } });
  const decision = { set: { "/governanceDigest": documentDigest(plane.policy.governance) } };
  const bare = plane.contract({ ...DELEGABLE, decision });
  const proof = { ...(bare.proof as object), approvals: [approval(plane, bare, "ada")] };
  const governed = { ...bare, proof };
  const event = handOnEvent(plane, governed) as Readonly<Record<string, unknown>>;
  const asked = readDelegateRequest(event["request"]);
  assert.ok("claims" in asked);
  const statementDigest = delegationStatementDigest(asked.claims, {
    parent: null,
    from: { agent: ACTOR, jkt: KEYS.agent.thumbprint },
    to: { agent: agentOf("refunds"), jkt: KEYS.refunds.thumbprint },
  });
  const yes = approval(plane, governed, "bea", { set: { "/statementDigest": statementDigest } });
  const { chain } = delegated(await plane.delegate({ ...event, approvals: [yes] }));
  const under = (delivery: "execute" | "handle"): Mutation => ({
    request: {
      signedBy: "refunds",
      set: {
        ...{ "/chainDigest": digestOf(chain.at(-1)), "/delivery": delivery },
        "/operation/parameters/percent": 3,
      },
    },
    event: { set: { "/chain": chain } },
  });
  const redeem = (handle: unknown) => {
    const { request, event: around } = under("handle");
    const { "/delivery": _, ...set } = request?.set ?? {};
    const how = { request: { ...request, set }, ...(around && { event: around }) };
    return plane.execute(plane.redemption(governed, handle, how));
  };
  return { plane, governed, under, redeem, chain };
}

type Approved = Awaited<ReturnType<typeof approved>>;

const GONE: Readonly<Record<string, (on: Approved) => Promise<unknown>>> = {
  "was taken off the list": ({ plane }) => plane.publish({ remove: ["/approvers/1"] }),
  "has another key": ({ plane }) =>
    plane.publish({ set: { "/approvers/1/keys": [KEYS.stranger.jwk] } }),
  "had the key revoked": async ({ plane }) => {
    const { thumbprint: jkt } = KEYS.otherApprover;
    const answer = await plane.revoke({ command: plane.command({ do: "revokeKey", jkt }) });
    assert.ok(answer.ok, JSON.stringify(answer));
  },
};

const INVALID = ["APPROVAL_SIGNATURE_INVALID", "executor", "/chain/1/approvals/0/iss"];

suite("a block whose approver is heard no more", () => {
  test("POC-34 POC-39 stands behind a root that says who approved the contract", async () => {
    const { governed, chain } = await approved();
    const root = parseBlock(chain[0]);
    assert.ok("approvals" in root);
    assert.deepEqual(root.approvals, governed.proof.approvals);
  });

  test("POC-34 that whoever decided on the contract has approved is refused at every use", async () => {
    const { plane, governed, under } = await approved();
    const event = parseIssueEvent(plane.event(governed, under("execute")));
    const [{ trust }, contract] = [await readTrust(plane.deps), readContract(governed.contract)];
    assert.ok("request" in event && "claims" in contract && !isRefusal(trust));
    const intent = await readIntent(plane.deps, governed.chainId, trust);
    assert.ok(!isRefusal(intent));
    const { request, chain } = event;
    const executor = KEYS.refunds.thumbprint;
    const asked = { contract, request, chain, executor, trust };
    const code = (state: IntentState) => {
      const judgement = new Judgement(plane.deps, plane.invocation(), [], {});
      const judged = judgement.judge(CONTINUITY, { ...asked, intent: { ...intent, state } });
      return isFailure(judged) ? judged.refusal.code : undefined;
    };
    const view = contractView(intent.state, contract.digest);
    const bound = { ...view.bound, decider: "bea" } as NonNullable<typeof view.bound>;
    const contracts = new Map(intent.state.contracts).set(contract.digest, { ...view, bound });
    assert.deepEqual(
      [code(intent.state), code({ ...intent.state, contracts })],
      [undefined, "SELF_APPROVAL_FORBIDDEN"],
    );
  });

  test("POC-34 acts while the approver is listed", async () => {
    const { plane, governed, under, redeem } = await approved();
    granted(await plane.ask(under("execute"), governed));
    const { handle } = granted(await plane.ask(under("handle"), governed));
    granted(await redeem(handle));
  });

  for (const [what, act] of Object.entries(GONE)) {
    test(`POC-34 who ${what}: nothing is issued, and no handle of before is redeemed`, async () => {
      const on = await approved();
      const { plane, governed, under, redeem } = on;
      const { handle } = granted(await plane.ask(under("handle"), governed));
      await act(on);
      for (const answer of [await plane.ask(under("execute"), governed), await redeem(handle)].map(
        refused,
      )) {
        assert.deepEqual([answer.code, answer.stage, answer.pointer], INVALID);
      }
      assert.equal(plane.targets.calls.length, 0);
    });

    test(`POC-34 who ${what} before barrier 2: nothing is called`, async () => {
      const on = await approved();
      const { plane, governed, under } = on;
      const deps = plane.process();
      const event = plane.event(governed, under("execute"));
      const answer = refused(
        await plane.issue(event, {
          ...deps,
          assumeRole: async (input) => {
            await act(on);
            return deps.assumeRole(input);
          },
        }),
      );
      assert.deepEqual([answer.code, answer.stage, answer.pointer], INVALID);
      assert.equal(plane.targets.calls.length, 0);
    });
  }
});
