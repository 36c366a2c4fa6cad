import type { Clock } from "../clock.ts";
import type { Invocation } from "../enforcement/deps.ts";

/** The part of Lambda's context that is used. */
export interface FunctionContext {
  readonly awsRequestId: string;
  getRemainingTimeInMillis(): number;
}

interface AnyAnswer {
  readonly ok: boolean;
  readonly code?: string;
  readonly stage?: string;
  readonly failureDomain?: string;
  readonly retryable?: boolean;
  readonly deduplicated?: boolean;
}

/**
 * Serves one event: the payload of a direct invocation, or the JSON body of a Function URL. Only the body is
 * read; nothing in `requestContext` grants anything (wire.md §4). Writes one log line, with codes and no input.
 */
export async function serveEvent(
  event: unknown,
  context: FunctionContext,
  { clock, log }: { readonly clock: Clock; readonly log: (line: string) => void },
  handle: (body: unknown, invocation: Invocation) => Promise<AnyAnswer>,
): Promise<unknown> {
  const started = clock();
  const invocation = {
    requestId: context.awsRequestId,
    deadline: started + context.getRemainingTimeInMillis(),
  };
  const http = isFunctionUrl(event);
  const answer = await handle(http ? bodyOf(event) : event, invocation);
  const { ok, code, stage, deduplicated } = answer;
  log(
    JSON.stringify({
      requestId: invocation.requestId,
      ok,
      code,
      stage,
      deduplicated,
      ms: clock() - started,
    }),
  );
  return http ? httpAnswer(answer) : answer;
}

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

/** 200 ok, 400 malformed, 403 refused, 409 stage `retry`, 503 retryable (wire.md §4). */
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
