import { randomUUID } from "node:crypto";
import type { Command } from "commander";
import { invokeFunction } from "../aws/people/invoke.ts";
import { systemClock, toSeconds } from "../clock.ts";
import { readJws, type SigningKey, signJws } from "../encoding/jws.ts";
import { present } from "../encoding/present.ts";
import type { RefusedAnswer } from "../enforcement/answer.ts";
import type { CommandAnswer } from "../enforcement/commands/command.ts";
import { type Command as Claims, readCommand } from "../lifecycle/command.ts";
import { isRefusal } from "../refusal.ts";
import { keyOf } from "./commands/contract.ts";
import { type Deployment, OUTPUTS_HELP, placeFor } from "./deployment.ts";
import { readJson, writeNew } from "./files.ts";
import { CommandError, EXIT, type ExitCode, type Io, report } from "./io.ts";
import { readKey } from "./key-file.ts";
import { readCommandAnswer } from "./read-answer.ts";

const TYPE = "vai-command+jwt";
/** Seconds: the longest that a command may live, so that a second person has time. */
const LIFE = 300;

/** What every order of an operator takes. */
export interface OrderOptions {
  readonly reason: string;
  readonly key?: string;
  readonly as?: string;
  readonly profile?: string;
  readonly outputs?: string;
  readonly json?: true;
}

/** And one that takes two names. */
export interface CosignedOptions extends OrderOptions {
  readonly cosignKey?: string;
  readonly save?: string;
}

const KEY_HELP = "private JWK of the operator (default: the local AWS's)";
const PROFILE_HELP = "AWS profile that may invoke the function";

export const addOrderOptions = (command: Command): Command =>
  addSendingOptions(
    command
      .requiredOption("--reason <text>", "why; it stands in evidence, in your name")
      .option("--as <name>", "the operator's name in the trust policy (default: the local AWS's)"),
  );

/** Of whoever sends an order that is signed already. */
export const addSendingOptions = (command: Command): Command =>
  command
    .option("--key <file>", KEY_HELP)
    .option("--profile <name>", PROFILE_HELP)
    .option("--outputs <file>", OUTPUTS_HELP)
    .option("--json", "print the answer as JSON");

export const addCosignOptions = (command: Command): Command =>
  addOrderOptions(command)
    .option("--cosign-key <file>", "private JWK of the second name, if it is at hand")
    .option("--save <file>", "send nothing: write the order for the second person (vai lift send)");

/** An order in an operator's name, in both their words: for 300 seconds from now. */
interface Order {
  readonly command: string;
  readonly cosign?: string;
}

/** A verb with its own members. */
type Verb = {
  readonly [Name in Claims["do"]]: Ordered<Extract<Claims, { do: Name }>>;
}[Claims["do"]];
type Ordered<One> = Omit<One, "iss" | "iat" | "exp" | "aud" | "jti" | "reason">;

export function signedOrder(deployment: Deployment, verb: Verb, options: CosignedOptions): Order {
  const iss = options.as ?? deployment.names?.["operator"];
  if (iss === undefined) throw new CommandError(EXIT.unreadable, "give --as NAME");
  const iat = toSeconds(systemClock());
  const { plane: aud } = deployment;
  const shared = { iss, iat, exp: iat + LIFE, aud, jti: randomUUID(), reason: options.reason };
  const claims = { ...shared, ...verb };
  const command = signJws(TYPE, claims, keyOf(deployment, "operator", options.key));
  const read = readCommand(command);
  if (isRefusal(read)) {
    throw new CommandError(EXIT.unreadable, `${read.pointer?.split("/").at(-1)}: ${read.detail}`);
  }
  const second = options.cosignKey === undefined ? undefined : readKey(options.cosignKey);
  return { command, ...present({ cosign: second && signJws(TYPE, claims, second) }) };
}

/** Writes an order for a second person. */
export function saveOrder(path: string, order: Order): string[] {
  writeNew(path, JSON.stringify(order));
  return [`saved      ${path}`, `next       within ${LIFE} s: vai lift send ${path} --key FILE`];
}

/** An order that somebody else signed and saved, with a second signature over the same payload. */
export function cosignedOrder(path: string, key: SigningKey): Order & { readonly claims: Claims } {
  const { command } = (readJson(path) ?? {}) as { readonly command?: unknown };
  const read = readCommand(command);
  const jws = readJws(command, TYPE);
  if (isRefusal(read) || !jws.ok) throw new CommandError(EXIT.unreadable, `${path} is no order`);
  return {
    command: jws.value.compact,
    cosign: signJws(TYPE, read.claims, key),
    claims: read.claims,
  };
}

type Function = "govern" | "revoke";

/** Sends an event to a function of people's commands, and prints what came of it. */
export async function sendOrder(
  io: Io,
  deployment: Deployment,
  to: Function,
  event: object,
  { json, profile }: Pick<OrderOptions, "json" | "profile">,
): Promise<ExitCode> {
  const name = deployment.functions[to];
  if (name === undefined) {
    throw new CommandError(EXIT.unreadable, `${deployment.path} names no function ${to}`);
  }
  const place = placeFor(deployment, "deployer", profile);
  const answer = readCommandAnswer(await invokeFunction(place, name, event), name);
  report(io, json === true, answer, answer.ok ? doneLines(answer) : refusedLines(answer));
  return answer.ok ? EXIT.done : EXIT.no;
}

/** What a refused order says to a person. */
const refusedLines = ({ code, detail, pointer }: RefusedAnswer): string[] => [
  `refused    ${code}`,
  `why        ${detail}`,
  ...(pointer === undefined ? [] : [`where      ${pointer}`]),
  `next       vai explain ${code}`,
];

function doneLines({ state, deduplicated, inFlight, points, evidence }: CommandAnswer): string[] {
  return [
    `${state.toLowerCase().padEnd(10)} ${deduplicated ? "by this very order, before" : "now"}`,
    ...points.map(
      ({ point, acknowledgedAt }) =>
        `${point.padEnd(10)} ${acknowledgedAt === undefined ? "not reached yet" : `reached ${acknowledgedAt}`}`,
    ),
    `in flight  ${inFlight}`,
    evidence === undefined
      ? "evidence   owed: the denial stands; send the same order again, or let sweep write it"
      : `evidence   ${evidence.chainId} ${evidence.seq}`,
  ];
}
