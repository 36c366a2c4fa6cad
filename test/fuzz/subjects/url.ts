import { canonicalize } from "../../../lib/encoding/canonical-json.ts";
import type { Dice } from "../dice.ts";
import { HOSTILE_TEXTS, mutatedFile, mutatedValue } from "../mutations.ts";
import { changedValue } from "../signed.ts";
import type { Asked, Subject } from "./subject.ts";

/** What a Function URL's event carries of its caller, and nobody may say again. */
export const SECRET = "AWS4-HMAC-SHA256 Credential=AKIASECRETOFTHECALLER";

/** The body as a Function URL has it: text, or base64 that says so, or says so wrongly. */
function bodied(text: string, dice: Dice): object {
  const ways: readonly (() => object)[] = [
    () => ({ body: text, isBase64Encoded: false }),
    () => ({ body: Buffer.from(text).toString("base64"), isBase64Encoded: true }),
    () => ({ body: text, isBase64Encoded: true }),
    () => ({ body: Buffer.from(text).toString("base64"), isBase64Encoded: false }),
    () => ({ body: mutatedFile(text, dice).toString("utf8") }),
    () => ({ body: mutatedFile(text, dice).toString("base64"), isBase64Encoded: true }),
    () => ({ body: dice.pick(HOSTILE_TEXTS) }),
    () => ({ body: JSON.parse(text) }),
    () => ({}),
  ];
  return dice.pick(ways)();
}

export const url: Subject = {
  about:
    "events of a Function URL: only their body counts, and nothing of their headers is said again",
  ask(ground, dice): Asked {
    const { plane, held, others } = ground;
    const to = dice.hits(2) ? "issue" : "execute";
    const good =
      to === "issue" ? plane.event(plane.contract()) : plane.redemption(held, held.handle);
    const body = dice.hits(2) ? good : changedValue(good, dice, others);
    const whole = {
      ...{ version: "2.0", routeKey: "$default", rawPath: "/", rawQueryString: "" },
      headers: { authorization: SECRET, "x-amz-security-token": SECRET },
      requestContext: { http: { method: "POST", path: "/", sourceIp: "203.0.113.1" } },
      ...bodied(JSON.stringify(body), dice),
    };
    const event = dice.hits(3) ? mutatedValue(whole, dice) : whole;
    // Every member of the body is judged by its own fuzzer: here what counts is that it is the body that was granted.
    const undeserved = () =>
      isSame(to, bodyOf(event), good) ? undefined : "the body is not what was signed";
    return { to, event, isServed: true, undeserved };
  },
};

/** What counts of an event: its signed parts, and a chain that says nothing. */
function isSame(to: "issue" | "execute", body: unknown, good: unknown): boolean {
  const signed = (each: unknown): string => {
    const { chain: _, ...members } = each as Record<string, unknown>;
    const proof = members["proof"] as Record<string, unknown> | undefined;
    const lists = proof && { attestations: [], approvals: [], ...proof };
    return canonicalize({ ...members, ...(to === "issue" && { proof: lists }) });
  };
  try {
    return signed(body) === signed(good);
  } catch {
    return false;
  }
}

export function bodyOf(event: unknown): unknown {
  const { requestContext, body, isBase64Encoded } = (event ?? {}) as Record<string, unknown>;
  if (typeof requestContext !== "object" || requestContext === null) return event;
  if (!("http" in requestContext)) return event;
  const text =
    isBase64Encoded === true ? Buffer.from(String(body), "base64").toString("utf8") : String(body);
  try {
    return JSON.parse(text);
  } catch {
    return body;
  }
}
