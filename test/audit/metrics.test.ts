import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type Metrics, MetricsCounter } from "../../lib/audit/metrics/metrics.ts";
import { metricsLines } from "../../lib/audit/metrics/metrics-text.ts";
import { Tally } from "../../lib/audit/metrics/tally.ts";
import { signJws } from "../../lib/encoding/jws.ts";
import type { EvidenceRecord } from "../../lib/evidence/record.ts";
import { KEYS } from "../support/keys.ts";

/*
 * A set of chains as data, and what a person counts in them by hand. A row is a record: seconds after the first, its type,
 * and what else matters of it.
 */

interface Said {
  readonly code?: string;
  readonly contract?: string;
  readonly identity?: string;
  readonly actor?: string;
  readonly jti?: string;
  readonly detail?: object;
  readonly component?: string;
  readonly outcome?: string;
}
type Row = readonly [seconds: number, type: string, said?: Said];

const START = Date.parse("2026-05-05T00:00:00.000Z");
const at = (seconds: number): string => new Date(START + seconds * 1000).toISOString();

const jwsOf = (iss: string, ...steps: readonly string[][]) =>
  signJws(
    "vai-contract+jwt",
    { iss, authorization_details: steps.map((actions) => ({ actions })) },
    KEYS.issuer,
  );
const requestOf = (claims: object) => signJws("vai-request+jwt", claims, KEYS.agent);

const SHIFT = jwsOf("governance", ["lambda:UpdateAlias"]);
const TWO = jwsOf("governance", ["s3:PutObject"], ["dynamodb:UpdateItem", "dynamodb:PutItem"]);
const OTHER = jwsOf("other", ["lambda:UpdateAlias"]);
const asking = (delivery: string, action?: string) => ({
  request: requestOf({ delivery, ...(action !== undefined && { operation: { action } }) }),
});
const redeeming = (action: string) => ({ request: requestOf({ operation: { action } }) });

const BOUND = (contract: string, jws: string): Row => [
  0,
  "ContractBound",
  { contract, detail: { contract: jws } },
];
const asked = (seconds: number, contract: string, more: Said = {}): Row => [
  seconds,
  "IdentityRequested",
  { contract, ...more },
];
const denied = (seconds: number, contract: string, code: string, more: Said = {}): Row => [
  seconds,
  "IdentityDenied",
  { contract, code, ...more },
];
const issued = (seconds: number, identity: string, delivery: string): Row => [
  seconds,
  "IdentityIssued",
  { identity, detail: { delivery } },
];
const AGENT = "spiffe://example.org/agent/1";

const CHAINS: Readonly<Record<string, readonly Row[]>> = {
  // Two requests: one is granted and used after half a second, one is beyond the contract.
  "intent/a": [
    BOUND("c1", SHIFT),
    asked(1, "c1", { jti: "a1" }),
    issued(1, "i1", "execute"),
    [1.5, "ExecutionStarted", { identity: "i1" }],
    [2, "IdentityCompleted", { identity: "i1", detail: { used: true } }],
    asked(3, "c1", { jti: "a2", detail: asking("execute", "lambda:UpdateAlias") }),
    [
      3,
      "ViolationDetected",
      { contract: "c1", jti: "a2", actor: AGENT, code: "PARAMETER_OUT_OF_BOUNDS" },
    ],
    denied(3, "c1", "PARAMETER_OUT_OF_BOUNDS", { jti: "a2" }),
  ],
  // The contract says too little, in three ways of five; the fifth was watched and not enforced.
  "intent/b": [
    BOUND("c2", TWO),
    asked(1, "c2", { jti: "b1", detail: asking("execute", "s3:PutObject") }),
    [
      1,
      "ViolationDetected",
      { contract: "c2", jti: "b1", actor: AGENT, code: "PARAMETER_UNDECLARED" },
    ],
    denied(1, "c2", "PARAMETER_UNDECLARED", { jti: "b1" }),
    asked(2, "c2"),
    denied(2, "c2", "CONTRACT_OVERBROAD"),
    asked(3, "c2"),
    denied(3, "c2", "SESSION_POLICY_INEXPRESSIBLE"),
    asked(4, "c2"),
    denied(4, "c2", "CONTRACT_EXPIRED"),
    asked(5, "c2", { detail: { enforced: false } }),
    denied(5, "c2", "ACTION_OBSERVED", {
      detail: {
        enforced: false,
        would: { ok: false, code: "CONTRACT_OVERBROAD", stage: "contract" },
      },
    }),
    [6, "ViolationDetected", { contract: "c2", detail: { enforced: false } }],
    // A command of people that was refused is no request for an identity.
    asked(7, "c2", { component: "revoke" }),
    denied(7, "c2", "CONTRACT_MALFORMED", { component: "revoke" }),
  ],
  // Handles: used after 90 s, never used, tried beyond the contract; credentials, of which nobody knows.
  "intent/c": [
    BOUND("c3", OTHER),
    asked(0, "c3"),
    issued(0, "h1", "handle"),
    [90, "ExecutionStarted", { identity: "h1" }],
    [95, "ExecutionStarted", { identity: "h1" }],
    [100, "IdentityCompleted", { identity: "h1", detail: { used: true } }],
    asked(100, "c3"),
    issued(100, "h2", "handle"),
    [700, "IdentityExpired", { identity: "h2", detail: { used: false } }],
    // The first end counts.
    [701, "IdentityExpired", { identity: "h2", detail: { used: false } }],
    asked(800, "c3"),
    issued(800, "h3", "handle"),
    [
      810,
      "ViolationDetected",
      { contract: "c3", jti: "c9", actor: AGENT, code: "TARGET_MISMATCH" },
    ],
    [
      810,
      "ExecutionRejected",
      { identity: "h3", jti: "c9", detail: redeeming("lambda:UpdateAlias") },
    ],
    [810, "IdentityRevoked", { identity: "h3", detail: { used: false } }],
    asked(900, "c3"),
    issued(900, "d1", "credentials"),
    [1800, "IdentityExpired", { identity: "d1", detail: { used: "unknown" } }],
    asked(900, "c3"),
    issued(900, "o1", "handle"),
  ],
  // Nobody is verified; of a flood there is a number, of retries another one.
  "unattributed/2026-05-05/e": [
    [1, "IdentityRequested", {}],
    [1, "IdentityDenied", { code: "CONTRACT_MALFORMED" }],
    [2, "RefusalsCounted", { outcome: "DENY", detail: { count: 40 } }],
    [2, "RefusalsCounted", { outcome: "ALLOW", detail: { count: 7 } }],
    // Its contract was verified, its executor was not.
    [3, "IdentityRequested", { contract: "c9", detail: { contract: OTHER } }],
    [3, "IdentityDenied", { contract: "c9", code: "CONTRACT_OVERBROAD" }],
  ],
};

