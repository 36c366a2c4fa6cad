import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { suite, test } from "node:test";
import { type FunctionContext, serveEvent } from "../../lib/aws/function/entry.ts";
import { type AnyAnswer, reportOf } from "../../lib/aws/function/telemetry-answer.ts";
import { METRICS, speakerOf } from "../../lib/aws/function/telemetry-names.ts";
import { failureDomain, REFUSAL_CODES } from "../../lib/refusal.ts";

const NOW = Date.UTC(2026, 4, 5, 10);
const LAMBDA = new URL("../../lib/aws/function/entry.ts", import.meta.url).href;
const CANARY = "canary-9f2c41";

const context: FunctionContext = {
  awsRequestId: "0198c7d2-invocation",
  functionName: "vai-two-words-issue",
  getRemainingTimeInMillis: () => 30_000,
};

type Line = Readonly<Record<string, unknown>> & {
  readonly _aws: {
    readonly Timestamp: number;
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: string; readonly Unit: string }[];
    }[];
  };
};

/** Serves an event with a given answer, 7 ms later; the lines as text and the one as JSON. */
async function serve(answer: AnyAnswer | (() => never), event: unknown = {}) {
  const lines: string[] = [];
  const times = [NOW, NOW + 7];
  const clock = () => times.shift() ?? NOW + 7;
  const log = (line: string): void => {
    lines.push(line);
  };
  const answered = await serveEvent(event, context, { clock, log }, async () =>
    typeof answer === "function" ? answer() : answer,
  );
  const [line = ""] = lines;
  return { lines, line: JSON.parse(line) as Line, answered };
}

/** Metric names of a line by dimension set, as CloudWatch would take them. */
const measured = ({ _aws }: Line) =>
  _aws.CloudWatchMetrics.map(({ Dimensions, Metrics }) => [
    Dimensions.map((set) => set.join("+")).join(),
    ...Metrics.map(({ Name, Unit }) => `${Name} ${Unit}`),
  ]);

const granted = (over: Partial<AnyAnswer> = {}): AnyAnswer => ({
  ok: true,
  deduplicated: false,
  identity: { identityId: "urn:uuid:1", state: "COMPLETED" },
  outcome: { status: "succeeded", obligations: [{ met: true }] },
  evidence: { chainId: "intent/7", lastSeq: 9 },
  ...over,
});

const observed = (would: NonNullable<AnyAnswer["would"]>): AnyAnswer => ({
  ...{ ok: false, code: "ACTION_OBSERVED", stage: "authority", failureDomain: "governance" },
  ...{ retryable: false, detail: CANARY, would },
});

const refused = (over: Partial<AnyAnswer> = {}): AnyAnswer => ({
  ok: false,
  code: "PARAMETER_OUT_OF_BOUNDS",
  stage: "scope",
  failureDomain: "agent",
  retryable: false,
  detail: `percent ${CANARY} is above 10`,
  evidence: { chainId: "intent/7", seq: 12 },
  ...over,
});

