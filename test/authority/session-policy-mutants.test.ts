import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { CATALOGUE, descriptorOf } from "../../lib/actions/catalogue.ts";
import type { Operation } from "../../lib/actions/descriptor.ts";
import { NO_KEYS, type TargetKeys } from "../../lib/actions/target-keys.ts";
import { proveContainment } from "../../lib/authority/contain/contain.ts";
import { deriveAuthority } from "../../lib/authority/derive/derive.ts";
import { evaluatePolicies } from "../../lib/authority/evaluate/evaluate.ts";
import type { SessionPolicy } from "../../lib/authority/evaluate/iam-document.ts";
import type { Constraint, Scalar } from "../../lib/contract/constraint.ts";
import type { Contract } from "../../lib/contract/contract.ts";
import type { Step } from "../../lib/contract/step.ts";
import { isRefusal } from "../../lib/refusal.ts";
import type { TrustPolicy } from "../../lib/trust/policy.ts";
import { deniesOf, halfOf, type Mutant, mutantsOf, strangerOf } from "../support/mutate-policy.ts";
import { type SampleStep, sampleSteps } from "../support/sample-steps.ts";
import { at, contractOf, EVERYTHING, EXP, NBF } from "./fixtures.ts";

interface Call {
  readonly action: string;
  readonly resource: string;
  readonly context: Readonly<Record<string, string | readonly string[]>>;
}

interface Sample {
  readonly name: string;
  readonly contract: Contract;
  readonly step: Step;
  readonly targetKeys: TargetKeys;
  /** Whether its session is cut before it leaves. */
  readonly isCut: boolean;
  readonly policy: SessionPolicy;
  /** Calls that the step lists, and those of KMS that its targets' services make. */
  readonly listed: readonly Call[];
  /** Calls beyond it, each in one way. */
  readonly beyond: readonly Call[];
}

const believed = {
  actions: CATALOGUE.map(({ action }) => ({ action })),
} as unknown as TrustPolicy;

const samples = (): Sample[] => [
  ...sampleSteps().flatMap((each) => sampleOf(each, NO_KEYS)),
  ...sampleSteps().flatMap(({ name, step }) =>
    sampleOf({ name: `${name}, cut`, step }, NO_KEYS, true),
  ),
  ...sampleSteps().flatMap(({ name, step }) =>
    sampleOf({ name: `${name}, encrypted`, step }, keysOf(step)),
  ),
];

function sampleOf({ name, step }: SampleStep, targetKeys: TargetKeys, isCut = false): Sample[] {
  const [, , , region, account] = (step.resources[0] ?? "").split(":");
  const place = { region: region || "us-east-1", account: account || "111122223333" };
  const contract = contractOf([step], place);
  const derived = deriveAuthority(contract, step, believed, { targetKeys, isCut });
  // With the keys of two targets, or with what cuts them, the widest of these no longer fit.
  if (
    (isCut || targetKeys !== NO_KEYS) &&
    isRefusal(derived) &&
    derived.code === "SESSION_POLICY_TOO_LARGE"
  )
    return [];
  assert.ok(!isRefusal(derived), `${name}: ${JSON.stringify(derived)}`);
  const own = listedCalls(contract, step);
  const ofKeys = targetKeys === NO_KEYS ? [] : keyCalls(contract, step, targetKeys);
  // What has no use of a key is the same policy again.
  if (targetKeys !== NO_KEYS && ofKeys.length === 0) return [];
  const policy = derived.sessionPolicy;
  const [call] = own;
  assert.ok(call, name);
  const cuts = isCut ? cutCalls(contract) : [];
  const firstOfEach = [...new Map(ofKeys.map((each) => [each.action, each])).values()];
  const tried = [call, ...firstOfEach, ...cuts.slice(0, 1)];
  return [
    {
      ...{ name, contract, step, targetKeys, isCut, policy, listed: [...own, ...ofKeys, ...cuts] },
      beyond: tried.flatMap((each) => beyondCalls(each, contract, policy)),
    },
  ];
}

/** The one call by which a session is cut, as AWS puts it: on no resource. */
const cutCalls = ({ region }: Contract): Call[] =>
  [NBF, EXP - 1].map((instant) => ({
    ...{ action: "sts:GetScopedCredentials", resource: "*" },
    context: { "aws:RequestedRegion": region, "aws:CurrentTime": at(instant) },
  }));

/** A key of its own for each target. */
const keysOf = ({ resources }: Step): TargetKeys =>
  Object.fromEntries(
    resources.map((target, index) => [
      target,
      `arn:aws:kms:us-east-1:111122223333:key/${index}0000000-2222-3333-4444-555555555555`,
    ]),
  );

interface KmsUse {
  readonly actions: readonly string[];
  /** The encryption context: its name, and what it can be. */
  readonly context?: (target: string) => readonly [name: string, ...values: readonly string[]];
}

