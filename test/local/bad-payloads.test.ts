import assert from "node:assert/strict";
import { test } from "node:test";
import { granted, invokeRaw, refused, settingEvent } from "../support/local/agent.ts";
import { assertRefusedShape } from "../support/local/answer.ts";
import { settingDraft, signDraft } from "../support/local/contracts.ts";
import { type LocalPlane, localPlane } from "../support/local/plane.ts";
import { readItem, seedItem } from "../support/local/targets.ts";

type Event = Readonly<Record<string, unknown>>;

interface Case {
  readonly title: string;
  readonly code: string;
  readonly payload: (event: Event, plane: LocalPlane) => string | Uint8Array;
}

const nested = (depth: number): string => `${"[".repeat(depth)}${"]".repeat(depth)}`;
const json = (change: (event: Event) => unknown) => (event: Event) => JSON.stringify(change(event));
const text = (member: "contract" | "request", change: (jws: string) => unknown) =>
  json((event) => ({ ...event, [member]: change(String(event[member])) }));

/** The payload of a JWS, made otherwise: signature and all else stay. */
const withPayload = (jws: string, change: (payload: Buffer) => Buffer): string => {
  const [header = "", payload = "", signature = ""] = jws.split(".");
  return [header, change(Buffer.from(payload, "base64url")).toString("base64url"), signature].join(
    ".",
  );
};

const CASES: readonly Case[] = [
  { title: "null", code: "REQUEST_MALFORMED", payload: () => "null" },
  { title: "a number", code: "REQUEST_MALFORMED", payload: () => "42" },
  { title: "a text", code: "REQUEST_MALFORMED", payload: () => '"issue"' },
  { title: "an array", code: "REQUEST_MALFORMED", payload: () => "[]" },
  { title: "an empty object", code: "CONTRACT_MALFORMED", payload: () => "{}" },
  { title: "nothing but a path", code: "REQUEST_MALFORMED", payload: () => '{"path":"/"}' },
  {
    title: "300 KiB of text in a member",
    code: "REQUEST_MALFORMED",
    payload: json((event) => ({ ...event, proof: { intent: "x".repeat(300 * 1024) } })),
  },
  {
    title: "a contract of 70 KiB",
    code: "CONTRACT_MALFORMED",
    payload: text("contract", (jws) => `${jws}${"A".repeat(70 * 1024)}`),
  },
  {
    title: "1,000 arrays within each other",
    code: "REQUEST_MALFORMED",
    payload: (event) => `{"contract":${JSON.stringify(event["contract"])},"proof":${nested(1000)}}`,
  },
  {
    title: "17 levels, one more than allowed",
    code: "REQUEST_MALFORMED",
    payload: (event) => JSON.stringify(event).replace(/}$/, `,"chain":${nested(17)}}`),
  },
  {
    title: "an array of 257",
    code: "REQUEST_MALFORMED",
    payload: json((event) => ({ ...event, chain: Array(257).fill("") })),
  },
  {
    title: "a member called __proto__",
    code: "REQUEST_MALFORMED",
    payload: (event) => JSON.stringify(event).replace(/}$/, ',"__proto__":{"ok":true}}'),
  },
  {
    title: "a lone surrogate",
    code: "REQUEST_MALFORMED",
    payload: (event) => JSON.stringify(event).replace(/}$/, ',"proof":"\\ud800"}'),
  },
  {
    title: "a member that nobody knows",
    code: "REQUEST_MALFORMED",
    payload: json((event) => ({ ...event, admin: true })),
  },
  {
    title: "contract and contractDigest at once",
    code: "CONTRACT_MALFORMED",
    payload: json((event) => ({ ...event, contractDigest: `sha256:${"0".repeat(64)}` })),
  },
  {
    title: "a contract that is an object",
    code: "CONTRACT_MALFORMED",
    payload: text("contract", (jws) => ({ jws })),
  },
  {
    title: "a contract in standard base64 with padding",
    code: "CONTRACT_MALFORMED",
    payload: text("contract", (jws) =>
      jws
        .split(".")
        .map((part) => `${part}=`)
        .join("."),
    ),
  },
  {
    title: "a contract in UTF-16",
    code: "CONTRACT_MALFORMED",
    payload: text("contract", (jws) =>
      withPayload(jws, (bytes) => Buffer.from(bytes.toString("utf8"), "utf16le")),
    ),
  },
  {
    title: "a contract that is not UTF-8",
    code: "CONTRACT_MALFORMED",
    payload: text("contract", (jws) => withPayload(jws, () => Buffer.from([0x7b, 0xff, 0x7d]))),
  },
  {
    title: "a contract with a space, so not in canonical form",
    code: "CONTRACT_MALFORMED",
    payload: text("contract", (jws) =>
      withPayload(jws, (bytes) => Buffer.from(bytes.toString("utf8").replace(":", ": "))),
    ),
  },
  {
    title: "ADV-07 a contract with a member twice",
    code: "CONTRACT_MALFORMED",
    payload: text("contract", (jws) =>
      withPayload(jws, (bytes) => Buffer.from(bytes.toString("utf8").replace("{", '{"ver":1,'))),
    ),
  },
  {
    title: "USR-05 a contract with a member that nobody knows",
    code: "CONTRACT_MALFORMED",
    payload: text("contract", (jws) =>
      withPayload(jws, (bytes) => Buffer.from(bytes.toString("utf8").replace(/}$/, ',"zz":1}'))),
    ),
  },
  {
    title: "ADV-09 no request",
    code: "REQUEST_UNSIGNED",
    payload: json(({ contract, proof }) => ({ contract, proof })),
  },
  {
    title: "the contract in the place of the request",
    code: "REQUEST_MALFORMED",
    payload: json((event) => ({ ...event, request: event["contract"] })),
  },
  {
    title: "a request without its signature",
    code: "REQUEST_SIGNATURE_INVALID",
    payload: text("request", (jws) => `${jws.slice(0, jws.lastIndexOf("."))}.${"A".repeat(86)}`),
  },
  {
    title: "the event in a Function URL's form, in base64 that is none",
    code: "REQUEST_MALFORMED",
    payload: () =>
      JSON.stringify({ requestContext: { http: {} }, body: "%%%", isBase64Encoded: true }),
  },
];

