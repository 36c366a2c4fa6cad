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

export type CallerKind = "agent" | "operator" | "auditor";

const INVOKE = /^lambda:Invoke(Function|FunctionUrl)$/;

/** The managed policies for agents, operators and auditors: what the stack made, and nothing more. */
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
        switch (kind) {
          case "agent":
            return checkAgent(subject, allows, expected);
          case "operator":
            return checkOperator(subject, allows, expected);
          case "auditor":
            return checkAuditor(subject, allows);
        }
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

/** An agent holds no authority of its own: it may ask `issue`, `execute` and `delegate`, and that is all (VAI-15). */
function checkAgent(
  subject: FindingSubject,
  allows: readonly Statement[],
  { deployment, arn }: Expected,
): readonly Finding[] {
  const { issue, execute, delegate } = deployment.functions;
  const callable = [issue, execute, delegate].map((each) => arn("lambda", `function:${each}`));
  const beyond = allows.filter((each) => !isCallOf(each, callable));
  return allOr(subject.ok("agents may call issue, execute and delegate, and nothing else"), [
    beyond.length > 0 &&
      subject.problem(
        `lets agents do more than call issue, execute and delegate: ${describe(beyond)}`,
        REPAIR,
      ),
  ]);
}

/** An operator holds no authority of AWS either: what a command does, its signature decides (PROTOCOL.md §10). */
function checkOperator(
  subject: FindingSubject,
  allows: readonly Statement[],
  { deployment, arn }: Expected,
): readonly Finding[] {
  const { govern, revoke } = deployment.functions;
  const callable = [govern, revoke].map((each) => arn("lambda", `function:${each}`));
  const beyond = allows.filter((each) => !isReading(each) && !isCallOf(each, callable));
  return allOr(subject.ok("operators may call govern and revoke, and read"), [
    beyond.length > 0 &&
      subject.problem(
        `lets operators do more than call govern and revoke, and read: ${describe(beyond)}`,
        REPAIR,
      ),
  ]);
}

function checkAuditor(subject: FindingSubject, allows: readonly Statement[]): readonly Finding[] {
  const beyond = allows.filter((each) => !isReading(each));
  return allOr(subject.ok("auditors may only read"), [
    beyond.length > 0 &&
      subject.problem(`lets auditors do more than read: ${describe(beyond)}`, REPAIR),
  ]);
}

/** Whether a statement allows calling these functions, and nothing else. */
const isCallOf = (
  { Action, Resource, NotAction, NotResource }: Statement,
  callable: readonly string[],
): boolean =>
  NotAction === undefined &&
  NotResource === undefined &&
  listed(Action).every((action) => INVOKE.test(action)) &&
  listed(Resource).every((resource) => callable.includes(resource));

const isReading = ({ Action, NotAction }: Statement): boolean =>
  NotAction === undefined && listed(Action).every((action) => READ_ACTION.test(action));

const describe = (statements: readonly Statement[]): string =>
  statements.map(({ Sid, Action, NotAction }) => Sid ?? String(Action ?? NotAction)).join(", ");
