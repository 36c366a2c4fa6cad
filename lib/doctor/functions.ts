import { evaluatePolicies } from "../authority/evaluate/evaluate.ts";
import type { FunctionFacts, FunctionSetting } from "../aws/inspect/functions.ts";
import { ENV, FUNCTION_TIMEOUT_SECONDS } from "../config.ts";
import { EVERYTHING, withPolicies } from "./ask.ts";
import { about, allOr, type Finding, REPAIR, type Subject, whenSeen } from "./finding.ts";
import type { Expected, FunctionUse } from "./plane.ts";

/** What the stack deploys; functions are written for it. */
const RUNTIME = "nodejs24.x";
const AGENTS_CALL: readonly FunctionUse[] = ["issue", "execute"];
const STRANGER = "arn:aws:iam::999999999999:user/stranger";

/** One function: its code runs as deployed, knows its plane, and answers only callers with IAM's permission. */
export function checkFunction(
  use: FunctionUse,
  { name, setting, urlAuth, policy, concurrency }: FunctionFacts,
  expected: Expected,
): readonly Finding[] {
  const subject = about(`function ${name}`);
  const missing = subject.problem(
    "there is no such function",
    `correct the outputs file if it is another account's or region's; else ${REPAIR}`,
  );
  const settings = whenSeen(setting, subject, missing, (value) =>
    checkSetting(use, subject, value, expected),
  );
  if (setting.status === "absent") return settings;
  return [
    ...settings,
    ...checkUrl(use, subject, urlAuth, expected),
    ...whenSeen(concurrency, subject, [], (most) => checkConcurrency(subject, name, most)),
    ...whenSeen(policy, subject, [], (text) => checkCallers(subject, name, text, expected)),
  ];
}

/** What a function must be told. The watch is told nothing: it knows only what the stream says. */
const settingsFor = (
  use: FunctionUse,
  { deployment }: Expected,
): Readonly<Record<string, string>> =>
  use === "watch"
    ? {}
    : {
        [ENV.plane]: deployment.plane,
        [ENV.evidenceTable]: deployment.tables.evidence,
        [ENV.stateTable]: deployment.tables.state,
        [ENV.registryTable]: deployment.tables.registry,
        [ENV.evidenceKeyId]: deployment.evidenceKeyId,
        [ENV.planeKeyId]: deployment.planeKeyId,
      };

function checkSetting(
  use: FunctionUse,
  subject: Subject,
  { runtime, timeout, environment, roleArn }: FunctionSetting,
  expected: Expected,
): readonly Finding[] {
  const ownRole = use === "watch" ? expected.watch.roleArn : expected.roles[use];
  const wrong = Object.entries(settingsFor(use, expected)).filter(
    ([name, value]) => environment[name] !== value,
  );
  return allOr(subject.ok(`${runtime}, ${timeout} s, its settings agree with the deployment`), [
    runtime !== RUNTIME && subject.problem(`runs on ${runtime}, not ${RUNTIME}`, REPAIR),
    timeout !== FUNCTION_TIMEOUT_SECONDS &&
      subject.problem(
        `its timeout is ${timeout} s; answers promise that a revocation reaches it within ${FUNCTION_TIMEOUT_SECONDS} s`,
        REPAIR,
      ),
    ...wrong.map(([name, value]) =>
      subject.problem(`${name} is ${environment[name] ?? "not set"}, not ${value}`, REPAIR),
    ),
    roleArn !== ownRole && subject.problem(`runs under ${roleArn}, not ${ownRole}`, REPAIR),
  ]);
}

function checkConcurrency(subject: Subject, name: string, most: number): readonly Finding[] {
  if (most > 0) return [];
  return [
    subject.problem(
      "its reserved concurrency is 0: it is never run",
      `find out who stopped it and why; then aws lambda put-function-concurrency --function-name ${name} --reserved-concurrent-executions N`,
    ),
  ];
}

function checkUrl(
  use: FunctionUse,
  subject: Subject,
  urlAuth: FunctionFacts["urlAuth"],
  { deployment }: Expected,
): readonly Finding[] {
  const isForAgents = AGENTS_CALL.includes(use);
  // Outputs that name none are of a region where AWS has none, or of a team that wants none.
  const absent =
    isForAgents && deployment.functionUrls !== undefined
      ? subject.problem("has no Function URL", REPAIR)
      : subject.ok("has no Function URL, as it should");
  return whenSeen(urlAuth, subject, absent, (authType) => {
    if (!isForAgents)
      return [subject.problem("has a Function URL; agents have no business with it", REPAIR)];
    return [
      authType === "AWS_IAM"
        ? subject.ok("its URL demands IAM's permission")
        : subject.problem(
            `its URL has auth type ${authType}: anybody on the internet reaches it`,
            REPAIR,
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
    differing.map((name) => subject.problem(`they disagree about ${name}`, REPAIR)),
  );
}
