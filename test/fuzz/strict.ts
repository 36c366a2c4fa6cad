import canonicalize from "canonicalize";
import { limitProblem, readStrictJson } from "../../lib/encoding/strict-json.ts";
import { Dice } from "./dice.ts";
import { type Fuzzer, fuzz } from "./fuzzer.ts";

const PIECES = [
  ...[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"a"',
    '"b"',
    '"10"',
    '"9"',
    '"\\u00e9"',
    '"\\n"',
    '"\\ud800"',
    '"é"',
    '"€"',
  ],
  ...["0", "-0", "1", "-7", "1.0", "1.5", "1e3", "9007199254740991", "9007199254740993", "01"],
  ...["true", "false", "null", " ", "\n", '"__proto__"', '"constructor"', "\u2028", "\ufeff", "x"],
] as const;

/** JSON that is nearly always whole, in an order and a spelling of its own. */
function value(dice: Dice, depth: number): string {
  if (depth > 0 && dice.hits(2)) {
    const members = Array.from({ length: dice.roll(4) }, () => value(dice, depth - 1));
    if (dice.hits(2)) return `[${members.join(",")}]`;
    return `{${members.map((each) => `${name(dice)}:${each}`).join(",")}}`;
  }
  return dice.pick(PIECES.slice(6, 28));
}

const name = (dice: Dice): string => dice.pick(PIECES.slice(6, 13));

function damaged(text: string, dice: Dice): Buffer {
  const at = dice.roll(text.length + 1);
  if (dice.hits(3)) return Buffer.from(text.slice(0, at) + dice.pick(PIECES) + text.slice(at));
  const bytes = Buffer.from(text);
  if (dice.hits(3) && bytes.length > 0) bytes[dice.roll(bytes.length)] = dice.roll(256);
  return bytes;
}

/** The definition, word for word (PROTOCOL.md §1): UTF-8, JSON, within the limits, and equal to its own JCS form. */
function isStrict(bytes: Uint8Array): boolean {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    const parsed: unknown = JSON.parse(text);
    return limitProblem(parsed) === undefined && canonicalize(parsed) === text;
  } catch {
    return false;
  }
}

/** The strict reader, which takes short cuts, against its plain definition. */
export const strictFuzzer: Fuzzer = {
  about: "the strict reader of JSON against its plain definition",
  run(seed, inputs, isOver) {
    const dice = new Dice(seed);
    return fuzz(
      inputs,
      async () => {
        const whole = value(dice, dice.hits(50) ? 18 : 3);
        const bytes = dice.hits(3) ? Buffer.from(whole) : damaged(whole, dice);
        const [read, wanted] = [readStrictJson(bytes).ok, isStrict(bytes)];
        return read === wanted
          ? undefined
          : `read ${read}, defined ${wanted}: ${bytes.toString("hex")}`;
      },
      isOver,
    );
  },
};
