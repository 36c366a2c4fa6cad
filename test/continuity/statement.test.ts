import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  type Delegated,
  delegationStatement,
  delegationStatementDigest,
  type Resolved,
} from "../../lib/continuity/statement.ts";
import { sha256Digest } from "../../lib/encoding/digest.ts";
import { type Change, changed } from "../support/mutate.ts";

const LOCAL = "vai:000000000000:us-east-1:local";

/** The delegation of the golden statement, every member with a value of its own. */
const DOCUMENT: { readonly claims: Delegated; readonly resolved: Resolved } = {
  claims: {
    contractDigest: `sha256:${"0".repeat(63)}1`,
    aud: LOCAL,
    audience: LOCAL,
    exp: Date.UTC(2026, 4, 5, 4, 10) / 1000,
    retain: false,
    deliveries: ["execute"],
    delegation: { maxDepth: 2, retain: false, labels: [], planes: [] },
    authorization_details: [
      {
        type: "aws",
        id: "refund",
        actions: ["lambda:InvokeFunction"],
        resources: ["arn:aws:lambda:us-east-1:000000000000:function:sample-payments:live"],
        parameters: {
          "payload/amount": { range: { max: 500, min: 1 } },
          "payload/clientToken": { prefix: "ref-" },
        },
        limits: { calls: 2, totals: { "payload/amount": 500 } },
      },
    ],
  },
  resolved: {
    parent: null,
    from: { agent: "spiffe://example.org/agent/coordinator", jkt: "A".repeat(43) },
    to: { agent: "spiffe://example.org/agent/refunds", jkt: `${"B".repeat(42)}A` },
  },
};

const digestWith = (change: Change): string => {
  const { claims, resolved } = changed(DOCUMENT, change, 0);
  return delegationStatementDigest(claims, resolved);
};

const STEP = "/claims/authorization_details/0";

/** Every member once, each with another meaning. */
const CHANGES: Readonly<Record<string, unknown>> = {
  "/claims/contractDigest": `sha256:${"0".repeat(63)}2`,
  "/claims/aud": "vai:000000000000:us-east-1:other",
  "/claims/audience": "vai:000000000000:us-east-1:other",
  "/claims/exp": DOCUMENT.claims.exp + 1,
  "/claims/retain": true,
  "/claims/deliveries": ["handle"],
  "/claims/delegation/maxDepth": 3,
  "/claims/delegation/retain": true,
  "/claims/delegation/labels": ["refunds"],
  "/claims/delegation/planes": ["vai:000000000000:us-east-1:other"],
  [`${STEP}/id`]: "refunds",
  [`${STEP}/actions`]: ["lambda:UpdateAlias"],
  [`${STEP}/resources/0`]: "arn:aws:lambda:us-east-1:000000000000:function:sample-payments:test",
  [`${STEP}/parameters/payload~1amount/range/max`]: 501,
  [`${STEP}/parameters/payload~1amount/range/min`]: 0,
  [`${STEP}/parameters/payload~1clientToken/prefix`]: "ref",
  [`${STEP}/parameters/payload~1currency`]: { exact: "EUR" },
  [`${STEP}/parameters`]: "unbounded",
  [`${STEP}/limits/calls`]: 3,
  [`${STEP}/limits/totals/payload~1amount`]: 501,
  [`${STEP}/after`]: ["first"],
  [`${STEP}/gate`]: "approval",
  "/resolved/parent": `sha256:${"0".repeat(64)}`,
  "/resolved/from/agent": "spiffe://example.org/agent/other",
  "/resolved/from/jkt": "C".repeat(43),
  "/resolved/to/agent": "spiffe://example.org/agent/other",
  "/resolved/to/jkt": "C".repeat(43),
};

suite("the statement that people sign of a delegation", () => {
  test("POC-34 it is this text, with this digest", () => {
    const text = delegationStatement(DOCUMENT.claims, DOCUMENT.resolved);
    assert.equal(
      text,
      `vai delegation statement 1
contract "sha256:0000000000000000000000000000000000000000000000000000000000000001" plane "${LOCAL}"
parent null
from "spiffe://example.org/agent/coordinator" key "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
to "spiffe://example.org/agent/refunds" key "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA" at "${LOCAL}"
until "2026-05-05T04:10:00.000Z" retain false deliveries ["execute"]
delegation {"labels":[],"maxDepth":2,"planes":[],"retain":false}
step "refund" type "aws" after [] gate "none" calls 2 totals {"payload/amount":500}
  actions ["lambda:InvokeFunction"]
  resources ["arn:aws:lambda:us-east-1:000000000000:function:sample-payments:live"]
  parameters 2
  parameter "payload/amount" {"range":{"max":500,"min":1}}
  parameter "payload/clientToken" {"prefix":"ref-"}
`,
    );
    const golden = "a799d9234eda0b00c38138ad2a566f3af82c1ebe7a8525121b2b7e209e91b2a2";
    assert.equal(sha256Digest(text), `sha256:${golden}`);
    assert.equal(digestWith({}), `sha256:${golden}`);
  });

  test("POC-34 every member changed once gives another digest, and no two the same", () => {
    const digests = Object.entries(CHANGES).map(([place, value]) =>
      digestWith({ set: { [place]: value } }),
    );
    const all = new Set([digestWith({}), ...digests]);
    assert.equal(all.size, digests.length + 1);
  });

  test("POC-34 every member has its change here", () => {
    const leaves = (value: unknown, at: string): string[] =>
      typeof value === "object" && value !== null && !Array.isArray(value)
        ? Object.entries(value).flatMap(([name, each]) =>
            leaves(each, `${at}/${name.replaceAll("/", "~1")}`),
          )
        : [at];
    const { authorization_details: _, ...claims } = DOCUMENT.claims;
    const [step] = DOCUMENT.claims.authorization_details;
    const places = [...leaves({ ...DOCUMENT, claims }, ""), ...leaves({ ...step, type: [] }, STEP)];
    const isChanged = (place: string): boolean =>
      Object.keys(CHANGES).some((each) => each === place || each.startsWith(`${place}/`));
    assert.deepEqual(
      places.filter((place) => !isChanged(place) && place !== `${STEP}/type`),
      [],
    );
  });

  test("POC-34 what could look like something else shows as its escape, and no line can be made inside of one", () => {
    const set = { "/resolved/to/agent": "a\u202e\u0430\n\u00e9" };
    const { claims, resolved } = changed(DOCUMENT, { set }, 0);
    const text = delegationStatement(claims, resolved);
    assert.ok(text.includes('to "a\\u202e\\u0430\\n\\u00e9" key'));
    assert.match(text, /^[ -~\n]*$/);
    assert.equal(text.split("\n").length, 14);
  });
});
