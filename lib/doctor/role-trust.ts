import { listOf, type PolicyDocument, statementsOf } from "../authority/evaluate/iam-document.ts";
import { present } from "../encoding/present.ts";
import { IDENTITY_TAG } from "../issuance/assume-role.ts";
import { PROBE_SESSION, PROBE_TAG } from "../lifecycle/probe.ts";
import { lets } from "./ask.ts";
import { allOr, type Finding, type FindingSubject } from "./finding.ts";
import { administrators, type Expected, type FunctionName, madeBy, sessionOf } from "./plane.ts";
import { ANY_IDENTITY } from "./statements.ts";

/** What a role is for. */
export type RoleUse = "execution" | "reader";

type Context = Readonly<Record<string, string | readonly string[]>>;

/** A session as it is asked for. */
interface Asked {
  readonly name: string;
  readonly sourceIdentity?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

/** The calls as which AWS authorises it: up to three, each with keys of its own (Service Authorization Reference, STS). */
function callsFor({
  name,
  sourceIdentity,
  tags = {},
}: Asked): readonly (readonly [action: string, context: Context])[] {
  const source = present({ "sts:SourceIdentity": sourceIdentity });
  const keys = Object.keys(tags);
  const tagged: Context = {
    ...(keys.length > 0 && { "aws:TagKeys": keys }),
    ...Object.fromEntries(keys.map((key) => [`aws:RequestTag/${key}`, tags[key] ?? ""])),
  };
  return [
    ["sts:AssumeRole", { "sts:RoleSessionName": name, ...source, ...tagged }],
    ...(sourceIdentity === undefined ? [] : [["sts:SetSourceIdentity", source] as const]),
    ...(keys.length === 0 ? [] : [["sts:TagSession", tagged] as const]),
  ];
}

const ISSUED = {
  ...{ name: ANY_IDENTITY, sourceIdentity: ANY_IDENTITY },
  tags: { [IDENTITY_TAG]: ANY_IDENTITY },
} as const satisfies Asked;

const PROBE = {
  ...{ name: PROBE_SESSION, sourceIdentity: PROBE_SESSION },
  tags: { [IDENTITY_TAG]: ANY_IDENTITY, [PROBE_TAG]: "true" },
} as const satisfies Asked;

const READER: Asked = { name: "vai-reader" };

/** Functions with the session that they need of a role, and those that even they must not get. */
interface Caller {
  readonly names: readonly FunctionName[];
  readonly wanted: Asked;
  readonly refused: readonly { readonly what: string; readonly asked: Asked }[];
  /** What does not work when it is refused. */
  readonly lost: string;
}

const { sourceIdentity: _, ...UNTRACED } = ISSUED;

const ACTING: Caller = {
  names: ["issue", "execute"],
  wanted: ISSUED,
  refused: [
    { what: "a session without the tag vai-identity", asked: { ...ISSUED, tags: {} } },
    { what: "a session with another name", asked: { ...ISSUED, name: "somebody" } },
    { what: "a session without source identity", asked: UNTRACED },
    {
      what: "a session with further tags",
      asked: { ...ISSUED, tags: { ...ISSUED.tags, another: "x" } },
    },
    {
      what: "a session that acts with the tag vai-probe",
      asked: { ...ISSUED, tags: PROBE.tags },
    },
  ],
  lost: "nothing can be run",
};

/** They look whether IAM denies a session that was revoked, and act with none (PROTOCOL.md §10, point `session`). */
const PROBING: Caller = {
  names: ["revoke", "sweep"],
  wanted: PROBE,
  refused: [
    { what: "revoke or sweep a session that acts", asked: ISSUED },
    { what: "a probe with another name", asked: { ...PROBE, name: ANY_IDENTITY } },
    {
      what: "a probe with further tags",
      asked: { ...PROBE, tags: { ...PROBE.tags, another: "x" } },
    },
  ],
  lost: "nobody sees whether IAM denies what was revoked, which counts as not denied",
};

const LOOKING: Caller = {
  names: ["issue", "execute", "sweep"],
  wanted: READER,
  refused: [
    { what: "a session with another name than vai-reader", asked: { name: "somebody" } },
    {
      what: "a session with the tag of an identity",
      asked: { ...READER, tags: ISSUED.tags },
    },
    {
      what: "a session with the source identity of an identity",
      asked: { ...READER, sourceIdentity: ANY_IDENTITY },
    },
  ],
  lost: "nothing can be run",
};

const callersOf = (use: RoleUse, { hasProbes }: Expected): readonly Caller[] => {
  if (use === "reader") return [LOOKING];
  return hasProbes ? [ACTING, PROBING] : [ACTING];
};

const CORRECT =
  "correct its trust policy (vai doctor --repair-plan, if the stack made it): infra/role-trust.ts has the statements";

/** Who can become the role: the functions that obtain sessions, each in its form and no other, and nobody else. */
export function checkRoleTrust(
  use: RoleUse,
  subject: FindingSubject,
  trust: PolicyDocument,
  roleArn: string,
  expected: Expected,
): readonly Finding[] {
  const { roles, arn: arnOf } = expected;
  const callers = callersOf(use, expected);
  const may = (principalArn: string, [action, context]: readonly [string, Context]): boolean =>
    lets(trust, { action, resource: roleArn, principalArn, context });
  const gets = (name: FunctionName, asked: Asked): boolean =>
    callsFor(asked).every(([action, context]) =>
      may(sessionOf(roles[name]), [action, { ...context, ...madeBy(expected, name) }]),
    );
  const names = [...new Set(callers.flatMap((each) => each.names))];
  const loose = callers.flatMap((caller) =>
    caller.refused.filter(({ asked }) => caller.names.some((name) => gets(name, asked))),
  );
  const others = [...administrators(expected), arnOf("iam", "root"), sessionOf(roles.govern)];
  const strangers = new Set([
    ...namedBy(trust).filter((arn) => !names.some((name) => roles[name] === arn)),
    ...others.filter((other) =>
      callers.some(({ wanted }) => callsFor(wanted).some((each) => may(other, each))),
    ),
  ]);
  return allOr(subject.ok(`only ${names.join(", ")} can assume it, and only as the plane does`), [
    strangers.size > 0 &&
      subject.problem(`its trust policy lets others in: ${[...strangers].join(", ")}`, CORRECT),
    loose.length > 0 &&
      subject.problem(
        `its trust policy allows ${loose.map(({ what }) => what).join(", ")}`,
        CORRECT,
      ),
    ...callers.map(({ names: own, wanted, lost }) => {
      const refused = own.filter((name) => !gets(name, wanted)).map((name) => roles[name]);
      return (
        refused.length > 0 &&
        subject.problem(`its trust policy refuses ${refused.join(", ")}: ${lost}`, CORRECT)
      );
    }),
  ]);
}

/** Everybody whom an Allow names, of whatever kind. */
const namedBy = (trust: PolicyDocument): readonly string[] =>
  statementsOf(trust).flatMap(({ Effect, Principal, NotPrincipal }) => {
    if (Effect !== "Allow") return [];
    if (Principal === undefined) return NotPrincipal === undefined ? [] : ["everybody but some"];
    return Principal === "*" ? ["*"] : Object.values(Principal).flatMap((names) => listOf(names));
  });
