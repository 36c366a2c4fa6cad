import type { PolicyDocument } from "../authority/evaluate/iam-document.ts";
import type { TableFacts, TableSetting } from "../aws/inspect/tables.ts";
import { denies, withPolicies } from "./ask.ts";
import { compareDocument } from "./compare.ts";
import {
  about,
  allOr,
  type Finding,
  type FindingSubject,
  REPAIR,
  REVERT,
  whenSeen,
  withCompared,
} from "./finding.ts";
import {
  administrators,
  type Expected,
  FUNCTION_NAMES,
  type FunctionName,
  madeBy,
  sessionOf,
} from "./plane.ts";
import { type NamedPrincipal, namedIn } from "./policies/named-principals.ts";
import { asText, type Call, call } from "./repair/call.ts";
import { administratorsIn } from "./written/administrators.ts";

type TableUse = "evidence" | "state" | "registry";

interface Form {
  readonly keys: readonly string[];
  /** Attribute by which items expire; empty when nothing may. */
  readonly expiry: string;
  readonly stream: string;
}

const FORMS: Readonly<Record<TableUse, Form>> = {
  evidence: { keys: ["chainId", "seq"], expiry: "", stream: "NEW_AND_OLD_IMAGES" },
  state: { keys: ["pk", "sk"], expiry: "ttl", stream: "" },
  registry: { keys: ["pk", "sk"], expiry: "", stream: "" },
};

/** The functions that write into a table. */
const WRITERS: Readonly<Record<TableUse, readonly FunctionName[]>> = {
  evidence: FUNCTION_NAMES,
  state: FUNCTION_NAMES,
  registry: ["govern", "revoke", "sweep"],
};

/** What changes or removes a record. */
const CHANGES = [
  "dynamodb:UpdateItem",
  "dynamodb:DeleteItem",
  "dynamodb:BatchWriteItem",
  "dynamodb:PartiQLInsert",
  "dynamodb:PartiQLUpdate",
  "dynamodb:PartiQLDelete",
  "dynamodb:PutItem",
  "dynamodb:UpdateTimeToLive",
];

/** One table: its form, its protection, and the policy that holds against administrators. */
export function checkTable(
  use: TableUse,
  facts: TableFacts,
  expected: Expected,
): readonly Finding[] {
  const subject = about(`table ${facts.name}`);
  const missing = subject.problem(
    "there is no such table",
    "restore it from a backup: without it nothing is granted",
  );
  const { setting, recovery, expiry, policy } = facts;
  const settings = whenSeen(setting, subject, missing, (value) =>
    checkSetting(use, subject, facts.name, value, expected),
  );
  if (setting.status !== "seen") return settings;
  const unprotected = subject.problem(
    "has no resource policy: whoever has IAM rights in the account can change what is in it",
    REPAIR,
    policyCalls(facts.name, setting.value.arn, expected),
  );
  return [
    ...settings,
    ...whenSeen(recovery, subject, [], (isOn) => [
      isOn
        ? subject.ok("point-in-time recovery is on")
        : subject.problem("point-in-time recovery is off", REPAIR, [
            call("dynamodb", "UpdateContinuousBackups", {
              TableName: facts.name,
              PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
            }),
          ]),
    ]),
    ...whenSeen(expiry, subject, [], (attribute) =>
      checkExpiry(use, subject, facts.name, attribute),
    ),
    ...whenSeen(policy, subject, unprotected, (text) =>
      withCompared(
        withPolicies(subject, [text], ([document]) =>
          checkPolicy(use, subject, document as PolicyDocument, setting.value.arn, expected),
        ),
        compareDocument(
          subject,
          "its policy",
          expected.written?.tables.get(facts.name),
          text,
          policyCalls(facts.name, setting.value.arn, expected),
        ),
      ),
    ),
  ];
}

/** CloudFormation detects no drift of a table's resource policy, so nothing but this call puts it back. */
function policyCalls(name: string, ResourceArn: string, { written }: Expected): readonly Call[] {
  const policy = written?.tables.get(name);
  return policy === undefined
    ? []
    : [call("dynamodb", "PutResourcePolicy", { ResourceArn, Policy: asText(policy) })];
}

function checkSetting(
  use: TableUse,
  subject: FindingSubject,
  TableName: string,
  { keys, isProtected, stream }: TableSetting,
  { isThrowAway }: Expected,
): readonly Finding[] {
  const form = FORMS[use];
  const protection = isThrowAway
    ? "may be deleted: the deployment keeps nothing (samples, or retain: false)"
    : "protected against deletion";
  return allOr(subject.ok(`keys ${keys.join(", ")}; ${protection}`), [
    keys.join() !== form.keys.join() &&
      subject.problem(
        `its keys are ${keys.join(", ")}, not ${form.keys.join(", ")}`,
        "this is not the plane's table: correct the outputs file",
      ),
    !isProtected &&
      !isThrowAway &&
      subject.problem("is not protected against deletion", REPAIR, [
        call("dynamodb", "UpdateTable", { TableName, DeletionProtectionEnabled: true }),
      ]),
    form.stream !== "" &&
      stream !== form.stream &&
      subject.problem(
        "has no stream with both images: a changed record raises no alarm",
        stream === ""
          ? "put it back (vai doctor --repair-plan); it is then a new stream: look again, for the watch's role and source"
          : REVERT,
        stream === ""
          ? [
              call("dynamodb", "UpdateTable", {
                TableName,
                StreamSpecification: { StreamEnabled: true, StreamViewType: form.stream },
              }),
            ]
          : [],
      ),
  ]);
}

