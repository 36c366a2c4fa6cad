import type { PolicyText, RoleFacts } from "../aws/inspect/roles.ts";
import { IDENTITY_TAG } from "../issuance/assume-role.ts";
import { PROBE_TAG } from "../lifecycle/probe.ts";
import { REVOCATIONS } from "../lifecycle/revocation-policy.ts";
import { compareDocument } from "./compare.ts";
import { type Finding, type FindingSubject, REPAIR } from "./finding.ts";
import { asText, type Call, call } from "./repair/call.ts";
import { UnresolvedError } from "./written/template.ts";
import type { Written, WrittenRole } from "./written/written.ts";

const NOT_COMPARED = "its documents could not be compared with what the stack wrote";

/** A role's tag is a tag of all its sessions: a session without any would pass for one with it. */
const SESSION_TAGS: Readonly<Record<string, string>> = {
  [IDENTITY_TAG]: "an issued one",
  [PROBE_TAG]: "a probe, which can do nothing",
};

/** Whether a role's documents are, each as a whole, what the stack wrote, and nothing is attached besides. */
export function compareRole(
  subject: FindingSubject,
  facts: RoleFacts,
  written: Written | undefined,
): readonly Finding[] {
  const RoleName = nameOf(facts.arn);
  const wanted = written?.roles.get(facts.arn);
  if (wanted instanceof UnresolvedError)
    return [subject.unseen(`${wanted.message}: ${NOT_COMPARED}`)];
  const tagged = checkTags(subject, RoleName, facts);
  if (wanted === undefined || written === undefined) return tagged;
  return [
    ...tagged,
    ...(facts.trust.status === "seen"
      ? compareDocument(subject, "its trust policy", wanted.trust, facts.trust.value, [
          call("iam", "UpdateAssumeRolePolicy", {
            RoleName,
            PolicyDocument: asText(wanted.trust),
          }),
        ])
      : []),
    ...compareBoundary(subject, facts, wanted, written),
    ...(facts.policies.status === "seen"
      ? [
          ...compareInline(subject, RoleName, facts.policies.value.filter(isInline), wanted),
          ...compareAttached(subject, RoleName, facts.policies.value.filter(isAttached), wanted),
        ]
      : []),
  ];
}

/** The calls that give a role the boundary that it has lost. */
export const boundaryCalls = (arn: string, written: Written | undefined): readonly Call[] => {
  const wanted = written?.roles.get(arn);
  const boundary = wanted instanceof UnresolvedError ? undefined : wanted?.boundary;
  return boundary === undefined
    ? []
    : [
        call("iam", "PutRolePermissionsBoundary", {
          RoleName: nameOf(arn),
          PermissionsBoundary: boundary,
        }),
      ];
};

/** The call that gives a managed policy the stack's text again: a version, the fifth being the last that IAM keeps. */
export const managedCalls = (PolicyArn: string, document: object): readonly Call[] => [
  call("iam", "CreatePolicyVersion", {
    ...{ PolicyArn, PolicyDocument: asText(document), SetAsDefault: true },
  }),
];

/** Attached policies are named by their ARN, inline ones by a name, which can hold no colon. */
const isAttached = ({ name }: PolicyText): boolean => name.startsWith("arn:");
const isInline = (policy: PolicyText): boolean => !isAttached(policy);

const nameOf = (arn: string): string => arn.slice(arn.lastIndexOf("/") + 1);

const checkTags = (
  subject: FindingSubject,
  RoleName: string,
  { tags }: RoleFacts,
): readonly Finding[] => {
  if (tags.status !== "seen") return [];
  return tags.value.flatMap((key) => {
    const what = SESSION_TAGS[key.toLowerCase()];
    if (what === undefined) return [];
    const text = `the role itself has the tag ${key}: every session of it passes for ${what}`;
    return [
      subject.problem(text, REPAIR, [call("iam", "UntagRole", { RoleName, TagKeys: [key] })]),
    ];
  });
};

/** That there is none where there should be one, the caller says. */
function compareBoundary(
  subject: FindingSubject,
  { arn, boundary }: RoleFacts,
  wanted: WrittenRole,
  written: Written,
): readonly Finding[] {
  if (boundary.status !== "seen") return [];
  const { name, text } = boundary.value;
  if (wanted.boundary === undefined) {
    return [
      subject.problem(`has a permissions boundary that the stack did not write: ${name}`, REPAIR, [
        call("iam", "DeleteRolePermissionsBoundary", { RoleName: nameOf(arn) }),
      ]),
    ];
  }
  if (name !== wanted.boundary) {
    return [
      subject.problem(
        `its permissions boundary is ${name}, not ${wanted.boundary}`,
        REPAIR,
        boundaryCalls(arn, written),
      ),
    ];
  }
  const document = written.managed.get(name);
  return compareDocument(
    subject,
    `its permissions boundary ${nameOf(name)}`,
    document,
    text,
    document === undefined ? [] : managedCalls(name, document),
  );
}

function compareInline(
  subject: FindingSubject,
  RoleName: string,
  found: readonly PolicyText[],
  { inline }: WrittenRole,
): readonly Finding[] {
  const there = new Set(found.map(({ name }) => name));
  const put = (PolicyName: string, document: object): readonly Call[] => [
    call("iam", "PutRolePolicy", { RoleName, PolicyName, PolicyDocument: asText(document) }),
  ];
  return [
    ...found.flatMap(({ name, text }) => {
      const document = inline.get(name);
      if (document !== undefined)
        return compareDocument(subject, `its policy ${name}`, document, text, put(name, document));
      // The plane's own, by which sessions are denied: to delete it would give them back.
      if (name === REVOCATIONS && onlyDenies(text)) return [];
      return [
        subject.problem(`has an inline policy that the stack did not write: ${name}`, REPAIR, [
          call("iam", "DeleteRolePolicy", { RoleName, PolicyName: name }),
        ]),
      ];
    }),
    ...[...inline].flatMap(([name, document]) =>
      there.has(name)
        ? []
        : [subject.problem(`lacks its inline policy ${name}`, REPAIR, put(name, document))],
    ),
  ];
}

/** Whether a policy is one that takes authority and gives none. */
function onlyDenies(text: string): boolean {
  try {
    const { Statement } = JSON.parse(text) as {
      readonly Statement: readonly { Effect?: unknown }[];
    };
    return Statement.every(({ Effect }) => Effect === "Deny");
  } catch {
    return false;
  }
}

function compareAttached(
  subject: FindingSubject,
  RoleName: string,
  found: readonly PolicyText[],
  { attached }: WrittenRole,
): readonly Finding[] {
  const there = new Set(found.map(({ name }) => name));
  return [
    ...[...there]
      .filter((arn) => !attached.includes(arn))
      .map((PolicyArn) =>
        subject.problem(
          `has a policy attached that the stack did not attach: ${PolicyArn}`,
          REPAIR,
          [call("iam", "DetachRolePolicy", { RoleName, PolicyArn })],
        ),
      ),
    ...attached
      .filter((arn) => !there.has(arn))
      .map((PolicyArn) =>
        subject.problem(`lacks its attached policy ${PolicyArn}`, REPAIR, [
          call("iam", "AttachRolePolicy", { RoleName, PolicyArn }),
        ]),
      ),
  ];
}
