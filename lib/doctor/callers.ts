import {
  type PolicyDocument,
  type Statement,
  statementsOf,
} from "../authority/evaluate/iam-document.ts";
import type { Seen } from "../aws/inspect/look.ts";
import type { PolicyText } from "../aws/inspect/roles.ts";
import { withPolicies } from "./ask.ts";
import { compareDocument } from "./compare.ts";
import { managedCalls } from "./compare-role.ts";
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
import type { Expected } from "./plane.ts";
import { listed, READ_ACTION } from "./statements.ts";

export type CallerKind = "agent" | "auditor";

const INVOKE = /^lambda:Invoke(Function|FunctionUrl)$/;

/** The managed policies for agents and auditors: what the stack made, and nothing more. */
export function checkCallerPolicy(
  kind: CallerKind,
  arn: string,
  policy: Seen<PolicyText>,
  expected: Expected,
): readonly Finding[] {
  const subject = about(`policy ${arn.slice(arn.indexOf("/") + 1)}`);
  const missing = subject.problem("there is no such policy", REVERT);
  const written = expected.written?.managed.get(arn);
  return whenSeen(policy, subject, missing, ({ text }) =>
    withCompared(
      withPolicies(subject, [text], ([document]) => {
        const allows = statementsOf(document as PolicyDocument).filter(
          ({ Effect }) => Effect === "Allow",
        );
        return kind === "agent"
          ? checkAgent(subject, allows, expected)
          : checkAuditor(subject, allows);
      }),
      compareDocument(
        subject,
        "its text",
        written,
        text,
        written === undefined ? [] : managedCalls(arn, written),
      ),
    ),
  );
}

/** An agent holds no authority of its own: it may ask `issue` and `execute`, and that is all (VAI-15). */
function checkAgent(
  subject: FindingSubject,
  allows: readonly Statement[],
  { deployment, arn }: Expected,
): readonly Finding[] {
  const { issue, execute } = deployment.functions;
  const callable = [issue, execute].map((each) => arn("lambda", `function:${each}`));
  const beyond = allows.filter(
    ({ Action, Resource, NotAction, NotResource }) =>
      NotAction !== undefined ||
      NotResource !== undefined ||
      listed(Action).some((action) => !INVOKE.test(action)) ||
      listed(Resource).some((resource) => !callable.includes(resource)),
  );
  return allOr(subject.ok("agents may call issue and execute, and nothing else"), [
    beyond.length > 0 &&
      subject.problem(
        `lets agents do more than call issue and execute: ${describe(beyond)}`,
        REPAIR,
      ),
  ]);
}

function checkAuditor(subject: FindingSubject, allows: readonly Statement[]): readonly Finding[] {
  const beyond = allows.filter(
    ({ Action, NotAction }) =>
      NotAction !== undefined || listed(Action).some((action) => !READ_ACTION.test(action)),
  );
  return allOr(subject.ok("auditors may only read"), [
    beyond.length > 0 &&
      subject.problem(`lets auditors do more than read: ${describe(beyond)}`, REPAIR),
  ]);
}

const describe = (statements: readonly Statement[]): string =>
  statements.map(({ Sid, Action, NotAction }) => Sid ?? String(Action ?? NotAction)).join(", ");
