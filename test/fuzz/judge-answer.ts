import { failureDomain, REFUSAL_CODES, type RefusalCode } from "../../lib/refusal.ts";

/** Characters of a detail, with the mark that it was cut, and of a pointer (PROTOCOL.md §4). */
const LONGEST_DETAIL = 1001;
const LONGEST_POINTER = 1000;

/** An answer as whoever asked gets it. */
interface Refused {
  readonly ok: false;
  readonly code: string;
  readonly detail: unknown;
  readonly pointer?: unknown;
}

/** Refusals of the plane's own, which an input by itself must not bring about: by this somebody's garbage was a fault. */
const OWN: ReadonlySet<RefusalCode> = new Set([
  "SESSION_POLICY_TOO_LARGE",
  "SESSION_POLICY_INEXPRESSIBLE",
  // What is open is told to whoever would lift it.
  "REVOCATION_PENDING",
]);

const CODES: ReadonlySet<string> = new Set(REFUSAL_CODES);

/**
 * What is wrong with a refusal: it has a code of the closed list, says what a person can read, and points to a place of
 * what was sent.
 * @param expected codes of the platform that this input may bring about.
 */
export function refusalProblem(
  answer: Refused,
  event: unknown,
  expected: readonly string[] = [],
): string | undefined {
  const { code, detail, pointer } = answer;
  if (!CODES.has(code)) return `code ${code}`;
  const isOurs = failureDomain(code as RefusalCode) === "platform" && !OWN.has(code as RefusalCode);
  if (isOurs && !expected.includes(code)) return `${code}: ${JSON.stringify(detail)}`;
  if (typeof detail !== "string" || detail === "" || !detail.isWellFormed()) return "no detail";
  if (detail.length > LONGEST_DETAIL) return `a detail of ${detail.length}`;
  if (pointer === undefined) return undefined;
  if (typeof pointer !== "string" || pointer.length > LONGEST_POINTER) return "a long pointer";
  return isPlaceIn(event, pointer) ? undefined : `${code} points to no place: ${pointer}`;
}

/**
 * Whether an RFC 6901 pointer names a place of what was sent, a signed object on the way being opened. Its last token
 * may name what is missing there.
 */
function isPlaceIn(event: unknown, pointer: string): boolean {
  if (pointer === "") return true;
  if (!/^(\/([^~/]|~[01])*)+$/u.test(pointer) || !pointer.isWellFormed()) return false;
  const tokens = pointer
    .slice(1)
    .split("/")
    .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
  let place: unknown = event;
  for (const [index, token] of tokens.entries()) {
    const inside = typeof place === "string" ? opened(place) : place;
    if (typeof inside !== "object" || inside === null) return false;
    if (!Object.hasOwn(inside, token)) return index === tokens.length - 1;
    place = (inside as Record<string, unknown>)[token];
  }
  return true;
}

function opened(compact: string): unknown {
  try {
    return JSON.parse(Buffer.from(compact.split(".")[1] ?? "", "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
}
