import type { PolicyDocument } from "../../authority/iam-document.ts";
import type { TableFacts, TableSetting } from "../../aws/inspect-tables.ts";
import { denies, withPolicies } from "./ask.ts";
import { about, allOr, type Finding, type Subject, whenSeen } from "./finding.ts";
import { administrators, type Expected, sessionOf } from "./plane.ts";

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

const REDEPLOY = "deploy the stack again (cdk deploy), and find out who changed it";

/** One table: its form, its protection, and for Evidence the policy that no administrator passes. */
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
    "has no resource policy: whoever has IAM rights in the account can change evidence",
    REDEPLOY,
  );
  return [
    ...settings,
    ...whenSeen(recovery, subject, [], (isOn) => [
      isOn
        ? subject.ok("point-in-time recovery is on")
        : subject.problem("point-in-time recovery is off", `turn it on; ${REDEPLOY}`),
    ]),
    ...whenSeen(expiry, subject, [], (attribute) => checkExpiry(use, subject, attribute)),
    ...(use === "evidence"
      ? whenSeen(policy, subject, unprotected, (text) =>
          withPolicies(subject, [text], ([document]) =>
            checkPolicy(subject, document as PolicyDocument, setting.value.arn, expected),
          ),
        )
      : []),
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
    ? "may be deleted: the deployment has samples"
    : "protected against deletion";
  return allOr(subject.ok(`keys ${keys.join(", ")}; ${protection}`), [
    keys.join() !== form.keys.join() &&
      subject.problem(
        `its keys are ${keys.join(", ")}, not ${form.keys.join(", ")}`,
        "this is not the plane's table: correct the outputs file",
      ),
    !isProtected &&
      !isThrowAway &&
      subject.problem("is not protected against deletion", `set deletion protection; ${REDEPLOY}`),
    form.stream !== "" &&
      stream !== form.stream &&
      subject.problem("has no stream with both images: a changed record raises no alarm", REDEPLOY),
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
          REDEPLOY,
        ),
  ];
}

/** Asked of the evaluator as AWS would be: by people with every right, and by the functions. */
function checkPolicy(
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
    administrators(expected).some((principal) => !isDenied(action, principal)),
  );
  const stopped = Object.entries(roles).filter(([, arn]) =>
    isDenied("dynamodb:PutItem", sessionOf(arn)),
  );
  return allOr(subject.ok("its policy lets nobody change records, administrators included"), [
    open.length > 0 &&
      subject.problem(
        `its policy does not stop an administrator from ${open.join(", ")}`,
        REDEPLOY,
      ),
    stopped.length > 0 &&
      subject.problem(
        `its policy stops ${stopped.map(([use]) => use).join(", ")} from recording: nothing can be granted`,
        REDEPLOY,
      ),
  ]);
}
