import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type BlockClaims, parseBlock } from "../../lib/continuity/block.ts";
import { delegationStatementDigest } from "../../lib/continuity/statement.ts";
import type { Answer } from "../../lib/enforcement/answer.ts";
import type { DelegateAnswer } from "../../lib/enforcement/delegate.ts";
import type { DelegateRequest } from "../../lib/request/request.ts";
import { type Counting, counting, stepOf } from "../support/counting.ts";
import { digestOf, handOn, handOnEvent, withdrawEvent, withdrawn } from "../support/delegating.ts";
import { forge, type SignedChange } from "../support/forge.ts";
import { ACTOR } from "../support/governed.ts";
import { KEYS, type KeyName } from "../support/keys.ts";
import { changed } from "../support/mutate.ts";
import { approval } from "../support/people.ts";
import { granted, refused } from "../support/plane.ts";

/*
 * The stories that explain why authority is continued and not possessed, end to end: functions that count what they
 * moved, behind a whole plane. Each refusal stands beside the success, and moves nothing.
 */

interface Wanted {
  readonly code: string;
  readonly stage: string;
  readonly pointer?: string;
}

/** Refused so, with no effect: nothing moved, no session, nothing issued, and no head or use changed. */
async function assertRefused(
  on: Counting,
  answer: () => Promise<Answer | DelegateAnswer>,
  wanted: Wanted,
): Promise<void> {
  const was = on.witness();
  const { code, stage, pointer } = refused(await answer());
  assert.deepEqual({ code, stage, ...(wanted.pointer && { pointer }) }, wanted);
  assert.equal(on.witness(), was, "a refusal had an effect");
}

const refunding = (max: number, more: Readonly<Record<string, unknown>> = {}): SignedChange => ({
  set: { "/authorization_details": [stepOf("refund", max)], ...more },
});

