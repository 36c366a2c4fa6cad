import { toSeconds } from "../clock.ts";
import { canonicalize } from "../encoding/canonical-json.ts";
import { IDENTITY_TAG, SESSION_SECONDS } from "../issuance/assume-role.ts";

/** Name of the inline policy of an execution role that nothing but this file writes (PROTOCOL.md §10, Points). */
export const REVOCATIONS = "vai-revocations";

/** Characters: IAM counts 10,240 for all inline policies of a role, and the role's own stands beside this one. */
export const MAX_POLICY = 7_500;

/** Seconds that a denial is kept beyond the end of what it denies, and what ends are rounded up to. */
const KEPT = 60;
const STEP = 300;

/** Seconds: no session that is revoked now is issued later, whatever had read the heads before (PROTOCOL.md §10). */
const AHEAD = 60;

const TAG = `aws:PrincipalTag/${IDENTITY_TAG}`;
const VERSION = "2012-10-17";

/**
 * What of an execution role is denied. `session`: the one with that identity tag, which ends at `until`, in seconds since
 * the epoch; absent: every session of the role that ends before then, so was issued {@link SESSION_SECONDS} before it.
 */
export interface Revoked {
  readonly session?: string;
  readonly until: number;
}

/** The denial of every session of a role that was issued before an instant; seconds since the epoch. */
export const wholeRole = (before: number): Revoked => ({ until: before + SESSION_SECONDS });

/** The end of sessions up to which nothing is left to deny; both in seconds. */
export const oldestEnd = (now: number): number => now - KEPT;

/**
 * The latest end of what can be denied at that time, with as long again for clocks that disagree; both in seconds. What
 * says a later one is no denial of the plane's: whoever writes State would put a date there that IAM cannot read, or one
 * that outlasts everything.
 */
export const latestEnd = (now: number): number => now + 2 * SESSION_SECONDS;

/** A role's denial in place of more denials than can be listed; its end is rounded, so that it is seldom another one. */
export const moreThanListed = (now: number): Revoked => ({
  until: Math.ceil((now + AHEAD + SESSION_SECONDS + 1) / STEP) * STEP,
});

const isOver = ({ until }: Revoked, now: number): boolean => until <= oldestEnd(now);

/** A document for IAM. */
export interface RevocationPolicy {
  readonly text: string;
  /** It could not name each session: every session of the role that was issued until now is denied. */
  readonly isFull: boolean;
}

interface Statement {
  readonly Sid?: string;
  readonly Effect: "Deny";
  readonly [member: string]: unknown;
}

/** A policy as its statements mean it. */
interface Meaning {
  /** The end of each denied session's denial, by its tag value. */
  readonly untils: ReadonlyMap<string, number>;
  /** The latest of the instants that the whole role is denied before; seconds. */
  readonly before: number | undefined;
  /** Denials that somebody else wrote: nobody here knows when their time has come. */
  readonly foreign: readonly Statement[];
}

const NOTHING: Meaning = { untils: new Map(), before: undefined, foreign: [] };

const denying = (Sid: string, Condition: object): Statement => ({
  ...{ Sid, Effect: "Deny", Action: "*", Resource: "*", Condition },
});
const untilStatement = (end: number, sessions: readonly string[]): Statement =>
  denying(`Until${end}`, { StringEquals: { [TAG]: sessions } });
const beforeStatement = (before: number): Statement =>
  denying(`Before${before}`, {
    DateLessThan: {
      "aws:TokenIssueTime": new Date(before * 1000).toISOString().replace(".000", ""),
    },
  });
/** An empty policy is none for IAM. */
const NONE = denying("None", { StringEquals: { [TAG]: ["none"] } });
/** What nobody can read, or keep beside the rest, may deny anything. */
const EVERYTHING: Statement = { Effect: "Deny", Action: "*", Resource: "*" };

/**
 * The whole policy of a role: what is wanted, and what the present one denies and whose time has not come, so that a
 * table alone takes nothing out of it. Pure; `now` in milliseconds.
 * @param present the document that IAM has; nothing for none.
 */
export function revocationPolicy(
  present: string | undefined,
  wanted: readonly Revoked[],
  now: number,
): RevocationPolicy {
  const seconds = toSeconds(now);
  const kept = present === undefined ? NOTHING : unended(readPolicy(present), seconds);
  const live = wanted.filter((each) => !isOver(each, seconds) && each.until <= latestEnd(seconds));
  const before = latest([kept.before, ...live.map(beforeOf)]);
  const untils = withSessions(kept.untils, live, before);
  const named = documentOf({ ...kept, before, untils });
  if (fits(named)) return { text: named, isFull: false };
  // A session of this very second has this second as its time of issue; what an invocation that still runs is about to
  // issue is named already, and issued later.
  const issued = issuedBy(untils, live, seconds);
  const full = documentOf({
    ...{ ...kept, untils: new Map() },
    before: latest([before, seconds + 1, ...issued.map((second) => second + 1)]),
  });
  return {
    text: fits(full) ? full : documentOf({ ...NOTHING, foreign: [EVERYTHING] }),
    isFull: true,
  };
}

const fits = (text: string): boolean => text.length <= MAX_POLICY;

