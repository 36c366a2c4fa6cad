import type { Dice } from "./dice.ts";

/** What a terminal, a parser, a schema or a file system could trip over. */
export const HOSTILE_TEXTS: readonly string[] = [
  "",
  "\u001b[2J\u001b]0;owned\u0007",
  "\u202eabc\u2066",
  "\ufeff",
  "\ud800",
  "\u0000",
  "a\nb\r\nc\u2028d",
  "__proto__",
  "constructor",
  "toString",
  "%s%n$(id)`id`",
  "../../../x",
  "x".repeat(5000),
  "-1",
  "9007199254740993",
  "1e999",
  "NaN",
  "=",
  "a=b=c",
  "arn:aws:lambda:us-east-1:000000000000:function:*",
  "sha256:",
  `sha256:${"0".repeat(64)}`,
  "2026-02-30T25:61:61Z",
  "a.b.c",
  "....",
];

const NESTED_DEEPLY = 20_000;

const HOSTILE_VALUES: readonly (() => unknown)[] = [
  ...HOSTILE_TEXTS.map((text) => () => text),
  ...[null, true, false, 0, -1, 1.5, 2 ** 53, 1e308, -0].map((value) => () => value),
  () => [],
  () => ({}),
  () => [null, null],
  () => ({ "": "" }),
  () => nested(50),
  () => Array.from({ length: 300 }, () => "x"),
];

function nested(depth: number): unknown {
  let value: unknown = "deep";
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { v: value };
  return value;
}

/** A file's bytes, changed where a parser looks or inside of what it reads. */
export function mutatedFile(content: string, dice: Dice): Buffer {
  const text = dice.hits(4) ? mutatedText(content, dice) : mutatedLines(content, dice);
  if (!dice.hits(20)) return Buffer.from(text, "utf8");
  // Bytes that are no UTF-8.
  const bytes = Buffer.from(text, "utf8");
  return Buffer.concat([
    bytes.subarray(0, dice.roll(bytes.length)),
    Buffer.from([0xff, 0xc0, 0x80]),
  ]);
}

/** One JSON document, or one a line. */
function mutatedLines(content: string, dice: Dice): string {
  const whole = mutatedJson(content, dice);
  if (whole !== undefined) return whole;
  const lines = content.split("\n");
  const at = dice.roll(lines.length);
  const line = lines[at] ?? "";
  const changes: readonly (() => string[])[] = [
    () => lines.with(at, mutatedJson(line, dice) ?? mutatedJws(line, dice) ?? line.slice(1)),
    () => lines.toSpliced(at, 1),
    () => lines.toSpliced(at, 0, line),
    () => lines.toSpliced(dice.roll(lines.length), 0, dice.pick(HOSTILE_TEXTS)),
    () => lines.toReversed(),
  ];
  return dice.pick(changes)().join("\n");
}

function mutatedText(text: string, dice: Dice): string {
  const [from, to] = [dice.roll(text.length + 1), dice.roll(text.length + 1)].sort((a, b) => a - b);
  const changes: readonly (() => string)[] = [
    () => "",
    () => text.slice(0, from),
    () => text.slice(0, from) + text.slice(to),
    () => text.slice(0, to) + text.slice(from),
    () => text.slice(0, from) + dice.pick(HOSTILE_TEXTS) + text.slice(from),
    () => "[".repeat(NESTED_DEEPLY) + "]".repeat(NESTED_DEEPLY),
    () => '{"a":'.repeat(NESTED_DEEPLY),
    () => text.slice(0, from) + "[".repeat(NESTED_DEEPLY) + text.slice(from),
    () => dice.pick(["null", "0", '""', "[]", "{}", "true", "[[]]", '"a.b.c"']),
    () => `${text}${text}`,
    () => text.replaceAll('"', "'"),
  ];
  return dice.pick(changes)();
}

/** `undefined` for what is no JSON. */
function mutatedJson(text: string, dice: Dice): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return JSON.stringify(mutatedValue(value, dice));
}

/** A value with one place changed, however deep it lies; a JWS on the way is opened. */
export function mutatedValue(value: unknown, dice: Dice): unknown {
  const isLeaf = typeof value !== "object" || value === null || Object.keys(value).length === 0;
  if (isLeaf || dice.hits(8)) return leaf(value, dice);
  const key = dice.pick(Object.keys(value));
  const held = (value as Record<string, unknown>)[key];
  if (Array.isArray(value)) {
    const at = Number(key);
    if (dice.hits(6)) return value.toSpliced(at, 1);
    return dice.hits(6) ? [...value, held] : value.with(at, mutatedValue(held, dice));
  }
  const { [key]: _gone, ...others } = value as Record<string, unknown>;
  if (dice.hits(8)) return others;
  if (dice.hits(8)) return { ...value, [dice.pick(HOSTILE_TEXTS)]: held };
  return { ...value, [key]: mutatedValue(held, dice) };
}

function leaf(value: unknown, dice: Dice): unknown {
  if (typeof value === "string" && !dice.hits(3)) {
    return mutatedJws(value, dice) ?? mutatedText(value, dice).slice(0, 10_000);
  }
  return dice.pick(HOSTILE_VALUES)();
}

/** Only what it says: its signature no longer fits, which a command that has no key to verify it cannot see. */
function mutatedJws(compact: string, dice: Dice): string | undefined {
  const parts = compact.split(".");
  const at = dice.roll(2);
  if (parts.length !== 3) return undefined;
  const text = Buffer.from(parts[at] ?? "", "base64url").toString("utf8");
  const changed = mutatedJson(text, dice);
  return changed === undefined
    ? undefined
    : parts.with(at, Buffer.from(changed, "utf8").toString("base64url")).join(".");
}
