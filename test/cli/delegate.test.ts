import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { suite, test } from "node:test";
import { readBlock } from "../../lib/continuity/block.ts";
import { isRefusal } from "../../lib/refusal.ts";
import {
  readDelegateRequest,
  readIssueRequest,
  readWithdrawRequest,
} from "../../lib/request/request.ts";
import { NOW } from "../support/chain.ts";
import { KEYS } from "../support/keys.ts";
import { type HandingDesk, handingDesk } from "./support/handing-desk.ts";

/** What an executor types who hands authority on, or takes it back. */

const TO = { jkt: KEYS.refunds.thumbprint, agent: "spiffe://example.org/agent/refunds" };
const PAYMENTS = "arn:aws:lambda:us-east-1:000000000000:function:sample-payments:live";
const step = (max: number, more: object = {}) => ({
  ...{ id: "refund", actions: ["lambda:InvokeFunction"], resources: [PAYMENTS] },
  parameters: {
    "payload/amount": { range: { min: 1, max } },
    "payload/clientToken": { prefix: "ref-" },
    "payload/currency": { exact: "EUR" },
  },
  limits: { calls: 2, totals: { "payload/amount": max } },
  ...more,
});
const draftOf = (found: HandingDesk, more: object = {}, max = 100): string =>
  found.write("draft.json", { designate: TO, steps: [step(max)], ...more });

const readJson = (file: string) => JSON.parse(readFileSync(file, "utf8"));

/** Digest of the last block. */
function lastOf(chain: readonly unknown[]): string {
  const read = readBlock(chain.at(-1), "");
  assert.ok(!isRefusal(read));
  return read.digest;
}

/** Claims of the delegation that was sent. */
function sent({ events }: HandingDesk, at = 0) {
  const read = readDelegateRequest(events[at]?.["request"]);
  assert.ok(!isRefusal(read), JSON.stringify(read));
  return read.claims;
}

