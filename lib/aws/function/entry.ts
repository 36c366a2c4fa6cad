import { refusedAnswer } from "../../enforcement/answer.ts";
import type { Invocation } from "../../enforcement/deps.ts";
import { refuse } from "../../refusal.ts";
import { errorName } from "../ports/faults.ts";
import { type Lifetime, unending } from "../ports/lifetime.ts";
import { type Telemetry, writeEntry } from "./telemetry.ts";
import { type AnyAnswer, reportOf } from "./telemetry-answer.ts";
import { METRICS, speakerOf } from "./telemetry-names.ts";

/** The part of Lambda's context that is used. */
export interface FunctionContext {
  readonly awsRequestId: string;
  readonly functionName?: string;
  getRemainingTimeInMillis(): number;
}

/**
 * Standard output as it is. Lambda's own console would put time and request id before the line, and CloudWatch reads
 * metrics only from bare JSON.
 */
export const printLine = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/**
 * Serves one event: the payload of a direct invocation, or the JSON body of a Function URL. Only the body is
 * read; nothing in `requestContext` grants anything (PROTOCOL.md §4). Writes one line of log and metrics. Nothing of the
 * event is ever in it: a Function URL's event carries the caller's authorization headers (USR-16).
 * @param lifetime is told when this invocation ends: Lambda gives a process one event at a time.
 */
export async function serveEvent(
  event: unknown,
  context: FunctionContext,
  telemetry: Telemetry,
  handle: (body: unknown, invocation: Invocation) => Promise<AnyAnswer>,
  lifetime: Lifetime = unending(),
): Promise<unknown> {
  const started = telemetry.clock();
  const invocation = {
    requestId: context.awsRequestId,
    deadline: started + context.getRemainingTimeInMillis(),
  };
  lifetime.end = invocation.deadline;
  const http = isFunctionUrl(event);
  const { answer, error } = await answerOf(() => handle(http ? bodyOf(event) : event, invocation));
  const ms = telemetry.clock() - started;
  const { attributes, counts, ...report } = reportOf(answer);
  writeEntry(telemetry, speakerOf(context.functionName), {
    ...report,
    attributes: { requestId: invocation.requestId, ...attributes, error, ms },
    counts: { ...counts, [METRICS.duration]: ms },
  });
  return http ? httpAnswer(answer) : answer;
}

/**
 * The answer, also of a handler that threw, which none should: thrown on, Lambda would write the error's message into
 * log and answer, and messages can quote input. Its name is told.
 */
async function answerOf(
  handle: () => Promise<AnyAnswer>,
): Promise<{ readonly answer: AnyAnswer; readonly error?: string }> {
  try {
    return { answer: await handle() };
  } catch (thrown) {
    const broke = refuse(
      "INTERNAL_FAULT",
      "the function broke off; evidence says how far it had come",
    );
    return { answer: refusedAnswer({ stage: "execution", refusal: broke }), error: nameOf(thrown) };
  }
}

/** An error's name if it is one: somebody may have thrown a text. */
const nameOf = (thrown: unknown): string => {
  const name = errorName(thrown);
  return /^[A-Za-z0-9._]{1,80}$/.test(name) ? name : "UnknownError";
};

interface FunctionUrlEvent {
  readonly requestContext: { readonly http: unknown };
  readonly body?: unknown;
  readonly isBase64Encoded?: unknown;
}

const isFunctionUrl = (event: unknown): event is FunctionUrlEvent =>
  typeof event === "object" &&
  event !== null &&
  "requestContext" in event &&
  typeof event.requestContext === "object" &&
  event.requestContext !== null &&
  "http" in event.requestContext;

/** A body that is no JSON text is handed on as the text it is: reading it strictly is the first stage's work. */
function bodyOf({ body, isBase64Encoded }: FunctionUrlEvent): unknown {
  const text =
    isBase64Encoded === true ? Buffer.from(String(body), "base64").toString("utf8") : body;
  try {
    return JSON.parse(String(text));
  } catch {
    return text;
  }
}

/** 200 ok, 400 malformed, 403 refused, 409 stage `retry`, 503 retryable (PROTOCOL.md §4). */
function statusOf({ ok, retryable, stage, failureDomain }: AnyAnswer): number {
  if (ok) return 200;
  if (retryable === true) return 503;
  if (stage === "retry") return 409;
  return failureDomain === "malformed" ? 400 : 403;
}

const httpAnswer = (answer: AnyAnswer) => ({
  statusCode: statusOf(answer),
  headers: { "content-type": "application/json", "cache-control": "no-store" },
  body: JSON.stringify(answer),
});
