import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { readContract } from "../../lib/contract/contract.ts";
import { isRefusal } from "../../lib/refusal.ts";
import { govern } from "../support/governed.ts";
import type { Change } from "../support/mutate.ts";
import { START } from "../support/world.ts";

const IDS = {
  intent: "0198c7d2-0000-7000-8000-000000000001",
  contract: "0198c7d2-0000-7000-8000-000000000002",
  decision: "0198c7d2-0000-7000-8000-000000000003",
};

/** The place and code of the first breach; `undefined` when the contract is read. */
function breach(contract: Change): string | undefined {
  const read = readContract(govern(IDS, START, { contract }).contract);
  return isRefusal(read) ? `${read.code} ${read.pointer}` : undefined;
}

const REQUIRED = [
  "ver",
  "iss",
  "aud",
  "jti",
  "iat",
  "nbf",
  "exp",
  "intent",
  "intent/id",
  "intent/digest",
  "context",
  "context/digest",
  "decision",
  "decision/digest",
  "actor",
  "actor/id",
  "actor/kind",
  "cnf",
  "cnf/jkt",
  "purpose",
  "risk",
  "account",
  "region",
  "deliveries",
  "authorization_details",
  "authorization_details/0/type",
  "authorization_details/0/id",
  "authorization_details/0/actions",
  "authorization_details/0/resources",
  "authorization_details/0/parameters",
];

