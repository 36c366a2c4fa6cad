import type { PolicyDocument } from "../authority/evaluate/iam-document.ts";
import type { TableFacts, TableSetting } from "../aws/inspect/tables.ts";
import { denies, withPolicies } from "./ask.ts";
import { about, allOr, type Finding, REPAIR, type Subject, whenSeen } from "./finding.ts";
import {
  administrators,
  type Expected,
  FUNCTION_NAMES,
  type FunctionName,
  sessionOf,
} from "./plane.ts";

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
  registry: ["govern"],
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
    checkSetting(use, subject, value, expected),
  );
  if (setting.status !== "seen") return settings;
  const unprotected = subject.problem(
    "has no resource policy: whoever has IAM rights in the account can change what is in it",
    REPAIR,
  );
  return [
    ...settings,
    ...whenSeen(recovery, subject, [], (isOn) => [
      isOn
        ? subject.ok("point-in-time recovery is on")
        : subject.problem("point-in-time recovery is off", REPAIR),
    ]),
    ...whenSeen(expiry, subject, [], (attribute) => checkExpiry(use, subject, attribute)),
    ...whenSeen(policy, subject, unprotected, (text) =>
      withPolicies(subject, [text], ([document]) =>
        checkPolicy(use, subject, document as PolicyDocument, setting.value.arn, expected),
      ),
    ),
  ];
}

function checkSetting(
  use: TableUse,
  subject: Subject,
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
    !isProtected && !isThrowAway && subject.problem("is not protected against deletion", REPAIR),
    form.stream !== "" &&
      stream !== form.stream &&
      subject.problem("has no stream with both images: a changed record raises no alarm", REPAIR),
  ]);
}

function checkExpiry(use: TableUse, subject: Subject, attribute: string): readonly Finding[] {
  const { expiry } = FORMS[use];
  if (attribute === expiry)
    return [subject.ok(expiry === "" ? "nothing in it expires" : `old rows expire by ${expiry}`)];
  return [
    expiry === ""
      ? subject.problem(
          `items expire by ${attribute}: records are deleted silently`,
          "turn time to live off at once",
        )
      : subject.problem(
          attribute === ""
            ? "old rows never expire"
            : `items expire by ${attribute}, not ${expiry}`,
          REPAIR,
        ),
  ];
}

/** Nobody is excepted for records; for the rest those whom the deployment calls its administrators are. */
const strangersTo = (use: TableUse, expected: Expected): readonly string[] =>
  use === "evidence"
    ? administrators(expected)
    : [expected.arn("iam", "user/vai-doctor-asks"), sessionOf(expected.arn("iam", "role/asks"))];

/** Asked of the evaluator as AWS would be: by people with every right, and by the functions. */
function checkPolicy(
  use: TableUse,
  subject: Subject,
  policy: PolicyDocument,
  resource: string,
  expected: Expected,
): readonly Finding[] {
  const { roles, isThrowAway } = expected;
  const isDenied = (action: string, principalArn: string): boolean =>
    denies(policy, {
      ...{ action, resource, principalArn },
      context: { "dynamodb:EnclosingOperation": "TransactWriteItems" },
    });
  const forbidden = isThrowAway ? CHANGES : [...CHANGES, "dynamodb:DeleteTable"];
  const open = forbidden.filter((action) =>
    strangersTo(use, expected).some((principal) => !isDenied(action, principal)),
  );
  const stopped = WRITERS[use].filter((name) =>
    isDenied("dynamodb:PutItem", sessionOf(roles[name])),
  );
  const ok =
    use === "evidence"
      ? "its policy lets nobody change records, administrators included"
      : "its policy lets only the plane write";
  return allOr(subject.ok(ok), [
    open.length > 0 &&
      subject.problem(`its policy does not stop an administrator from ${open.join(", ")}`, REPAIR),
    stopped.length > 0 &&
      subject.problem(
        `its policy stops ${stopped.join(", ")} from writing: nothing can be granted`,
        REPAIR,
      ),
  ]);
}
