import { descriptorOf } from "../../actions/catalogue.ts";
import type { ParameterConstraints, RequestKey } from "../../actions/descriptor.ts";
import { type Constraint, satisfies } from "../../contract/constraint.ts";
import type { Contract } from "../../contract/contract.ts";
import type { Step } from "../../contract/step.ts";
import type { Change } from "../evaluate/request-context.ts";
import { isTextual, sampleParameters } from "./sample.ts";
import type { Vocabulary } from "./vocabulary.ts";

type Context = Readonly<Record<string, string | readonly string[]>>;

/** A request as AWS would see it. */
export interface Witness {
  readonly action: string;
  readonly resource: string;
  readonly context: Context;
}

/** A change of a listed call that takes it beyond the contract in exactly one dimension. */
export interface Probe extends Change {
  /** `action`, `resource`, or a condition key in lower case. */
  readonly dimension: string;
}

/** A condition key of a listed call: values that the policy and the step both take. */
interface SubjectKey extends RequestKey {
  /** Whether the step takes a value; what its parameters do not decide, only as the call has it. */
  isListed(value: string): boolean;
  /** Whether the step takes every value that begins so, as far as IAM can say it. */
  isListedPrefix(prefix: string): boolean;
  /** Whether IAM can hold all that the step says of the key: then every stranger must be refused. */
  readonly isClosed: boolean;
}

/** One action of the step on one of its resources, with the condition keys of a listed call. */
export interface Subject {
  readonly action: string;
  readonly resource: string;
  readonly keys: readonly SubjectKey[];
}

export const TIME = "aws:currenttime";
export const REGION = "aws:requestedregion";

/** Each action of the step on each resource that it can work on. */
export function subjectsOf(step: Step, contract: Contract, words: Vocabulary): Subject[] {
  const { parameters, resources } = step;
  return step.actions.flatMap((action) => {
    const descriptor = descriptorOf(action);
    if (descriptor === undefined) return [];
    const isUnbounded = parameters === "unbounded";
    const own = descriptor
      .requestKeys(isUnbounded ? parameters : sampleParameters(parameters))
      .map((key) => subjectKey(key, isUnbounded ? {} : parameters, words));
    const keys = descriptor.accountInArn ? own : [ownerOf(contract), ...own];
    const accepted = resources.filter((resource) => descriptor.target.pattern.test(resource));
    return accepted.map((resource) => ({ action, resource, keys }));
  });
}

/** A policy may be narrower than the step: a call that it takes is made of its own words. */
function subjectKey(
  key: RequestKey,
  constraints: ParameterConstraints,
  words: Vocabulary,
): SubjectKey {
  const bounds = key.boundBy.map((name) => constraints[name]);
  const isListed = (value: string): boolean =>
    bounds.length === 0
      ? key.values.includes(value)
      : bounds.some((constraint) => accepts(constraint, value));
  const named = words.valuesOf(key.name.toLowerCase()).filter(isListed);
  return {
    ...key,
    values: named.length > 0 ? [...new Set(named)] : key.values,
    isListed,
    isListedPrefix: (prefix) => bounds.some((constraint) => acceptsPrefix(constraint, prefix)),
    isClosed: bounds.every(isTextual),
  };
}

/** The subject's call at an instant in milliseconds, in the contract's place. */
export function requestAt(
  { action, resource, keys }: Subject,
  contract: Contract,
  instant: number,
): Witness {
  const context: Record<string, string | readonly string[]> = {
    "aws:CurrentTime": new Date(instant).toISOString(),
    "aws:RequestedRegion": contract.region,
  };
  for (const { name, values, multivalued } of keys)
    context[name] = multivalued ? values : String(values[0]);
  return { action, resource, context };
}

/** The call with the change, as a witness shows it. */
export function witnessOf(call: Witness, { action, resource, key, values = [] }: Probe): Witness {
  if (key === undefined)
    return { ...call, action: action ?? call.action, resource: resource ?? call.resource };
  const { [key]: _, ...rest } = call.context;
  const [only] = values;
  if (only === undefined) return { ...call, context: rest };
  const isSingle = typeof call.context[key] === "string";
  return { ...call, context: { ...rest, [key]: isSingle ? only : values } };
}

/**
 * Actions that no contract of this version lists: of another service, and those that make
 * authority.
 */
const OTHER_ACTIONS = ["sts:AssumeRole", "iam:PutRolePolicy", "s3:PutBucketPolicy"];

/**
 * Changes after which the call must be refused. Whatever a policy makes an exception for, it must
 * name: so besides some strangers every word of the policy itself is tried, its wildcards filled
 * in.
 */