const latest = (instants: readonly (number | undefined)[]): number | undefined => {
  const known = instants.filter((each) => each !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
};

const beforeOf = ({ session, until }: Revoked): number | undefined =>
  session === undefined ? until - SESSION_SECONDS : undefined;

/** When a denial of a session goes: ends are rounded, so that many share one statement. */
const endOf = (until: number): number => Math.ceil((until + KEPT) / STEP) * STEP;

/** Sessions that the denial of the whole role does not cover already, each with its latest end. */
function withSessions(
  known: Meaning["untils"],
  wanted: readonly Revoked[],
  before: number | undefined,
): Map<string, number> {
  const untils = new Map(known);
  for (const { session, until } of wanted) {
    const isCovered = before !== undefined && until - SESSION_SECONDS < before;
    if (session === undefined || isCovered) continue;
    untils.set(session, Math.max(untils.get(session) ?? 0, endOf(until)));
  }
  return untils;
}

/** By when each named session was issued: a row says it to the second, an end that was rounded only that it was not later. */
function issuedBy(untils: Meaning["untils"], rows: readonly Revoked[], now: number): number[] {
  const exact = new Map(rows.map(({ session, until }) => [session, until]));
  return [...untils].map(([session, end]) => {
    const until = exact.get(session);
    return until !== undefined && endOf(until) === end
      ? until - SESSION_SECONDS
      : Math.min(end - KEPT - SESSION_SECONDS, now + AHEAD);
  });
}

/** What of a policy still denies somebody; no longer than a denial of the plane's can last, so that it ends. */
const unended = ({ untils, before, foreign }: Meaning, now: number): Meaning => {
  const last = latestEnd(now);
  const lasting = [...untils].filter(([, end]) => end > now);
  return {
    untils: new Map(lasting.map(([session, end]) => [session, Math.min(end, endOf(last))])),
    before:
      before === undefined || isOver(wholeRole(before), now)
        ? undefined
        : Math.min(before, last - SESSION_SECONDS),
    foreign,
  };
};

/** One text for one meaning: whoever writes the same changes nothing. */
function documentOf({ untils, before, foreign }: Meaning): string {
  const ends = Map.groupBy([...untils.keys()].sort(), (session) => untils.get(session) ?? 0);
  const statements = [
    ...foreign,
    ...(before === undefined ? [] : [beforeStatement(before)]),
    ...[...ends]
      .sort(([one], [other]) => one - other)
      .map(([end, names]) => untilStatement(end, names)),
  ];
  return JSON.stringify({
    Version: VERSION,
    Statement: statements.length === 0 ? [NONE] : statements,
  });
}

/**
 * What a document denies. Whatever is not exactly of the form that is written here may deny anything: a denial of
 * another form stays word for word, and a document that is no policy stands for the denial of everything.
 */
function readPolicy(text: string): Meaning {
  const statements = statementsIn(text);
  if (statements === undefined) return { ...NOTHING, foreign: [EVERYTHING] };
  const untils = new Map<string, number>();
  const befores: number[] = [];
  const foreign: Statement[] = [];
  for (const statement of statements) {
    const own = readOwn(statement);
    if (own === undefined) foreign.push(...kept(statement));
    else if ("before" in own) befores.push(own.before);
    else
      for (const name of own.sessions) untils.set(name, Math.max(untils.get(name) ?? 0, own.end));
  }
  return { untils, before: latest(befores), foreign };
}

/** Sessions that a policy denies by their name. */
export const namedIn = (text: string): ReadonlySet<string> =>
  new Set(readPolicy(text).untils.keys());

/** In a policy of another version a variable is no variable: its statements cannot be carried over. */
function statementsIn(text: string): readonly unknown[] | undefined {
  let document: { readonly Version?: unknown; readonly Statement?: unknown } | null;
  try {
    document = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof document !== "object" || document?.Version !== VERSION) return undefined;
  const { Statement: statements } = document;
  return Array.isArray(statements) ? statements : [statements];
}

/** A denial of somebody else, without its name, which must stay unique. What allows is dropped. */
function kept(statement: unknown): Statement[] {
  if (typeof statement !== "object" || statement === null) return [EVERYTHING];
  const { Sid: _, ...rest } = statement as Partial<Statement>;
  return rest.Effect === "Deny" ? [{ ...rest, Effect: "Deny" }] : [];
}

type Own =
  | { readonly end: number; readonly sessions: readonly string[] }
  | { readonly before: number };

/** A statement that is, member for member, one that is written here. */
function readOwn(statement: unknown): Own | undefined {
  const { Sid, Condition } = (statement ?? {}) as Partial<Record<string, unknown>>;
  if (isSame(statement, NONE)) return { end: 0, sessions: [] };
  const [, kind, digits] = /^(Until|Before)(\d{1,12})$/.exec(String(Sid)) ?? [];
  const seconds = Number(digits);
  if (kind === "Before") {
    return isSame(statement, beforeStatement(seconds)) ? { before: seconds } : undefined;
  }
  const { StringEquals } = (Condition ?? {}) as { readonly StringEquals?: Record<string, unknown> };
  const sessions = StringEquals?.[TAG];
  const isList = Array.isArray(sessions) && sessions.every((each) => typeof each === "string");
  return kind === "Until" && isList && isSame(statement, untilStatement(seconds, sessions))
    ? { end: seconds, sessions }
    : undefined;
}

function isSame(one: unknown, other: unknown): boolean {
  try {
    return canonicalize(one) === canonicalize(other);
  } catch {
    return false;
  }
}
