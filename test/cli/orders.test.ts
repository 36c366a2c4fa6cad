import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { describe, type TestContext, test } from "node:test";
import { doneLine } from "../../lib/cli/order/told.ts";
import { HANDLE } from "../support/deliveries.ts";
import { KEYS } from "../support/keys.ts";
import { refused } from "../support/plane.ts";
import { type Desk, desk } from "./support/plane-endpoint.ts";

/** What an operator types when something must stop, and when it may go on. */

const OPERATOR = ["--as", "olga", "--reason", "agent behaves oddly"];

/** A desk with the keys of two operators and of an agent. */
async function operators(t: TestContext): Promise<Desk & { readonly own: readonly string[] }> {
  const found = await desk(t);
  for (const name of ["operator", "otherOperator", "agent"] as const) {
    const jwk = KEYS[name].privateKey.export({ format: "jwk" });
    writeFileSync(found.file(`${name}.json`), JSON.stringify(jwk));
  }
  return { ...found, own: [...OPERATOR, "--key", found.file("operator.json")] };
}

async function live({ plane }: Desk) {
  const governed = plane.contract(HANDLE);
  const { handle, identity } = await plane.grant(HANDLE, governed);
  const redeem = () => plane.execute(plane.redemption(governed, handle));
  return { governed, redeem, id: identity.identityId };
}

/** What reaches the functions of people from here on, and that all of it is done. */
function listening(plane: Desk["plane"]): Record<string, unknown>[] {
  const heard: Record<string, unknown>[] = [];
  for (const name of ["govern", "revoke"] as const) {
    plane[name] = async (event) => {
      heard.push({ name, ...(event as object) });
      return { ok: true, deduplicated: false, state: "LIFTED", inFlight: 0, points: [] };
    };
  }
  return heard;
}

/** A contract that ends by a signal of risk. */
const LISTENING = { contract: { set: { ...HANDLE.contract?.set, "/revokeOn": ["riskSignal"] } } };
const RISKY = { ...HANDLE, ...LISTENING };

describe("vai signal", () => {
  for (const [kind, isHeard] of [
    ["risk", true],
    ["context", false],
    ["policy", false],
  ] as const) {
    test(`VAI-110 ${kind} ${isHeard ? "ends" : "is recorded and does not end"} a contract that lists riskSignal, and says so`, async (t) => {
      const { own, plane, vai } = await operators(t);
      const governed = plane.contract(RISKY);
      const { handle } = await plane.grant(RISKY, governed);
      const args = ["signal", kind, governed.contractDigest, ...own];
      const { code, out } = await vai(args);
      assert.equal(code, 0, out);
      const object = `the signal ${kind} for contract ${governed.contractDigest}`;
      const [first, second, third] = out.split("\n");
      const answer = await plane.execute(plane.redemption(governed, handle));
      assert.equal(answer.ok, !isHeard);
      const told = plane
        .records(governed.chainId)
        .filter(({ detail }) => detail["do"] === "signal");
      assert.equal(told.length, 1);
      if (isHeard) {
        assert.equal(first, `revoked    ${object}, now: agent behaves oddly`);
        assert.match(second ?? "", /^adapter +reached/);
        assert.doesNotMatch(out, /ends nothing/);
      } else {
        assert.equal(first, `noted      ${object}, now: agent behaves oddly`);
        const trigger = `${kind}Changed`;
        assert.equal(
          second,
          `meaning    it is recorded and ends nothing: the contract's revokeOn does not list ${trigger}`,
        );
        assert.match(
          third ?? "",
          /^do +to end it all the same: .* vai revoke contract sha256:\S+ --reason TEXT$/,
        );
      }
    });
  }

  test("VAI-110 a machine that may do nothing else signals, as JSON, and may not end anything by other words", async (t) => {
    const { plane, vai, file } = await operators(t);
    const jwk = KEYS.signaller.privateKey.export({ format: "jwk" });
    writeFileSync(file("monitor.json"), JSON.stringify(jwk));
    const own = ["--as", "monitor", "--key", file("monitor.json"), "--reason", "load is odd"];
    const governed = plane.contract(RISKY);
    await plane.grant(RISKY, governed);
    const other = await vai(["revoke", "contract", governed.contractDigest, ...own]);
    assert.equal(other.code, 1);
    assert.match(other.out, /^refused +ACTOR_AUTH_INVALID/);
    const { code, out } = await vai(["signal", "risk", governed.contractDigest, ...own, "--json"]);
    assert.equal(code, 0, out);
    assert.deepEqual([JSON.parse(out).state, JSON.parse(out).ok], ["REVOKED", true]);
  });

  test("VAI-110 of a contract that was never presented, by its file", async (t) => {
    const { own, plane, vai, contract } = await operators(t);
    const { code, out } = await vai(["signal", "risk", contract("held.json", RISKY), ...own]);
    assert.equal(code, 0, out);
    assert.match(out, /^revoked +the signal risk/);
    assert.ok(plane.chains().length > 1);
  });

  test("VAI-110 a signal that there is no room for is not waited for: nothing stands, and nothing is owed", async (t) => {
    const { own, plane, vai } = await operators(t);
    plane.revoke = async () => ({
      ...{ ok: true, deduplicated: false, state: "NOTED", inFlight: 0, points: [] },
    });
    const sleep = () => assert.fail("it was waited for");
    const digest = `sha256:${"0".repeat(64)}`;
    const { code, out } = await vai(["signal", "risk", digest, ...own], { sleep });
    assert.equal(code, 0, out);
    assert.match(out, /^evidence +none: the intent has no room/m);
    assert.doesNotMatch(out, /owed|stands/);
  });

  test("VAI-110 a kind that is none is told, with those that are, and nothing is sent", async (t) => {
    const { own, plane, vai } = await operators(t);
    const digest = `sha256:${"0".repeat(64)}`;
    const { code, err } = await vai(["signal", "weather", digest, ...own]);
    assert.equal(code, 2);
    assert.match(err, /Allowed choices are context, policy, risk/);
    assert.deepEqual(plane.chains(), ["plane/registry"]);
  });
});