export function* probesBeyond(
  subject: Subject,
  contract: Contract,
  step: Step,
  words: Vocabulary,
): Generator<Probe> {
  yield* otherActions(subject, step, words);
  yield* otherResources(subject, contract, step, words);
  yield* otherValues(regionOf(contract), words);
  for (const instant of instantsOutside(contract, words)) {
    yield { dimension: TIME, key: "aws:CurrentTime", values: [new Date(instant).toISOString()] };
  }
  for (const key of subject.keys) yield* otherValues(key, words);
}

const regionOf = ({ region }: Contract): SubjectKey => exactly("aws:RequestedRegion", region);

/**
 * The account that owns the resource, which AWS puts into the context of a call whose ARN carries none:
 * there nothing else in a policy tells the contract's bucket from a stranger's of that name.
 */
const ownerOf = ({ account }: Contract): SubjectKey => exactly("aws:ResourceAccount", account);

/** A key that every such call has, with one of the values listed. */
export const exactly = (name: string, ...listed: readonly string[]): SubjectKey => ({
  name,
  values: listed,
  multivalued: false,
  optional: false,
  boundBy: [],
  isListed: (value) => listed.includes(value),
  isListedPrefix: () => false,
  isClosed: true,
});

function* otherActions({ action }: Subject, step: Step, words: Vocabulary): Generator<Probe> {
  const listed = new Set(step.actions.map((each) => each.toLowerCase()));
  const sibling = action.replace(/:.*$/, ":VaiProbe");
  for (const each of new Set([...words.actions, sibling, ...OTHER_ACTIONS])) {
    if (!listed.has(each.toLowerCase())) yield { dimension: "action", action: each };
  }
}

function* otherResources(
  { resource }: Subject,
  contract: Contract,
  step: Step,
  words: Vocabulary,
): Generator<Probe> {
  const strangers = [
    `${resource}x`,
    resource.replace(contract.account, "999999999999"),
    resource.replace(contract.region, "eu-south-2"),
    resource.replace(/[^:/]+$/, "vai-probe"),
  ];
  for (const each of new Set([...words.resources, ...strangers])) {
    if (!step.resources.includes(each)) yield { dimension: "resource", resource: each };
  }
}

/**
 * Milliseconds just outside of the window, far outside, and around every date that the policy
 * names.
 */
function instantsOutside({ nbf, exp }: Contract, words: Vocabulary): number[] {
  const [start, end] = [nbf * 1000, exp * 1000];
  const day = 86_400_000;
  const named = words.datesOf(TIME).flatMap((date) => [date - 1, date, date + 1]);
  const all = new Set([start - 1, end, start - day, end + day, ...named]);
  return [...all].filter((instant) => instant < start || instant >= end);
}

/**
 * Other values alone, beside the listed ones where a key takes several, in another letter case; and
 * no value. Of a key that IAM cannot hold fully only what the policy itself names.
 */
function* otherValues(key: SubjectKey, words: Vocabulary): Generator<Probe> {
  const { name, values, multivalued, optional, isClosed } = key;
  const dimension = name.toLowerCase();
  const strangers = isClosed ? ["~vai-probe", ...values.flatMap(otherCases)] : [];
  for (const value of new Set([...words.valuesOf(dimension), ...strangers])) {
    if (key.isListed(value)) continue;
    yield { dimension, key: name, values: multivalued ? [...values, value] : [value] };
    if (multivalued) yield { dimension, key: name, values: [value] };
  }
  if (isClosed && !optional) yield { dimension, key: name };
}

const otherCases = (value: string): string[] => [value.toUpperCase(), value.toLowerCase()];

/** IAM sees text: a number or Boolean satisfies by its one spelling, `7` and never `07`. */
function accepts(constraint: Constraint | undefined, value: string): boolean {
  if (constraint === undefined) return false;
  if (satisfies(constraint, value)) return true;
  if (value === "true" || value === "false") return satisfies(constraint, value === "true");
  return String(Number(value)) === value && satisfies(constraint, Number(value));
}

/** Of a conjunction only what IAM can hold at all: ranges and exclusions are left to the adapter. */
function acceptsPrefix(constraint: Constraint | undefined, prefix: string): boolean {
  if (constraint === undefined) return false;
  if ("all" in constraint) {
    const textual = constraint.all.filter(isTextual);
    return textual.length > 0 && textual.every((clause) => acceptsPrefix(clause, prefix));
  }
  return "prefix" in constraint && prefix.startsWith(constraint.prefix);
}
