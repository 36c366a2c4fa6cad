import { evaluatePolicies } from "../../authority/evaluate.ts";
import type { FunctionFacts, FunctionSetting } from "../../aws/inspect-functions.ts";
import { ENV, FUNCTION_TIMEOUT_SECONDS } from "../../config.ts";
import { EVERYTHING, withPolicies } from "./ask.ts";
import { about, allOr, type Finding, type Subject, whenSeen } from "./finding.ts";
import type { Expected, FunctionName } from "./plane.ts";

/** What the stack deploys; functions are written for it. */
const RUNTIME = "nodejs24.x";
const REDEPLOY = "deploy the stack again (cdk deploy), and find out who changed it";
const AGENTS_CALL: readonly FunctionName[] = ["issue", "execute"];
const STRANGER = "arn:aws:iam::999999999999:user/stranger";

/** One function: its code runs as deployed, knows its plane, and answers only callers with IAM's permission. */
export function checkFunction(
  use: FunctionName,
  { name, setting, urlAuth, policy }: FunctionFacts,
  expected: Expected,
): readonly Finding[] {
  const subject = about(`function ${name}`);
  const missing = subject.problem(
    "there is no such function",
    "deploy the stack, or correct the outputs file: it may be another account's or region's",
  );
  const settings = whenSeen(setting, subject, missing, (value) =>
    checkSetting(use, subject, value, expected),
  );
  if (setting.status === "absent") return settings;
  return [
    ...settings,
    ...checkUrl(use, subject, urlAuth),
    ...whenSeen(policy, subject, [], (text) => checkCallers(subject, name, text, expected)),
  ];
}

function checkSetting(
  use: FunctionName,
  subject: Subject,
  { runtime, timeout, environment, roleArn }: FunctionSetting,
  { deployment, roles }: Expected,
): readonly Finding[] {
  const wanted: Readonly<Record<string, string>> = {
    [ENV.plane]: deployment.plane,
    [ENV.evidenceTable]: deployment.tables.evidence,
    [ENV.stateTable]: deployment.tables.state,
    [ENV.registryTable]: deployment.tables.registry,
    [ENV.evidenceKeyId]: deployment.evidenceKeyId,
    [ENV.planeKeyId]: deployment.planeKeyId,
  };
  const wrong = Object.entries(wanted).filter(([name, value]) => environment[name] !== value);
  return allOr(subject.ok(`${runtime}, ${timeout} s, its settings agree with the deployment`), [
    runtime !== RUNTIME && subject.problem(`runs on ${runtime}, not ${RUNTIME}`, REDEPLOY),
    timeout !== FUNCTION_TIMEOUT_SECONDS &&
      subject.problem(
        `its timeout is ${timeout} s; answers promise that a revocation reaches it within ${FUNCTION_TIMEOUT_SECONDS} s`,
        REDEPLOY,
      ),
    ...wrong.map(([name, value]) =>
      subject.problem(`${name} is ${environment[name] ?? "not set"}, not ${value}`, REDEPLOY),
    ),
    roleArn !== roles[use] && subject.problem(`runs under ${roleArn}, not ${roles[use]}`, REDEPLOY),
  ]);
}

function checkUrl(
  use: FunctionName,
  subject: Subject,
  urlAuth: FunctionFacts["urlAuth"],
): readonly Finding[] {
  const isForAgents = AGENTS_CALL.includes(use);
  const absent = isForAgents
    ? subject.problem("has no Function URL", REDEPLOY)
    : subject.ok("has no Function URL, as it should");
  return whenSeen(urlAuth, subject, absent, (authType) => {
    if (!isForAgents)
      return [
        subject.problem("has a Function URL; only people invoke it", `remove it; ${REDEPLOY}`),
      ];
    return [
      authType === "AWS_IAM"
        ? subject.ok("its URL demands IAM's permission")
        : subject.problem(
            `its URL has auth type ${authType}: anybody on the internet reaches it`,
            `set AWS_IAM; ${REDEPLOY}`,
          ),
    ];
  });
}

/** A resource policy that lets strangers in would make the plane everybody's; what they could do there is refused, and costs. */
const checkCallers = (
  subject: Subject,
  name: string,
  text: string,
  { arn }: Expected,
): readonly Finding[] =>
  withPolicies(subject, [text], ([document]) => {
    const isOpen = ["lambda:InvokeFunction", "lambda:InvokeFunctionUrl"].some(
      (action) =>
        evaluatePolicies(
          { identity: [EVERYTHING], resource: [document ?? EVERYTHING] },
          {
            action,
            resource: arn("lambda", `function:${name}`),
            principalArn: STRANGER,
            context: { "lambda:FunctionUrlAuthType": ["AWS_IAM"] },
          },
        ).decision === "Allow",
    );
    return isOpen
      ? [
          subject.problem(
            "its resource policy lets principals of other accounts call it",
            "remove that statement (aws lambda remove-permission)",
          ),
        ]
      : [];
  });

/** All functions serve one plane: what they were told must be the same. */
export function checkAgreement(facts: readonly FunctionFacts[]): readonly Finding[] {
  const subject = about("functions");
  const environments = facts.flatMap(({ setting }) =>
    setting.status === "seen" ? [setting.value.environment] : [],
  );
  if (environments.length < facts.length || environments.length === 0) return [];
  const differing = Object.values(ENV).filter(
    (name) => new Set(environments.map((environment) => environment[name])).size > 1,
  );
  return allOr(
    subject.ok("all were told the same"),
    differing.map((name) => subject.problem(`they disagree about ${name}`, REDEPLOY)),
  );
}