suite("vai delegate", () => {
  test("POC-06 hands on from the contract, and keeps contract and chain for the new executor alone to read", async (t) => {
    const found = await handingDesk(t);
    const { vai, held, file, contract0 } = found;
    const out = file("for-refunds.json");
    const { code, out: said } = await vai([
      "delegate",
      held,
      "--draft",
      draftOf(found),
      "--out",
      out,
    ]);
    assert.equal(code, 0, said);
    const kept = readJson(out);
    assert.deepEqual(Object.keys(kept), ["contract", "chain"]);
    assert.deepEqual([kept.contract, kept.chain.length], [contract0.jws.compact, 2]);
    assert.equal(statSync(out).mode & 0o777, 0o600);
    assert.match(said, new RegExp(`^handed on +to ${TO.agent}, key ${TO.jkt}, now$`, "m"));
    assert.match(said, /^keeps +no: whoever handed on acts no more$/m);
    assert.match(said, /^next +.* vai chain show /m);
    const [event] = found.events;
    assert.deepEqual(event?.["proof"], { any: "proof" });
    assert.ok(!("chain" in (event ?? {})));
    const claims = sent(found);
    assert.deepEqual(claims.delegation, { maxDepth: 1, retain: false, labels: [], planes: [] });
    assert.deepEqual(
      [claims.exp, claims.deliveries, claims.retain],
      [contract0.claims.exp, contract0.claims.deliveries, false],
    );
  });

  test("POC-06 hands on from a chain with what the draft says, and with --json prints the answer", async (t) => {
    const found = await handingDesk(t);
    const file = found.at(1);
    const draft = draftOf(found, {
      ...{ deliveries: ["execute"], exp: NOW + 60, designate: { labels: ["refunds"] } },
      delegation: { maxDepth: 3 },
    });
    const out = found.file("out.json");
    const args = ["delegate", file, "--draft", draft, "--out", out, "--key", found.key("refunds")];
    const ran = await found.vai([...args, "--json"]);
    assert.equal(ran.code, 0, ran.err);
    const answer = JSON.parse(ran.out);
    assert.deepEqual([answer.ok, answer.chain], [true, readJson(out).chain]);
    const claims = sent(found);
    assert.deepEqual(
      [claims.exp, claims.delegation.maxDepth, claims.designate],
      [NOW + 60, 3, { labels: ["refunds"] }],
    );
    const last = readBlock(readJson(file).chain[1], "");
    assert.ok(!isRefusal(last));
    assert.equal(claims.chainDigest, last.digest);
    assert.deepEqual(found.events[0]?.["chain"], readJson(file).chain);
    assert.equal(readJson(out).chain.length, 3);
  });

  test("POC-08 labels that are asked of whoever comes next are asked further where the draft says nothing of them", async (t) => {
    const asks = { maxDepth: 2, labels: ["refunds"] };
    const found = await handingDesk(t, { contract: { set: { "/delegation": asks } } });
    const args = ["--draft", draftOf(found), "--out", found.file("out.json")];
    const { code, err } = await found.vai(["delegate", found.held, ...args]);
    assert.equal(code, 0, err);
    assert.deepEqual(sent(found).delegation.labels, ["refunds"]);
  });

  const WIDER: readonly (readonly [string, object, string, unknown])[] = [
    [
      "a bound",
      { steps: [step(501)] },
      "/steps/0/parameters/payload~1amount/range/max",
      { range: { min: 1, max: 500 } },
    ],
    [
      "a parameter that nobody has",
      {
        steps: [step(5, { parameters: { ...step(5).parameters, "payload/memo": { exact: "x" } } })],
      },
      "/steps/0/parameters/payload~1memo",
      "no such parameter; these: payload/amount, payload/clientToken, payload/currency",
    ],
    [
      "calls",
      { steps: [step(5, { limits: { calls: 5, totals: { "payload/amount": 5 } } })] },
      "/steps/0/limits/calls",
      { calls: 4, totals: { "payload/amount": 500 } },
    ],
    [
      "a total left out",
      { steps: [step(5, { limits: { calls: 1 } })] },
      "/steps/0/limits/totals",
      { calls: 4, totals: { "payload/amount": 500 } },
    ],
    [
      "an action",
      { steps: [step(5, { actions: ["lambda:InvokeFunction", "s3:PutObject"] })] },
      "/steps/0/actions/1",
      ["lambda:InvokeFunction"],
    ],
    [
      "a resource",
      { steps: [step(5, { resources: [`${PAYMENTS}2`] })] },
      "/steps/0/resources/0",
      [PAYMENTS],
    ],
    ["a step", { steps: [{ ...step(5), id: "other" }] }, "/steps/0/id", "the steps refund, pay"],
    ["a delivery", { deliveries: ["execute", "credentials"] }, "/deliveries/1", ["execute"]],
    ["its end", { exp: NOW + 3_000_000 }, "/exp", undefined],
    [
      "depth",
      { delegation: { maxDepth: 9 } },
      "/delegation/maxDepth",
      { maxDepth: 3, retain: false, labels: [], planes: [] },
    ],
    ["retain", { retain: true }, "/retain", false],
    [
      "what nobody may keep",
      { delegation: { retain: true } },
      "/delegation/retain",
      { maxDepth: 3, retain: false, labels: [], planes: [] },
    ],
    ["a window that is over", { exp: NOW - 1 }, "/exp", undefined],
  ];
  for (const [what, more, member, allowed] of WIDER) {
    test(`POC-19 a draft that widens ${what} says which member and what is held, and signs nothing`, async (t) => {
      const found = await handingDesk(t);
      const out = found.file("out.json");
      const args = ["delegate", found.held, "--draft", draftOf(found, more), "--out", out];
      const json = await found.vai([...args, "--json"]);
      assert.equal(json.code, 2, json.out + json.err);
      const said = JSON.parse(json.out);
      assert.deepEqual([said.ok, said.signed, said.member], [false, false, member]);
      if (allowed !== undefined) assert.deepEqual(said.allowed, allowed);
      else {
        const end = new Date(found.contract0.claims.exp * 1000).toISOString();
        assert.equal(said.allowed, `later than now, and at most ${end}`);
      }
      const { code, out: text } = await found.vai(args);
      assert.equal(code, 2);
      const why = what.endsWith("over")
        ? "the block would be over already"
        : "the draft says more than is held";
      assert.equal(said.why, why);
      assert.ok(text.startsWith(`nothing was signed: ${why} [`), text);
      assert.ok(text.includes(`\nwhere      ${member}\nallowed    `), text);
      assert.deepEqual([found.events.length, existsSync(out)], [0, false]);
    });
  }

  test("POC-21 of a contract that nobody may hand on it is said who could change that", async (t) => {
    const found = await handingDesk(t, { contract: { set: { "/delegation": { maxDepth: 0 } } } });
    const args = ["--draft", draftOf(found), "--out", found.file("out.json")];
    const { code, err } = await found.vai(["delegate", found.held, ...args]);
    assert.equal(code, 2);
    assert.match(
      err,
      /nothing was signed: CHAIN_TOO_DEEP, nobody may hand this contract on: governance signs one with "delegation" in its draft$/,
    );
    assert.equal(found.events.length, 0);
  });

  test("POC-21 a chain that ends here is told as that, with its depth", async (t) => {
    const found = await handingDesk(t, { contract: { set: { "/delegation": { maxDepth: 2 } } } });
    const ends = found.at(2, { block: { "2": { set: { "/delegation/maxDepth": 2 } } } });
    const args = ["--draft", draftOf(found), "--out", found.file("out.json")];
    const { code, err } = await found.vai(["delegate", ends, ...args]);
    assert.equal(code, 2, err);
    assert.match(
      err,
      /CHAIN_TOO_DEEP, the block would have depth 3; at most 2 is allowed\. .* vai explain CHAIN_TOO_DEEP says more$/,
    );
    assert.equal(found.events.length, 0);
  });

  test("POC-19 of what has ended it says so and whom to ask, and not that the draft is too wide", async (t) => {
    const found = await handingDesk(t);
    const end = new Date(found.contract0.claims.exp * 1000).toISOString();
    const args = ["--draft", draftOf(found), "--out", found.file("out.json")];
    found.pass(3_600_000);
    for (const [file, who] of [
      [found.held, "governance"],
      [found.at(1), "whoever handed it on"],
    ] as const) {
      const { code, out, err } = await found.vai(["delegate", file, ...args]);
      assert.deepEqual([code, out, found.events.length], [1, "", 0]);
      assert.ok(err.includes(`nothing was signed: what is held ended at ${end}; ask ${who}`), err);
    }
  });

  test("USR-16 where a draft is too wide at a sensitive parameter, what is held there is not repeated", async (t) => {
    const secret = "hunter2";
    const put = (value: object, more: object = {}) => ({
      ...{ type: "aws", id: "set", actions: ["ssm:PutParameter"] },
      resources: ["arn:aws:ssm:us-east-1:000000000000:parameter/limit"],
      parameters: { value, ...more },
    });
    const found = await handingDesk(t, {
      contract: { set: { "/authorization_details": [put({ exact: secret })] } },
    });
    for (const steps of [
      [put({ exact: "other" })],
      [{ ...put({ exact: secret }), parameters: "unbounded" }],
    ]) {
      const args = ["delegate", found.held, "--draft", draftOf(found, { steps })];
      for (const more of [[], ["--json"]]) {
        const { code, out, err } = await found.vai([
          ...args,
          "--out",
          found.file("out.json"),
          ...more,
        ]);
        assert.equal(code, 2, out);
        assert.ok(!(out + err).includes(secret), out + err);
      }
    }
    const { out } = await found.vai([
      ...["delegate", found.held, "--draft", draftOf(found, { steps: [put({ exact: "other" })] })],
      ...["--out", found.file("out.json")],
    ]);
    assert.match(out, /^allowed +what is held there, unchanged; it is sensitive, and not shown$/m);
    assert.equal(found.events.length, 0);
  });

  const END = /draft\.json: \/exp must be an instant of whole seconds, .* or seconds since 1970$/;
  const BAD: readonly (readonly [string, object | string, RegExp])[] = [
    ["nobody designated", { designate: undefined }, /draft\.json: \/designate /],
    ["an empty designation", { designate: {} }, /draft\.json: \/designate\/agent /],
    [
      "two designations",
      { designate: { ...TO, labels: ["a"] } },
      /draft\.json: \/designate\/labels /,
    ],
    [
      "a thumbprint that is none",
      { designate: { ...TO, jkt: "x" } },
      /draft\.json: \/designate\/jkt /,
    ],
    ["no steps", { steps: [] }, /draft\.json: \/steps /],
    [
      "a step without an id",
      { steps: [{ ...step(1), id: undefined }] },
      /draft\.json: \/steps\/0\/id /,
    ],
    ["an unknown member", { until: 1 }, /draft\.json: \/until /],
    ["an end that is no time", { exp: "tomorrow" }, END],
    ["an end that is no whole number", { exp: NOW + 0.5 }, END],
    ["an end within a second", { exp: "2026-05-05T04:10:00.500Z" }, END],
    ["no deliveries", { deliveries: [] }, /draft\.json: \/deliveries /],
    ["a delivery twice", { deliveries: ["execute", "execute"] }, /draft\.json: \/deliveries /],
    ["retain as text", { retain: "no" }, /draft\.json: \/retain /],
    ["labels as text", { delegation: { labels: "a" } }, /draft\.json: \/delegation\/labels /],
    [
      "what delegation does not have",
      { delegation: { depth: 1 } },
      /draft\.json: \/delegation\/depth /,
    ],
  ];
  for (const [what, more, why] of BAD) {
    test(`POC-06 a draft with ${what} is refused at its place, and nothing is signed`, async (t) => {
      const found = await handingDesk(t);
      const args = ["--draft", draftOf(found, more as object), "--out", found.file("out.json")];
      const { code, err } = await found.vai(["delegate", found.held, ...args]);
      assert.equal(code, 2);
      assert.match(err, why);
      assert.equal(found.events.length, 0);
    });
  }

  test("POC-A8 whoever does not hold it signs nothing", async (t) => {
    const found = await handingDesk(t);
    const args = ["--draft", draftOf(found), "--out", found.file("out.json")];
    for (const [file, jkt] of [
      [found.held, KEYS.agent.thumbprint],
      [found.at(1), KEYS.refunds.thumbprint],
    ]) {
      const key = ["--key", found.key("stranger")];
      const { code, err } = await found.vai(["delegate", file ?? "", ...args, ...key]);
      assert.equal(code, 1);
      assert.ok(err.includes(`designates the key ${jkt}, and this one is`), err);
    }
    assert.equal(found.events.length, 0);
  });

  test("POC-A13 of a chain that was handed on already it says whose it is now, and keeps nothing", async (t) => {
    const found = await handingDesk(t);
    const detail = `it was handed on to ${TO.agent}, key ${TO.jkt}`;
    found.answers.push({
      ...{ ok: false, code: "HEAD_SUPERSEDED", stage: "state", failureDomain: "agent" },
      ...{ retryable: false, detail, pointer: "/contract", unlock: [{ kind: "contract" }] },
    });
    const out = found.file("out.json");
    const args = ["delegate", found.held, "--draft", draftOf(found), "--out", out];
    const { code, out: said } = await found.vai(args);
    assert.equal(code, 1);
    assert.match(said, /^refused +HEAD_SUPERSEDED at state$/m);
    assert.ok(said.includes(detail), said);
    assert.match(said, /^do +what was handed on never comes back: ask whoever has it now$/m);
    assert.equal(existsSync(out), false);
  });

  test("POC-A3 without an answer it says with which key the same is asked again", async (t) => {
    const found = await handingDesk(t);
    found.answers.push({ message: "timed out" });
    const args = ["--draft", draftOf(found), "--out", found.file("out.json")];
    const lost = await found.vai(["delegate", found.held, ...args]);
    assert.equal(lost.code, 4);
    const [, key = ""] = /--idempotency-key (\S+)$/.exec(lost.err) ?? [];
    assert.equal(key, sent(found).idempotencyKey);
    const again = await found.vai(["delegate", found.held, ...args, "--idempotency-key", key]);
    assert.equal(again.code, 0, again.err);
    assert.equal(sent(found, 1).idempotencyKey, key);
    assert.notEqual(sent(found, 1).jti, sent(found).jti);
  });

  test("POC-A14 what does not go on from what was sent is not kept", async (t) => {
    const found = await handingDesk(t);
    const file = found.at(1);
    const key = ["--key", found.key("refunds")];
    const out = found.file("out.json");
    const args = ["delegate", file, "--draft", draftOf(found), "--out", out, ...key];
    const { out: first } = await found.vai([...args, "--json"]);
    const good = JSON.parse(first);
    const other = readJson(found.at(2, { contract: { set: { "/purpose": "another" } } }));
    for (const [name, chain, digest] of [
      ["cut", good.chain.slice(0, 2)],
      ["other", other.chain, lastOf(other.chain)],
      ["upside down", [...good.chain].reverse()],
    ] as const) {
      found.answers.push({ ...good, chain, block: { ...good.block, ...(digest && { digest }) } });
      const to = found.file(`${name}.json`);
      const ran = await found.vai([
        "delegate",
        file,
        "--draft",
        draftOf(found),
        "--out",
        to,
        ...key,
      ]);
      assert.equal(ran.code, 5, ran.out);
      assert.match(ran.err, /does not continue what was sent, so it is not kept/);
      assert.equal(existsSync(to), false);
    }
  });

  test("USR-12 options that do not fit are told before anything is read, and no file is written over", async (t) => {
    const found = await handingDesk(t);
    const draft = ["--draft", draftOf(found)];
    const [out, ask] = [found.file("out.json"), found.file("ask.json")];
    for (const [args, why] of [
      [draft, /give --out FILE .*or --ask FILE/],
      [[...draft, "--out", out, "--ask", ask], /--ask sends nothing/],
      [[...draft, "--ask", ask, "--approval", "x"], /--approval is for what is sent/],
      [["--out", out], /give --draft FILE/],
      [[...draft, "--out", found.held], /exists already/],
    ] as const) {
      const { code, err } = await found.vai(["delegate", found.held, ...args]);
      assert.equal(code, 2);
      assert.match(err, why);
    }
    assert.equal(found.events.length, 0);
  });

  test("USR-12 a deployment of an older version is told, and nothing is signed", async (t) => {
    const found = await handingDesk(t);
    const known = readJson(found.file("outputs.json"));
    const { delegate: _delegate, ...functions } = known.functions;
    const older = ["--outputs", found.write("older.json", { ...known, functions })];
    const args = ["--draft", draftOf(found), "--out", found.file("out.json"), ...older];
    const { code, err } = await found.vai(["delegate", found.held, ...args]);
    assert.equal(code, 2);
    assert.match(err, /delegate.* this version/);
  });
});

