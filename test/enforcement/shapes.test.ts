import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { type FunctionContext, serveEvent } from "../../lib/aws/function/entry.ts";
import type { Answer } from "../../lib/enforcement/answer.ts";
import { issue } from "../../lib/enforcement/issue.ts";
import { REFUSAL_CODES } from "../../lib/refusal.ts";
import { forge } from "../support/forge.ts";
import { newPlane, type Plane, refused } from "../support/plane.ts";

const context: FunctionContext = {
  awsRequestId: "invocation",
  getRemainingTimeInMillis: () => 30_000,
};

/** The function as AWS calls it, with its log lines. */
async function serve(plane: Plane, event: unknown) {
  const lines: string[] = [];
  const log = (line: string): void => {
    lines.push(line);
  };
  const { clock } = plane.world;
  const answer = await serveEvent(event, context, { clock, log }, (body, invocation) =>
    issue(body, plane.deps, invocation),
  );
  return { answer: answer as Answer & { statusCode?: number; body?: string }, lines };
}

/** A coded refusal, whatever came, and nothing else happened. */
function judge(plane: Plane, answer: Answer): void {
  const { code, stage, detail, pointer = "" } = refused(answer);
  assert.ok(REFUSAL_CODES.includes(code), code);
  assert.notEqual(code, "INTERNAL_FAULT");
  assert.ok(["parse", "request", "contract"].includes(stage), stage);
  assert.ok(detail.length <= 1001 && pointer.length <= 1000);
  assert.ok(detail.isWellFormed() && pointer.isWellFormed());
  assert.equal(plane.sts.executions.length, 0);
}

const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withSparseArray: true,
  withObjectString: true,
  withNullPrototype: true,
  withUnicodeString: true,
});
const text = fc.string({ unit: "binary" });
const jsonish = fc.oneof(fc.jsonValue({ stringUnit: "binary" }), text, anything);

/** Events that get past the first door: our members, with something in them. */
const ours = fc.record(
  {
    contract: jsonish,
    contractDigest: jsonish,
    proof: jsonish,
    chain: jsonish,
    request: jsonish,
  },
  { requiredKeys: [] },
);

/** Compact JWS whose parts are anything at all. */
const part = fc.oneof(
  text.map((each) => Buffer.from(each).toString("base64url")),
  fc.jsonValue().map((each) => Buffer.from(JSON.stringify(each)).toString("base64url")),
  text,
);
const compact = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join("."));

suite("an event of any shape gets a coded refusal", () => {
  const runs = { numRuns: 150 };

  test("VAI-03 VAI-63 anything at all", async () => {
    const plane = await newPlane();
    await fc.assert(
      fc.asyncProperty(anything, async (event) => judge(plane, await plane.issue(event))),
      runs,
    );
  });

  test("VAI-03 VAI-63 our members with anything in them", async () => {
    const plane = await newPlane();
    await fc.assert(
      fc.asyncProperty(ours, async (event) => judge(plane, await plane.issue(event))),
      runs,
    );
  });

  test("VAI-03 VAI-63 compact JWS of anything, as contract and as request", async () => {
    const plane = await newPlane();
    const good = plane.contract();
    await fc.assert(
      fc.asyncProperty(compact, compact, fc.boolean(), async (contract, request, isGood) => {
        const event = { contract: isGood ? good.contract : contract, request };
        judge(plane, await plane.issue(event));
      }),
      runs,
    );
  });

  test("VAI-03 VAI-63 signed claims and headers of anything", async () => {
    const plane = await newPlane();
    const governed = plane.contract();
    const json = fc.jsonValue({ stringUnit: "binary", maxDepth: 3 });
    await fc.assert(
      fc.asyncProperty(json, json, async (claims, jwk) => {
        const request = forge("vai-request+jwt", claims as object, "agent", {
          header: { set: { "/jwk": jwk } },
        });
        const contract = forge("vai-contract+jwt", claims as object, "issuer");
        judge(plane, await plane.issue({ contract: governed.contract, request }));
        judge(plane, await plane.issue({ contract, request }));
      }),
      runs,
    );
  });

  test("VAI-03 a proof of anything never breaks the plane", async () => {
    const plane = await newPlane();
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ stringUnit: "binary" }), async (proof) => {
        const answer = refused(await plane.ask({ event: { set: { "/proof": proof } } }));
        assert.notEqual(answer.code, "INTERNAL_FAULT");
        assert.equal(plane.sts.executions.length, 0);
      }),
      { numRuns: 60 },
    );
  });

  const nested = (depth: number): unknown => {
    let value: unknown = 1;
    for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { a: value };
    return value;
  };
  const SHAPES: readonly (readonly [string, unknown])[] = [
    ["nothing", undefined],
    ["null", null],
    ["a number", Number.NaN],
    ["100,000 levels", nested(100_000)],
    ["100,000 levels in a proof", { proof: nested(100_000) }],
    ["a text of a million characters", "x".repeat(1_000_000)],
    ["a million elements", { chain: new Array(1_000_000).fill(0) }],
    ["a lone surrogate as member", { "\udc00": 1 }],
    ["a lone surrogate in a request", { contract: "a.b.c", request: "\ud800.\ud800.\ud800" }],
    ["toJSON", { contract: { toJSON: () => "x" } }],
    ["a function", () => 1],
    ["a symbol", Symbol("x")],
    [
      "itself",
      (() => {
        const loop: Record<string, unknown> = {};
        loop["proof"] = loop;
        return loop;
      })(),
    ],
  ];
  for (const [what, event] of SHAPES) {
    test(`VAI-03 VAI-63 ${what}`, async () => {
      const plane = await newPlane();
      const answer = refused(await plane.issue(event));
      assert.ok(REFUSAL_CODES.includes(answer.code));
      assert.ok(answer.evidence !== undefined, "even this leaves evidence");
      const [requested, denied] = plane.records(answer.evidence.chainId);
      assert.deepEqual(
        [requested?.event.type, denied?.event.type],
        ["IdentityRequested", "IdentityDenied"],
      );
      assert.equal(requested?.actor, undefined, "what is not verified accuses nobody");
      assert.deepEqual(Object.keys(requested?.detail ?? {}), ["eventDigest"]);
    });
  }
});

