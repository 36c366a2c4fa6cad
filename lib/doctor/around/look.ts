import * as z from "zod";
import type { Inspector } from "../../aws/inspect/inspect.ts";
import type { Seen } from "../../aws/inspect/look.ts";
import type { Deployment } from "../../cli/deployment.ts";
import { ENV } from "../../config.ts";
import { elsewhere } from "../examine.ts";
import { about, type Finding } from "../finding.ts";
import { expectedOf, keyArn } from "../plane.ts";
import { checkStack } from "../stack.ts";
import { administratorsIn } from "../written/administrators.ts";
import { type Guarded, guardedParts, guardedRole, guardedTargets, type Target } from "./guarded.ts";
import { type AskedPrincipal, principalOf } from "./principals.ts";
import { type Around, findingsOf, nameOf, standingOf } from "./report.ts";
import { waysOf } from "./ways.ts";

/** What was found of ways around the plane. */
export interface AroundReport {
  readonly findings: readonly Finding[];
  readonly principals: readonly Around[];
}

/** Roles that AWS's own services use; nobody in the account can become one or change it (IAM user guide, service-linked roles). */
const SERVICE_LINKED = /:role\/aws-service-role\//;

/**
 * Looks for ways around the plane: who in the account reaches a governed target, or the plane's roles, keys, tables and
 * functions, without a contract. Reads only.
 * @throws {Fault} `DEPENDENCY_UNAVAILABLE` when AWS cannot be reached.
 */
export async function lookAround(deployment: Deployment, see: Inspector): Promise<AroundReport> {
  const expected = expectedOf(deployment);
  const { account, accountWideName, arn, stackName } = expected;
  const caller = await see.caller();
  if (caller.account !== account)
    return { findings: [elsewhere(caller.account, account)], principals: [] };
  const [everybody, targets, own, template] = await Promise.all([
    see.account(),
    targetsOf(see, deployment),
    ownPolicies(see, expected),
    see.stack(stackName),
  ]);
  const unseen = [...unseenIn("account", everybody), ...targets.unseen, ...own.unseen];
  if (everybody.status !== "seen") return { findings: unseen, principals: [] };
  const { written, findings } = checkStack(stackName, template, own.tables);
  const planeRoles = new Set<string>([
    ...Object.values(expected.roles),
    expected.watch.roleArn,
    ...(written?.roles.keys() ?? []),
  ]);
  const asked = everybody.value.principals.filter((each) => !SERVICE_LINKED.test(each.arn));
  const everyone = asked.map((each) => principalOf(each, everybody.value.policies));
  const guarded: readonly Guarded[] = [
    ...guardedTargets(targets.found),
    ...guardedParts(expected, own.found),
    ...everyone
      .filter((each) => planeRoles.has(each.arn))
      .map((each) => guardedRole(each.arn, each.trust)),
  ];
  const people = everyone.filter((each) => !planeRoles.has(each.arn));
  const ways = waysOf(people, guarded);
  const administrators = administratorsIn(written?.tables.get(deployment.tables.registry));
  const agentPolicy = arn("iam", `policy/${accountWideName("agent")}`);
  const principals = asked.flatMap((each): Around[] => {
    const found = ways.get(each.arn);
    const standing = standingOf(each, agentPolicy, administrators);
    return found === undefined ? [] : [{ arn: each.arn, standing, ways: found }];
  });
  return {
    findings: [
      ...unseen,
      ...findings.filter(({ status }) => status === "unseen"),
      ...people.flatMap(unjudgedOf),
      ...findingsOf(principals),
    ],
    principals: principals.filter((each) => each.ways.length > 0),
  };
}

const unseenIn = (subject: string, seen: Seen<unknown>): readonly Finding[] =>
  seen.status === "unseen" ? [about(subject).unseen(seen.why)] : [];

const unjudgedOf = ({ arn, unjudged }: AskedPrincipal): readonly Finding[] =>
  unjudged.slice(0, 1).map((problem) => ({
    ...about(nameOf(arn)).unseen(`a policy of it cannot be judged: ${problem}`),
    next: "read that policy by hand; until somebody did, it counts as one that may reach everything",
  }));

const targetsSchema = z.record(z.string(), z.array(z.string()));

/** The targets that the functions were told, with the policies that those have themselves. */
async function targetsOf(see: Inspector, { functions }: Deployment) {
  const subject = "governed targets";
  const { setting } = await see.function(functions.issue);
  if (setting.status === "unseen") return { found: [], unseen: unseenIn(subject, setting) };
  const environment = setting.status === "seen" ? setting.value.environment : {};
  const named = targetsSchema.safeParse(jsonOf(environment[ENV.targets]));
  if (!named.success) {
    const why = "the function issue does not say which they are";
    return { found: [], unseen: [about(subject).unseen(why)] };
  }
  const all = Object.entries(named.data).flatMap(([family, arns]) =>
    arns.map((arn) => ({ family, arn })),
  );
  const looked = await Promise.all(
    all.map(async (each) => ({ ...each, seen: await see.targetPolicy(each.arn) })),
  );
  return {
    found: looked.map(
      ({ family, arn, seen }): Target => ({
        ...{ family, arn },
        ...(seen.status === "seen" && { policy: seen.value }),
      }),
    ),
    unseen: looked.flatMap(({ arn, seen }) => unseenIn(`target ${arn}`, seen)),
  };
}

const jsonOf = (text = ""): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** The policies that the plane's own parts have, by ARN. */
async function ownPolicies(see: Inspector, expected: ReturnType<typeof expectedOf>) {
  const { arn, deployment, watch, revokeEvents } = expected;
  const { functions, tables, evidenceKeyId, planeKeyId } = deployment;
  const [ofFunctions, ofTables, ofKeys] = await Promise.all([
    Promise.all(
      [...Object.values(functions), watch.functionName, revokeEvents].map((each) =>
        see.function(each),
      ),
    ),
    Promise.all(Object.values(tables).map((each) => see.table(each))),
    Promise.all([evidenceKeyId, planeKeyId].map((id) => see.key(id, id))),
  ]);
  const all: readonly (readonly [string, Seen<string>])[] = [
    ...ofFunctions.map((each) => [arn("lambda", `function:${each.name}`), each.policy] as const),
    ...ofTables.map((each) => [arn("dynamodb", `table/${each.name}`), each.policy] as const),
    ...ofKeys.map((each) => [keyArn(expected, each.id), each.policy] as const),
  ];
  return {
    tables: ofTables,
    found: new Map(
      all.flatMap(([each, { status, ...seen }]) =>
        status === "seen" && "value" in seen ? [[each, seen.value] as const] : [],
      ),
    ),
    unseen: all.flatMap(([each, seen]) => unseenIn(each, seen)),
  };
}
