import { listOf, type PolicyDocument, statementsOf } from "../authority/evaluate/iam-document.ts";
import { lets } from "./ask.ts";
import { allOr, type Finding, type FindingSubject } from "./finding.ts";
import { administrators, type Expected, type FunctionName, madeBy, sessionOf } from "./plane.ts";
import { ANY_IDENTITY } from "./statements.ts";

/** What a role is for. */
export type RoleUse = "execution" | "reader";

type Context = Readonly<Record<string, string | readonly string[]>>;

const TAGGED = {
  "aws:RequestTag/vai-identity": ANY_IDENTITY,
  "aws:TagKeys": ["vai-identity"],
} as const;

/** What AWS knows when the plane asks for a session: three permissions, each with its own keys (Service Authorization Reference, STS). */
const ISSUED = {
  "sts:AssumeRole": {
    "sts:RoleSessionName": ANY_IDENTITY,
    "sts:SourceIdentity": ANY_IDENTITY,
    ...TAGGED,
  },
  "sts:SetSourceIdentity": { "sts:SourceIdentity": ANY_IDENTITY },
  "sts:TagSession": TAGGED,
} as const satisfies Readonly<Record<string, Context>>;

const READER = { "sts:RoleSessionName": "vai-reader" };

const without = (context: Context, key: string): Context =>
  Object.fromEntries(Object.entries(context).filter(([name]) => name !== key));

interface Attempt {
  readonly action: string;
  readonly context: Context;
  readonly what: string;
}

const WANTED: Readonly<Record<RoleUse, readonly (readonly [action: string, context: Context])[]>> =
  {
    execution: Object.entries(ISSUED),
    reader: [["sts:AssumeRole", READER]],
  };

const ASSUME = ISSUED["sts:AssumeRole"];
const assuming = (what: string, context: Context): Attempt => ({
  action: "sts:AssumeRole",
  context,
  what,
});

/** What must be refused even to `issue` and `execute`: a session that is not named, tagged and traceable as one of an identity. */
const REFUSED: Readonly<Record<RoleUse, readonly Attempt[]>> = {
  execution: [
    assuming("a session without the tag vai-identity", {
      ...without(without(ASSUME, "aws:RequestTag/vai-identity"), "aws:TagKeys"),
    }),
    assuming("a session with another name", { ...ASSUME, "sts:RoleSessionName": "somebody" }),
    assuming("a session without source identity", without(ASSUME, "sts:SourceIdentity")),
    {
      action: "sts:TagSession",
      context: { ...TAGGED, "aws:TagKeys": ["vai-identity", "another"] },
      what: "a session with further tags",
    },
  ],
  reader: [
    assuming("a session with another name than vai-reader", { "sts:RoleSessionName": "somebody" }),
    { action: "sts:TagSession", context: TAGGED, what: "a session with the tag of an identity" },
    {
      action: "sts:SetSourceIdentity",
      context: { "sts:SourceIdentity": ANY_IDENTITY },
      what: "a session with the source identity of an identity",
    },
  ],
};

const CORRECT =
  "correct its trust policy (vai doctor --repair-plan, if the stack made it): infra/execution-roles.ts has the statements";

/** Which functions obtain sessions of a role: `sweep` looks, and never acts. */
const CALLERS = {
  execution: ["issue", "execute"],
  reader: ["issue", "execute", "sweep"],
} as const satisfies Readonly<Record<RoleUse, readonly FunctionName[]>>;

/** Who can become the role: the functions that obtain sessions, in the form of an identity, and nobody else. */
export function checkRoleTrust(
  use: RoleUse,
  subject: FindingSubject,
  trust: PolicyDocument,
  roleArn: string,
  expected: Expected,
): readonly Finding[] {
  const { roles, arn: arnOf } = expected;
  const callers = CALLERS[use].map((name) => roles[name]);
  const asked = CALLERS[use].map((name) => ({
    ...{ role: roles[name], session: sessionOf(roles[name]), made: madeBy(expected, name) },
  }));
  const may = (principalArn: string, action: string, context: Context): boolean =>
    lets(trust, { action, resource: roleArn, principalArn, context });
  const refusedTo = asked.filter(({ session, made }) =>
    WANTED[use].some(([action, context]) => !may(session, action, { ...context, ...made })),
  );
  const loose = REFUSED[use].filter(({ action, context }) =>
    asked.some(({ session, made }) => may(session, action, { ...context, ...made })),
  );
  const others = [...administrators(expected), arnOf("iam", "root"), sessionOf(roles.govern)];
  const strangers = new Set([
    ...namedBy(trust).filter((name) => !callers.includes(name)),
    ...others.filter((other) =>
      WANTED[use].some(([action, context]) => may(other, action, context)),
    ),
  ]);
  return allOr(
    subject.ok(`only ${CALLERS[use].join(", ")} can assume it, and only as the plane does`),
    [
      strangers.size > 0 &&
        subject.problem(`its trust policy lets others in: ${[...strangers].join(", ")}`, CORRECT),
      loose.length > 0 &&
        subject.problem(
          `its trust policy allows ${loose.map(({ what }) => what).join(", ")}`,
          CORRECT,
        ),
      refusedTo.length > 0 &&
        subject.problem(
          `its trust policy refuses ${refusedTo.map(({ role }) => role).join(", ")}: nothing can be run`,
          CORRECT,
        ),
    ],
  );
}

/** Everybody whom an Allow names, of whatever kind. */
const namedBy = (trust: PolicyDocument): readonly string[] =>
  statementsOf(trust).flatMap(({ Effect, Principal, NotPrincipal }) => {
    if (Effect !== "Allow") return [];
    if (Principal === undefined) return NotPrincipal === undefined ? [] : ["everybody but some"];
    return Principal === "*" ? ["*"] : Object.values(Principal).flatMap((names) => listOf(names));
  });