suite("what is not verified does not accuse", () => {
  test("VAI-03 wire §5 members appear in evidence only once they are verified", async () => {
    const plane = await newPlane();
    const last = async (mutation: object) => {
      const { evidence } = refused(await plane.ask(mutation));
      return plane.records(evidence?.chainId ?? "").at(-1);
    };
    const badRequest = await last({ request: { signature: "flipped" } });
    assert.deepEqual(
      [badRequest?.actor, badRequest?.contract, badRequest?.intentId],
      [undefined, undefined, undefined],
    );
    const badContract = await last({ contract: { signature: "flipped" } });
    assert.deepEqual(Object.keys(badContract?.actor ?? {}), ["jkt"]);
    assert.equal(badContract?.contract, undefined);
    const stranger = await last({ request: { signedBy: "stranger" } });
    assert.ok(stranger?.contract !== undefined && stranger.intentId !== undefined);
    const early = await newPlane({ publish: false });
    assert.equal(refused(await early.ask()).evidence, undefined, "nobody could verify it");
    assert.deepEqual(early.chains(), []);
    const unread = await last({ request: { signature: "empty" } });
    assert.equal(unread?.trustPolicy, undefined, "it was sealed, but judged without one");
  });
});

suite("the function's own shapes", () => {
  test("VAI-153 a Function URL: only the body is read, and the status tells the kind", async () => {
    const plane = await newPlane();
    const event = plane.event(plane.contract());
    const url = (body: unknown, more: object = {}) => ({
      requestContext: {
        http: { method: "POST" },
        authorizer: { iam: { userArn: "arn:aws:iam::1:root" } },
      },
      body,
      ...more,
    });
    const status = async (each: unknown) => (await serve(plane, each)).answer.statusCode;
    assert.equal(await status(url("{")), 400);
    assert.equal(await status(url(undefined)), 400);
    assert.equal(await status(url(7)), 400);
    assert.equal(await status(url("null", { isBase64Encoded: true })), 400);
    assert.equal(
      await status(url(Buffer.from([0xff, 0xfe]).toString("base64"), { isBase64Encoded: true })),
      400,
    );
    const stale = plane.event(plane.contract(), { request: { set: { "/iat": 0 } } });
    assert.equal(await status(url(JSON.stringify(stale))), 403);
    const ok = await serve(plane, url(JSON.stringify(event)));
    assert.equal(ok.answer.statusCode, 200);
    const again = url(Buffer.from(JSON.stringify(event)).toString("base64"), {
      isBase64Encoded: true,
    });
    assert.equal(JSON.parse((await serve(plane, again)).answer.body ?? "").deduplicated, true);
    plane.faults.plan({ at: "heads:read" });
    assert.equal(await status(url(JSON.stringify(event))), 503);
  });

  test("VAI-67 a conflict of keys is 409", async () => {
    const plane = await newPlane();
    const governed = plane.contract();
    const body = (percent: number) =>
      JSON.stringify(
        plane.event(governed, {
          request: { set: { "/idempotencyKey": "k", "/operation/parameters/percent": percent } },
        }),
      );
    const url = (each: string) => ({ requestContext: { http: {} }, body: each });
    await serve(plane, url(body(1)));
    assert.equal((await serve(plane, url(body(2)))).answer.statusCode, 409);
  });

  test("USR-16 ADV-66 the log line has codes and no input", async () => {
    const plane = await newPlane();
    const { lines } = await serve(plane, { contract: "mallory-was-here", request: "secret" });
    assert.equal(lines.length, 1);
    assert.doesNotMatch(lines[0] ?? "", /mallory|secret/);
    // What each of them is: test/aws/telemetry.test.ts.
    assert.deepEqual(
      Object.keys(JSON.parse(lines[0] ?? ""))
        .sort()
        .join(" "),
      "DurationMs Refused _aws at chainId code failureDomain function level message ms ok plane requestId seq stage",
    );
  });

  test("VAI-03 Function URL shapes of anything never throw", async () => {
    const plane = await newPlane();
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(text, fc.jsonValue()),
        fc.boolean(),
        async (body, isBase64Encoded) => {
          const { answer } = await serve(plane, {
            requestContext: { http: {} },
            body,
            isBase64Encoded,
          });
          assert.ok([400, 403].includes(answer.statusCode ?? 0));
        },
      ),
      { numRuns: 60 },
    );
  });
});