const KMS_OF: Readonly<Record<string, KmsUse>> = {
  dynamodb: {
    actions: ["kms:Decrypt"],
    context: (arn) => ["aws:dynamodb:tableName", arn.split("/")[1] ?? ""],
  },
  s3: {
    actions: ["kms:GenerateDataKey", "kms:Decrypt"],
    context: (arn) => ["aws:s3:arn", arn, arn.split("/")[0] ?? ""],
  },
  ec2: { actions: ["kms:CreateGrant"] },
};

/** The calls of KMS that AWS makes for the step's calls, as AWS documents them. */
function keyCalls(contract: Contract, { actions, resources }: Step, keys: TargetKeys): Call[] {
  const [service = ""] = (actions[0] ?? "").split(":");
  const isAsked = service !== "ec2" || actions.includes("ec2:StartInstances");
  const { actions: used = [], context } = isAsked ? (KMS_OF[service] ?? { actions: [] }) : {};
  const encryptions = (target: string): Call["context"][] => {
    const [name, ...values] = context?.(target) ?? [];
    if (name === undefined) return [{}];
    return values.map((value) => ({ [`kms:EncryptionContext:${name}`]: value }));
  };
  return used.flatMap((action) =>
    resources.flatMap((target) =>
      encryptions(target).flatMap((encryption) =>
        [NBF, EXP - 1].map((instant) => ({
          ...{ action, resource: keys[target] ?? "" },
          context: {
            // The account of a key is in its ARN.
            "aws:RequestedRegion": contract.region,
            "aws:CurrentTime": at(instant),
            "kms:ViaService": `${service}.us-east-1.amazonaws.com`,
            ...encryption,
          },
        })),
      ),
    ),
  );
}

/** Some values that satisfy a constraint, its bounds among them; `undefined`: left out. */
function valuesOf(constraint: Constraint): readonly (Scalar | undefined)[] {
  if ("exact" in constraint) return [constraint.exact];
  if ("oneOf" in constraint) return constraint.oneOf;
  if ("prefix" in constraint) return [constraint.prefix, `${constraint.prefix}x`];
  if ("range" in constraint) return [constraint.range.min ?? 0, constraint.range.max ?? 0];
  if ("notOneOf" in constraint) return [typeof constraint.notOneOf[0] === "string" ? "x" : 5];
  if ("all" in constraint) return constraint.all.slice(0, 1).flatMap(valuesOf);
  return [undefined];
}

/** Parameters of listed operations: each parameter in turn with each of its values. */
function listedParameters({ parameters }: Step): Operation["parameters"][] {
  if (parameters === "unbounded") return [{}];
  const names = Object.keys(parameters);
  const most = Math.max(1, ...Object.values(parameters).map((each) => valuesOf(each).length));
  return Array.from({ length: most }, (_, turn) =>
    Object.fromEntries(
      names.flatMap((name) => {
        const values = valuesOf(parameters[name] ?? { absent: true });
        const value = values[turn % values.length];
        return value === undefined ? [] : [[name, value]];
      }),
    ),
  );
}

const ALWAYS = (contract: Contract) => ({
  "aws:RequestedRegion": contract.region,
  "aws:ResourceAccount": contract.account,
});

function listedCalls(contract: Contract, step: Step): Call[] {
  return step.actions.flatMap((action) => {
    const descriptor = descriptorOf(action);
    const targets = step.resources.filter((each) => descriptor?.target.pattern.test(each));
    return targets.flatMap((resource) =>
      listedParameters(step).flatMap((parameters) => {
        const of = step.parameters === "unbounded" ? step.parameters : parameters;
        const keys = descriptor?.requestKeys(of) ?? [];
        const sent = Object.fromEntries(
          keys.map(({ name, values, multivalued }) => [
            name,
            multivalued ? values : String(values[0]),
          ]),
        );
        const optional = keys.filter((key) => key.optional).map(({ name }) => name);
        const bare = Object.fromEntries(
          Object.entries(sent).filter(([name]) => !optional.includes(name)),
        );
        return [sent, bare].flatMap((context) =>
          [NBF, EXP - 1].map((instant) => ({
            ...{ action, resource },
            context: { ...ALWAYS(contract), "aws:CurrentTime": at(instant), ...context },
          })),
        );
      }),
    );
  });
}

/** Keys that a call may leave out, because the service's default is the listed value. */
const OPTIONAL: ReadonlySet<string> = new Set(
  CATALOGUE.flatMap(({ requestKeys }) => requestKeys({}).filter(({ optional }) => optional)).map(
    ({ name }) => name,
  ),
);

/**
 * One listed call, changed in each dimension of IAM's view of it: action, resource, time, and each
 * key that the policy names.
 */
