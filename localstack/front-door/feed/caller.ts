import * as z from "zod";
import type { Answer } from "../exchange.ts";

/** By which the emulator says whom it authenticated; see `emulator_caller.py`. */
export const CALLER_HEADER = "x-vai-caller";
/** By which the front door moves AWS's clock for one request, in seconds. */
export const CLOCK_HEADER = "x-vai-clock";

const tag = z.object({ Key: z.string(), Value: z.string() });
const role = z.object({
  arn: z.string().optional(),
  principalId: z.string().optional(),
  userName: z.string(),
});
const caller = z.object({
  type: z.string(),
  arn: z.string(),
  principalId: z.string().default(""),
  account: z.string(),
  accessKeyId: z.string(),
  userName: z.string().optional(),
  sourceIdentity: z.string().optional(),
  /** Seconds since 1970; sessions only. */
  issuedAt: z.number().optional(),
  tags: z.array(tag).optional(),
  role: role.optional(),
  /** The function that holds the session, when Lambda made it. */
  functionArn: z.string().optional(),
});
const told = z.object({
  caller: caller.nullable(),
  checks: z.array(z.tuple([z.string(), z.string()])),
});

/** A principal whose signature the emulator has checked. Holds no secret and no token. */
export type Caller = z.infer<typeof caller>;

/** What the emulator says about one request. */
export interface Told {
  readonly caller: Caller | null;
  /** IAM action and resource of every authorization check, in order, without repetitions. */
  readonly checks: readonly (readonly [action: string, resource: string])[];
}

const NOTHING: Told = { caller: null, checks: [] };

/** What came with an answer, and the answer without it: that is between emulator and front door. */
export function takeTold(answer: Answer): { readonly told: Told; readonly answer: Answer } {
  const headers: string[] = [];
  let text: string | undefined;
  for (let index = 0; index + 1 < answer.headers.length; index += 2) {
    const [name = "", value = ""] = answer.headers.slice(index, index + 2);
    if (name.toLowerCase() === CALLER_HEADER) text = value;
    else headers.push(name, value);
  }
  if (text === undefined) return { told: NOTHING, answer };
  const read = told.parse(JSON.parse(Buffer.from(text, "base64").toString("utf8")));
  return { told: read, answer: { ...answer, headers } };
}

/** The name of an assumed-role session, the last part of its ARN; undefined for anybody else. */
export const sessionNameOf = (arn: string | undefined): string | undefined =>
  arn?.includes(":assumed-role/") ? arn.slice(arn.lastIndexOf("/") + 1) : undefined;

/** The role of an assumed-role session by name; undefined for anybody else. */
export const roleNameOf = (arn: string | undefined): string | undefined =>
  arn?.split(":assumed-role/")[1]?.split("/")[0];

/** Access keys that are remembered at most; the oldest is forgotten first. */
const MOST = 10_000;

/**
 * Who an access key id belongs to, as far as it was seen: in an answer of AssumeRole, or on an
 * earlier call. It says which requests a fault hits, and whom to name where a fault answered in the
 * place of the emulator; nothing is allowed because of it.
 */
export class KnownCallers {
  readonly #callers = new Map<string, Caller>();

  /** A copy is kept: a part of a text keeps the whole of it in memory, here each answer that somebody was named in. */
  learn(caller: Caller): void {
    this.#callers.delete(caller.accessKeyId);
    this.#callers.set(caller.accessKeyId, structuredClone(caller));
    const [oldest] = this.#callers.keys();
    if (this.#callers.size > MOST && oldest !== undefined) this.#callers.delete(oldest);
  }

  of(accessKeyId: string | undefined): Caller | undefined {
    return accessKeyId === undefined ? undefined : this.#callers.get(accessKeyId);
  }
}
