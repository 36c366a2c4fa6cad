import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { againAfter, waitBefore } from "../../lib/client/again.ts";
import { type ClientPorts, planeClient } from "../../lib/client/client.ts";
import { deliveryKey } from "../../lib/client/credentials.ts";
import { readBlock } from "../../lib/continuity/block.ts";
import { sha256Digest } from "../../lib/encoding/digest.ts";
import { isRefusal } from "../../lib/refusal.ts";
import {
  type DelegateRequest,
  type IssueRequest,
  judgePossession,
  readDelegateRequest,
  readExecuteRequest,
  readIssueRequest,
  readWithdrawRequest,
  requestContentDigest,
} from "../../lib/request/request.ts";
import { chainOf, NOW } from "../support/chain.ts";
import { KEYS } from "../support/keys.ts";
import { PLANE } from "../support/trust.ts";

const { contract, chain } = chainOf();
const CHAIN = chain as readonly string[];
const LAST = readBlock(CHAIN[2], "/chain/2");
assert.ok(!isRefusal(LAST));
const UNDER = { contract: contract.jws.compact, chain: CHAIN };
const OPERATION = {
  action: "lambda:InvokeFunction",
  resource: "arn:aws:lambda:us-east-1:000000000000:function:sample-payments:live",
  parameters: { "payload/amount": 80 },
};
const HANDED_ON = {
  designate: { jkt: KEYS.otherAgent.thumbprint, agent: "spiffe://example.org/agent/eu" },
  authorization_details: LAST.claims.authorization_details,
  deliveries: ["execute" as const],
  exp: LAST.claims.exp,
  delegation: { maxDepth: 3, retain: false, labels: [], planes: [] },
  retain: false,
};

interface Sent {
  readonly to: string;
  readonly event: Readonly<Record<string, unknown>>;
}

/** A client whose plane answers what is given, in turn; an error is thrown. */
function clientOf(answers: readonly unknown[], more: Partial<ClientPorts> = {}) {
  const [sent, waits]: [Sent[], number[]] = [[], []];
  let [now, ids] = [NOW * 1000, 0];
  const client = planeClient({
    ...{ plane: PLANE, key: KEYS.agent, now: () => now },
    newId: () => `id-${++ids}`,
    sleep: async (milliseconds) => {
      waits.push(milliseconds);
      now += milliseconds;
    },
    send: async (to, event) => {
      const answer = answers[Math.min(sent.length, answers.length - 1)];
      sent.push({ to, event: event as Sent["event"] });
      if (answer instanceof Error) throw answer;
      return answer;
    },
    ...more,
  });
  return { client, sent, waits };
}

const READERS = {
  issue: readIssueRequest,
  execute: readExecuteRequest,
  delegate: readDelegateRequest,
  withdraw: readWithdrawRequest,
} as const;

/** Claims of what was sent, which somebody signed. */
function claimsOf({ event }: Sent, use: keyof typeof READERS) {
  const read = READERS[use](event["request"]);
  assert.ok(!isRefusal(read), JSON.stringify(read));
  assert.ok(!isRefusal(judgePossession(read)));
  return read.claims;
}

const RETRYABLE = {
  ...{ ok: false, code: "REGISTRY_STALE", stage: "contract", failureDomain: "platform" },
  ...{ retryable: true, detail: "stale", unlock: [{ kind: "retry", afterSeconds: 2 }] },
};
const REFUSED = {
  ...{ ok: false, code: "HEAD_SUPERSEDED", stage: "state", failureDomain: "agent" },
  ...{ retryable: false, detail: "it was handed on" },
};
const GRANTED = {
  ...{ ok: true, deduplicated: false, identity: { state: "COMPLETED" } },
  outcome: { status: "succeeded" },
};
const DELEGATED = { ok: true, deduplicated: false, chain: CHAIN, block: {}, evidence: {} };