describe("vai revoke, halt and lift", () => {
  test("VAI-112 an identity is revoked in an operator's name, with the reason in evidence", async (t) => {
    const { own, ...found } = await operators(t);
    const { governed, redeem, id } = await live(found);
    const { code, out } = await found.vai(["revoke", "identity", id, ...own]);
    assert.equal(code, 0, out);
    assert.match(
      out,
      /^revoked +identity \S+, now: agent behaves oddly\nadapter +reached .*\nin flight +0\nevidence +intent\/.*\nnext +.* trace \S+$/,
    );
    assert.equal(refused(await redeem()).code, "IDENTITY_REVOKED");
    const asked = found.plane
      .records(governed.chainId)
      .find(({ event }) => event.type === "RevocationRequested");
    assert.deepEqual(
      [asked?.detail["by"], asked?.detail["reason"]],
      ["olga", "agent behaves oddly"],
    );
  });

  test("VAI-112 an identity that had ended is said to have ended before, not to be ended now", async (t) => {
    const { own, plane, vai } = await operators(t);
    const governed = plane.contract();
    const { identity } = await plane.grant({}, governed);
    const { code, out } = await vai(["revoke", "identity", identity.identityId, ...own]);
    assert.equal(code, 0, out);
    const [first] = out.split("\n");
    assert.equal(
      first,
      `unchanged  identity ${identity.identityId} had ended already: COMPLETED; nothing was open`,
    );
  });

  test("VAI-112 of what had ended and may still be running it is not said that nothing was open", () => {
    const shared = { iss: "olga", iat: 1, exp: 2, aud: "plane", jti: "j", reason: "r" };
    const claims = { ...shared, do: "revokeIdentity", identityId: "i" } as const;
    const line = doneLine({ state: "INCOMPLETE", deduplicated: false, inFlight: 1 }, claims);
    assert.equal(line, "unchanged  identity i had ended already: INCOMPLETE");
  });

  test("VAI-112 a contract is revoked by digest, or by its file before it was ever presented", async (t) => {
    const { own, plane, vai, file } = await operators(t);
    const known = plane.contract(HANDLE);
    await plane.grant(HANDLE, known);
    assert.equal((await vai(["revoke", "contract", known.contractDigest, ...own])).code, 0);
    assert.equal(refused(await plane.ask(HANDLE, known)).code, "CONTRACT_REVOKED");
    const unseen = plane.contract();
    writeFileSync(
      file("held.json"),
      JSON.stringify({ contract: unseen.contract, proof: unseen.proof }),
    );
    assert.equal((await vai(["revoke", "contract", file("held.json"), ...own])).code, 0);
    assert.equal(refused(await plane.ask({}, unseen)).code, "CONTRACT_REVOKED");
  });

  for (const [what, stop, code, back] of [
    ["the plane", ["halt", "--plane"], "PLANE_HALTED", ["lift", "plane"]],
    ["the plane, by the words of its lift,", ["halt", "plane"], "PLANE_HALTED", ["lift", "plane"]],
    [
      "an actor",
      ["halt", "--actor", "spiffe://example.org/agent/coordinator"],
      "AGENT_HALTED",
      ["lift", "actor", "spiffe://example.org/agent/coordinator"],
    ],
    [
      "an actor, by the words of its lift,",
      ["halt", "actor", "spiffe://example.org/agent/coordinator"],
      "AGENT_HALTED",
      ["lift", "actor", "spiffe://example.org/agent/coordinator"],
    ],
    [
      "a key",
      ["revoke", "key", KEYS.agent.thumbprint],
      "KEY_REVOKED",
      ["lift", "key", KEYS.agent.thumbprint],
    ],
  ] as const) {
    test(`VAI-118 ${what} is stopped by one name, and started again by two who need not sit together`, async (t) => {
      const { own, plane, vai, file } = await operators(t);
      const stopped = await vai([...stop, ...own]);
      assert.equal(stopped.code, 0);
      const object: string = stop[2] ?? "the plane";
      assert.match(stopped.out, /^(halted|revoked) .*, now: agent behaves oddly$/m);
      assert.ok(stopped.out.split("\n")[0]?.includes(object), stopped.out);
      assert.equal(refused(await plane.ask()).code, code);
      const alone = await vai([...back, ...own]);
      assert.equal(alone.code, 1);
      assert.match(
        alone.out,
        /^refused +APPROVAL_REQUIRED[\s\S]*do +it takes two names: .*--out FILE[\s\S]*order send FILE/,
      );
      const saved = await vai([...back, ...own, "--out", file("order.json")]);
      assert.equal(saved.code, 0);
      assert.equal(refused(await plane.ask()).code, code, "nothing was sent");
      const shown = await vai(["order", "show", file("order.json")]);
      assert.match(shown.out, /^order +\w+[\s\S]*signed by +olga, .*: agent behaves oddly$/m);
      assert.match(shown.out, /^since +(2\d{3}-\S+Z, halted by olga|the key is revoked: .*)$/m);
      assert.match(shown.out, /^signature +not checked here: the plane checks/m);
      const same = ["order", "send", file("order.json"), "--key", file("operator.json")];
      const twice = await vai(same);
      assert.equal(twice.code, 1);
      assert.match(
        twice.out,
        /APPROVAL_REQUIRED[\s\S]*do +the second key must be of another name than the first/,
      );
      assert.doesNotMatch(twice.out, /--cosign-key/);
      const sent = await vai([
        "order",
        "send",
        file("order.json"),
        "--key",
        file("otherOperator.json"),
      ]);
      assert.equal(sent.code, 0, sent.out);
      const [signed = ""] = shown.out.split("\nsince ");
      assert.ok(sent.out.startsWith(signed), "what was signed is said");
      assert.match(sent.out, /^lifted +the .*, now: agent behaves oddly$/m);
      const again = await vai([
        ...["order", "send", file("order.json"), "--key", file("otherOperator.json")],
      ]);
      assert.equal(again.code, 0, again.out);
      assert.match(again.out, /^lifted +the .*, before: agent behaves oddly$/m);
      assert.ok((await plane.ask()).ok);
    });
  }

  test("VAI-118 a second name is put to what was read, byte for byte, or to nothing", async (t) => {
    const { own, plane, vai, file } = await operators(t);
    await vai(["lift", "plane", ...own, "--out", file("order.json")]);
    const { command } = JSON.parse(readFileSync(file("order.json"), "utf8"));
    const [header, payload = "", signature] = String(command).split(".");
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
    const spaced = Buffer.from(JSON.stringify(claims, null, 1)).toString("base64url");
    const respelt = { command: [header, spaced, signature].join(".") };
    writeFileSync(file("respelt.json"), JSON.stringify(respelt));
    const send = ["order", "send", file("respelt.json"), "--key", file("otherOperator.json")];
    const { code, err } = await vai(send);
    assert.equal(code, 2);
    assert.match(err, /is no order/);
    assert.deepEqual(plane.chains(), ["plane/registry"], "nothing was sent");
  });

  test("VAI-118 an order is shown where nothing of the plane can be read, and to lift nothing where nothing stands", async (t) => {
    const { own, vai, file } = await operators(t);
    await vai(["lift", "plane", ...own, "--out", file("order.json")]);
    const role = "arn:aws:iam::000000000000:role/exec-lambda";
    await vai(["lift", "quarantine", role, ...own, "--out", file("role.json")]);
    const [halted, other] = ["spiffe://example.org/agent/1", "spiffe://example.org/agent/2"];
    await vai(["halt", "actor", halted, ...own]);
    await vai(["lift", "actor", other, ...own, "--out", file("other.json")]);
    for (const order of ["order.json", "role.json", "other.json"]) {
      const { code, out } = await vai(["order", "show", file(order)]);
      assert.deepEqual([code, /^since +nothing of the kind stands$/m.test(out)], [0, true], out);
    }
    const { credentials: _, ...outputs } = JSON.parse(readFileSync(file("outputs.json"), "utf8"));
    writeFileSync(file("bare.json"), JSON.stringify(outputs));
    for (const [given, why] of [
      ["bare.json", /^since +not known here: give --profile NAME/m],
      ["none.json", /^since +not known here: there is no /m],
    ] as const) {
      const { code, out } = await vai([
        ...["order", "show", file("order.json"), "--outputs", file(given)],
      ]);
      assert.equal(code, 0);
      assert.match(out, why);
    }
  });

  const GOOD = "spiffe://example.org/agent/1";
  const LOOKALIKES: Readonly<Record<string, string>> = {
    "a letter of another script": GOOD.replace("a", "\u0430"),
    "a letter with a mark on it": GOOD.replace("e", "e\u0323"),
    "a filler that fonts show as nothing": `${GOOD}\u3164`,
    "a joiner that fonts show as nothing": `${GOOD}\u034f`,
    "a variation selector": `${GOOD}\ufe0f`,
    "a blank that is not the space": `${GOOD}\u2800`,
    "a space that does not break": `${GOOD}\u00a0`,
  };
  for (const [what, actor] of Object.entries(LOOKALIKES)) {
    test(`VAI-118 ADV-64 a second name is not asked for one actor by the looks of another: ${what}`, async (t) => {
      const { own, vai, file } = await operators(t);
      await vai(["lift", "actor", actor, ...own, "--out", file("order.json")]);
      const { code, out } = await vai(["order", "show", file("order.json")]);
      const [first = ""] = out.split("\n");
      assert.equal(code, 0, out);
      assert.match(first, /^order {6}reinstateActor [ -~]+$/);
      assert.match(first, /\\u[0-9a-f]{4}/);
    });
  }

  for (const how of ["show", "send"] as const) {
    test(`VAI-118 order ${how}: an order whose time is over is to be signed anew`, async (t) => {
      const { own, plane, vai, file, pass } = await operators(t);
      await vai(["lift", "plane", ...own, "--out", file("order.json")]);
      const key = how === "send" ? ["--key", file("otherOperator.json")] : [];
      pass(299_000);
      assert.equal((await vai(["order", "show", file("order.json")])).code, 0, "until its end");
      pass(1_000);
      const { code, out, err } = await vai(["order", how, file("order.json"), ...key]);
      assert.deepEqual([code, out], [1, ""]);
      assert.match(err, /the order has ended, at \S+Z .*: have it signed anew/);
      assert.deepEqual(plane.chains(), ["plane/registry"], "nothing was sent");
    });
  }

  test("VAI-118 an order for another plane gets no second name, whatever key there is", async (t) => {
    const { own, plane, vai, file } = await operators(t);
    await vai(["lift", "plane", ...own, "--out", file("order.json")]);
    const outputs = JSON.parse(readFileSync(file("outputs.json"), "utf8"));
    const other = `${outputs.plane}2`;
    writeFileSync(file("other.json"), JSON.stringify({ ...outputs, plane: other }));
    const send = ["order", "send", file("order.json"), "--outputs", file("other.json")];
    const shown = await vai(["order", "show", file("order.json"), "--outputs", file("other.json")]);
    assert.match(shown.out, /^since +not known here: the order is for /m);
    // Without a key at hand: that the order is refused is said first.
    const { code, err } = await vai(send);
    assert.equal(code, 1);
    assert.ok(err.includes(`the order is for ${outputs.plane}, and`), err);
    assert.ok(err.includes(`is of ${other}: give --outputs`), err);
    assert.deepEqual(plane.chains(), ["plane/registry"], "nothing was sent");
  });

  test("VAI-118 both keys at one desk will do, and a quarantine is lifted by its role", async (t) => {
    const { own, plane, vai, file } = await operators(t);
    const second = ["--cosign-key", file("otherOperator.json")];
    const role = "arn:aws:iam::000000000000:role/exec-lambda";
    const { code, out } = await vai(["lift", "quarantine", role, ...own, ...second, "--json"]);
    assert.equal(code, 0, out);
    assert.equal(JSON.parse(out).state, "LIFTED");
    assert.ok(plane.types("plane/registry").includes("QuarantineLifted"));
  });

  for (const [verb, args] of Object.entries({
    resumePlane: ["lift", "plane"],
    reinstateActor: ["lift", "actor", "spiffe://example.org/agent/1"],
    reinstateKey: ["lift", "key", KEYS.agent.thumbprint],
    liftQuarantine: ["lift", "quarantine", "arn:aws:iam::000000000000:role/exec-lambda"],
    revokePlaneKey: ["revoke", "plane-key", KEYS.agent.thumbprint],
  })) {
    test(`VAI-112 VAI-118 ${verb} takes two names: it is signed with --out, shown and sent by vai order, as vai lift did`, async (t) => {
      const { own, plane, vai, file } = await operators(t);
      const saved = await vai([...args, ...own, "--out", file("order.json")]);
      assert.equal(saved.code, 0, saved.err);
      assert.match(
        saved.out,
        /^next +.* vai order show \S+\nfill in +.* vai order send \S+ --key FILE$/m,
      );
      for (const word of ["order", "lift"]) {
        const { code, out } = await vai([word, "show", file("order.json"), "--json"]);
        assert.equal(code, 0, word);
        assert.equal(JSON.parse(out).do, verb);
      }
      const heard = listening(plane);
      const key = ["--key", file("otherOperator.json"), "--wait", "0"];
      for (const word of ["order", "lift"]) await vai([word, "send", file("order.json"), ...key]);
      const { command } = JSON.parse(readFileSync(file("order.json"), "utf8"));
      const to = verb === "revokePlaneKey" ? ["revoke", undefined] : ["govern", "command"];
      assert.deepEqual(
        heard.map((event) => [event["name"], event["op"], event["command"]]),
        [
          [...to, command],
          [...to, command],
        ],
      );
      const payloads = heard.map(({ cosign }) => String(cosign).split(".")[1]);
      const [, first] = String(command).split(".");
      assert.deepEqual(payloads, [first, first], "the same payload");
    });
  }

  test("VAI-112 a plane key is revoked by two names", async (t) => {
    const { own, plane, vai, file } = await operators(t);
    const jkt = await plane.deps.planeSigner.keyid();
    assert.equal((await vai(["revoke", "plane-key", jkt, ...own])).code, 1);
    assert.equal(
      (await vai(["revoke", "plane-key", jkt, ...own, "--out", file("o.json")])).code,
      0,
    );
    const sent = await vai(["order", "send", file("o.json"), "--key", file("otherOperator.json")]);
    assert.equal(sent.code, 0, sent.out);
    assert.ok(plane.types("plane/registry").includes("RootKeyRevoked"));
  });

  test("VAI-115 a denial whose record is owed stands, and is neither called done nor refused", async (t) => {
    const { own, ...found } = await operators(t);
    const { redeem, id } = await live(found);
    found.plane.faults.plan({ at: "signer:sign", how: "throttle" });
    const { code, out } = await found.vai(["revoke", "identity", id, ...own, "--wait", "0"]);
    found.plane.faults.clear();
    assert.equal(code, 3);
    assert.match(
      out,
      /^revoked +identity \S+, now: .*\nadapter +not reached yet[\s\S]*evidence +owed.*\ndo +it stands; the same command again goes on, for adapter, its record in evidence$/,
    );
    assert.equal(refused(await redeem()).code, "IDENTITY_REVOKED");
  });

  for (const [what, args, exit, said] of [
    [
      "somebody who is no operator",
      ["halt", "plane", "--key", "agent.json", ...OPERATOR],
      1,
      /ACTOR_AUTH_INVALID[\s\S]*do +compare with .* trust show: --as must be a name under operators, --key its key/,
    ],
    [
      "an id that is none",
      ["revoke", "identity", "x", ...OPERATOR, "--key", "operator.json"],
      2,
      /identityId: /,
    ],
    ["no id", ["revoke", "identity", ...OPERATOR], 2, /missing .*id[\s\S]*vai status lists/],
    [
      "a contract that the plane has never seen",
      ["revoke", "contract", `sha256:${"0".repeat(64)}`, ...OPERATOR, "--key", "operator.json"],
      1,
      /CONTRACT_UNKNOWN[\s\S]*do +.*give the contract's file, .* vai revoke contract FILE$/m,
    ],
    [
      "a digest that is none",
      ["revoke", "contract", "x", ...OPERATOR, "--key", "operator.json"],
      2,
      /neither the digest of a contract .* nor a file/,
    ],
    ...[
      [],
      ["everything"],
      ["actor"],
      ["--actor"],
      ["--plane", "--actor", "x"],
      ["plane", "--plane"],
      ["plane", "now"],
      ["actor", "x", "y"],
      ["--actor", "x", "plane"],
    ].map(
      (words) =>
        [
          `a halt of nothing, or of two things (${words.join(" ")})`,
          ["halt", ...OPERATOR, "--key", "operator.json", ...words],
          2,
          /say what to halt: --plane, or --actor ID|option '--actor <id>' argument missing/,
        ] as const,
    ),
    ["no reason", ["halt", "--plane", "--as", "olga", "--key", "operator.json"], 2, /--reason/],
    [
      "no name",
      ["halt", "--plane", "--reason", "r", "--key", "operator.json"],
      2,
      /give --as NAME/,
    ],
    ["no key", ["halt", "--plane", ...OPERATOR], 2, /give --key FILE/],
    [
      "a patience that is none",
      ["halt", "plane", ...OPERATOR, "--key", "operator.json", "--wait", "soon"],
      2,
      /--wait must be a whole number/,
    ],
    [
      "a file that is no order",
      ["order", "send", "agent.json", "--key", "operator.json"],
      2,
      /is no order/,
    ],
  ] as const) {
    test(`VAI-112 ${what}: nothing is stopped, and the person is told`, async (t) => {
      const { plane, vai, file } = await operators(t);
      const given = args.map((each) => (existsSync(file(each)) ? file(each) : each));
      const { code, out, err } = await vai(given);
      assert.equal(code, exit, out + err);
      assert.match(out + err, said);
      assert.doesNotMatch(
        out + err,
        new RegExp(String(JSON.parse(readFileSync(file("operator.json"), "utf8")).d)),
      );
      assert.ok((await plane.ask()).ok);
    });
  }

  test("VAI-112 a deployment without the function is named, and nothing is sent", async (t) => {
    const { own, plane, vai, file } = await operators(t);
    const { revoke: _, ...functions } = JSON.parse(
      readFileSync(file("outputs.json"), "utf8"),
    ).functions;
    const outputs = JSON.parse(readFileSync(file("outputs.json"), "utf8"));
    writeFileSync(file("old.json"), JSON.stringify({ ...outputs, functions }));
    const { code, err } = await vai(["halt", "plane", ...own, "--outputs", file("old.json")]);
    assert.deepEqual([code, /\/functions\/revoke .*this version/.test(err)], [2, true], err);
    assert.ok((await plane.ask()).ok);
  });
});
