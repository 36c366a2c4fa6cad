import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { CATALOGUE, descriptorOf } from "../../lib/actions/catalogue.ts";
import type { Operation } from "../../lib/actions/descriptor.ts";
import { proveContainment } from "../../lib/authority/contain.ts";
import { deriveAuthority } from "../../lib/authority/derive.ts";
import { evaluatePolicies } from "../../lib/authority/evaluate.ts";
import type { SessionPolicy } from "../../lib/authority/iam-document.ts";
import type { Constraint, Scalar } from "../../lib/contract/constraint.ts";
import type { Contract } from "../../lib/contract/contract.ts";
import type { Step } from "../../lib/contract/step.ts";
import { isRefusal } from "../../lib/refusal.ts";
import type { TrustPolicy } from "../../lib/trust/policy.ts";
import { type Mutant, mutantsOf, strangerOf } from "../support/mutate-policy.ts";
import { sampleSteps } from "../support/sample-steps.ts";
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
  readonly policy: SessionPolicy;
  /** Calls that the step lists. */
  readonly listed: readonly Call[];
  /** Calls beyond it, each in one way. */
  readonly beyond: readonly Call[];
}

const believed = {
  actions: CATALOGUE.map(({ action }) => ({ action })),
} as unknown as TrustPolicy;

function samples(): Sample[] {
  return sampleSteps().map(({ name, step }) => {
    const [, , , region, account] = (step.resources[0] ?? "").split(":");
    const place = { region: region || "us-east-1", account: account || "111122223333" };
    const contract = contractOf([step], place);
    const derived = deriveAuthority(contract, step, believed);
    assert.ok(!isRefusal(derived), `${name}: ${JSON.stringify(derived)}`);
    const listed = listedCalls(contract, step);
    const [call] = listed;
    assert.ok(call, name);
    const policy = derived.sessionPolicy;
    return { name, contract, step, policy, listed, beyond: beyondCalls(call, contract, policy) };
  });
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
        const keys = descriptor?.requestKeys(parameters) ?? [];
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
  const resources = [
    `${resource}x`,
    resource.replace(contract.account, "999999999999"),
    "arn:aws:s3:::vai-probe/x",
    "*",
  ];
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

/** A session in the account of the samples, and a resource policy that invites it. */
const PRINCIPAL = "arn:aws:sts::111122223333:assumed-role/exec/vai-1";
const INVITATION = {
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { AWS: PRINCIPAL }, Action: "*", Resource: "*" }],
};

/** Whether a policy lets a call through to a session whose role may do everything. */
const allows = (session: object, call: Call, resource?: object[]): boolean =>
  evaluatePolicies(
    { identity: [EVERYTHING], session, resource },
    { ...call, principalArn: PRINCIPAL },
  ).decision === "Allow";

/** Whether it does so for a session that a resource policy invites to everything. */
const invited = (session: object, call: Call): boolean => allows(session, call, [INVITATION]);

const only = (policy: SessionPolicy, effect: "Allow" | "Deny"): SessionPolicy => ({
  ...policy,
  Statement: policy.Statement.filter(({ Effect }) => Effect === effect),
});

/**
 * A call that the mutant lets through and the whole policy does not. Allows and Denies hold the
 * same bounds twice, so each half is asked alone: the Denies under a resource policy that invites
 * the session, the Allows without the Denies.
 */
const witness = ({ policy, beyond }: Sample, mutant: Mutant): Call | undefined =>
  beyond.find((call) =>
    mutant.effect === "Deny"
      ? invited(mutant.policy, call) && !invited(policy, call)
      : allows(only(mutant.policy, "Allow"), call) && !allows(only(policy, "Allow"), call),
  );

const isNarrower = ({ policy, listed }: Sample, mutant: Mutant): boolean =>
  listed.some((call) => allows(policy, call) && !allows(mutant.policy, call));

/** Verdicts on a mutant; `unseen`: refused by containment for its text alone. */
type Verdict = "wider" | "narrower" | "unseen" | "missed";

function judge(sample: Sample, mutant: Mutant): Verdict {
  const { contained } = proveContainment(mutant.policy, sample.contract, sample.step);
  if (witness(sample, mutant) !== undefined) return contained ? "missed" : "wider";
  if (isNarrower(sample, mutant)) return "narrower";
  return contained ? "missed" : "unseen";
}

test("VAI-47 every mutant of every session policy is noticed", (t: TestContext) => {
  const verdicts = new Map<Verdict, string[]>();
  const all = samples();
  for (const sample of all) {
    for (const call of sample.listed) assert.ok(allows(sample.policy, call), `${sample.name} ${JSON.stringify(call)} ${JSON.stringify(sample.policy)}`);
    for (const call of sample.beyond)
      assert.ok(!invited(sample.policy, call), `${sample.name} ${JSON.stringify(call)}`);
    assert.deepEqual(proveContainment(sample.policy, sample.contract, sample.step), { contained: true }, sample.name);
    for (const mutant of mutantsOf(sample.policy)) {
      const verdict = judge(sample, mutant);
      verdicts.set(verdict, [...(verdicts.get(verdict) ?? []), `${sample.name} | ${mutant.name}`]);
    }
  }
  const count = (verdict: Verdict): number => verdicts.get(verdict)?.length ?? 0;
  for (const v of ["missed","unseen"] as const) console.log(v, verdicts.get(v)?.join("\n"));
  t.diagnostic(`${all.length} policies ${count("wider")} wider ${count("narrower")} narrower ${count("unseen")} unseen ${count("missed")} missed`);
});
