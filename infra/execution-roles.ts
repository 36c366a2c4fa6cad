import { Stack } from "aws-cdk-lib";
import {
  CfnRole,
  type ManagedPolicy,
  PolicyDocument,
  type PolicyStatement,
} from "aws-cdk-lib/aws-iam";
import { Construct } from "constructs";
import {
  readableTargets,
  readerActions,
  readerHolders,
  readerKeys,
} from "../lib/actions/reader.ts";
import { callKeys, type NeededKeys, NO_KEYS, type TargetKeys } from "../lib/actions/target-keys.ts";
import { CUT_ACTION } from "../lib/authority/cut-action.ts";
import { IDENTITY_TAG } from "../lib/issuance/assume-role.ts";
import { PROBE_TAG } from "../lib/lifecycle/probe.ts";
import { type ActionFamily, familyTargets } from "./action-families.ts";
import { acknowledgeWildcards, allowing, boundaryPolicy, type Ceiling } from "./boundary.ts";
import type { RolePair } from "./deployment.ts";
import { type KeyException, throughService } from "./key-exception.ts";
import { ownName } from "./plane.ts";
import { requireSize } from "./policy-sizes.ts";
import {
  type ExecutionCallers,
  executionTrust,
  IDENTITY_PATTERN,
  readerTrust,
} from "./role-trust.ts";
import type { Conditions } from "./statements.ts";

/** Seconds: the shortest maximum that IAM lets a role have. The plane itself asks STS for 900. */
const MAX_SESSION_SECONDS = 3600;

const IDENTITY = `aws:PrincipalTag/${IDENTITY_TAG}`;
const PROBE = `aws:PrincipalTag/${PROBE_TAG}`;

/**
 * True for the sessions that the trust plane issued, and for no other use of the role, a probe's least of all. `Null`
 * states what the pattern implies, so that the role stays useless without its tag even if somebody
 * edits the pattern.
 */
const ISSUED_SESSION: Conditions = {
  StringLike: { [IDENTITY]: IDENTITY_PATTERN },
  Null: { [IDENTITY]: "false", [PROBE]: "true" },
};

/**
 * What every session with an identity's tag may ask of STS: to be cut, which makes nothing wider. What is delivered is cut
 * so before it leaves, by its own session policy, which says so for that alone; and it is all that a probe may do.
 */
const CUTTING: Ceiling = {
  ...{ actions: [CUT_ACTION], targets: ["*"] },
  conditions: { StringLike: { [IDENTITY]: IDENTITY_PATTERN }, Null: { [IDENTITY]: "false" } },
};

/** Properties of {@link ExecutionRoles}. */
export interface ExecutionRolesProps extends ExecutionCallers {
  /** Name of the plane. */
  readonly plane: string;
  /** The family with its ceiling. */
  readonly family: ActionFamily;
  /** ARNs of the functions' roles that obtain sessions which look; nobody else can assume the reader role. */
  readonly readBy: readonly string[];
  /**
   * Region of roles elsewhere than the plane, or of a plane with regional names; part of their names,
   * because an account has each name once for all its regions.
   */
  readonly region?: string | undefined;
  /** Keys of targets that are encrypted; default: none is. */
  readonly targetKeys?: TargetKeys;
}

const familyPart = (family: string, region?: string): string =>
  region === undefined ? family : `${family}-${region}`;

/** Names of a family's two roles. */
export const executionRoleName = (plane: string, family: string, region?: string): string =>
  ownName(plane, `exec-${familyPart(family, region)}`);
export const readerRoleName = (plane: string, family: string, region?: string): string =>
  ownName(plane, `read-${familyPart(family, region)}`);

/**
 * The two roles of one action family: one that can act, one that can only look.
 *
 * IAM cannot demand that a session policy is passed to `AssumeRole`. What a bare session could do
 * is therefore the hard limit, and it is small: these actions, on these targets, only with the
 * identity tag. No role is ever named by a contract; the signed trust policy names them.
 */
export class ExecutionRoles extends Construct implements RolePair {
  readonly executionRoleArn: string;
  readonly readerRoleArn: string;
  /** ARN of what bounds the execution role. */
  readonly boundaryArn: string;