function recordsOf(chainId: string, rows: readonly Row[]): EvidenceRecord[] {
  return rows.map(([seconds, type, said = {}], index) => {
    const { contract, identity, actor, jti, code, outcome = "DENY" } = said;
    return {
      ...{ chain: { id: chainId, seq: index + 1 }, event: { type, at: at(seconds) } },
      ...{ source: { component: said.component ?? "issue" }, decision: { outcome, code } },
      ...(contract !== undefined && { contract: { id: contract, digest: contract } }),
      ...(identity !== undefined && { identity: { id: identity } }),
      ...(actor !== undefined && { actor: { id: actor } }),
      ...(jti !== undefined && { request: { jti } }),
      detail: said.detail ?? {},
    } as unknown as EvidenceRecord;
  });
}

function count(since = at(0), chains = CHAINS): Metrics {
  const counter = new MetricsCounter(since);
  for (const [chainId, rows] of Object.entries(chains)) {
    for (const record of recordsOf(chainId, rows)) counter.take(record);
  }
  return counter.result();
}

suite("metrics over evidence equal a hand count", () => {
  test("VAI-136 requests refused because the contract says too little, by issuer and template", () => {
    const { requests } = count();
    const { groups, ...all } = requests;
    assert.deepEqual(all, {
      ...{ requests: 13, missing: 2, ambiguous: 3, share: 5 / 13 },
      ...{ others: { requests: 0, missing: 0, ambiguous: 0 }, counted: 40, observed: 1 },
    });
    assert.deepEqual(groups, [
      {
        ...{ issuer: "other", template: "lambda:UpdateAlias" },
        ...{ requests: 6, missing: 0, ambiguous: 1, share: 1 / 6 },
      },
      {
        ...{ issuer: "governance", template: "s3:PutObject, dynamodb:UpdateItem+dynamodb:PutItem" },
        ...{ requests: 4, missing: 1, ambiguous: 2, share: 3 / 4 },
      },
      {
        ...{ issuer: "governance", template: "lambda:UpdateAlias" },
        ...{ requests: 2, missing: 0, ambiguous: 0, share: 0 },
      },
      {
        ...{ issuer: "not verified", template: "not verified" },
        ...{ requests: 1, missing: 1, ambiguous: 0, share: 1 },
      },
    ]);
  });

  test("VAI-137 identities that expired unused, and how long the others took to their first use", () => {
    assert.deepEqual(count().uses, {
      ...{ issued: 6, ended: 5, expiredUnused: 1, expiredUnknown: 1, share: 1 / 5 },
      firstUse: [
        { delivery: "execute", used: 1, within: [1, 0, 0, 0, 0, 0, 0], longestSeconds: 0.5 },
        { delivery: "handle", used: 1, within: [0, 0, 0, 1, 0, 0, 0], longestSeconds: 90 },
      ],
    });
  });

  test("VAI-137 of several uses each is in its range and the longest is told; no name is kept that nobody knows", () => {
    const used = (name: string, delivery: string, seconds: number): Row[] => [
      issued(0, name, delivery),
      [seconds, "ExecutionStarted", { identity: name }],
    ];
    const rows = [
      ...[...used("i1", "handle", 70), ...used("i2", "handle", 10), ...used("i3", "handle", 4_000)],
      ...[...used("i4", "handle", 60), ...used("i5", "made up", 1), ...used("i6", "another", 2)],
    ];
    assert.deepEqual(count(at(0), { "intent/x": rows }).uses.firstUse, [
      { delivery: "another", used: 2, within: [1, 1, 0, 0, 0, 0, 0], longestSeconds: 2 },
      { delivery: "handle", used: 4, within: [0, 1, 1, 1, 0, 0, 1], longestSeconds: 4_000 },
    ]);
  });

  test("VAI-138 violations by adapter, action and actor, with a handle's among them", () => {
    assert.deepEqual(count().violations, {
      violations: 3,
      clusters: [
        { adapter: "execute lambda", action: "lambda:UpdateAlias", actor: AGENT, violations: 1 },
        { adapter: "execute s3", action: "s3:PutObject", actor: AGENT, violations: 1 },
        { adapter: "handle lambda", action: "lambda:UpdateAlias", actor: AGENT, violations: 1 },
      ],
      others: { violations: 0 },
    });
  });

  test("VAI-136 VAI-137 VAI-138 what is older does not count, and still says whose contract it is", () => {
    const { requests, uses, violations } = count(at(100));
    assert.deepEqual(
      requests.groups.map((each) => [each.issuer, each.requests]),
      [["other", 4]],
    );
    assert.deepEqual([uses.issued, uses.ended, uses.firstUse], [4, 3, []]);
    assert.equal(violations.violations, 1);
  });

  test("VAI-136 VAI-137 VAI-138 of nothing there is no share, not one of 0", () => {
    const { requests, uses, violations } = count(at(0), {});
    assert.deepEqual([requests.share, uses.share, violations.violations], [null, null, 0]);
    assert.match(metricsLines(count(at(0), {})).join("\n"), /none of 0 requests/);
  });

  test("VAI-138 a violation whose request nobody can read is counted all the same", () => {
    const rows: readonly Row[] = [
      [1, "ViolationDetected", { jti: "x" }],
      [1, "IdentityRequested", { jti: "y", detail: { request: "garbage" } }],
      [1, "ViolationDetected", { jti: "y" }],
      [
        2,
        "IdentityRequested",
        { jti: "z", detail: { requestClaims: { delivery: "credentials" } } },
      ],
      [2, "ViolationDetected", { jti: "z", actor: AGENT }],
    ];
    assert.deepEqual(
      count(at(0), { "intent/x": rows }).violations.clusters.map(({ adapter, violations }) => [
        adapter,
        violations,
      ]),
      [
        ["unknown unknown", 2],
        ["credentials no operation named", 1],
      ],
    );
  });

  test("VAI-138 names without end are counted in bounded memory, and none is lost", () => {
    const tally = new Tally<{ readonly name: string }, "seen">(["seen"]);
    for (let index = 0; index < 1_500; index++) tally.add({ name: `n${index}` }, "seen");
    tally.add({ name: "n3" }, "seen");
    assert.equal(tally.list("seen").length, 1_000);
    assert.deepEqual(tally.list("seen")[0], { name: "n3", seen: 2 });
    assert.deepEqual([tally.others, tally.total], [{ seen: 500 }, { seen: 1_501 }]);
    const many = Array.from({ length: 1_500 }, (_, index): Row => {
      return [1, "ViolationDetected", { jti: `j${index}`, actor: `a${index}` }];
    });
    const { violations, clusters } = count(at(0), { "intent/x": many }).violations;
    assert.deepEqual([violations, clusters.length], [1_500, 1_000]);
  });

  test("VAI-136 VAI-137 VAI-138 as tables that a person reads", () => {
    assert.deepEqual(metricsLines(count()), [
      "Requests refused because the contract says too little",
      "  38.5 % of 13 requests: 2 by what is missing, 3 by what is ambiguous",
      "  refused  missing  ambiguous  requests  issuer        template (its actions)",
      "  16.7 %   0        1          6         other         lambda:UpdateAlias",
      "  75.0 %   1        2          4         governance    s3:PutObject, dynamodb:UpdateItem+dynamodb:PutItem",
      "  0.0 %    0        0          2         governance    lambda:UpdateAlias",
      "  100.0 %  1        0          1         not verified  not verified",
      "  besides: 40 refusals of which evidence has the number alone, 1 observed requests",
      "",
      "Identities that expired unused",
      "  20.0 % of 5 that ended: 1 unused; 1 in their caller's hands, of which CloudTrail tells",
      "  6 issued, 1 without an end on record",
      "  from issuance to first use:",
      "  delivery  used  ≤ 1 s  ≤ 10 s  ≤ 60 s  ≤ 300 s  ≤ 900 s  ≤ 3600 s  later  longest",
      "  execute   1     1      0       0       0        0        0         0      0.50 s",
      "  handle    1     0      0       0       1        0        0         0      90.00 s",
      "",
      "Violations",
      "  3 attempts outside a contract",
      "  attempts  adapter         action              actor",
      `  1         execute lambda  lambda:UpdateAlias  ${AGENT}`,
      `  1         execute s3      s3:PutObject        ${AGENT}`,
      `  1         handle lambda   lambda:UpdateAlias  ${AGENT}`,
    ]);
  });
});
