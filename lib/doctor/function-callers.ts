import { evaluatePolicies } from "../authority/evaluate/evaluate.ts";
import {
  listOf,
  type PolicyDocument,
  type Statement,
  statementsOf,
} from "../authority/evaluate/iam-document.ts";
import { EVERYTHING, withPolicies } from "./ask.ts";
import type { Finding, FindingSubject } from "./finding.ts";
import type { Expected, FunctionUse } from "./plane.ts";
import { call } from "./repair/call.ts";

const STRANGER = "arn:aws:iam::999999999999:user/stranger";

/** What the rules that run a function are called (infra/README.md, what the stack makes). */
const RULES: Readonly<Partial<Record<FunctionUse, string>>> = {
  sweep: "sweep",
  "revoke-events": "commands",
};

/**
 * By its resource policy the stack grants a function to the rule that runs it, and nobody else any: agents are let in
 * by IAM. So every other statement that allows is somebody's addition, whoever it names; what strangers could do there is
 * refused, and costs.
 */
export const checkFunctionCallers = (
  use: FunctionUse,
  subject: FindingSubject,
  name: string,
  text: string,
  { arn, name: plane }: Expected,
): readonly Finding[] =>
  withPolicies(subject, [text], ([document]) => {
    const own = RULES[use];
    const rule = own && arn("events", `rule/vai-${plane}-${own}`);
    const added = statementsOf(document as PolicyDocument).filter(
      (each) => each.Effect === "Allow" && (rule === undefined || !isForRule(each, rule)),
    );
    const others = { Version: "2012-10-17", Statement: added };
    const isOpen = ["lambda:InvokeFunction", "lambda:InvokeFunctionUrl"].some(
      (action) =>
        evaluatePolicies(
          { identity: [EVERYTHING], resource: [others] },
          {
            action,
            resource: arn("lambda", `function:${name}`),
            principalArn: STRANGER,
            context: { "lambda:FunctionUrlAuthType": ["AWS_IAM"] },
          },
        ).decision === "Allow",
    );
    return added.map(({ Sid, Principal, NotPrincipal }) =>
      subject.problem(
        isOpen
          ? "its resource policy lets principals of other accounts call it"
          : `its resource policy lets ${JSON.stringify(Principal ?? { NotPrincipal })} in; the stack lets ${rule === undefined ? "nobody" : `${rule} alone`}`,
        "find out who added it, then remove that statement: aws lambda remove-permission, or vai doctor --repair-plan",
        Sid === undefined
          ? []
          : [call("lambda", "RemovePermission", { FunctionName: name, StatementId: Sid })],
      ),
    );
  });

/** What Lambda makes of the permission of a rule (Lambda API reference, AddPermission): EventBridge, for that rule alone. */
function isForRule({ Principal, Action, Condition = {} }: Statement, rule: string): boolean {
  const sources = Object.entries(Condition["ArnLike"] ?? {}).flatMap(([key, value]) =>
    key.toLowerCase() === "aws:sourcearn" ? listOf(value) : [],
  );
  const services = typeof Principal === "object" ? Object.entries(Principal) : [];
  return (
    services.length === 1 &&
    services.every(([kind, name]) => kind === "Service" && name === "events.amazonaws.com") &&
    listOf(Action).every((action) => action === "lambda:InvokeFunction") &&
    sources.length === 1 &&
    sources[0] === rule
  );
}
