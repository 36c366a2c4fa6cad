import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { parsePlaneId } from "../../lib/config.ts";
import {
  judgeAudience,
  judgeCosign,
  judgeFreshness,
  judgeOperator,
  type ReadCommand,
  readCommand,
} from "../../lib/lifecycle/command.ts";
import { isRefusal, type Refusal } from "../../lib/refusal.ts";
import { VERBS } from "../../lib/trust/verbs.ts";
import type { SignedChange } from "../support/forge.ts";
import { KEYS } from "../support/keys.ts";
import { Plane } from "../support/plane.ts";
import { PLANE } from "../support/trust.ts";

/** A command of people: read strictly before anybody is believed, then judged by whom the trust policy names. */

const plane = new Plane({ isGolden: true });
const NOW = Math.floor(plane.world.now / 1000);
type Claims = Parameters<Plane["command"]>[0];

/** Each verb with its own members, in good form. */
const DIGEST = `sha256:${"ab".repeat(32)}`;
const ID = "0198c7d2-0000-7000-8000-000000000005";
const GOOD: Readonly<Record<string, object>> = {
  revokeIdentity: { identityId: ID },
  revokeContract: { contractDigest: DIGEST },
  revokeDelegation: { contractDigest: DIGEST, block: DIGEST },
  signal: { kind: "risk", contractDigest: DIGEST },
  haltActor: { actorId: "spiffe://example.org/agent" },
  haltPlane: {},
  revokeKey: { jkt: KEYS.agent.thumbprint },
  revokePlaneKey: { jkt: KEYS.agent.thumbprint },
  reinstateActor: { actorId: "spiffe://example.org/agent" },
  reinstateKey: { jkt: KEYS.agent.thumbprint },
  liftQuarantine: { path: "arn:aws:iam::000000000000:role/exec" },
  resumePlane: {},
  reviewBreakGlass: { contractDigest: DIGEST, finding: "was right" },
};
const COSIGNED = [
  "revokePlaneKey",
  "reinstateActor",
  "reinstateKey",
  "liftQuarantine",
  "resumePlane",
];

const JTI = "0198c7d2-0000-7000-8000-000000000006";
const jws = (claims: Claims, change?: SignedChange): unknown =>
  plane.command({ jti: JTI, ...claims }, change);
const result = (claims: Claims, change?: SignedChange): ReadCommand | Refusal =>
  readCommand(jws(claims, change));
function good(claims: Claims, change?: SignedChange): ReadCommand {
  const read = result(claims, change);
  assert.ok(!isRefusal(read), JSON.stringify(read));
  return read;
}
const told = (refusal: ReadCommand | Refusal | undefined): readonly unknown[] =>
  refusal !== undefined && isRefusal(refusal) ? [refusal.code, refusal.pointer] : [];

suite("reading a command", () => {
  test("VAI-112 every verb of the list is among them", () => {
    assert.deepEqual([...VERBS].sort(), Object.keys(GOOD).sort());
  });

  test("VAI-126 a finding is 1 to 1,000 printable characters", () => {
    const of = (finding: string) =>
      told(result({ ...GOOD["reviewBreakGlass"], do: "reviewBreakGlass", finding }));
    const bad = ["COMMAND_MALFORMED", "/command/finding"];
    assert.deepEqual(["", "x", "x".repeat(1000), "x".repeat(1001), "a\nb", "\u202e"].map(of), [
      bad,
      [],
      [],
      bad,
      bad,
      bad,
    ]);
  });

  for (const [verb, members] of Object.entries(GOOD)) {
    test(`VAI-112 ${verb} has exactly its members`, () => {
      assert.equal(good({ do: verb, ...members }).claims.do, verb);
      assert.deepEqual(told(result({ do: verb, ...members, also: 1 })), [
        "COMMAND_MALFORMED",
        "/command/also",
      ]);
      for (const name of Object.keys(members)) {
        const change = { remove: [`/${name}`] };
        assert.deepEqual(told(result({ do: verb, ...members }, change)), [
          "COMMAND_MALFORMED",
          `/command/${name}`,
        ]);
        assert.deepEqual(told(result({ do: verb, ...members, [name]: "" })), [
          "COMMAND_MALFORMED",
          `/command/${name}`,
        ]);
      }
    });
  }

  for (const name of ["iss", "iat", "exp", "aud", "jti", "reason", "do"]) {
    test(`VAI-112 a command without ${name} is malformed there`, () => {
      const read = result({ do: "haltPlane" }, { remove: [`/${name}`] });
      assert.deepEqual(told(read), ["COMMAND_MALFORMED", `/command/${name}`]);
    });
  }

  test("VAI-112 a command lives at most 300 seconds, and ends after it begins", () => {
    const life = (seconds: number) =>
      told(result({ do: "haltPlane" }, { set: { "/iat": NOW, "/exp": NOW + seconds } }));
    assert.deepEqual([life(1), life(300)], [[], []]);
    for (const seconds of [301, 0, -1]) {
      assert.deepEqual(life(seconds), ["COMMAND_MALFORMED", "/command/exp"], `${seconds}`);
    }
  });

  test("VAI-112 another signed object is no command, and a place beside the event is said", () => {
    assert.deepEqual(told(readCommand("a.b")), ["COMMAND_MALFORMED", "/command"]);
    assert.deepEqual(told(readCommand(undefined, "/detail/command")), [
      "COMMAND_MALFORMED",
      "/detail/command",
    ]);
  });
});