test("ADV-07 ADV-09 VAI-03 payloads of any shape get a coded refusal and do not stop the function", async (t) => {
  const plane = await localPlane();
  await seedItem(plane, "fuzzed");
  const held = signDraft(plane, settingDraft(plane, "fuzzed"));
  for (const { title, code, payload } of CASES) {
    await t.test(title, async () => {
      const sent = payload(settingEvent(plane, held, "fuzzed"), plane);
      const answer = await invokeRaw(plane, sent);
      const body: unknown = "body" in answer ? JSON.parse(String(answer.body)) : answer;
      const refusal = refused(body as typeof answer, code);
      assertRefusedShape(refusal);
      assert.deepEqual(
        [refusal.failureDomain, refusal.retryable],
        [
          code === "REQUEST_UNSIGNED" || code === "REQUEST_SIGNATURE_INVALID"
            ? "agent"
            : "malformed",
          false,
        ],
      );
    });
  }
  assert.equal((await readItem(plane, "fuzzed"))?.["weight"], 1);
  granted(await invokeRaw(plane, JSON.stringify(settingEvent(plane, held, "fuzzed"))));
});

test("VAI-03 a payload that is no JSON never reaches the contract's target", async () => {
  const plane = await localPlane();
  for (const payload of ["{", "", Uint8Array.from([0xff, 0xfe, 0x7b])]) {
    const outcome = await invokeRaw(plane, payload).then(
      (answer) => (answer.ok ? "granted" : "refused"),
      (error: Error) => error.name,
    );
    // Lambda itself answers what is no JSON (the emulator with another error than AWS).
    assert.match(outcome, /^(refused|InvalidRequestContentException|InternalError)$/);
  }
});