  constructor(scope: Construct, id: string, props: ExecutionRolesProps) {
    super(scope, id);
    const { plane, family, probedBy, readBy, region, targetKeys = NO_KEYS } = props;
    const cutting = probedBy.length > 0 ? [CUTTING] : [];
    const part = familyPart(family.name, region);
    const runKeys = exception(this, callKeys(family.ceilings, targetKeys));
    const lookKeys = exception(this, readerKeys(family.name, familyTargets(family), targetKeys));
    const run = [...acting(this, family), ...keyCeiling(runKeys, ISSUED_SESSION), ...cutting];
    const look = [...looking(this, family), ...keyCeiling(lookKeys, {})];
    const boundary = boundaryPolicy(this, "ExecutionBoundary", {
      ...{ plane, part, ceiling: run, keys: runKeys },
      ...(cutting.length > 0 && { cut: { action: CUT_ACTION, probe: PROBE } }),
    });
    this.boundaryArn = boundary.managedPolicyArn;
    this.executionRoleArn = role(this, "Execution", {
      name: executionRoleName(plane, family.name, region),
      description: `Governed ${family.name} actions of the trust plane ${plane}`,
      trust: executionTrust(props),
      ceiling: run,
      boundary,
      isRevocable: true,
    });
    this.readerRoleArn = role(this, "Reader", {
      name: readerRoleName(plane, family.name, region),
      description: `Reads the ${family.name} targets of the trust plane ${plane}`,
      trust: readerTrust(readBy),
      ceiling: look,
      isRevocable: false,
      boundary: boundaryPolicy(this, "ReaderBoundary", {
        ...{ plane, part: `read-${part}`, ceiling: look, keys: lookKeys },
      }),
    });
  }
}

/**
 * What a session may do, each ARN said once: actions that share their targets share a statement, or
 * three actions on the same instances would not fit into a boundary (6,144 characters).
 */
function acting(scope: Construct, family: ActionFamily): Ceiling[] {
  const byTargets = new Map<string, { actions: string[]; targets: readonly string[] }>();
  for (const { descriptor, targets } of family.ceilings) {
    const key = targets.toSorted().join(" ");
    const known = byTargets.get(key) ?? { actions: [], targets };
    known.actions.push(descriptor.action);
    byTargets.set(key, known);
  }
  const conditions = { ...ISSUED_SESSION, ...inThisAccount(scope, family) };
  return [...byTargets.values()].map((each) => ({ ...each, conditions }));
}

/** What a reader may look at: the targets and what holds them; and lists that IAM cannot bound to one, in this region. */
function looking(scope: Construct, family: ActionFamily): Ceiling[] {
  const { onTargets, onHolders, anywhere } = readerActions(family.name);
  const opened = familyTargets(family);
  const readable = readableTargets(family.name, opened);
  // A role must say something: a read of a target that knows none allows nothing.
  const targets = readable.length > 0 ? readable : opened;
  const conditions = inThisAccount(scope, family);
  const inRegion = { StringEquals: { "aws:RequestedRegion": Stack.of(scope).region } };
  const ceilings = [
    { actions: onTargets, targets, conditions },
    { actions: onHolders, targets: readerHolders(family.name, targets), conditions },
    { actions: anywhere, targets: ["*"], conditions: inRegion },
  ];
  return ceilings.filter(({ actions }) => actions.length > 0);
}

/** The family is one service, so its targets need keys through one at most. */
const exception = (scope: Construct, [needed]: readonly NeededKeys[]): KeyException | undefined =>
  needed && { needed, region: Stack.of(scope).region };

/** The keys of encrypted targets, as their service uses them and in no other way. */
const keyCeiling = (keys: KeyException | undefined, also: Conditions): Ceiling[] =>
  keys === undefined
    ? []
    : [
        {
          ...{ actions: keys.needed.actions, targets: keys.needed.keys },
          conditions: throughService(keys, also),
        },
      ];

/**
 * Where ARNs carry no account: a bucket's name, once given up, can be taken by anybody, and the
 * ceiling would follow it there.
 */
const inThisAccount = (scope: Construct, { ceilings }: ActionFamily): Conditions =>
  ceilings.every(({ descriptor }) => descriptor.accountInArn)
    ? {}
    : { StringEquals: { "aws:ResourceAccount": Stack.of(scope).account } };

interface RoleProps {
  readonly name: string;
  readonly description: string;
  readonly trust: readonly PolicyStatement[];
  readonly ceiling: readonly Ceiling[];
  readonly boundary: ManagedPolicy;
  /** Whether the policy by which sessions are denied has to fit beside the ceiling. */
  readonly isRevocable: boolean;
}

/** A role whose documents are all written here; returns its ARN. */
function role(scope: Construct, id: string, props: RoleProps): string {
  const { name, description, boundary } = props;
  const trust = new PolicyDocument({ statements: [...props.trust] });
  const ceiling = new PolicyDocument({ statements: allowing(props.ceiling) });
  const made = new CfnRole(scope, id, {
    roleName: name,
    description,
    maxSessionDuration: MAX_SESSION_SECONDS,
    permissionsBoundary: boundary.managedPolicyArn,
    assumeRolePolicyDocument: trust,
    policies: [{ policyName: "ceiling", policyDocument: ceiling }],
  });
  requireSize(made, "trust", trust);
  if (props.isRevocable) requireSize(made, "ceiling", ceiling);
  acknowledgeWildcards(made, props.ceiling);
  return made.attrArn;
}