suite("what is held under a chain", () => {
  test("POC-30 vai issue asks under the chain of the file, for the step that is left, without a proof", async (t) => {
    const found = await handingDesk(t);
    const file = found.at(2);
    const events = found.file("event.json");
    await found.vai([
      ...["issue", file, "--key", found.key("ledger"), "--save-event", events],
      ...["--set", "payload/amount=80", "--set", "payload/clientToken=ref-1"],
    ]);
    const event = readJson(events);
    const read = readIssueRequest(event.request);
    assert.ok(!isRefusal(read));
    const last = readBlock(readJson(file).chain[2], "");
    assert.ok(!isRefusal(last));
    assert.deepEqual([read.claims.chainDigest, read.claims.step], [last.digest, "refund"]);
    assert.deepEqual(event.chain, readJson(file).chain);
    assert.ok(!("proof" in event));
    assert.equal(read.claims.operation?.parameters["payload/currency"], "EUR");
  });

  test("POC-A14 a chain that cannot be read, or of another contract, is sent nowhere", async (t) => {
    const found = await handingDesk(t);
    const { contract, chain } = readJson(found.at(2));
    const others = readJson(found.at(2, { contract: { set: { "/purpose": "another" } } }));
    for (const [value, why] of [
      [{ contract, chain: [chain[1]] }, /CHAIN_BROKEN/],
      [{ contract, chain: "x" }, /CHAIN_MALFORMED/],
      [{ contract, chain: others.chain }, /the chain is of another contract/],
    ] as const) {
      const { code, err } = await found.vai(["issue", found.write("bad.json", value)]);
      assert.equal(code, 2);
      assert.match(err, why);
    }
  });
});

