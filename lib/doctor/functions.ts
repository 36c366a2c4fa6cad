import type { FunctionFacts, FunctionSetting } from "../aws/inspect/functions.ts";
import { ENV, FUNCTION_TIMEOUT_SECONDS } from "../config.ts";
import {
  about,
  allOr,
  type Finding,
  type FindingSubject,
  REPAIR,
  REVERT,
  whenSeen,
} from "./finding.ts";
import { checkFunctionCallers } from "./function-callers.ts";
import type { Expected, FunctionUse } from "./plane.ts";
import { type Call, call } from "./repair/call.ts";

/** What the stack deploys; functions are written for it. */
const RUNTIME = "nodejs24.x";
const HANDLER = "index.handler";
const AGENTS_CALL: readonly FunctionUse[] = ["issue", "execute", "delegate"];

/** One function: its code runs as deployed, knows its plane, and answers only callers with IAM's permission. */
export function checkFunction(
  use: FunctionUse,
  { name, setting, urlAuth, policy, concurrency, qualified }: FunctionFacts,
  expected: Expected,
): readonly Finding[] {
  const subject = about(`function ${name}`);
  const missing = subject.problem(
    "there is no such function",
    `correct the outputs file if it is another account's or region's; else ${REVERT}`,
  );
  const settings = whenSeen(setting, subject, missing, (value) =>
    checkSetting(use, subject, name, value, expected),
  );
  if (setting.status === "absent") return settings;
  return [
    ...settings,
    ...checkUrl(use, subject, name, urlAuth, expected),
    ...checkConcurrency(subject, name, concurrency, expected),
    ...whenSeen(qualified, subject, [], (all) =>
      all.map((each) =>
        subject.problem(
          `has ${each}, which the stack did not make: it has a resource policy of its own`,
          "find out who made it, and remove it (aws lambda delete-alias, delete-function --qualifier)",
        ),
      ),
    ),
    ...whenSeen(policy, subject, [], (text) =>
      checkFunctionCallers(use, subject, name, text, expected),
    ),
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

/** Whose role and log it has: one of them has none of its own. */
const ownPart = <Use extends FunctionUse>(use: Use) =>
  (use === "revoke-events" ? "revoke" : use) as Exclude<Use, "revoke-events">;

function checkSetting(
  use: FunctionUse,
  subject: FindingSubject,
  name: string,
  found: FunctionSetting,
  expected: Expected,
): readonly Finding[] {
  const { runtime, timeout, environment, roleArn } = found;
  const ownRole = use === "watch" ? expected.watch.roleArn : expected.roles[ownPart(use)];
  const written = expected.written?.functions.get(name)?.environment;
  const wanted = { ...written, ...settingsFor(use, expected) };
  const wrong = Object.entries(wanted).filter(([key, value]) => environment[key] !== value);
  const foreign = Object.keys(environment).filter(
    (key) => written !== undefined && written[key] === undefined,
  );
  const environmentCalls =
    written === undefined ? [] : [configure(name, { Environment: { Variables: written } })];
  return allOr(subject.ok(`${runtime}, ${timeout} s, its settings agree with the deployment`), [
    runtime !== RUNTIME && subject.problem(`runs on ${runtime}, not ${RUNTIME}`, REVERT),
    timeout !== FUNCTION_TIMEOUT_SECONDS &&
      subject.problem(
        `its timeout is ${timeout} s; answers promise that a revocation reaches it within ${FUNCTION_TIMEOUT_SECONDS} s`,
        REPAIR,
        [configure(name, { Timeout: FUNCTION_TIMEOUT_SECONDS })],
      ),
    ...checkCodeAndLogs(use, subject, name, found, expected),
    ...wrong.map(([key, value]) =>
      subject.problem(
        `${key} is ${environment[key] ?? "not set"}, not ${value}`,
        written === undefined ? REVERT : REPAIR,
        environmentCalls,
      ),
    ),
    ...foreign.map((key) =>
      subject.problem(
        `has the setting ${key}, which the stack did not write`,
        REPAIR,
        environmentCalls,
      ),
    ),
    roleArn !== ownRole &&
      subject.problem(`runs under ${roleArn}, not ${ownRole}`, REPAIR, [
        configure(name, { Role: ownRole }),
      ]),
  ]);
}

const configure = (FunctionName: string, change: Call["input"]): Call =>
  call("lambda", "UpdateFunctionConfiguration", { FunctionName, ...change });

/** What else of its setting decides which code runs under its role, and who gets its lines and events. */
function checkCodeAndLogs(
  use: FunctionUse,
  subject: FindingSubject,
  FunctionName: string,
  { handler, layers, fileSystems, deadLetters, logs }: FunctionSetting,
  { name }: Expected,
): readonly Finding[] {
  const LogGroup = `/vai/${name}/${ownPart(use)}`;
  const differs = (text: string, change: Call["input"]): Finding =>
    subject.problem(text, REPAIR, [configure(FunctionName, change)]);
  const found: readonly (Finding | false)[] = [
    handler !== HANDLER && differs(`runs ${handler}, not ${HANDLER}`, { Handler: HANDLER }),
    layers.length > 0 &&
      differs(`runs code that the stack did not write: ${layers.join(", ")}`, { Layers: [] }),
    fileSystems.length > 0 &&
      differs(`has a file system that the stack did not write: ${fileSystems.join(", ")}`, {
        FileSystemConfigs: [],
      }),
    deadLetters !== "" &&
      differs(`hands what it was asked to ${deadLetters}`, { DeadLetterConfig: { TargetArn: "" } }),
    (logs.group !== LogGroup || logs.format !== "Text") &&
      differs(
        `logs as ${logs.format} to ${logs.group}, not as Text to ${LogGroup}: its lines and metrics are not where alarms look`,
        { LoggingConfig: { LogFormat: "Text", LogGroup } },
      ),
  ];
  return found.filter((each) => each !== false);
}

/** What is reserved: never nothing at all, and what the deployment says where that is known. */
function checkConcurrency(
  subject: FindingSubject,
  name: string,
  concurrency: FunctionFacts["concurrency"],
  { written }: Expected,
): readonly Finding[] {
  const wanted = written?.functions.get(name);
  const calls = wanted === undefined ? [] : [reserve(name, wanted.concurrency)];
  const most = concurrency.status === "seen" ? concurrency.value : undefined;
  if (concurrency.status === "unseen") return [subject.unseen(concurrency.why)];
  if (most === 0) {
    return [
      subject.problem(
        "its reserved concurrency is 0: it is never run",
        `find out who stopped it and why; then aws lambda put-function-concurrency --function-name ${name} --reserved-concurrent-executions N`,
        calls,
      ),
    ];
  }
  if (wanted === undefined || wanted.concurrency === most) return [];
  return [
    subject.problem(
      `its reserved concurrency is ${most ?? "none"}, not ${wanted.concurrency ?? "none"}`,
      REPAIR,
      calls,
    ),
  ];
}

const reserve = (FunctionName: string, ReservedConcurrentExecutions: number | undefined): Call =>
  ReservedConcurrentExecutions === undefined
    ? call("lambda", "DeleteFunctionConcurrency", { FunctionName })
    : call("lambda", "PutFunctionConcurrency", { FunctionName, ReservedConcurrentExecutions });

function checkUrl(
  use: FunctionUse,
  subject: FindingSubject,
  FunctionName: string,
  urlAuth: FunctionFacts["urlAuth"],
  { deployment }: Expected,
): readonly Finding[] {
  const AuthType = "AWS_IAM";
  const isForAgents = AGENTS_CALL.includes(use);
  // Outputs that name none are of a region where AWS has none, or of a team that wants none.
  const absent =
    isForAgents && deployment.functionUrls !== undefined
      ? subject.problem(
          "has no Function URL",
          `${REPAIR}; it is then another URL: tell the agents`,
          [call("lambda", "CreateFunctionUrlConfig", { FunctionName, AuthType })],
        )
      : subject.ok("has no Function URL, as it should");
  return whenSeen(urlAuth, subject, absent, (authType) => {
    if (!isForAgents)
      return [
        subject.problem("has a Function URL; agents have no business with it", REPAIR, [
          call("lambda", "DeleteFunctionUrlConfig", { FunctionName }),
        ]),
      ];
    return [
      authType === AuthType
        ? subject.ok("its URL demands IAM's permission")
        : subject.problem(
            `its URL has auth type ${authType}: anybody on the internet reaches it`,
            REPAIR,
            [call("lambda", "UpdateFunctionUrlConfig", { FunctionName, AuthType })],
          ),
    ];
  });
}

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
    differing.map((name) => subject.problem(`they disagree about ${name}`, REVERT)),
  );
}