function beyondCalls(call: Call, contract: Contract, policy: SessionPolicy): Call[] {
  const { action, resource, context } = call;
  const sibling = action.replace(/:.*/, ":VaiProbe");
  const withKey = (key: string, value: string | readonly string[] | undefined): Call => {
    const { [key]: _, ...rest } = context;
    return { ...call, context: value === undefined ? rest : { ...rest, [key]: value } };
  };
  const others = [
    `${resource}x`,
    resource.replace(contract.account, "999999999999"),
    "arn:aws:s3:::vai-probe/x",
    "*",
  ];
  // A call that has no resource is never made on another one.
  const resources = resource === "*" ? [] : others;
  const text = JSON.stringify(policy);
  const keys = Object.keys(context).filter(
    (key) => key !== "aws:CurrentTime" && text.includes(`"${key}"`),
  );
  return [
    ...[sibling, "s3:GetObject", "iam:PutRolePolicy"].map((other) => ({ ...call, action: other })),
    ...resources.filter((each) => each !== resource).map((other) => ({ ...call, resource: other })),
    ...[NBF - 1, NBF - 80_000, EXP, EXP + 80_000].map((instant) =>
      withKey("aws:CurrentTime", at(instant)),
    ),
    ...keys.flatMap((key) => {
      const [value, stranger] = [context[key], strangerOf(key)];
      const others = Array.isArray(value) ? [[stranger], [...value, stranger]] : [stranger];
      return [...others, ...(OPTIONAL.has(key) ? [] : [undefined])].map((each) =>
        withKey(key, each),
      );
    }),
  ];
}

const PRINCIPAL = "arn:aws:sts::111122223333:assumed-role/exec/vai-1";
/** To the role: limited by the session policy, and what a bucket of another account must add. */
const GRANT_TO_ROLE = {
  Version: "2012-10-17",
  Statement: {
    ...{ Effect: "Allow", Principal: { AWS: "arn:aws:iam::111122223333:role/exec" } },
    ...{ Action: "*", Resource: "*" },
  },
};

/** Whether a policy lets a call through to a session that may otherwise do everything. */
const allows = (session: object, call: Call): boolean =>
  evaluatePolicies(
    { identity: [EVERYTHING], session, resource: [GRANT_TO_ROLE] },
    { ...call, principalArn: PRINCIPAL },
  ).decision === "Allow";

/** A call that the mutant lets through and the whole policy does not. */
const witness = ({ policy, beyond }: Sample, mutant: Mutant): Call | undefined =>
  beyond.find(
    (call) => allows(halfOf(mutant, mutant.policy), call) && !allows(halfOf(mutant, policy), call),
  );

const isNarrower = ({ policy, listed }: Sample, mutant: Mutant): boolean =>
  listed.some((call) => allows(policy, call) && !allows(mutant.policy, call));

/**
 * `wider`: it lets a call through that the whole policy does not, and containment refuses it.
 * `narrower`: a call that the step lists is no longer allowed. Everything else would be a hole:
 * `unproved` containment lets pass, `unshown` nobody can say what it lets through.
 */
type Verdict = "wider" | "narrower" | "unproved" | "unshown";

function judge(sample: Sample, mutant: Mutant): Verdict {
  const { contained } = proveContainment(mutant.policy, sample.contract, sample.step, sample);
  if (witness(sample, mutant) !== undefined) return contained ? "unproved" : "wider";
  return isNarrower(sample, mutant) ? "narrower" : "unshown";
}

/** The whole policy allows what its step lists, nothing beyond it by either half, and is contained. */
function isSound({ policy, contract, step, listed, beyond, ...exceptions }: Sample): boolean {
  const isHeld = (call: Call): boolean => !allows(deniesOf(policy), call);
  const isListed = listed.every((call) => allows(policy, call));
  const { contained } = proveContainment(policy, contract, step, exceptions);
  return isListed && beyond.every(isHeld) && contained;
}

test("VAI-47 every mutant of every form of session policy is noticed", (t: TestContext) => {
  const all = samples();
  const actions = new Set(all.flatMap(({ step }) => step.actions));
  assert.deepEqual([...actions].sort(), CATALOGUE.map(({ action }) => action).sort());
  const encrypted = all.filter(({ targetKeys }) => targetKeys !== NO_KEYS);
  assert.deepEqual(
    [...new Set(encrypted.map(({ step }) => step.actions[0]?.split(":")[0]))].sort(),
    Object.keys(KMS_OF).sort(),
  );

  const named: Record<Verdict, string[]> = { wider: [], narrower: [], unproved: [], unshown: [] };
  for (const sample of all) {
    assert.ok(isSound(sample), sample.name);
    for (const mutant of mutantsOf(sample.policy))
      named[judge(sample, mutant)].push(`${sample.name} | ${mutant.name}`);
  }
  const { wider, narrower, unproved, unshown } = named;
  const noticed = wider.length + narrower.length;
  t.diagnostic(
    `${noticed + unproved.length + unshown.length} mutants of ${all.length} session policies, ` +
      `${noticed} noticed: ${wider.length} wider, ${narrower.length} narrower`,
  );
  assert.deepEqual({ unproved, unshown }, { unproved: [], unshown: [] });
});
