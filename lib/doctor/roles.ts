import { CATALOGUE } from "../actions/catalogue.ts";
import { CUT_ACTION } from "../authority/cut-action.ts";
import { evaluatePolicies } from "../authority/evaluate/evaluate.ts";
import {
  type PolicyDocument,
  type Statement,
  statementsOf,
} from "../authority/evaluate/iam-document.ts";
import type { PolicyText, RoleFacts } from "../aws/inspect/roles.ts";
import { IDENTITY_TAG } from "../issuance/assume-role.ts";
import { PROBE_TAG } from "../lifecycle/probe.ts";
import { EVERYTHING, withPolicies } from "./ask.ts";
import { boundaryCalls, compareRole } from "./compare-role.ts";
import {
  about,
  allOr,
  type Finding,
  type FindingSubject,
  whenSeen,
  withCompared,
} from "./finding.ts";
import { type Expected, keyArn, sessionOf } from "./plane.ts";
import { checkRoleTrust, type RoleUse } from "./role-trust.ts";
import {
  ANY_IDENTITY,
  isKeyUse,
  isOfCut,
  isTagged,
  listed,
  READ_ACTION,
  reachesProbes,
} from "./statements.ts";

const BOUNDARY =
  "attach the boundary that the stack makes (boundary-<family>), also to roles that you brought";
const POLICIES =
  "correct the role's policies (vai doctor --repair-plan, if the stack made it); the session policy of a contract cannot make up for them";

/** One role that sessions are made of: who can become it, what it can do at most, what stays out of reach. */
export function checkRole(use: RoleUse, facts: RoleFacts, expected: Expected): readonly Finding[] {
  const { arn, trust, boundary, policies } = facts;
  const [, , , , account] = arn.split(":");
  const isOurs = account === expected.account;
  const subject = about(`${use} role ${isOurs ? arn.slice(arn.indexOf("/") + 1) : arn}`);
  if (!isOurs) {
    return [
      {
        ...subject.unseen(`it is in account ${account}`),
        next: "run vai doctor there, or review its trust policy, boundary and policies by hand",
      },
    ];
  }
  const missing = subject.problem(
    "the trust policy names it, and there is no such role",
    "deploy it, or publish a trust policy without the actions that use it",
  );
  if (trust.status === "absent") return [missing];
  const unbounded = subject.problem(
    "has no permissions boundary",
    BOUNDARY,
    boundaryCalls(arn, expected.written),
  );
  return withCompared(
    [
      ...whenSeen(trust, subject, missing, (text) =>
        withPolicies(subject, [text], ([document]) =>
          checkRoleTrust(use, subject, document as PolicyDocument, arn, expected),
        ),
      ),
      ...whenSeen(boundary, subject, unbounded, ({ text }) =>
        withPolicies(subject, [text], ([document]) =>
          checkBoundary(use, subject, document as PolicyDocument, arn, expected),
        ),
      ),
      ...whenSeen(policies, subject, [], (texts) =>
        withPolicies(
          subject,
          texts.map(({ text }) => text),
          (documents) => checkPermissions(use, subject, texts, documents, expected),
        ),
      ),
    ],
    compareRole(subject, facts, expected.written),
  );
}

const ISSUED: Readonly<Record<string, string>> = {
  [`aws:PrincipalTag/${IDENTITY_TAG}`]: ANY_IDENTITY,
};
const PROBE = { ...ISSUED, [`aws:PrincipalTag/${PROBE_TAG}`]: "true" };

const UNCUT = "what is delivered cannot be cut, so nothing is delivered";
const UNSEEN = "nobody sees whether IAM denies what was revoked, which counts as not denied";

