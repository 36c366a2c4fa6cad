import { toInstant } from "../../lib/clock.ts";
import { KEYS, type KeyName } from "./keys.ts";

/**
 * How a document differs from the valid one: RFC 6901 pointers to new values, and pointers to drop. A token
 * `$name:N` is a member's name of so many letters.
 */
export interface Change {
  readonly set?: Readonly<Record<string, unknown>>;
  readonly remove?: readonly string[];
}

/** A copy of a document with a change applied; missing parents are made. */
export function changed<T>(document: T, change: Change | undefined, now: number): T {
  const copy = structuredClone(document);
  for (const [pointer, value] of Object.entries(change?.set ?? {})) {
    if (pointer === "") return resolved(value, now) as T;
    const { parent, last } = parentOf(copy, pointer, true);
    // As JSON.parse does: a member called __proto__ is a member.
    const member = { value: resolved(value, now), enumerable: true, writable: true };
    Object.defineProperty(parent, last, { ...member, configurable: true });
  }
  for (const pointer of change?.remove ?? []) {
    const { parent, last } = parentOf(copy, pointer, false);
    if (Array.isArray(parent)) parent.splice(Number(last), 1);
    else delete parent[last];
  }
  return copy;
}

type Container = Record<string, unknown>;

function parentOf(
  root: unknown,
  pointer: string,
  isMade: boolean,
): { parent: Container; last: string } {
  const tokens = pointer
    .slice(1)
    .split("/")
    .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"))
    .map((token) => token.replace(/^\$name:(\d+)$/, (_, length) => "n".repeat(Number(length))));
  const last = tokens.pop() ?? "";
  let parent = root as Container;
  for (const token of tokens) {
    if (parent[token] === undefined && isMade) parent[token] = {};
    parent = parent[token] as Container;
    if (typeof parent !== "object") throw new Error(`${pointer} leads nowhere`);
  }
  return { parent, last: last === "-" ? String((parent as unknown as unknown[]).length) : last };
}

/**
 * Values that a JSON case cannot write down: `$jkt.NAME`, `$jwk.NAME`, `$seconds±N` and `$instant±N` from now,
 * `$digest`, and shapes by size: `$text:N`, `$deep:N`, `$list:N`, `$arns:N`, `$surrogate`.
 */
export function resolved(value: unknown, now: number): unknown {
  if (typeof value === "string" && value.startsWith("$")) return special(value, now);
  if (Array.isArray(value)) return value.map((each) => resolved(each, now));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, resolved(each, now)]),
  );
}

function special(text: string, now: number): unknown {
  const [, word = "", argument = ""] = /^\$([a-z]+)[.:]?(.*)$/.exec(text) ?? [];
  const count = Number(argument);
  const make = SPECIALS[word];
  if (make === undefined) throw new Error(`no special value ${text}`);
  return make(argument, count, now);
}

const SPECIALS: Readonly<
  Record<string, (argument: string, count: number, now: number) => unknown>
> = {
  jkt: (name) => KEYS[name as KeyName].thumbprint,
  jwk: (name) => KEYS[name as KeyName].jwk,
  seconds: (_, count, now) => Math.floor(now / 1000) + count,
  instant: (_, count, now) => toInstant(now + count * 1000),
  digest: () => `sha256:${"ab".repeat(32)}`,
  text: (_, count) => "x".repeat(count),
  surrogate: () => "\ud800",
  list: (_, count) => Array.from({ length: count }, (_each, index) => index),
  arns: (_, count) => Array.from({ length: count }, (_each, index) => functionArn(index)),
  deep: (_, count) => {
    let nested: unknown = 1;
    for (let level = 0; level < count; level++) nested = { nested };
    return nested;
  },
};

const functionArn = (index: number): string =>
  `arn:aws:lambda:us-east-1:000000000000:function:checkout-${index}`;
