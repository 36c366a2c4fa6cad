import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { isRefusal, type Refusal } from "../../lib/refusal.ts";
import {
  judgeFreshness,
  judgePossession,
  type ReadRequest,
  readDelegateRequest,
  readIssueRequest,
  readWithdrawRequest,
} from "../../lib/request/request.ts";
import { forge, type SignedChange } from "../support/forge.ts";
import { KEYS } from "../support/keys.ts";
import { PLANE } from "../support/trust.ts";
import { START } from "../support/world.ts";

const DIGEST = `sha256:${"0".repeat(64)}`;
const common = {
  ...{ jti: "j", iat: Math.floor(START / 1000), aud: PLANE, contractDigest: DIGEST },
  ...{ chainDigest: DIGEST, idempotencyKey: "k" },
};
const DELEGATE = {
  ...{ use: "delegate", ...common },
  designate: { jkt: KEYS.refunds.thumbprint, agent: "spiffe://example.org/agent/refunds" },
  authorization_details: [
    {
      ...{ type: "aws", id: "refund", actions: ["lambda:InvokeFunction"] },
      resources: ["arn:aws:lambda:us-east-1:000000000000:function:a:live"],
      parameters: { "payload/amount": { range: { min: 1, max: 5 } } },
    },
  ],
  deliveries: ["execute"],
  exp: Math.floor(START / 1000) + 60,
  delegation: { maxDepth: 2, retain: false, labels: ["a"], planes: [] },
  retain: false,
  audience: PLANE,
};
const WITHDRAW = { use: "withdraw", ...common, block: DIGEST };

const READERS = {
  delegate: { good: DELEGATE, read: readDelegateRequest },
  withdraw: { good: WITHDRAW, read: readWithdrawRequest },
} as const;

const said = (read: ReadRequest | Refusal): string | undefined =>
  isRefusal(read) ? `${read.code} ${read.pointer}` : undefined;

/** What a delegate or a withdraw request with a change comes to when it is read. */
const readWith = (use: keyof typeof READERS, change: SignedChange): string | undefined => {
  const { good, read } = READERS[use];
  return said(read(forge("vai-request+jwt", good, "agent", change, START)));
};

const AT = "REQUEST_MALFORMED /request";

suite("requests to hand authority on, and to take it back", () => {
  test("POC-06 both are read as they are, and without a chain", () => {
    for (const use of ["delegate", "withdraw"] as const) {
      assert.equal(readWith(use, {}), undefined);
      assert.equal(readWith(use, { remove: ["/chainDigest"] }), undefined);
    }
  });

  for (const [use, { good }] of Object.entries(READERS)) {
    for (const member of Object.keys(good).filter((each) => each !== "chainDigest")) {
      test(`POC-06 ${use} needs its ${member}, of its own type`, () => {
        const asked = use as keyof typeof READERS;
        assert.equal(readWith(asked, { remove: [`/${member}`] }), `${AT}/${member}`);
        for (const value of [null, { x: 1 }, [[]], 1.5, ""]) {
          const found = readWith(asked, { set: { [`/${member}`]: value } });
          const isThere = found?.startsWith(`${AT}/${member}`) === true || found === AT;
          // Of a number with a fraction no payload is read at all.
          assert.ok(isThere, `${JSON.stringify(value)}: ${found}`);
        }
      });
    }
  }

  for (const member of ["maxDepth", "retain", "labels", "planes"]) {
    test(`POC-06 a delegate request leaves no ${member} of its delegation to a default`, () => {
      const place = `/delegation/${member}`;
      assert.equal(readWith("delegate", { remove: [place] }), AT + place);
      assert.equal(readWith("delegate", { set: { [place]: null } }), AT + place);
    });
  }

  test("POC-08 a designation is a key with its agent, or one criterion", () => {
    const designating = (value: unknown) => readWith("delegate", { set: { "/designate": value } });
    const jkt = KEYS.refunds.thumbprint;
    for (const good of [{ agent: "a" }, { labels: ["a", "b"] }, { jkt, agent: "a" }]) {
      assert.equal(designating(good), undefined, JSON.stringify(good));
    }
    const at = `${AT}/designate`;
    assert.equal(designating({}), `${at}/agent`);
    assert.equal(designating({ jkt }), `${at}/agent`);
    assert.equal(designating({ labels: [] }), `${at}/labels`);
    assert.equal(designating({ labels: ["a", "a"] }), `${at}/labels`);
    assert.equal(designating({ labels: ["a"], agent: "a" }), `${at}/labels`);
    assert.equal(designating({ labels: ["a"], jkt }), `${at}/labels`);
    assert.equal(designating({ jkt: "short", agent: "a" }), `${at}/jkt`);
    assert.equal(designating({ agent: "a", kid: jkt }), `${at}/kid`);
    assert.equal(designating({ agent: "a".repeat(513) }), `${at}/agent`);
  });

  test("POC-A25 a kind of constraint that nobody knows is told as that", () => {
    const set = { "/authorization_details/0/parameters/payload~1amount": { regex: "." } };
    const place = "/request/authorization_details/0/parameters/payload~1amount";
    assert.equal(readWith("delegate", { set }), `CONSTRAINT_UNKNOWN ${place}`);
  });

  test("POC-06 what is doubled, too long or unknown is refused at its place", () => {
    const set = (place: string, value: unknown) =>
      readWith("delegate", { set: { [place]: value } });
    assert.equal(set("/deliveries", ["execute", "execute"]), `${AT}/deliveries`);
    assert.equal(set("/deliveries", ["telegram"]), `${AT}/deliveries/0`);
    assert.equal(set("/delegation/maxDepth", 33), `${AT}/delegation/maxDepth`);
    assert.equal(set("/delegation/labels", ["a", "a"]), `${AT}/delegation/labels`);
    assert.equal(set("/idempotencyKey", "k".repeat(129)), `${AT}/idempotencyKey`);
    assert.equal(set("/audience", "a".repeat(513)), `${AT}/audience`);
    assert.equal(set("/step", "refund"), `${AT}/step`);
    assert.equal(readWith("withdraw", { set: { "/reason": "x" } }), `${AT}/reason`);
  });

  test("POC-A18 neither passes for another use, nor another use for it", () => {
    const one = forge("vai-request+jwt", DELEGATE, "agent", {}, START);
    const other = forge("vai-request+jwt", WITHDRAW, "agent", {}, START);
    assert.equal(said(readWithdrawRequest(one)), `${AT}/use`);
    assert.equal(said(readDelegateRequest(other)), `${AT}/use`);
    for (const each of [one, other]) assert.equal(said(readIssueRequest(each)), `${AT}/use`);
  });

  test("POC-A1 without a request there is REQUEST_UNSIGNED", () => {
    for (const read of [readDelegateRequest, readWithdrawRequest]) {
      assert.equal(said(read(undefined)), "REQUEST_UNSIGNED /request");
    }
  });

  test("POC-A10 POC-A26 possession and freshness are those of every request", () => {
    const read = readDelegateRequest(forge("vai-request+jwt", DELEGATE, "agent", {}, START));
    assert.ok(!isRefusal(read));
    const key = judgePossession(read);
    assert.ok(!isRefusal(key));
    assert.equal(key.thumbprint, KEYS.agent.thumbprint);
    assert.equal(judgeFreshness(read, PLANE, START), undefined);
    assert.equal(judgeFreshness(read, PLANE, START + 61_000)?.code, "REQUEST_STALE");
    assert.equal(judgeFreshness(read, "other", START)?.code, "AUDIENCE_MISMATCH");
  });
});