suite("vai withdraw", () => {
  test("POC-36 ends the block that a file was handed on with, or one by its digest, with the chain of whoever takes back", async (t) => {
    const found = await handingDesk(t);
    const [above, below] = [found.at(0), found.at(2)];
    const last = readBlock(readJson(below).chain[2], "");
    assert.ok(!isRefusal(last));
    const { code, out } = await found.vai(["withdraw", above, "--block", below]);
    assert.equal(code, 0, out);
    assert.match(out, /^ended +1 block, now: nobody acts under it any more$/m);
    assert.ok(out.includes(`block      ${last.digest}\n`), out);
    const json = await found.vai(["withdraw", found.held, "--block", last.digest, "--json"]);
    assert.deepEqual(JSON.parse(json.out).ended, [last.digest]);
    const [one, other] = found.events.map(({ request }) => readWithdrawRequest(request));
    assert.ok(one !== undefined && other !== undefined && !isRefusal(one) && !isRefusal(other));
    assert.deepEqual([one.claims.block, other.claims.block], [last.digest, last.digest]);
    assert.ok(one.claims.chainDigest !== undefined && other.claims.chainDigest === undefined);
    assert.deepEqual(found.events[0]?.["chain"], readJson(above).chain);
    for (const event of found.events) assert.ok(!("proof" in event));
  });

  test("POC-36 a block that does not stand below is not asked for", async (t) => {
    const found = await handingDesk(t);
    const [one, two] = [found.at(1), found.at(2)];
    const asked = { "1": { set: { "/idempotencyKey": "to-a-sibling" } } };
    const siblings = readJson(found.at(2, { asked }));
    const sibling = found.write("sibling.json", siblings);
    for (const [held, block] of [
      [one, sibling],
      [one, one],
      [two, one],
      [found.held, found.held],
      [found.held, found.at(0)],
    ] as const) {
      const { code, err } = await found.vai(["withdraw", held, "--block", block]);
      assert.equal(code, 2);
      assert.match(err, /holds no chain that goes on from what is held/);
    }
    assert.equal(found.events.length, 0);
  });

  test("POC-36 a digest that is cut short is told as that, and not looked for as a file", async (t) => {
    const found = await handingDesk(t);
    const { code, err } = await found.vai(["withdraw", found.held, "--block", "sha256:1234"]);
    assert.deepEqual([code, found.events.length], [2, 0]);
    assert.match(
      err,
      /--block sha256:1234 is no digest: it has 64 hex digits, as .* vai chain show /,
    );
  });

  test("POC-36 a deployment without function `delegate` is named before anything is signed or sent", async (t) => {
    const found = await handingDesk(t);
    const outputs = readJson(found.file("outputs.json"));
    const { delegate: _, ...functions } = outputs.functions;
    const old = ["--outputs", found.write("old.json", { ...outputs, functions })];
    const draft = ["--draft", draftOf(found), "--out", found.file("out.json")];
    for (const args of [
      ["delegate", found.held, ...draft],
      ["withdraw", found.held, "--block", found.at(1)],
    ]) {
      const { code, err } = await found.vai([...args, ...old]);
      assert.deepEqual([code, /\/functions\/delegate .*this version/.test(err)], [2, true], err);
    }
    assert.equal(found.events.length, 0);
  });

  test("POC-36 a refusal is told as the plane says it", async (t) => {
    const found = await handingDesk(t);
    found.answers.push({
      ...{ ok: false, code: "DELEGATOR_MISMATCH", stage: "executor", failureDomain: "agent" },
      ...{ retryable: false, detail: "it does not stand below" },
    });
    const block = `sha256:${"1".repeat(64)}`;
    const { code, out } = await found.vai(["withdraw", found.held, "--block", block]);
    assert.equal(code, 1);
    assert.match(out, /^refused +DELEGATOR_MISMATCH at executor$/m);
    assert.match(out, /^do +sign with the key that the last block/m);
  });
});