function checkExpiry(
  use: TableUse,
  subject: FindingSubject,
  TableName: string,
  attribute: string,
): readonly Finding[] {
  const { expiry } = FORMS[use];
  const turn = (Enabled: boolean, AttributeName: string): Call =>
    call("dynamodb", "UpdateTimeToLive", {
      TableName,
      TimeToLiveSpecification: { Enabled, AttributeName },
    });
  if (attribute === expiry)
    return [subject.ok(expiry === "" ? "nothing in it expires" : `old rows expire by ${expiry}`)];
  return [
    expiry === ""
      ? subject.problem(
          `items expire by ${attribute}: records are deleted silently`,
          "turn time to live off at once: vai doctor --repair-plan prints the call",
          [turn(false, attribute)],
        )
      : subject.problem(
          attribute === ""
            ? "old rows never expire"
            : `items expire by ${attribute}, not ${expiry}`,
          REPAIR,
          // One attribute at a time, and an hour between two changes (DynamoDB developer guide, TTL).
          attribute === "" ? [turn(true, expiry)] : [turn(false, attribute)],
        ),
  ];
}

type Stranger = Pick<NamedPrincipal, "principalArn" | "context">;

/** Nobody is excepted for records; for the rest those whom the deployment calls its administrators are. */
const strangersTo = (use: TableUse, expected: Expected): readonly Stranger[] =>
  (use === "evidence"
    ? administrators(expected)
    : [expected.arn("iam", "user/vai-doctor-asks"), sessionOf(expected.arn("iam", "role/asks"))]
  ).map((principalArn) => ({ principalArn, context: {} }));

/** Those whom the policy itself names, the plane's writers and, but for records, the deployment's administrators left out. */
function namedStrangers(
  use: TableUse,
  policy: PolicyDocument,
  name: string,
  { roles, partition, written }: Expected,
): readonly NamedPrincipal[] {
  const known = new Set<string>([
    ...WRITERS[use].map((writer) => roles[writer]),
    ...administratorsIn(written?.tables.get(name)),
  ]);
  return namedIn(policy, partition).principals.filter((each) => !known.has(each.name));
}

/** Asked of the evaluator as AWS would be: by people with every right, and by the functions. */
function checkPolicy(
  use: TableUse,
  subject: FindingSubject,
  policy: PolicyDocument,
  resource: string,
  expected: Expected,
): readonly Finding[] {
  const { roles, isThrowAway, written } = expected;
  const name = resource.slice(resource.lastIndexOf("/") + 1);
  const isDenied = (action: string, { principalArn, context }: Stranger): boolean =>
    denies(policy, {
      ...{ action, resource, principalArn },
      context: { "dynamodb:EnclosingOperation": "TransactWriteItems", ...context },
    });
  const forbidden = isThrowAway ? CHANGES : [...CHANGES, "dynamodb:DeleteTable"];
  const open = forbidden.filter((action) =>
    strangersTo(use, expected).some((principal) => !isDenied(action, principal)),
  );
  const excepted = namedStrangers(use, policy, name, expected).filter((each) =>
    forbidden.some((action) => !open.includes(action) && !isDenied(action, each)),
  );
  const names = excepted.map((each) => each.name).join(", ");
  const stopped = WRITERS[use].filter((writer) =>
    isDenied("dynamodb:PutItem", {
      ...{ principalArn: sessionOf(roles[writer]), context: madeBy(expected, writer) },
    }),
  );
  // Without the stack's own text nobody knows whether those are the deployment's administrators.
  const isKnown = written?.tables.has(name) === true || use === "evidence";
  const ok =
    use === "evidence"
      ? "its policy lets nobody change records, administrators included"
      : "its policy lets only the plane write";
  return allOr(subject.ok(ok), [
    open.length > 0 &&
      subject.problem(`its policy does not stop an administrator from ${open.join(", ")}`, REPAIR),
    excepted.length > 0 &&
      (isKnown
        ? subject.problem(`its policy excepts ${names}`, REPAIR)
        : subject.unseen(
            `its policy excepts ${names}: whether those are the deployment's administrators could not be seen`,
          )),
    stopped.length > 0 &&
      subject.problem(
        `its policy stops ${stopped.join(", ")} from writing: nothing can be granted`,
        REPAIR,
      ),
  ]);
}