suite("strict reading of a contract", () => {
  test("VAI-37 the valid contract is read", () => assert.equal(breach({}), undefined));

  for (const member of REQUIRED) {
    test(`VAI-26 VAI-39 without ${member}: CONTRACT_MALFORMED at its place`, () => {
      assert.equal(breach({ remove: [`/${member}`] }), `CONTRACT_MALFORMED /contract/${member}`);
    });
    test(`VAI-37 null as ${member}: CONTRACT_MALFORMED at its place`, () => {
      assert.equal(
        breach({ set: { [`/${member}`]: null } }),
        `CONTRACT_MALFORMED /contract/${member}`,
      );
    });
  }

  const VALUES: readonly (readonly [string, string, unknown, string?])[] = [
    ["another version of the format", "/ver", 2],
    ["an id that is no UUID", "/jti", "contract-1"],
    ["an id in capitals", "/jti", "0198C7D2-0000-7000-8000-00000000000A"],
    ["a time as text", "/exp", "1777953600"],
    ["a negative time", "/iat", -1],
    ["a digest in capitals", "/intent/digest", `sha256:${"AB".repeat(32)}`],
    ["a digest of another algorithm", "/context/digest", `sha512:${"ab".repeat(64)}`],
    ["an actor of another kind", "/actor/kind", "model"],
    ["a thumbprint that is too short", "/cnf/jkt", "A".repeat(42)],
    ["an issuer's name with a control", "/iss", "governance\u0007.example"],
    ["an actor's id that turns its text around", "/actor/id", "a\u202eb"],
    ["a purpose with a line break", "/purpose", "one\ntwo"],
    ["a purpose that turns its text around", "/purpose", "a\u2066b"],
    ["an empty purpose", "/purpose", ""],
    ["a purpose of 201 characters", "/purpose", "x".repeat(201)],
    ["a class in small letters", "/risk", "low"],
    ["an account of eleven digits", "/account", "00000000000"],
    ["a region that is none", "/region", "us.east"],
    ["no delivery", "/deliveries", []],
    ["another delivery", "/deliveries/0", "stdout"],
    ["an action with a wildcard", "/authorization_details/0/actions/0", "lambda:*"],
    ["an action without a service", "/authorization_details/0/actions/0", "UpdateAlias"],
    ["no action", "/authorization_details/0/actions", []],
    ["an action twice", "/authorization_details/0/actions", ["a:B", "a:B"]],
    ["no resource", "/authorization_details/0/resources", []],
    ["a resource that is no ARN", "/authorization_details/0/resources/0", "checkout"],
    ["a resource twice", "/authorization_details/0/resources", ["arn:a:b:c:d:e", "arn:a:b:c:d:e"]],
    ["another type of detail", "/authorization_details/0/type", "gcp"],
    ["a step id with a slash", "/authorization_details/0/id", "a/b"],
    ["no call at all", "/authorization_details/0/limits/calls", 0],
    ["a negative total", "/authorization_details/0/limits/totals/percent", -1],
    [
      "a total of what every object inherits",
      "/authorization_details/0/limits",
      { totals: { toString: 1 } },
      "/authorization_details/0/limits/totals/toString",
    ],
    ["a limit that nobody knows", "/authorization_details/0/limits/cost", 1],
    ["another gate", "/authorization_details/0/gate", "vote"],
    [
      "an obligation due never",
      "/obligations",
      [{ kind: "readBack", name: "x", dueSeconds: 0 }],
      "/obligations/0/dueSeconds",
    ],
    ["delegation to depth 33", "/delegation", { maxDepth: 33 }, "/delegation/maxDepth"],
    ["a label twice", "/delegation", { maxDepth: 1, labels: ["a", "a"] }, "/delegation/labels"],
    ["a plane twice", "/delegation", { maxDepth: 1, planes: ["a", "a"] }, "/delegation/planes"],
    ["an empty label", "/delegation", { maxDepth: 1, labels: [""] }, "/delegation/labels/0"],
    [
      "retain that is no yes or no",
      "/delegation",
      { maxDepth: 1, retain: 1 },
      "/delegation/retain",
    ],
    ["delegation without a depth", "/delegation", { retain: true }, "/delegation/maxDepth"],
    ["delegation of another kind", "/delegation", { maxDepth: 1, ttl: 5 }, "/delegation/ttl"],
    ["a condition of revocation that nobody knows", "/revokeOn", ["fullMoon"], "/revokeOn/0"],
    ["a partition that is none", "/partition", "azure"],
    [
      "an assumption without a recheck flag",
      "/assumptions",
      [
        {
          name: "a",
          read: "lambda:GetAlias",
          resource: "arn:a:b:c:d:e",
          parameters: {},
          path: "",
          expect: { exact: "6" },
          maxAgeSeconds: 1,
        },
      ],
      "/assumptions/0/recheck",
    ],
  ];
  for (const [what, place, value, at = place] of VALUES) {
    test(`VAI-26 VAI-37 ${what}: CONTRACT_MALFORMED at its place`, () => {
      assert.equal(breach({ set: { [place]: value } }), `CONTRACT_MALFORMED /contract${at}`);
    });
  }

  test("VAI-26 VAI-37 the bounds of a window: up to a day before it, and a second long", () => {
    const at = (iat: number, nbf: number, exp: number) =>
      breach({
        set: {
          "/iat": `$seconds:${iat}`,
          "/nbf": `$seconds:${nbf}`,
          "/exp": `$seconds:${exp}`,
        },
      });
    const day = 24 * 60 * 60;
    assert.equal(at(0, day, day + 1), undefined);
    assert.equal(at(0, day + 1, day + 2), "CONTRACT_MALFORMED /contract/nbf");
    assert.equal(at(0, day, day), "CONTRACT_MALFORMED /contract/exp");
    assert.equal(at(0, 0, 1), undefined);
    assert.equal(at(1, 0, 1), "CONTRACT_MALFORMED /contract/nbf");
  });

  test("VAI-26 VAI-37 parameters are unbounded for credentials alone, not for credentials too", () => {
    const unbounded = (deliveries: readonly string[]) =>
      breach({
        set: { "/deliveries": deliveries, "/authorization_details/0/parameters": "unbounded" },
        remove: ["/authorization_details/0/limits"],
      });
    assert.equal(unbounded(["credentials"]), undefined);
    for (const beside of ["execute", "handle"]) {
      const refused = "CONTRACT_MALFORMED /contract/authorization_details/0/parameters";
      assert.equal(unbounded(["credentials", beside]), refused);
      assert.equal(unbounded([beside, "credentials"]), refused);
    }
  });

  const CONSTRAINTS: readonly (readonly [string, unknown, string, string])[] = [
    ["no kind", {}, "", "CONTRACT_MALFORMED"],
    ["a list", [{ exact: 1 }], "", "CONTRACT_MALFORMED"],
    ["a bare value", 7, "", "CONTRACT_MALFORMED"],
    ["an unknown kind", { matches: "a" }, "", "CONSTRAINT_UNKNOWN"],
    ["a kind in other letters", { Exact: 1 }, "", "CONSTRAINT_UNKNOWN"],
    ["a kind that objects inherit", { toString: 1 }, "", "CONSTRAINT_UNKNOWN"],
    ["an empty list", { oneOf: [] }, "/oneOf", "CONTRACT_MALFORMED"],
    ["mixed types", { notOneOf: [1, "1"] }, "/notOneOf", "CONTRACT_MALFORMED"],
    ["an empty range", { range: {} }, "/range", "CONTRACT_MALFORMED"],
    ["a range of text", { range: { min: "0" } }, "/range/min", "CONTRACT_MALFORMED"],
    [
      "a range with a third bound",
      { range: { max: 1, step: 1 } },
      "/range/step",
      "CONTRACT_MALFORMED",
    ],
    ["an empty prefix", { prefix: "" }, "/prefix", "CONTRACT_MALFORMED"],
    ["absent false", { absent: false }, "/absent", "CONTRACT_MALFORMED"],
    ["an empty conjunction", { all: [] }, "/all", "CONTRACT_MALFORMED"],
    [
      "types mixed by a conjunction",
      { all: [{ exact: 1 }, { prefix: "a" }] },
      "/all",
      "CONTRACT_MALFORMED",
    ],
    ["null inside exact", { exact: null }, "/exact", "CONTRACT_MALFORMED"],
    ["two kinds", { exact: 1, oneOf: [1, 2] }, "", "CONTRACT_MALFORMED"],
    ["a text of 4097 characters", { exact: "x".repeat(4097) }, "/exact", "CONTRACT_MALFORMED"],
    [
      "a text of 4097 characters in a list",
      { oneOf: ["a", "x".repeat(4097)] },
      "/oneOf/1",
      "CONTRACT_MALFORMED",
    ],
    [
      "an unknown kind deep inside",
      { all: [{ all: [{ glob: "*" }] }] },
      "/all/0/all/0",
      "CONSTRAINT_UNKNOWN",
    ],
  ];
  const PLACE = "/authorization_details/0/parameters/percent";
  for (const [what, value, below, code] of CONSTRAINTS) {
    test(`VAI-28 VAI-43 a constraint with ${what}: ${code}`, () => {
      assert.equal(breach({ set: { [PLACE]: value } }), `${code} /contract${PLACE}${below}`);
    });
  }

  test("VAI-28 a constraint's text has up to 4096 characters", () => {
    assert.equal(breach({ set: { [PLACE]: { exact: "x".repeat(4096) } } }), undefined);
  });

  test("VAI-71 sixteen steps are read, seventeen are not, and no id twice", () => {
    const steps = (count: number, id = (n: number) => `s${n}`) => ({
      "/authorization_details": Array.from({ length: count }, (_, n) => ({
        type: "aws",
        id: id(n),
        actions: ["lambda:UpdateAlias"],
        resources: ["arn:aws:lambda:us-east-1:000000000000:function:checkout"],
        parameters: {},
      })),
    });
    assert.equal(breach({ set: steps(16) }), undefined);
    assert.equal(breach({ set: steps(17) }), "CONTRACT_MALFORMED /contract/authorization_details");
    assert.equal(
      breach({ set: steps(2, () => "s") }),
      "CONTRACT_MALFORMED /contract/authorization_details",
    );
  });

  test("POC-20 whoever acts in an emergency, or continues another plane's chain, hands nothing on", () => {
    const beside = (member: object, maxDepth: number) =>
      breach({ set: { ...member, "/delegation": { maxDepth } } });
    const emergency = { "/breakGlass": { policy: "p", incident: "i" } };
    const origin = { "/origin": { plane: "p", chainDigest: `sha256:${"0".repeat(64)}` } };
    for (const member of [emergency, origin]) {
      assert.equal(beside(member, 0), undefined);
      assert.equal(beside(member, 1), "CONTRACT_MALFORMED /contract/delegation/maxDepth");
    }
    assert.equal(beside({}, 32), undefined);
  });

  test("VAI-43 optional members that ask for nothing are no features", () => {
    const set = {
      "/assumptions": [],
      "/obligations": [],
      "/revokeOn": [],
      "/delegation": { maxDepth: 0 },
      "/partition": "aws",
      "/authorization_details/0/after": [],
      "/authorization_details/0/gate": "none",
    };
    assert.equal(breach({ set }), undefined);
  });
});
