import { evaluatePolicies } from "../../authority/evaluate/evaluate.ts";
import {
  isDocumentProblem,
  listOf,
  type PolicyDocument,
  readPolicy,
  statementsOf,
} from "../../authority/evaluate/iam-document.ts";
import { type Guarded, guardedRights } from "./guarded.ts";
import { loosened } from "./loosened.ts";
import type { AskedPrincipal, Bounds } from "./principals.ts";

/** How a principal reaches something. */
export interface Way {
  readonly what: string;
  readonly actions: readonly string[];
  /** `can`: its policies allow it as they are. `may`: in some circumstances, or nobody can tell. */
  readonly certainty: "can" | "may";
  /** The user or role that it becomes for it, or the role that it passes to a service. */
  readonly through?: string;
}

/** Calls of a target that change nothing of it: reads by their verb, wherever wildcards are, and calling a function. */
const HARMLESS =
  /^([a-z0-9-]+:(get|describe|list|head|query|scan|batchget|search|lookup)|dynamodb:(partiqlselect|conditioncheckitem)|lambda:invoke)/i;

/** Stands for every call that no list names. */
const ANY_OTHER = "VaiDoctorAsks";

/**
 * What each principal reaches without a contract, by its own rights and by those of whom it can become or pass on.
 * `through` tells the last of them.
 */
export function waysOf(
  principals: readonly AskedPrincipal[],
  guarded: readonly Guarded[],
): ReadonlyMap<string, readonly Way[]> {
  const direct = new Map(
    principals.map((each) => [
      each.arn,
      [...guarded, ...guardedRights(each)].flatMap((thing) => reached(each, thing) ?? []),
    ]),
  );
  const steps = new Map(principals.map((each) => [each.arn, stepsOf(each, principals)]));
  return new Map(
    principals.map(({ arn }) => {
      const through = [...reachable(arn, steps)].flatMap((role) =>
        (direct.get(role) ?? [])
          // By becoming somebody who may give themselves rights, one has any.
          .map((way): Way => ({ ...way, certainty: "may", through: role })),
      );
      return [arn, [...(direct.get(arn) ?? []), ...through]];
    }),
  );
}

/** Calls by which somebody makes credentials of a user (IAM user guide, access keys and login profiles). */
const CREDENTIALS = ["iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:UpdateLoginProfile"];

/** Whom a principal can become, or pass to a service that then acts as them. */
const stepsOf = (principal: AskedPrincipal, all: readonly AskedPrincipal[]): readonly string[] =>
  all
    .filter(({ arn }) => arn !== principal.arn)
    .filter(({ arn, trust }) => {
      const may = (actions: readonly string[], policies: readonly string[]): boolean =>
        reached(principal, {
          ...{ what: "", resources: [arn], service: "iam", actions, isAllWrites: false, policies },
        }) !== undefined;
      if (trust === undefined) return may(CREDENTIALS, []);
      return (
        may(["sts:AssumeRole"], [trust]) ||
        // Who writes a role's trust policy lets themselves in.
        may(["iam:UpdateAssumeRolePolicy"], []) ||
        (/"Service"/.test(trust) && may(["iam:PassRole"], [trust]))
      );
    })
    .map(({ arn }) => arn);

function reachable(from: string, steps: ReadonlyMap<string, readonly string[]>): Set<string> {
  const found = new Set<string>();
  const open = [...(steps.get(from) ?? [])];
  for (let role = open.pop(); role !== undefined; role = open.pop()) {
    if (role === from || found.has(role)) continue;
    found.add(role);
    open.push(...(steps.get(role) ?? []));
  }
  return found;
}

/** How a principal reaches one thing by its own rights; undefined: it does not. */
function reached(principal: AskedPrincipal, thing: Guarded): Way | undefined {
  const policies = thing.policies.map(readText);
  const own = policies.filter((each) => each !== undefined);
  // A policy of the resource that cannot be judged may let anybody in, and denies nothing for sure.
  const isUnjudged = own.length < policies.length;
  const actions = actionsToAsk(principal, thing, own);
  const resources = resourcesToAsk(principal, thing);
  const may = actions.filter(
    (action) =>
      isUnjudged ||
      resources.some((resource) =>
        allows(principal, principal.most, own.map(loosened), action, resource),
      ),
  );
  if (may.length === 0) return undefined;
  const can = may.some((action) =>
    resources.some((resource) => allows(principal, principal.exact, own, action, resource)),
  );
  return { what: thing.what, actions: may.map(shownAction), certainty: can ? "can" : "may" };
}

const shownAction = (action: string): string => action.replace(`:${ANY_OTHER}`, ":*");

function readText(text: string): PolicyDocument | undefined {
  try {
    const read = readPolicy(JSON.parse(text));
    return isDocumentProblem(read) ? undefined : read;
  } catch {
    return undefined;
  }
}

function allows(
  { principalArn, context }: AskedPrincipal,
  { identity, boundary }: Bounds,
  resourcePolicies: readonly PolicyDocument[],
  action: string,
  resource: string,
): boolean {
  const { decision } = evaluatePolicies(
    {
      identity,
      boundary,
      resource: resourcePolicies.length === 0 ? undefined : resourcePolicies,
    },
    { action, resource, principalArn, context },
  );
  return decision === "Allow";
}

/** Known changes; and for a target every other call that a policy names by itself or by a pattern. */
function actionsToAsk(
  { most }: AskedPrincipal,
  { actions, service, isAllWrites }: Guarded,
  own: readonly PolicyDocument[],
): readonly string[] {
  if (!isAllWrites) return actions;
  const named = [...most.identity, ...own]
    .flatMap((document) => statementsOf(document))
    .filter(({ Effect }) => Effect === "Allow")
    .flatMap(({ Action }) => listOf(Action))
    .filter((action) => action.toLowerCase().startsWith(`${service}:`))
    .filter((action) => !HARMLESS.test(action))
    .map((action) => action.replaceAll("*", ANY_OTHER).replaceAll("?", "x"));
  return [...new Set([...actions, `${service}:${ANY_OTHER}`, ...named])];
}

/** The thing itself; of a prefix something behind it, and what a policy names behind it. */
function resourcesToAsk({ most }: AskedPrincipal, { resources }: Guarded): readonly string[] {
  const named = most.identity
    .flatMap((document) => statementsOf(document))
    .flatMap(({ Resource }) => listOf(Resource))
    .map((each) => each.replaceAll("*", ANY_OTHER).replaceAll("?", "x"));
  return [
    ...new Set(
      resources.flatMap((resource) => [
        resource.replace(/\*$/, ANY_OTHER),
        ...named.filter((each) => isOf(resource, each)),
      ]),
    ),
  ];
}

/** Whether an ARN is something of a resource: behind its prefix, or a part of it as a version of a function is. */
const isOf = (resource: string, arn: string): boolean =>
  resource.endsWith("*")
    ? arn.startsWith(resource.slice(0, -1))
    : arn.startsWith(`${resource}:`) || arn.startsWith(`${resource}/`);
