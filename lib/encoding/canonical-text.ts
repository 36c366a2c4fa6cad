/** Levels of nesting: whatever prints or compares a record must not exhaust the stack. */
const DEEPEST = 64;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** A number, or one of the three words. */
const LITERAL = /[-+.\w]+/y;
/** The escapes that RFC 8785 §3.2.2.2 writes, and no other. */
const ESCAPE = /\\(?:["\\bfnrt]|u00(?:0[0-7bef]|1[0-9a-f]))/y;

/**
 * Whether JSON text is its own RFC 8785 form, and not nested without end. It is looked at as text, in one pass: that
 * spares writing it again to compare, and no second spelling survives: white space, other escapes, other numbers,
 * members out of order or twice.
 * @param text that `JSON.parse` takes.
 */
export function isCanonicalText(text: string): boolean {
  // A lone surrogate is no text, and its hash would be that of another text.
  if (!text.isWellFormed()) return false;
  const scan: Scan = { text, isPlain: !text.includes("\\"), lastNames: [] };
  let at = 0;
  while (at >= 0 && at < text.length) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = behindString(scan, at);
    else if (code === COMMA) at++;
    else if (code >= OPEN_ARRAY) at = behindBracketOrWord(scan, code, at);
    else at = behindLiteral(text, at);
  }
  return at >= 0;
}

interface Scan {
  readonly text: string;
  /** Whether no string in it has an escape. */
  readonly isPlain: boolean;
  /** For each object or array that is open, the name of its last member. */
  readonly lastNames: (string | undefined)[];
}

/** Behind a string, or behind the colon when it is a name; -1 when it is spelt otherwise or out of order. */
function behindString({ text, isPlain, lastNames }: Scan, start: number): number {
  const end = isPlain ? text.indexOf('"', start + 1) : endOfString(text, start);
  if (end < 0) return -1;
  if (text.charCodeAt(end + 1) !== COLON) return end + 1;
  const spelt = text.slice(start + 1, end);
  const name = isPlain ? spelt : nameOf(spelt);
  const before = lastNames[lastNames.length - 1];
  lastNames[lastNames.length - 1] = name;
  return before !== undefined && before >= name ? -1 : end + 2;
}

function behindBracketOrWord({ text, lastNames }: Scan, code: number, at: number): number {
  if (code === OPEN_OBJECT || code === OPEN_ARRAY) {
    return lastNames.push(undefined) > DEEPEST ? -1 : at + 1;
  }
  if (code !== CLOSE_OBJECT && code !== CLOSE_ARRAY) return behindLiteral(text, at);
  lastNames.pop();
  return at + 1;
}

/** Where a string ends whose escapes are those of RFC 8785; -1 when one is not. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at;
    if (code === BACKSLASH) {
      ESCAPE.lastIndex = at;
      if (!ESCAPE.test(text)) return -1;
      at = ESCAPE.lastIndex;
    } else {
      at++;
    }
  }
}

/** Member names are compared as what they say, by UTF-16 code units (RFC 8785 §3.2.3). */
const nameOf = (spelt: string): string => (spelt.includes("\\") ? JSON.parse(`"${spelt}"`) : spelt);

/** Behind a number that is written as ECMAScript writes it, or a word; -1 for any other number, and white space. */
function behindLiteral(text: string, start: number): number {
  LITERAL.lastIndex = start;
  if (!LITERAL.test(text)) return -1;
  const literal = text.slice(start, LITERAL.lastIndex);
  const isWord = literal === "true" || literal === "false" || literal === "null";
  return isWord || String(Number(literal)) === literal ? LITERAL.lastIndex : -1;
}
