import { descriptorOf } from "../../actions/catalogue.ts";
import type { IamBound } from "../../actions/descriptor.ts";
import { type NeededKeys, viaService } from "../../actions/target-keys.ts";
import type { Step } from "../../contract/step.ts";
import { CUT_ACTION } from "../cut-action.ts";
import type { SessionPolicy, Statement } from "../evaluate/iam-document.ts";

/** Characters that STS takes as an inline session policy (STS API, AssumeRole). */
export const MAX_SESSION_POLICY = 2048;

/** What the policy is derived from. Times are NumericDate seconds, half-open: [nbf, exp). */
export interface SessionBounds {
  readonly step: Step;
  readonly account: string;
  readonly region: string;
  readonly nbf: number;
  readonly exp: number;
  /** The uses of KMS keys that the targets need; absent when they need none. */
  readonly keys?: NeededKeys | undefined;
  /** Whether the session is cut before it leaves: the one call that it may make besides (PROTOCOL.md §9). */
  readonly isCut?: boolean;
}

type Condition = NonNullable<Statement["Condition"]>;

/** Actions that share resources and conditions share a statement. */
interface Grant {
  readonly actions: string[];
  readonly resources: readonly string[];
  readonly bounds: readonly IamBound[];
}

/**
 * The closed form: what the step allows, and a Deny of everything else. The Denies
 * are what holds where a resource policy grants to the session itself, which an Allow-only session
 * policy does not limit (IAM user guide, policy evaluation logic). Resources carry account and partition, so `NotResource`
 * denies other accounts as well; where they do not (S3) the owner's account is a condition. Same
 * bounds, same text.
 *
 * Where a key is used too, the Allows name actions and resources alone: with conditions on both sides hardly a
 * table's policy would fit, and an explicit Deny, which each complement is, decides whatever an Allow says.
 *
 * What is cut may ask for that alone beside: on `*`, for the call has no resource, and within the window and the region,
 * whose Denies spare nothing.
 */
export function sessionPolicy(bounds: SessionBounds): SessionPolicy {
  const { step, account, region, nbf, exp, keys, isCut = false } = bounds;
  const cutting = isCut ? [CUT_ACTION] : [];
  const grants = [
    ...grantsOf(step, account),
    ...(keys === undefined ? [] : [keyGrant(keys, region)]),
  ];
  const actions = grants.flatMap((grant) => grant.actions);
  const resources = [...new Set(grants.flatMap((grant) => grant.resources))];
  return {
    Version: "2012-10-17",
    Statement: [
      ...grants.map((grant) => allowOf(keys === undefined ? grant : { ...grant, bounds: [] })),
      ...cutting.map((Action): Statement => ({ Effect: "Allow", Action, Resource: "*" })),
      { Effect: "Deny", NotAction: compact([...actions, ...cutting]), Resource: "*" },
      {
        Effect: "Deny",
        ...(isCut ? { NotAction: CUT_ACTION } : { Action: "*" }),
        NotResource: compact(resources),
      },
      denyAll({ DateLessThan: { "aws:CurrentTime": instant(nbf) } }),
      denyAll({ DateGreaterThanEquals: { "aws:CurrentTime": instant(exp) } }),
      denyAll({ StringNotEquals: { "aws:RequestedRegion": region } }),
      ...grants.flatMap(complementsOf),
    ],
  };
}

/** The text that goes to STS; its length is what the limit counts. */
export const policyText = (policy: SessionPolicy): string => JSON.stringify(policy);

function grantsOf(step: Step, account: string): Grant[] {
  const grants = new Map<string, Grant>();
  for (const action of step.actions) {
    const descriptor = descriptorOf(action);
    const resources = step.resources.filter((resource) =>
      descriptor?.target.pattern.test(resource),
    );
    if (descriptor === undefined || resources.length === 0) continue;
    const carried = descriptor.iamBounds(step.parameters);
    const bounds = descriptor.accountInArn ? carried : [ownedBy(account), ...carried];
    const sharing = JSON.stringify([resources, bounds]);
    const grant = grants.get(sharing);
    if (grant === undefined) grants.set(sharing, { actions: [action], resources, bounds });
    else grant.actions.push(action);
  }
  return [...grants.values()];
}

/**
 * Whatever the parameters: a bucket's name alone would also let the session into the bucket that
 * somebody else makes under it, in an account of his own and with a policy that invites everybody.
 */
const ownedBy = (account: string): IamBound => ({
  key: "aws:ResourceAccount",
  patterns: [account],
  like: false,
  multivalued: false,
  optional: false,
});

/** Through the service alone, for the targets alone: a direct call of KMS has no `kms:ViaService`. */
function keyGrant({ service, actions, keys, context }: NeededKeys, region: string): Grant {
  const only = (key: string, patterns: readonly string[]): IamBound => ({
    ...{ key, patterns, like: false, multivalued: false, optional: false },
  });
  const through = only("kms:ViaService", [viaService(service, region)]);
  const bounds = context === undefined ? [through] : [through, only(context.key, context.values)];
  return { actions: [...actions], resources: keys, bounds };
}

function allowOf({ actions, resources, bounds }: Grant): Statement {
  const condition = merged(bounds.flatMap(requirements));
  return {
    Effect: "Allow",
    Action: compact(actions),
    Resource: compact(resources),
    ...(bounds.length > 0 && { Condition: condition }),
  };
}

const denyAll = (Condition: Condition): Statement => ({
  Effect: "Deny",
  Action: "*",
  Resource: "*",
  Condition,
});

/**
 * What the Allow demands of one key. `ForAllValues` alone would be true without the key (VAI-149).
 */
function requirements({ key, patterns, like, multivalued, optional }: IamBound): Condition[] {
  const compare = like ? "StringLike" : "StringEquals";
  const values = compact(patterns);
  if (!multivalued) return [{ [optional ? `${compare}IfExists` : compare]: { [key]: values } }];
  return [{ [`ForAllValues:${compare}`]: { [key]: values } }, { Null: { [key]: "false" } }];
}

/**
 * One Deny for each way of not meeting a requirement: conditions within one statement would have to
 * hold together.
 */
function complementsOf({ actions, bounds }: Grant): Statement[] {
  return bounds.flatMap(({ key, patterns, like, multivalued, optional }) => {
    const differ = like ? "StringNotLike" : "StringNotEquals";
    const values = compact(patterns);
    const deny = (Condition: Condition): Statement => ({
      Effect: "Deny",
      Action: compact(actions),
      Resource: "*",
      Condition,
    });
    if (multivalued) {
      return [
        deny({ [`ForAnyValue:${differ}`]: { [key]: values } }),
        deny({ Null: { [key]: "true" } }),
      ];
    }
    // A negated operator is true without the key; `Null` keeps the harmless default usable.
    const present = optional ? { Null: { [key]: "false" } } : {};
    return [deny({ [differ]: { [key]: values }, ...present })];
  });
}

/** Conditions under the same operator lie in one block. */
function merged(conditions: readonly Condition[]): Condition {
  const all: Record<string, Record<string, string | string[]>> = {};
  for (const condition of conditions) {
    for (const [operator, keys] of Object.entries(condition)) {
      all[operator] = { ...all[operator], ...(keys as Record<string, string | string[]>) };
    }
  }
  return all;
}

/** A list of one is written without brackets: every character counts. */
const compact = (values: readonly string[]): string | string[] => {
  const [only] = values;
  return values.length === 1 && only !== undefined ? only : [...values];
};

/** Whole seconds, `Z`: the one form that every evaluator of `aws:CurrentTime` reads. */
const instant = (seconds: number): string =>
  new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