suite("who may speak, when and to whom", () => {
  test("VAI-112 a command is for one plane", () => {
    const here = parsePlaneId(PLANE);
    assert.ok(here);
    assert.equal(judgeAudience(good({ do: "haltPlane" }), here), undefined);
    const foreign = good({ do: "haltPlane", aud: "vai:000000000000:us-east-1:other" });
    assert.deepEqual(told(judgeAudience(foreign, here)), ["AUDIENCE_MISMATCH", "/command/aud"]);
  });

  test("VAI-112 60 seconds ahead it counts, at its end it does not", () => {
    const at = (iat: number, exp: number) =>
      told(judgeFreshness(good({ do: "haltPlane" }, { set: { "/iat": iat, "/exp": exp } }), NOW));
    assert.deepEqual(at(NOW + 60, NOW + 61), []);
    assert.deepEqual(at(NOW + 61, NOW + 62), ["REQUEST_STALE", "/command/iat"]);
    assert.deepEqual(at(NOW - 10, NOW + 1), []);
    assert.deepEqual(at(NOW - 10, NOW), ["REQUEST_STALE", "/command/exp"]);
  });

  const SPEAKERS: readonly (readonly [string, Claims, SignedChange, readonly unknown[]])[] = [
    ["an operator", { do: "haltPlane" }, {}, []],
    [
      "a machine, of what it may",
      { iss: "monitor", ...GOOD["signal"], do: "signal" },
      { signedBy: "signaller" },
      [],
    ],
    [
      "a machine, of more",
      { iss: "monitor", do: "haltPlane" },
      { signedBy: "signaller" },
      ["ACTOR_AUTH_INVALID", "/command/do"],
    ],
    [
      "an auditor",
      { iss: "anna", do: "haltPlane" },
      { signedBy: "auditor" },
      ["ACTOR_AUTH_INVALID", "/command"],
    ],
    [
      "somebody in another's name",
      { iss: "otto", do: "haltPlane" },
      {},
      ["ACTOR_AUTH_INVALID", "/command"],
    ],
    ["nobody known", { iss: "nobody", do: "haltPlane" }, {}, ["ACTOR_AUTH_INVALID", "/command"]],
    [
      "an altered hand",
      { do: "haltPlane" },
      { signature: "flipped" },
      ["ACTOR_AUTH_INVALID", "/command"],
    ],
  ];
  for (const [who, claims, change, expected] of SPEAKERS) {
    test(`VAI-112 ${who}: ${expected[0] ?? "is heard"}`, () => {
      assert.deepEqual(told(judgeOperator(good(claims, change), plane.policy)), expected);
    });
  }
});

suite("the second name", () => {
  const SECOND: readonly (readonly [string, (claims: Claims) => unknown, readonly unknown[]])[] = [
    ["another operator", (claims) => jws(claims, { signedBy: "otherOperator" }), []],
    ["an auditor", (claims) => jws(claims, { signedBy: "auditor" }), []],
    ["nobody", () => undefined, ["APPROVAL_REQUIRED", "/cosign"]],
    ["the same name", (claims) => jws(claims), ["APPROVAL_REQUIRED", "/cosign"]],
    [
      "a machine that may only signal",
      (claims) => jws(claims, { signedBy: "signaller" }),
      ["APPROVAL_REQUIRED", "/cosign"],
    ],
    [
      "a stranger",
      (claims) => jws(claims, { signedBy: "stranger" }),
      ["APPROVAL_REQUIRED", "/cosign"],
    ],
    [
      "another, over other bytes",
      (claims) => jws({ ...claims, reason: "other" }, { signedBy: "otherOperator" }),
      ["APPROVAL_REQUIRED", "/cosign"],
    ],
    [
      "another, altered",
      (claims) => jws(claims, { signedBy: "otherOperator", signature: "flipped" }),
      ["APPROVAL_REQUIRED", "/cosign"],
    ],
    ["text", () => "x", ["COMMAND_MALFORMED", "/cosign"]],
  ];
  for (const [who, cosign, expected] of SECOND) {
    test(`VAI-118 ${who}: ${expected[0] ?? "counts"}, for each verb that needs one`, () => {
      for (const verb of COSIGNED) {
        const claims = { do: verb, ...GOOD[verb] };
        const found = judgeCosign(good(claims), cosign(claims), plane.policy);
        assert.deepEqual(told(found), expected, verb);
      }
    });
  }

  test("VAI-118 one person with two keys is one name", () => {
    const [olga, ...others] = plane.policy.operators;
    assert.ok(olga);
    const both = { ...olga, keys: [...olga.keys, KEYS.otherAgent.jwk] };
    const claims = { do: "resumePlane" };
    const cosign = jws(claims, { signedBy: "otherAgent" });
    const policy = { ...plane.policy, operators: [both, ...others] };
    assert.deepEqual(told(judgeCosign(good(claims), cosign, policy)), [
      "APPROVAL_REQUIRED",
      "/cosign",
    ]);
  });

  test("VAI-112 a verb that needs no second name takes none", () => {
    for (const [verb, members] of Object.entries(GOOD)) {
      if (COSIGNED.includes(verb)) continue;
      const claims = { do: verb, ...members };
      const second = jws(claims, { signedBy: "otherOperator" });
      const found = judgeCosign(good(claims), second, plane.policy);
      assert.deepEqual(told(found), ["COMMAND_MALFORMED", "/cosign"], verb);
      assert.equal(judgeCosign(good(claims), undefined, plane.policy), undefined);
    }
  });
});