suite("what an agent asks of its plane", () => {
  test("POC-06 a delegation is asked of function delegate, for the chain that it is handed on from, in the form that is read", async () => {
    const { client, sent } = clientOf([DELEGATED]);
    const asked = await client.delegate({ ...UNDER, ...HANDED_ON, approvals: ["a.b.c"] });
    assert.deepEqual(asked, {
      answer: DELEGATED,
      again: "never",
      idempotencyKey: "id-1",
      tries: 1,
    });
    const [first] = sent;
    assert.ok(first !== undefined);
    assert.equal(first.to, "delegate");
    const { request: _request, ...beside } = first.event;
    assert.deepEqual(beside, { ...UNDER, approvals: ["a.b.c"] });
    assert.deepEqual(claimsOf(first, "delegate"), {
      ...{ use: "delegate", jti: "id-2", iat: NOW, aud: PLANE, audience: PLANE },
      ...{ contractDigest: contract.digest, chainDigest: LAST.digest, idempotencyKey: "id-1" },
      ...HANDED_ON,
    });
  });

  test("POC-36 a withdrawal names the block, and the chain of whoever takes it back", async () => {
    const { client, sent } = clientOf([{ ok: true, deduplicated: false, ended: [LAST.digest] }]);
    const above = CHAIN.slice(0, 1);
    await client.withdraw({ ...UNDER, chain: above, block: LAST.digest });
    await client.withdraw({ contract: { digest: contract.digest }, block: LAST.digest });
    const [one, other] = sent;
    assert.ok(one !== undefined && other !== undefined);
    assert.deepEqual(
      sent.map(({ to }) => to),
      ["delegate", "delegate"],
    );
    const claims = claimsOf(one, "withdraw");
    const root = readBlock(CHAIN[0], "");
    assert.ok("block" in claims && !isRefusal(root));
    assert.deepEqual([claims.block, claims.chainDigest], [LAST.digest, root.digest]);
    assert.deepEqual(one.event["chain"], above);
    assert.ok(!("chainDigest" in claimsOf(other, "withdraw")) && !("chain" in other.event));
    assert.deepEqual(other.event["contractDigest"], contract.digest);
  });

  test("POC-30 issue and execute bring the chain, and are signed for its last block alone", async () => {
    const { client, sent } = clientOf([GRANTED]);
    await client.issue({ ...UNDER, step: "refund", operation: OPERATION });
    const [issued] = sent;
    assert.ok(issued !== undefined);
    assert.deepEqual(issued.event["chain"], CHAIN);
    assert.equal(claimsOf(issued, "issue").chainDigest, LAST.digest);
    await client.issue({ ...UNDER, chain: [], step: "refund", operation: OPERATION });
    const without = sent[1];
    assert.ok(without !== undefined);
    assert.ok(!("chain" in without.event) && !("chainDigest" in claimsOf(without, "issue")));
    for (const bad of ["", "a.b.c", contract.jws.compact]) {
      const ask = { ...UNDER, chain: [bad], step: "refund", operation: OPERATION };
      await assert.rejects(client.issue(ask), TypeError);
    }
    assert.equal(sent.length, 2);
  });

  test("POC-A3 asked again it is the same content under the same key, fresh and one of a kind each time", async () => {
    const { client, sent, waits } = clientOf([new Error("reset"), RETRYABLE, DELEGATED]);
    const asked = await client.delegate({ ...UNDER, ...HANDED_ON, idempotencyKey: "to-eu" });
    assert.deepEqual([asked.tries, asked.again, asked.idempotencyKey], [3, "never", "to-eu"]);
    assert.equal(asked.answer, DELEGATED);
    const claims = sent.map((each) => claimsOf(each, "delegate")) as DelegateRequest[];
    assert.equal(new Set(claims.map(requestContentDigest)).size, 1);
    assert.deepEqual(
      new Set(claims.map(({ idempotencyKey }) => idempotencyKey)),
      new Set(["to-eu"]),
    );
    assert.equal(new Set(claims.map(({ jti }) => jti)).size, 3);
    assert.deepEqual(
      claims.map(({ iat }) => iat),
      [NOW, NOW + 1, NOW + 5],
    );
    assert.deepEqual(waits, [1000, 4000]);
  });

  test("POC-A3 whoever gives up says with which key it may be asked again, and what went wrong", async () => {
    const lost = new Error("reset");
    const { client, sent } = clientOf([lost], { tries: 2 });
    const asked = await client.delegate({ ...UNDER, ...HANDED_ON });
    assert.deepEqual(asked, { error: lost, again: "same", idempotencyKey: "id-1", tries: 2 });
    assert.equal(sent.length, 2);
  });

  test("ADV-01 what something else answers in the plane's place is no answer", async () => {
    const others = [
      null,
      "ok",
      [],
      {},
      { ok: true },
      { ok: "true" },
      { ok: false },
      { ok: false, code: "X" },
    ];
    for (const other of others) {
      const asked = await clientOf([other, REFUSED]).client.delegate({ ...UNDER, ...HANDED_ON });
      assert.deepEqual([asked.tries, asked.answer], [2, REFUSED], JSON.stringify(other));
    }
  });

  test("POC-A13 a refusal that stays is asked once", async () => {
    const { client, sent } = clientOf([REFUSED]);
    const asked = await client.issue({ ...UNDER, step: "refund", operation: OPERATION });
    assert.deepEqual([asked.answer, asked.again, sent.length], [REFUSED, "never", 1]);
  });

  test("VAI-44 credentials whose answer was lost are not asked for again by themselves: it would be another use", async () => {
    const { deliverTo } = deliveryKey();
    const { client, sent } = clientOf([new Error("reset")]);
    const asked = await client.issue({
      ...UNDER,
      step: "refund",
      delivery: "credentials",
      deliverTo,
    });
    assert.deepEqual([asked.again, sent.length], ["anew", 1]);
    const claims = claimsOf(sent[0] as Sent, "issue") as IssueRequest;
    assert.deepEqual(claims.deliverTo, deliverTo);
  });
});

