import { createServer, type Server, type ServerResponse } from "node:http";
import { pipeline } from "node:stream";
import { requireLoopback } from "../machine/loopback.ts";
import { awsErrorAnswer } from "./aws-error.ts";
import { judgeAssumeRole } from "./checks/judge-assume-role.ts";
import { judgeScopedCredentials } from "./checks/judge-scoped-credentials.ts";
import { refuseAdminPaths } from "./checks/refuse-admin-paths.ts";
import { refuseRootKeys } from "./checks/refuse-root-keys.ts";
import { verifyBodyHash } from "./checks/verify-body-hash.ts";
import { type ControlOptions, control } from "./control.ts";
import {
  type Answer,
  AnswerLostError,
  BodyTooLargeError,
  ClientGoneError,
  Exchange,
  type Step,
} from "./exchange.ts";
import { Faults, skewOf } from "./faults/faults.ts";
import { KnownCallers } from "./feed/caller.ts";
import { recordCalls } from "./feed/record-calls.ts";
import { Trail } from "./feed/trail.ts";
import { forward, type Upstream } from "./forward.ts";

/** Longer than any idle pause of an SDK's connection pool, in milliseconds. */
const KEEP_ALIVE = 65_000;

/** What the front door stands in front of. */
export interface FrontDoorOptions {
  /** The emulator; must be loopback. */
  readonly upstream: Upstream;
  /** The emulator's own root key, refused like every other of its root keys. */
  readonly rootKey: string;
  /** Account of the calls, twelve digits. */
  readonly account: string;
  /** File that every call is written to; without it the feed is in memory only. */
  readonly trailFile?: string;
  /** Opens the feed and the faults to whoever has the token; without it both stay closed. */
  readonly control?: ControlOptions;
}

/** The duties of the front door, in order. A new one is a step and a line here. */
function frontDoorSteps(options: FrontDoorOptions): Step[] {
  const { account } = options;
  const trail = new Trail(options.trailFile);
  const callers = new KnownCallers();
  const faults = new Faults(callers);
  return [
    ...(options.control === undefined ? [] : [control(options.control, trail, faults)]),
    refuseAdminPaths,
    faults.choose,
    recordCalls({ trail, callers, account }),
    faults.answer,
    ...[refuseRootKeys(options.rootKey), verifyBodyHash],
    ...[judgeAssumeRole, judgeScopedCredentials],
  ];
}

/**
 * The only endpoint that anybody uses: an HTTP server that takes every request through the steps
 * and forwards what they let pass. The caller makes it listen, on a loopback address.
 *
 * @throws LocalAwsError when the upstream is not loopback
 */
export function createFrontDoor(
  options: FrontDoorOptions,
  steps: readonly Step[] = frontDoorSteps(options),
): Server {
  requireLoopback(options.upstream.host, "What the front door forwards to");
  const server = createServer((request, response) => {
    const exchange = new Exchange(request);
    void through(exchange, steps, () => forward(exchange, options.upstream, skewOf(exchange)))
      .catch((error: unknown) => answerToFault(exchange, error))
      .then((answer) => deliver(exchange, answer, response));
  });
  server.keepAliveTimeout = KEEP_ALIVE;
  return server;
}

function through(
  exchange: Exchange,
  [step, ...rest]: readonly Step[],
  last: () => Promise<Answer>,
): Promise<Answer> {
  return step === undefined ? last() : step(exchange, () => through(exchange, rest, last));
}

/** Undefined when the client is gone and nobody is left to answer. */
function answerToFault(exchange: Exchange, error: unknown): Answer | undefined {
  if (error instanceof ClientGoneError || error instanceof AnswerLostError) return undefined;
  if (error instanceof BodyTooLargeError) {
    const message = "The body is larger than the local AWS takes.";
    return awsErrorAnswer(exchange, { status: 413, code: "RequestEntityTooLarge", message });
  }
  return awsErrorAnswer(exchange, {
    status: 503,
    code: "ServiceUnavailable",
    message: `The emulator does not answer (${(error as Error).message}). Run "npm run local:up".`,
  });
}

function deliver(exchange: Exchange, answer: Answer | undefined, response: ServerResponse): void {
  if (answer === undefined) {
    response.destroy();
    return;
  }
  response.writeHead(answer.status, [...answer.headers]);
  if (Buffer.isBuffer(answer.body)) {
    response.end(answer.body);
    // What is left of a body that nobody read must not be taken for the next request.
    exchange.request.resume();
  } else pipeline(answer.body, response, () => {});
}
