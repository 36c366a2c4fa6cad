import { createHash, timingSafeEqual } from "node:crypto";
import * as z from "zod";
import type { Answer, Exchange, Step } from "./exchange.ts";
import { type Faults, faultRule } from "./faults/faults.ts";
import { pathOf } from "./feed/named-operation.ts";
import type { Trail } from "./feed/trail.ts";

/** Header that carries the control token. */
export const CONTROL_HEADER = "x-vai-control";

/** What the control paths act on. */
export interface ControlOptions {
  /** Random, made at the start, in a file that only its owner may read. */
  readonly token: string;
  /** Whether faults may be injected; only a local AWS that was started for tests allows it. */
  readonly allowFaults: boolean;
}

/**
 * The front door's own paths, below `/_vai/`: reading the feed, injecting and clearing faults.
 * They are not signed by AWS's rules, so they need the token of this start: an agent on the same
 * machine reaches the port, but neither reads what others do nor disturbs them.
 */
export function control(options: ControlOptions, trail: Trail, faults: Faults): Step {
  const expected = digest(options.token);
  return async (exchange, next) => {
    if (!pathOf(exchange).startsWith("/_vai/")) return next();
    const given = digest(exchange.header(CONTROL_HEADER));
    if (!timingSafeEqual(given, expected)) {
      return json(403, {
        message: `The header ${CONTROL_HEADER} does not hold this start's token.`,
      });
    }
    return answer(exchange, options, trail, faults);
  };
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

const count = z.coerce.number().int().min(0);
const query = z.object({
  session: z.string().min(1).optional(),
  since: count.optional(),
  limit: count.max(10_000).optional(),
});

async function answer(
  exchange: Exchange,
  { allowFaults }: ControlOptions,
  trail: Trail,
  faults: Faults,
): Promise<Answer> {
  switch (`${exchange.method} ${pathOf(exchange)}`) {
    case "GET /_vai/trail": {
      const asked = query.safeParse(Object.fromEntries(exchange.query));
      return asked.success ? json(200, trail.read(asked.data)) : badRequest(asked.error);
    }
    case "GET /_vai/faults":
      return json(200, { rules: faults.list() });
    case "POST /_vai/faults":
      return allowFaults ? add(exchange, faults) : closed();
    case "DELETE /_vai/faults":
      faults.clear();
      return json(200, { rules: [] });
    default:
      return json(404, { message: "There is GET /_vai/trail and GET, POST, DELETE /_vai/faults." });
  }
}

async function add(exchange: Exchange, faults: Faults): Promise<Answer> {
  const text = (await exchange.body()).toString("utf8");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return json(400, { message: "The body is not JSON." });
  }
  const rule = faultRule.safeParse(value);
  if (!rule.success) return badRequest(rule.error);
  faults.add(rule.data);
  return json(200, { rules: faults.list() });
}

const badRequest = (error: z.ZodError): Answer => json(400, { message: z.prettifyError(error) });

const closed = (): Answer =>
  json(403, {
    message:
      "This local AWS was not started for tests, so nothing is broken in it on request. End it and " +
      "start it with VAI_ALLOW_FAULTS=1.",
  });

function json(status: number, value: object): Answer {
  const body = Buffer.from(JSON.stringify(value));
  const headers = ["content-type", "application/json", "content-length", `${body.length}`];
  return { status, headers: [...headers, "cache-control", "no-store"], body };
}