suite("what may be asked again", () => {
  const RUN = { runs: true, delivery: "execute" } as const;
  const running = (state: string) => ({ ok: true as const, identity: { state } });
  const ROWS = [
    [undefined, RUN, "same"],
    [undefined, { runs: false, delivery: "handle" }, "same"],
    [undefined, { runs: false, delivery: "credentials" }, "anew"],
    [RETRYABLE, RUN, "same"],
    [{ ...RETRYABLE, stage: "execution" }, RUN, "never"],
    [REFUSED, RUN, "never"],
    [running("ISSUED"), RUN, "same"],
    [running("IN_USE"), RUN, "same"],
    [running("ISSUED"), { runs: false, delivery: "handle" }, "never"],
    ...["COMPLETED", "FAILED", "INCOMPLETE", "EXPIRED", "REVOKED"].map(
      (state) => [running(state), RUN, "never"] as const,
    ),
    [{ ...running("IN_USE"), outcome: { status: "succeeded" } }, RUN, "never"],
    [{ ...running("INCOMPLETE"), outcome: { status: "unknown" } }, RUN, "never"],
  ] as const;
  for (const [answer, what, wanted] of ROWS) {
    test(`ADV-09 after ${JSON.stringify(answer) ?? "no answer"} of ${JSON.stringify(what)}: ${wanted}`, () => {
      assert.equal(againAfter(answer as never, what), wanted);
    });
  }

  test("ADV-09 it waits as long as the refusal says, longer each time, and never without end", () => {
    const waits = [1, 2, 3, 4, 9].map((tries) => waitBefore(RETRYABLE as never, tries));
    assert.deepEqual(waits, [2000, 4000, 8000, 16_000, 16_000]);
    assert.equal(waitBefore(undefined, 1), 1000);
  });

  test("POC-30 a handle is redeemed with its chain, and what it was made for is named by digest", async () => {
    const { client, sent } = clientOf([GRANTED]);
    const handle = handleText();
    const digest = contract.digest;
    await client.execute({ handle, chain: CHAIN, contractDigest: digest, operation: OPERATION });
    const claims = claimsOf(sent[0] as Sent, "execute");
    assert.ok("handleDigest" in claims);
    assert.equal(claims.chainDigest, LAST.digest);
    assert.equal(claims.handleDigest, sha256Digest(handle.slice(0, handle.lastIndexOf("."))));
    assert.deepEqual((sent[0] as Sent).event["chain"], CHAIN);
  });
});

/** Something of a handle's form: whose it is the plane judges. */
function handleText(): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "ES256", kid: "k", typ: "vai-identity+jwt" })}.${part({})}.${part({})}`;
}
