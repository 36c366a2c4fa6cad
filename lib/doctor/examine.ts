import type { FunctionFacts } from "../aws/inspect/functions.ts";
import type { Inspector } from "../aws/inspect/inspect.ts";
import type { TableFacts } from "../aws/inspect/tables.ts";
import type { Deployment } from "../cli/deployment.ts";
import { ENV } from "../config.ts";
import type { TrustPolicy } from "../trust/policy.ts";
import { checkBucket } from "./bucket.ts";
import { type CallerKind, checkCallerPolicy } from "./callers.ts";
import { checkClock } from "./clock.ts";
import { checkCut } from "./cut.ts";
import { about, type Finding } from "./finding.ts";
import { checkFunctionRole } from "./function-roles.ts";
import { checkAgreement, checkFunction } from "./functions.ts";
import { checkKey, type SigningKeyUse } from "./keys.ts";
import { type Expected, expectedOf, FUNCTION_NAMES, type FunctionName } from "./plane.ts";
import type { RoleUse } from "./role-trust.ts";
import { checkRole } from "./roles.ts";
import { checkStack } from "./stack.ts";
import { checkTable } from "./tables.ts";
import { checkTargetKeys } from "./target-keys.ts";
import { checkTrust } from "./trust.ts";
import { checkSources } from "./watch.ts";

const TABLES = ["evidence", "state", "registry"] as const;
const CALLERS: readonly CallerKind[] = ["agent", "operator", "auditor"];

/**
 * Looks at a whole deployment; reads only. `clock` in milliseconds.
 * @throws {Fault} `DEPENDENCY_UNAVAILABLE` when AWS cannot be reached.
 */
export async function examine(
  deployment: Deployment,
  see: Inspector,
  clock: () => number,
): Promise<readonly Finding[]> {
  const named = expectedOf(deployment);
  const { name, account, accountWideName, arn, stackName } = named;
  const caller = await see.caller();
  const time = checkClock(clock(), caller.awsTime);
  if (caller.account !== account) return [...time, elsewhere(caller.account, account)];
  const [
    functions,
    events,
    watch,
    sources,
    tables,
    evidence,
    plane,
    registry,
    policies,
    own,
    template,
    cut,
    bucket,
  ] = await Promise.all([
    Promise.all(
      FUNCTION_NAMES.map(
        async (use) => [use, await see.function(deployment.functions[use])] as const,
      ),
    ),
    see.function(named.revokeEvents),
    see.function(named.watch.functionName),
    see.sources(named.watch.functionName),
    Promise.all(TABLES.map(async (use) => [use, await see.table(deployment.tables[use])] as const)),
    see.key(deployment.evidenceKeyId, `alias/vai-${name}-evidence`),
    see.key(deployment.planeKeyId, `alias/vai-${name}-plane`),
    see.registry(),
    Promise.all(
      CALLERS.map(async (kind) => {
        const policy = arn("iam", `policy/${accountWideName(kind)}`);
        return [kind, policy, await see.managedPolicy(policy)] as const;
      }),
    ),
    Promise.all([...Object.values(named.roles), named.watch.roleArn].map((each) => see.role(each))),
    see.stack(stackName),
    see.cut(),
    deployment.buckets && see.bucket(deployment.buckets.breakGlass),
  ]);
  const stack = checkStack(
    stackName,
    template,
    tables.map(([, facts]) => facts),
  );
  const environment = environmentOf(functions);
  const hasProbes = environment[ENV.scopedCredentials] !== "false";
  const expected: Expected = { ...named, written: stack.written, hasProbes };
  const keys: readonly (readonly [SigningKeyUse, typeof evidence])[] = [
    ["evidence", evidence],
    ["plane", plane],
  ];
  const trust = checkTrust(registry, environment, keys, expected, clock());
  return [
    ...time,
    checkCut(cut, expected),
    ...stack.findings,
    ...functions.flatMap(([use, facts]) => checkFunction(use, facts, expected)),
    ...checkFunction("revoke-events", events, expected),
    ...checkAgreement([...functions.map(([, facts]) => facts), events]),
    ...checkFunction("watch", watch, expected),
    ...checkSources(watch, sources, streamOf(tables), expected.written),
    ...tables.flatMap(([use, facts]) => checkTable(use, facts, expected)),
    ...(bucket === undefined ? [] : checkBucket(bucket, expected)),
    ...keys.flatMap(([use, facts]) => checkKey(use, facts, expected)),
    ...own.flatMap((facts) => checkFunctionRole(facts, expected)),
    ...trust.findings,
    ...(await checkRoles(see, trust.policy, expected)),
    ...(await checkTargetKeys(see, environment)),
    ...policies.flatMap(([kind, policyArn, policy]) =>
      checkCallerPolicy(kind, policyArn, policy, expected),
    ),
  ];
}

/** Credentials of another account see nothing of this deployment. */
export const elsewhere = (own: string, wanted: string): Finding =>
  about("account").problem(
    `your credentials are of account ${own}, the deployment is in ${wanted}`,
    "use credentials of that account (--profile, AWS_PROFILE)",
  );

type Functions = readonly (readonly [FunctionName, FunctionFacts])[];

/** ARN of the stream that Evidence has now; undefined when it could not be seen. */
const streamOf = (tables: readonly (readonly [string, TableFacts])[]): string | undefined =>
  tables.flatMap(([use, { setting }]) =>
    use === "evidence" && setting.status === "seen" ? [setting.value.streamArn] : [],
  )[0];

const settingOf = ({ setting }: FunctionFacts) =>
  setting.status === "seen" ? setting.value : undefined;

const environmentOf = (functions: Functions): Readonly<Record<string, string>> =>
  functions.map(([, facts]) => settingOf(facts)?.environment).find((each) => each !== undefined) ??
  {};

async function checkRoles(
  see: Inspector,
  policy: TrustPolicy | undefined,
  expected: Expected,
): Promise<readonly Finding[]> {
  const pairs = (policy?.actions ?? []).flatMap(
    ({ executionRoleArn, readerRoleArn }): (readonly [RoleUse, string])[] => [
      // An action that is only observed may have none yet.
      ...(executionRoleArn === undefined ? [] : [["execution", executionRoleArn] as const]),
      ["reader", readerRoleArn],
    ],
  );
  const each = new Map(pairs.map(([use, arn]) => [`${use} ${arn}`, { use, arn }]));
  const found = await Promise.all(
    [...each.values()].map(async ({ use, arn }) => checkRole(use, await see.role(arn), expected)),
  );
  return [...bothWays(pairs), ...found.flat()];
}

/** A role that acts for one action and only looks for another can do both. */
function bothWays(pairs: readonly (readonly [RoleUse, string])[]): readonly Finding[] {
  const readers = new Set(pairs.flatMap(([use, arn]) => (use === "reader" ? [arn] : [])));
  const both = new Set(
    pairs.flatMap(([use, arn]) => (use === "execution" && readers.has(arn) ? [arn] : [])),
  );
  return [...both].map((arn) =>
    about(`role ${arn}`).problem(
      "the trust policy uses it as execution role and as reader role",
      "give every family two roles, and publish a trust policy that names them",
    ),
  );
}