/** Whatever is added to the role later, the plane's own parts must stay out of its reach: by Deny, which nothing overrides. */
function checkBoundary(
  use: RoleUse,
  subject: FindingSubject,
  boundary: PolicyDocument,
  roleArn: string,
  expected: Expected,
): readonly Finding[] {
  const { deployment, arn, name } = expected;
  const { tables, functions, evidenceKeyId, planeKeyId } = deployment;
  const out: readonly (readonly [action: string, resource: string])[] = [
    ["dynamodb:PutItem", arn("dynamodb", `table/${tables.evidence}`)],
    ["dynamodb:UpdateItem", arn("dynamodb", `table/${tables.state}`)],
    ["dynamodb:PutItem", arn("dynamodb", `table/${tables.registry}`)],
    ["lambda:UpdateFunctionCode", arn("lambda", `function:${functions.issue}`)],
    ["lambda:InvokeFunction", arn("lambda", `function:${functions.govern}`)],
    ["kms:Sign", keyArn(expected, evidenceKeyId)],
    ["kms:Sign", keyArn(expected, planeKeyId)],
    ["iam:PutRolePolicy", roleArn],
    ["sts:AssumeRole", arn("iam", `role/vai-${name}-exec-other`)],
  ];
  const decide = (action: string, resource: string, context = ISSUED) =>
    evaluatePolicies(
      { identity: [EVERYTHING], boundary },
      { ...{ action, resource, context }, principalArn: sessionOf(roleArn) },
    ).decision;
  const sessions = use === "execution" ? [ISSUED, PROBE] : [ISSUED];
  const reachable = out.filter(([action, resource]) =>
    sessions.some((each) => decide(action, resource, each) !== "ExplicitDeny"),
  );
  const isAsked = use === "execution" && expected.hasProbes;
  const byProbes = CATALOGUE.map(({ action }) => action).filter(
    (action) => isAsked && decide(action, "*", PROBE) !== "ExplicitDeny",
  );
  return allOr(subject.ok("its boundary denies the plane's own resources"), [
    !isAsked &&
      decide(CUT_ACTION, "*") !== "ExplicitDeny" &&
      subject.problem(`its boundary does not deny ${CUT_ACTION}`, BOUNDARY),
    isAsked &&
      decide(CUT_ACTION, "*", {}) === "Allow" &&
      subject.problem(`its boundary allows ${CUT_ACTION} without vai-identity`, BOUNDARY),
    isAsked &&
      decide(CUT_ACTION, "*", ISSUED) !== "Allow" &&
      subject.problem(`its boundary keeps sessions from ${CUT_ACTION}: ${UNCUT}`, BOUNDARY),
    isAsked &&
      decide(CUT_ACTION, "*", PROBE) !== "Allow" &&
      subject.problem(`its boundary keeps probes from ${CUT_ACTION}: ${UNSEEN}`, BOUNDARY),
    byProbes.length > 0 &&
      subject.problem(`its boundary lets probes do ${byProbes.join(", ")}`, BOUNDARY),
    reachable.length > 0 &&
      subject.problem(
        `its boundary does not deny ${reachable.map(([action, resource]) => `${action} on ${resource}`).join(", ")}`,
        BOUNDARY,
      ),
  ]);
}

const checkPermissions = (
  use: RoleUse,
  subject: FindingSubject,
  texts: readonly PolicyText[],
  documents: readonly PolicyDocument[],
  expected: Expected,
): readonly Finding[] => {
  const allows = documents.flatMap((document, index) =>
    statementsOf(document)
      .filter(({ Effect }) => Effect === "Allow")
      .map((statement) => ({ policy: texts[index]?.name ?? "", statement })),
  );
  if (allows.length === 0)
    return [subject.problem("allows nothing: its actions will all be denied", POLICIES)];
  return use === "execution" ? checkTags(subject, allows, expected) : checkReads(subject, allows);
};

type Allowing = readonly { readonly policy: string; readonly statement: Statement }[];

const named = ({ policy, statement }: Allowing[number]): string =>
  `${policy}${statement.Sid === undefined ? "" : ` (${statement.Sid})`}`;

/**
 * IAM cannot demand a session policy at AssumeRole: without the tag, the role must be worth nothing, and with that of a
 * probe no more than what a probe asks.
 */
function checkTags(
  subject: FindingSubject,
  allows: Allowing,
  { hasProbes }: Expected,
): readonly Finding[] {
  const open = allows.filter(({ statement }) => !isTagged(statement));
  const cuts = allows.filter(({ statement }) => isOfCut(statement));
  const others = allows.filter((each) => !cuts.includes(each));
  const toProbes = others.filter(({ statement }) => reachesProbes(statement));
  const isAllowed = cuts.some(({ statement }) => isTagged(statement) && reachesProbes(statement));
  return allOr(subject.ok("allows nothing without the tag vai-identity, and probes only to ask"), [
    open.length > 0 &&
      subject.problem(
        `allows without the tag vai-identity: ${open.map(named).join(", ")}`,
        'add to each Allow: "StringLike": {"aws:PrincipalTag/vai-identity": "vai-*"}',
      ),
    toProbes.length > 0 &&
      subject.problem(
        `allows sessions with the tag vai-probe more than to ask: ${toProbes.map(named).join(", ")}`,
        'add to each Allow: "Null": {"aws:PrincipalTag/vai-probe": "true"}',
      ),
    hasProbes &&
      !isAllowed &&
      subject.problem(
        `does not allow sessions and probes ${CUT_ACTION}: ${UNCUT}, and ${UNSEEN}`,
        `add an Allow of ${CUT_ACTION} on * with "StringLike": {"aws:PrincipalTag/vai-identity": "vai-*"} alone, or say scopedCredentials: false and deploy`,
      ),
  ]);
}

/** What looks before and after a call must not be able to act. */
function checkReads(subject: FindingSubject, allows: Allowing): readonly Finding[] {
  const writing = allows.filter(
    ({ statement }) =>
      statement.NotAction !== undefined ||
      listed(statement.Action).some((action) => !READ_ACTION.test(action) && !isKeyUse(statement)),
  );
  return allOr(subject.ok("can only read"), [
    writing.length > 0 &&
      subject.problem(
        `allows more than reading: ${writing.map(named).join(", ")}`,
        "leave only Get, Describe, List, Head, Query, Scan and BatchGet actions",
      ),
  ]);
}