suite("stories: interception", () => {
  /** The coordinator has handed refunds on, and their executor has refunded 80; the thief has seen all of it. */
  async function seenByThief() {
    const on = await counting();
    const { plane, governed } = on;
    const { chain, block } = await handOn(plane, governed, { request: refunding(500) });
    const event = on.asks("refunds", chain, 80);
    const { outcome } = granted(await plane.issue(event));
    assert.equal(outcome?.status, "succeeded");
    assert.deepEqual([...on.moved.values()], [80]);
    return { on, plane, governed, chain, block, event: event as Readonly<Record<string, unknown>> };
  }

  test("POC-05 POC-A2 POC-A4 a thief who has chain, contract and proof asks with his own key, and gains nothing", async () => {
    const { on, plane, chain } = await seenByThief();
    const wanted = { code: "EXECUTOR_MISMATCH", stage: "executor" };
    await assertRefused(on, () => plane.issue(on.asks("stranger", chain, 80)), wanted);
    await assertRefused(on, () => plane.issue(on.asks("stranger", [], 80)), wanted);
    await assertRefused(on, () => plane.issue(on.asks("stranger", chain.slice(0, 1), 80)), wanted);
  });

  test("POC-05 POC-11 POC-13 X-30 POC-A3 POC-A9 a thief who has the signed request sends it again: the same answer and no second effect; changed, or late, it is refused", async () => {
    const { on, plane, event, chain } = await seenByThief();
    const was = [on.moved.size, plane.targets.calls.length, plane.sts.executions.length];
    assert.equal(granted(await plane.issue(event)).deduplicated, true);
    const is = [on.moved.size, plane.targets.calls.length, plane.sts.executions.length];
    assert.deepEqual(is, was);
    const [header, payload = "", signature] = String(event["request"]).split(".");
    const claims = Buffer.from(payload, "base64url").toString().replace('amount":80', 'amount":90');
    const altered = Buffer.from(claims).toString("base64url");
    assert.notEqual(altered, payload);
    const invalid = { code: "REQUEST_SIGNATURE_INVALID", stage: "request" };
    const request = [header, altered, signature].join(".");
    await assertRefused(on, () => plane.issue({ ...event, request }), invalid);
    const own = forge("vai-request+jwt", JSON.parse(claims), "stranger", {
      header: { set: { "/jwk": KEYS.refunds.jwk, "/kid": KEYS.refunds.thumbprint } },
    });
    await assertRefused(on, () => plane.issue({ ...event, request: own }), invalid);
    const { chain: _, ...stripped } = event;
    await assertRefused(on, () => plane.issue(stripped), invalid);
    await assertRefused(on, () => plane.issue({ ...event, chain: chain.slice(0, 1) }), invalid);
    plane.world.pass(61);
    const stale = { code: "REQUEST_STALE", stage: "request" };
    await assertRefused(on, () => plane.issue(event), stale);
  });

  test("POC-A8 POC-28 a thief hands nothing on, and ends nothing", async () => {
    const { on, plane, governed, chain, block } = await seenByThief();
    const wanted = { code: "DELEGATOR_MISMATCH", stage: "executor" };
    const by = "stranger" as const;
    const request = refunding(100);
    for (const own of [chain, []]) {
      const handing = handOnEvent(plane, governed, { chain: own, by, to: by, request });
      await assertRefused(on, () => plane.delegate(handing), wanted);
      const ending = withdrawEvent(plane, governed, { chain: own, by, block: block.digest });
      await assertRefused(on, () => plane.delegate(ending), wanted);
    }
  });

  test("POC-20 POC-A13 the coordinator itself is refused after the hand-over, whatever it presents", async () => {
    const { on, plane, governed, chain } = await seenByThief();
    const superseded = { code: "HEAD_SUPERSEDED", stage: "state" };
    const root = chain.slice(0, 1);
    await assertRefused(on, () => plane.issue(on.asks("agent", [], 80)), superseded);
    await assertRefused(on, () => plane.issue(on.asks("agent", root, 80)), superseded);
    await assertRefused(
      on,
      () => plane.issue(on.asks("agent", [], 80, { kind: "pay" })),
      superseded,
    );
    const again = handOnEvent(plane, governed, { to: "ledger", request: refunding(500) });
    await assertRefused(on, () => plane.delegate(again), superseded);
    const foreign = { code: "EXECUTOR_MISMATCH", stage: "executor" };
    await assertRefused(on, () => plane.issue(on.asks("agent", chain, 80)), foreign);
    granted(await plane.issue(on.asks("refunds", chain, 70)));
    assert.deepEqual([...on.moved.values()], [80, 70]);
  });
});