suite("telemetry", () => {
  test("VAI-146 what is only observed is told as that, by the code that it would have had, and under no domain of refusals", async () => {
    const { line } = await serve(observed({ ok: false, code: "PLANE_HALTED" }));
    assert.deepEqual(
      [line["level"], line["message"], line["code"], line["would"]],
      ["INFO", "observed", "ACTION_OBSERVED", "PLANE_HALTED"],
    );
    assert.deepEqual(measured(line), [
      ["plane+function", "DurationMs Milliseconds"],
      ["plane", "Observed Count", "WouldRefuse Count"],
    ]);
    assert.equal((await serve(observed({ ok: true }))).line["would"], "granted");
  });

  test("VAI-131 what became of a rollback stands in the line, which counts as incomplete", async () => {
    const outcome = {
      ...{ status: "succeeded", obligations: [{ met: false }] },
      rollback: { status: "failed" },
    };
    const { line } = await serve(granted({ outcome }));
    assert.deepEqual(
      [line["level"], line["outcome"], line["rollback"], line["Incomplete"]],
      ["ERROR", "succeeded", "failed", 1],
    );
  });

  test("VAI-131 a grant is one line of JSON that CloudWatch reads as log entry and as metrics", async () => {
    const { lines, line } = await serve(granted());
    assert.equal(lines.length, 1);
    assert.doesNotMatch(lines[0] ?? "", /\n/);
    assert.deepEqual(line, {
      level: "INFO",
      at: "2026-05-05T10:00:00.007Z",
      message: "granted",
      requestId: "0198c7d2-invocation",
      ok: true,
      identityId: "urn:uuid:1",
      state: "COMPLETED",
      outcome: "succeeded",
      chainId: "intent/7",
      seq: 9,
      ms: 7,
      plane: "two-words",
      function: "issue",
      Granted: 1,
      DurationMs: 7,
      _aws: {
        Timestamp: NOW + 7,
        CloudWatchMetrics: [
          {
            Namespace: "vai",
            Dimensions: [["plane", "function"]],
            Metrics: [
              { Name: "Granted", Unit: "Count" },
              { Name: "DurationMs", Unit: "Milliseconds" },
            ],
          },
        ],
      },
    });
  });

  test("VAI-131 a refusal is counted, once more by failure domain, and as a violation at stage scope", async () => {
    const { line } = await serve(refused());
    const { level, message, code, stage, failureDomain: domain, seq } = line;
    assert.deepEqual(
      { level, message, code, stage, domain, seq },
      {
        level: "WARN",
        message: "refused",
        code: "PARAMETER_OUT_OF_BOUNDS",
        stage: "scope",
        domain: "agent",
        seq: 12,
      },
    );
    assert.deepEqual(measured(line), [
      ["plane+function", "Refused Count", "DurationMs Milliseconds"],
      ["plane", "Violations Count"],
      ["plane+failureDomain", "Refused Count"],
    ]);
    assert.equal(line["Refused"], 1);
  });

  test("VAI-131 what somebody sets in the environment holds no line and no metric back", () => {
    const script = `
      const { printLine, serveEvent } = await import(${JSON.stringify(LAMBDA)});
      const context = { awsRequestId: "r", getRemainingTimeInMillis: () => 1 };
      const answer = { ok: false, stage: "scope", failureDomain: "agent" };
      await serveEvent({}, context, { clock: Date.now, log: printLine }, async () => answer);`;
    const out = execFileSync(process.execPath, ["--input-type=module", "-e", script], {
      encoding: "utf8",
      env: {
        POWERTOOLS_LOG_LEVEL: "SILENT",
        AWS_LAMBDA_LOG_LEVEL: "FATAL",
        POWERTOOLS_METRICS_DISABLED: "true",
        POWERTOOLS_DEV: "true",
      },
    });
    assert.equal(out.trim().split("\n").length, 1, out);
    assert.equal((JSON.parse(out) as Line)["Violations"], 1);
  });

  const counted: readonly (readonly [string, AnyAnswer, readonly string[]])[] = [
    ["a grant", granted(), ["Granted"]],
    ["a retry that gets the first answer", granted({ deduplicated: true }), ["Deduplicated"]],
    ["a command that was accepted", { ok: true }, ["Granted"]],
    [
      "an outcome that nobody knows",
      granted({ outcome: { status: "unknown", obligations: [] } }),
      ["Granted", "Incomplete"],
    ],
    [
      "an obligation that was not met",
      granted({ outcome: { status: "succeeded", obligations: [{ met: true }, { met: false }] } }),
      ["Granted", "Incomplete"],
    ],
    [
      "an obligation that is not due yet",
      granted({
        identity: { identityId: "i", state: "IN_USE" },
        outcome: { status: "succeeded", obligations: [{ met: false }] },
      }),
      ["Granted"],
    ],
    ...["CONSENSUS_NOT_REACHED", "APPROVAL_REQUIRED", "STEP_GATE_CLOSED"].map(
      (code) =>
        [
          `${code}, which people lift`,
          refused({ code, stage: code === "STEP_GATE_CLOSED" ? "state" : "proof" }),
          ["Refused", "DecisionsAwaited"],
        ] as const,
    ),
    [
      "a command that lacks its second name",
      refused({ code: "APPROVAL_REQUIRED", stage: "contract" }),
      ["Refused"],
    ],
    [
      "what is only observed, and would wait for people",
      observed({ ok: false, code: "APPROVAL_REQUIRED" }),
      ["Observed", "WouldRefuse"],
    ],
    [
      "a retry that finds no end of the first",
      granted({ deduplicated: true, identity: { identityId: "i", state: "INCOMPLETE" } }),
      ["Deduplicated", "Incomplete"],
    ],
    ["a refusal before scope", refused({ stage: "proof" }), ["Refused"]],
    ["a violation", refused(), ["Refused", "Violations"]],
    ["what is only observed, and would be granted", observed({ ok: true }), ["Observed"]],
    [
      "what is only observed, and would be a violation",
      observed({ ok: false, code: "PARAMETER_OUT_OF_BOUNDS" }),
      ["Observed", "WouldRefuse"],
    ],
    [
      "what is only observed, while evidence fails",
      observed({ ok: false, code: "EVIDENCE_STORE_UNAVAILABLE" }),
      ["Observed", "WouldRefuse"],
    ],
    ...["EVIDENCE_STORE_UNAVAILABLE", "EVIDENCE_SIGNER_UNAVAILABLE"].map(
      (code) =>
        [
          code,
          refused({ code, stage: "evidence", failureDomain: "platform" }),
          ["Refused", "EvidenceFailures"],
        ] as const,
    ),
    [
      "a chain that does not hold",
      refused({ code: "EVIDENCE_CHAIN_BROKEN", stage: "executor", failureDomain: "context" }),
      ["Refused", "EvidenceFailures"],
    ],
    [
      "evidence that the agent left out is not a failure of ours",
      refused({ code: "EVIDENCE_MISSING", stage: "proof", failureDomain: "context" }),
      ["Refused"],
    ],
    ...["INTERNAL_FAULT", "DEPENDENCY_UNAVAILABLE", "STS_FAILED", "REGISTRY_STALE"].map(
      (code) =>
        [
          code,
          refused({ code, stage: "issuance", failureDomain: "platform" }),
          ["Refused", "Faults"],
        ] as const,
    ),
  ];
  for (const [name, answer, expected] of counted) {
    test(`VAI-131 what counts: ${name}`, () => {
      const { counts, level } = reportOf(answer);
      assert.deepEqual(Object.keys(counts).sort(), [...expected].sort());
      assert.ok(Object.values(counts).every((count) => count === 1));
      const isError = ["EvidenceFailures", "Faults", "Incomplete"].some((m) =>
        expected.includes(m),
      );
      assert.equal(level === "ERROR", isError);
    });
  }

  test("VAI-131 every code counts as a refusal of its domain, of which there are few", () => {
    const domains = REFUSAL_CODES.map((code) => {
      const report = reportOf(refused({ code, failureDomain: failureDomain(code) }));
      assert.equal(report.counts[METRICS.refused], 1, code);
      return report.failureDomain;
    });
    assert.ok(new Set(domains).size <= 8);
  });

  test("USR-16 ADV-66 nothing of an event gets into the log: headers, tokens, bodies, JWS, cookies", async () => {
    const event = {
      version: "2.0",
      headers: {
        authorization: `AWS4-HMAC-SHA256 Credential=${CANARY}`,
        "x-amz-security-token": CANARY,
        cookie: CANARY,
      },
      cookies: [CANARY],
      queryStringParameters: { q: CANARY },
      requestContext: { http: { sourceIp: CANARY }, authorizer: { iam: { accessKey: CANARY } } },
      body: JSON.stringify({ contract: CANARY, request: CANARY }),
    };
    for (const answer of [granted(), refused()]) {
      const { lines } = await serve(answer, event);
      assert.equal(lines.length, 1);
      assert.ok(!lines[0]?.includes(CANARY), lines[0]);
    }
  });

  test("USR-16 ADV-66 of an answer only codes, ids and states are logged: no detail, handle, credentials", async () => {
    const secret = { handle: CANARY, credentials: CANARY, constraints: { value: CANARY } };
    const answers = [
      { ...granted(), ...secret, identity: { ...granted().identity, constraints: CANARY } },
      { ...granted(), outcome: { status: "failed", error: { name: CANARY }, obligations: [] } },
      refused({ detail: `ssm:PutParameter of ${CANARY} failed: ${CANARY}` }),
      refused({ detail: `"${CANARY}" is not a member` }),
    ];
    for (const answer of answers) {
      const { lines } = await serve(answer as AnyAnswer);
      assert.ok(!lines[0]?.includes(CANARY), lines[0]);
    }
  });

  test("USR-16 a fault's API and error name are logged, and nothing that follows them", async () => {
    const detail = `dynamodb:TransactWriteItems failed: ThrottlingException; ${CANARY}`;
    const { line, lines } = await serve(
      refused({ detail, code: "EVIDENCE_STORE_UNAVAILABLE", failureDomain: "platform" }),
    );
    assert.equal(line["cause"], "dynamodb:TransactWriteItems failed: ThrottlingException");
    assert.ok(!lines[0]?.includes(CANARY));
  });

  const KEY = "the evidence key YFkR-9mXhaNOhxxedMW9nRMJHLZJtd1s_QtR-GT4lLM";
  const READ = "lambda:GetAlias failed: AccessDeniedException";
  const CAUSES: readonly (readonly [code: string, cause: string, more: string])[] = [
    ["DEPENDENCY_UNAVAILABLE", READ, "; the target could not be read before the call: it is"],
    ["DEPENDENCY_UNAVAILABLE", "dynamodb:BatchGetItem left keys unprocessed", ""],
    ["DEPENDENCY_UNAVAILABLE", "assuming the reader role failed: AccessDenied", ""],
    ["DEPENDENCY_UNAVAILABLE", "loading the client of ec2 failed: Error", ""],
    ["EVIDENCE_SIGNER_UNAVAILABLE", "kms:Sign gave no signature", ""],
    ["EVIDENCE_SIGNER_UNAVAILABLE", `${KEY} is not in the trust policy`, "; publish a"],
    ["EVIDENCE_SIGNER_UNAVAILABLE", `${KEY} is revoked`, "; publish a trust policy"],
    [
      "EVIDENCE_SIGNER_UNAVAILABLE",
      `${KEY} is in force only until 2026-05-05T04:00:00.000Z`,
      "; p",
    ],
    ["REGISTRY_STALE", "the trust policy ended at 2026-05-05T04:00:00.000Z", "; publish"],
    ["REGISTRY_STALE", "the Registry's chain does not end in its head", "; restore the"],
  ];
  for (const [code, cause, more] of CAUSES) {
    test(`VAI-131 USR-16 the line of ${code} says why, and nothing that follows: ${cause}`, async () => {
      const detail = `${cause}${more === "" ? "" : `${more} ${CANARY}`}`;
      const { line, lines } = await serve(refused({ code, detail, failureDomain: "platform" }));
      assert.equal(line["cause"], cause);
      assert.ok(!lines[0]?.includes(CANARY));
    });
  }

  test("USR-16 what is said of the Registry is a cause of no other code", async () => {
    const detail = "the stored value somebody sent";
    const { line } = await serve(refused({ code: "PARAMETER_OUT_OF_BOUNDS", detail }));
    assert.equal(line["cause"], undefined);
  });

  test("USR-16 VAI-63 a handler that throws is a refusal; its message is told to nobody", async () => {
    const { line, lines, answered } = await serve(() => {
      throw new RangeError(`cannot read ${CANARY}`, { cause: new Error(CANARY) });
    });
    assert.deepEqual(answered, {
      ok: false,
      code: "INTERNAL_FAULT",
      stage: "execution",
      failureDomain: "platform",
      retryable: false,
      detail: "the function broke off; evidence says how far it had come",
    });
    assert.equal(line["error"], "RangeError");
    assert.equal(line["level"], "ERROR");
    assert.equal(line["Faults"], 1);
    assert.ok(!lines[0]?.includes(CANARY));
  });

  test("USR-16 what was thrown may carry its text in its name", async () => {
    const { line, lines } = await serve(() => {
      throw Object.assign(new Error(), { name: `token ${CANARY}` });
    });
    assert.equal(line["error"], "UnknownError");
    assert.ok(!lines[0]?.includes(CANARY));
  });

  test("VAI-131 an entry leaves nothing behind for the next", async () => {
    await serve(refused());
    const { line } = await serve(granted());
    assert.deepEqual(measured(line), [
      ["plane+function", "Granted Count", "DurationMs Milliseconds"],
    ]);
    assert.equal(line["failureDomain"], undefined);
  });

  test("VAI-121 how long a denial took to each point is measured once: by its command, or by the run that recorded it", async () => {
    const requestedAt = "2026-05-05T10:00:00.000Z";
    const points = [
      { point: "adapter", requestedAt, acknowledgedAt: "2026-05-05T10:00:00.120Z" },
      { point: "iam", requestedAt, acknowledgedAt: "2026-05-05T10:00:01.000Z" },
      { point: "session", requestedAt },
    ] as const;
    const { line } = await serve({ ok: true, deduplicated: false, points });
    assert.deepEqual([line["TimeToDenyAdapterMs"], line["TimeToDenyIamMs"]], [120, 1_000]);
    assert.equal(line["TimeToDenySessionMs"], undefined);
    assert.ok(measured(line).some((set) => set.includes("TimeToDenyAdapterMs Milliseconds")));
    const again = await serve({ ok: true, deduplicated: true, points });
    assert.equal(again.line["TimeToDenyAdapterMs"], undefined);
  });

  test("VAI-121 a run of sweep is no grant; what it reached is measured, and what failed is a warning", async () => {
    const reached = [
      { point: "adapter", milliseconds: 30_000 },
      { point: "adapter", milliseconds: 91_000 },
      { point: "session", milliseconds: 5 },
    ] as const;
    const { line } = await serve({ ok: true, chains: 3, written: 2, failed: 1, reached });
    assert.deepEqual(
      [line["level"], line["message"], line["chains"], line["written"], line["failed"]],
      ["WARN", "swept", 3, 2, 1],
    );
    assert.deepEqual(line["TimeToDenyAdapterMs"], [30_000, 91_000]);
    assert.equal(line["Granted"], undefined);
    const quiet = await serve({ ok: true, chains: 0, written: 0, failed: 0, reached: [] });
    assert.equal(quiet.line["level"], "INFO");
  });

  const requestedAt = "2026-05-05T10:00:00.000Z";
  const after = (milliseconds: number) =>
    new Date(Date.parse(requestedAt) + milliseconds).toISOString();
  const SLOW = { adapter: 120_000, iam: 30_000, session: 90_000 } as const;
  for (const [name, least] of Object.entries(SLOW)) {
    const point = name as keyof typeof SLOW;
    const asked = (milliseconds: number) =>
      reportOf({
        ...{ ok: true, deduplicated: false },
        points: [{ point, requestedAt, acknowledgedAt: after(milliseconds) }],
      }).counts[METRICS.revocationSlow];
    const swept = (milliseconds: number) =>
      reportOf({ ok: true, chains: 1, failed: 0, reached: [{ point, milliseconds }] }).counts[
        METRICS.revocationSlow
      ];

    test(`VAI-117 VAI-131 a denial is slow to reach ${point} from ${least} ms on, whoever saw it`, () => {
      for (const counted of [asked, swept]) {
        assert.equal(counted(least), 1);
        assert.equal(counted(least - 1), undefined);
      }
    });
  }

  test("VAI-131 the same slow denial asked for again is no second one, and one that is outstanding none yet", () => {
    const acknowledgedAt = after(60_000);
    const points = [{ point: "iam", requestedAt, acknowledgedAt }] as const;
    const again = reportOf({ ok: true, deduplicated: true, points });
    assert.equal(again.counts[METRICS.revocationSlow], undefined);
    const waiting = reportOf({
      ok: true,
      deduplicated: false,
      points: [{ point: "iam", requestedAt }],
    });
    assert.equal(waiting.counts[METRICS.revocationSlow], undefined);
  });

  test("VAI-117 VAI-131 an answer that a denial did not reach IAM counts as that, and no other refusal does", () => {
    for (const code of REFUSAL_CODES) {
      const { counts } = reportOf(
        refused({ code, stage: "execution", failureDomain: failureDomain(code) }),
      );
      const expected = code === "REVOCATION_FAILED" ? 1 : undefined;
      assert.equal(counts[METRICS.revocationFailed], expected, code);
    }
  });

  const levels = { planeHalted: 0, quarantined: 0, restrictionsBytes: 61, marksOwed: 0 };

  test("VAI-131 what stands is written by each run, nothing too: by that its alarms clear", async () => {
    const { line } = await serve({
      ok: true,
      chains: 0,
      written: 0,
      failed: 0,
      isWhole: true,
      levels,
    });
    assert.deepEqual(
      [line["PlaneHalted"], line["Quarantined"], line["MarksOwed"], line["RestrictionsBytes"]],
      [0, 0, 0, 61],
    );
    assert.deepEqual(measured(line), [
      ["plane+function", "DurationMs Milliseconds"],
      [
        "plane",
        ...["SweptWhole Count", "PlaneHalted Count", "Quarantined Count"],
        ...["RestrictionsBytes Bytes", "MarksOwed Count"],
      ],
    ]);
  });

  test("VAI-131 a run that was refused tells what stands, and that it was none", async () => {
    const { line } = await serve({
      ...refused({ code: "REGISTRY_STALE", failureDomain: "platform", stage: "execution" }),
      levels: { ...levels, planeHalted: 1, marksOwed: 1 },
    });
    assert.deepEqual([line["PlaneHalted"], line["MarksOwed"]], [1, 1]);
    assert.equal(line["SweptWhole"], undefined);
  });

  test("VAI-131 what a run could not see it does not measure", async () => {
    const { marksOwed: _, ...seen } = levels;
    const { line } = await serve({ ok: true, chains: 1, failed: 0, isWhole: false, levels: seen });
    assert.equal("MarksOwed" in line, false);
    assert.equal("SweptWhole" in line, false);
    for (const answer of [granted(), refused(), { ok: true, deduplicated: false }]) {
      const { line: other } = await serve(answer);
      for (const name of [
        "PlaneHalted",
        "Quarantined",
        "RestrictionsBytes",
        "MarksOwed",
        "SweptWhole",
      ])
        assert.equal(name in other, false, name);
    }
  });

  test("VAI-131 a run that failed at chains names the first, and counts them all", async () => {
    const ran = { ok: true, chains: 9, written: 0, failed: 7, failing: ["intent/7"] } as const;
    const { line } = await serve({ ...ran, isWhole: true });
    assert.deepEqual(
      [line["failing"], line["SweepFailures"], line["SweptWhole"]],
      [["intent/7"], 7, 1],
    );
  });

  test("VAI-131 plane and function are read from the physical name that the stack gives", () => {
    assert.deepEqual(speakerOf("vai-a-b-watch"), { plane: "a-b", function: "watch" });
    assert.deepEqual(speakerOf("other"), { plane: "unknown", function: "other" });
    assert.deepEqual(speakerOf(), { plane: "unknown", function: "unknown" });
  });
});