suite("stories: attenuation", () => {
  /** Refunds and payments; of them refunds up to 500; of them up to 100. */
  async function narrowed() {
    const on = await counting();
    const { plane, governed } = on;
    const first = await handOn(plane, governed, { request: refunding(500) });
    const { chain } = await handOn(plane, governed, {
      ...{ chain: first.chain, to: "ledger" },
      request: refunding(100),
    });
    return { on, plane, governed, chain };
  }

  test("POC-25 POC-26 POC-A19 POC-A21 under refunds up to 100, 80 runs; 300, a payment and another currency are refused", async () => {
    const { on, plane, chain } = await narrowed();
    assert.equal(
      granted(await plane.issue(on.asks("ledger", chain, 80))).outcome?.status,
      "succeeded",
    );
    const outside = { code: "PARAMETER_OUT_OF_BOUNDS", stage: "scope" };
    await assertRefused(on, () => plane.issue(on.asks("ledger", chain, 300)), outside);
    await assertRefused(
      on,
      () => plane.issue(on.asks("ledger", chain, 10, { currency: "USD" })),
      outside,
    );
    await assertRefused(on, () => plane.issue(on.asks("ledger", chain, 10, { kind: "pay" })), {
      code: "STEP_MISMATCH",
      stage: "scope",
    });
    // Whose bound it was is told: the contract allows 300.
    const told = async (asked: unknown) => refused(await plane.issue(asked)).detail;
    assert.match(await told(on.asks("ledger", chain, 300)), /300 is above block 2's maximum 100$/);
    assert.match(
      await told(on.asks("ledger", chain, 3000)),
      /3000 is above the contract's maximum \d+$/,
    );
    // What was spent is spent: 100 in all.
    await assertRefused(on, () => plane.issue(on.asks("ledger", chain, 21)), {
      code: "SCOPE_EXCEEDED",
      stage: "scope",
    });
    granted(await plane.issue(on.asks("ledger", chain, 20)));
    assert.deepEqual([...on.moved.values()], [80, 20]);
  });

  test("POC-15 POC-A5 POC-A6 POC-A7 nothing wider is handed on: a bound removed, loosened, a payment", async () => {
    const { on, plane, governed, chain } = await narrowed();
    const step = stepOf("refund", 100);
    const hands = (steps: readonly unknown[]) =>
      plane.delegate(
        handOnEvent(plane, governed, {
          ...{ chain, to: "otherAgent" },
          request: { set: { "/authorization_details": steps } },
        }),
      );
    const at = "/request/authorization_details/0";
    const bound = `${at}/parameters/payload~1amount`;
    const without = changed(step, { remove: ["/parameters/payload~1currency"] }, 0);
    await assertRefused(on, () => hands([without]), {
      ...{ code: "CONSTRAINT_REMOVED", stage: "scope" },
      pointer: `${at}/parameters/payload~1currency`,
    });
    const open = changed(step, { remove: ["/parameters/payload~1amount/range/max"] }, 0);
    await assertRefused(on, () => hands([open]), {
      ...{ code: "CONSTRAINT_REMOVED", stage: "scope" },
      pointer: `${bound}/range/max`,
    });
    await assertRefused(on, () => hands([stepOf("refund", 300)]), {
      ...{ code: "ATTENUATION_VIOLATION", stage: "scope" },
      pointer: `${bound}/range/max`,
    });
    await assertRefused(on, () => hands([step, stepOf("pay", 1)]), {
      ...{ code: "ATTENUATION_VIOLATION", stage: "scope" },
      pointer: "/request/authorization_details/1/id",
    });
    const { block } = await handOn(plane, governed, {
      ...{ chain, to: "otherAgent" },
      request: refunding(50),
    });
    assert.equal(block.depth, 3);
  });

  test("POC-28 a withdrawal from above ends a branch and all below it, and leaves the sibling; from beside and below it is refused", async () => {
    const { on, plane, governed, chain } = await narrowed();
    const kept = refunding(100, { "/retain": true });
    const ended = await handOn(plane, governed, { chain, to: "otherAgent", request: kept });
    const sibling = await handOn(plane, governed, { chain, to: "stranger", request: kept });
    const below = await handOn(plane, governed, {
      ...{ chain: ended.chain, to: "refunds" },
      request: refunding(50),
    });
    granted(await plane.issue(on.asks("stranger", sibling.chain, 10)));
    const from = (held: readonly string[]) =>
      plane.delegate(withdrawEvent(plane, governed, { chain: held, block: ended.block.digest }));
    // From beside, from below, and by its own holder.
    for (const held of [sibling.chain, below.chain, ended.chain]) {
      await assertRefused(on, () => from(held), {
        ...{ code: "DELEGATOR_MISMATCH", stage: "executor" },
        pointer: "/request/block",
      });
    }
    const event = withdrawEvent(plane, governed, { by: "agent", block: ended.block.digest });
    const answer = withdrawn(await plane.delegate(event));
    assert.deepEqual(answer.ended, [ended.block.digest, below.block.digest]);
    const over = { code: "CHAIN_BLOCK_REVOKED", stage: "state" };
    await assertRefused(on, () => plane.issue(on.asks("otherAgent", ended.chain, 10)), over);
    await assertRefused(on, () => plane.issue(on.asks("refunds", below.chain, 10)), over);
    granted(await plane.issue(on.asks("stranger", sibling.chain, 11)));
    granted(await plane.issue(on.asks("ledger", chain, 12)));
    assert.deepEqual([...on.moved.values()], [10, 11, 12]);
  });
});

suite("stories: a person's yes to one block", () => {
  /** The class asks for one person, of contract and block alike. */
  const asking = () =>
    counting({ set: { "/governance/LOW/approvals": 1 } }, (plane, governed) => ({
      ...governed,
      proof: { ...(governed.proof as object), approvals: [approval(plane, governed, "ada")] },
    }));

  /** Ada's yes to what a delegate event asks for. */
  function yesTo({ plane, governed }: Counting, event: unknown, chain: readonly string[]): unknown {
    const { request } = event as { readonly request: string };
    const text = Buffer.from(request.split(".")[1] ?? "", "base64url").toString();
    const claims = JSON.parse(text) as DelegateRequest;
    const held = chain.length > 1 ? (parseBlock(chain.at(-1)) as BlockClaims) : undefined;
    const { jkt, agent } = claims.designate;
    const iat = Math.floor(plane.world.now / 1000);
    const said = {
      ...{ iss: "ada", role: "sre-lead", iat, exp: iat + 3600, jti: plane.world.newId() },
      contractDigest: governed.contractDigest,
      statementDigest: delegationStatementDigest(claims, {
        parent: held === undefined ? null : digestOf(chain.at(-1)),
        from: {
          agent: held?.agent ?? ACTOR,
          jkt: held?.cnf.jkt ?? KEYS.agent.thumbprint,
        },
        to: { agent: agent ?? "", jkt: jkt ?? "" },
      }),
    };
    return forge("vai-approval+jwt", said, "approver", {}, plane.world.now);
  }

  test("POC-34 POC-35 POC-A23 where the class asks a person, a block is granted for the statement that was signed, and for no other", async () => {
    const on = await asking();
    const { plane, governed } = on;
    const hands = (max: number, chain: readonly string[] = [], to: KeyName = "refunds") =>
      handOnEvent(plane, governed, { chain, to, request: refunding(max) }) as object;
    const missing = { code: "HUMAN_SIGNATURE_MISSING", stage: "proof", pointer: "/approvals" };
    granted(await plane.issue(on.asks("agent", [], 5)));
    const asked = hands(500);
    await assertRefused(on, () => plane.delegate(asked), missing);
    const invalid = { code: "APPROVAL_SIGNATURE_INVALID", stage: "proof" };
    const ofLess = { ...hands(500), approvals: [yesTo(on, hands(100), [])] };
    await assertRefused(on, () => plane.delegate(ofLess), invalid);
    const ofOther = { ...hands(500), approvals: [yesTo(on, hands(500, [], "ledger"), [])] };
    await assertRefused(on, () => plane.delegate(ofOther), invalid);
    const yes = yesTo(on, asked, []);
    const answer = await plane.delegate({ ...asked, approvals: [yes] });
    assert.ok(answer.ok && "chain" in answer, JSON.stringify(answer));
    const { chain } = answer;
    granted(await plane.issue(on.asks("refunds", chain, 80)));
    // The same yes does not serve the next block, which is another statement.
    const next = hands(100, chain, "ledger");
    await assertRefused(on, () => plane.delegate({ ...next, approvals: [yes] }), invalid);
    await assertRefused(on, () => plane.delegate(next), missing);
    const last = await plane.delegate({ ...next, approvals: [yesTo(on, next, chain)] });
    assert.ok(last.ok && "chain" in last, JSON.stringify(last));
    granted(await plane.issue(on.asks("ledger", last.chain, 70)));
    assert.deepEqual([...on.moved.values()], [5, 80, 70]);
  });
});
