import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DescribeStackResourcesCommand } from "@aws-sdk/client-cloudformation";
import { LocalAwsError } from "../../machine/errors.ts";
import { ACCOUNT, REGION } from "../../machine/start-processes.ts";
import type { Clients } from "../clients.ts";

/** Any JSON value of a template. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [name: string]: Json };

/** A JSON object of a template. */
export type JsonObject = { readonly [name: string]: Json };

/** A resource of a synthesised template. */
interface TemplateResource {
  readonly Type: string;
  readonly Properties?: JsonObject;
}

/** One deployed stack: its template as synthesised, and what its resources became. */
export interface DeployedStack {
  readonly name: string;
  readonly resources: Readonly<Record<string, TemplateResource>>;
  /** Physical id by logical id. */
  readonly physical: ReadonlyMap<string, string>;
}

/** The stacks of a synthesised CDK app, with the physical ids of their deployed resources. */
export async function deployedStacks(folder: string, clients: Clients): Promise<DeployedStack[]> {
  const manifest = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")) as Manifest;
  const artifacts = Object.entries(manifest.artifacts).filter(
    ([, artifact]) => artifact.type === "aws:cloudformation:stack",
  );
  return Promise.all(
    artifacts.map(async ([id, { properties }]) => {
      const name = properties?.stackName ?? id;
      const file = join(folder, properties?.templateFile ?? `${id}.template.json`);
      const template = JSON.parse(readFileSync(file, "utf8")) as Pick<
        DeployedStack,
        "resources"
      > & {
        Resources?: DeployedStack["resources"];
      };
      const command = new DescribeStackResourcesCommand({ StackName: name });
      const described = await clients.cloudFormation.send(command);
      const physical = (described.StackResources ?? []).map(
        (one) => [one.LogicalResourceId ?? "", one.PhysicalResourceId ?? ""] as const,
      );
      return { name, resources: template.Resources ?? {}, physical: new Map(physical) };
    }),
  );
}

interface Manifest {
  readonly artifacts: Readonly<Record<string, Artifact>>;
}

interface Artifact {
  readonly type: string;
  readonly properties?: { readonly templateFile?: string; readonly stackName?: string };
}

/**
 * A template's value with its references replaced by what was deployed: `Ref`, `Fn::GetAtt` of an
 * ARN, `Fn::Join`, `Fn::Sub`.
 *
 * @throws LocalAwsError for any other function, so that no property is set to half of its value
 */
export function resolve(stack: DeployedStack, value: Json): Json {
  if (Array.isArray(value)) return value.map((member) => resolve(stack, member));
  if (!isObject(value)) return value;
  const [name, argument] = Object.entries(value)[0] ?? [];
  if (name !== undefined && argument !== undefined && /^(Ref|Fn::\w+)$/.test(name)) {
    return intrinsic(stack, name, argument);
  }
  const members = Object.entries(value).map(([key, member]) => [key, resolve(stack, member)]);
  return Object.fromEntries(members) as JsonObject;
}

/** Whether a value is a JSON object, not a list. */
export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function intrinsic(stack: DeployedStack, name: string, argument: Json): Json {
  switch (name) {
    case "Ref":
      return reference(stack, String(argument));
    case "Fn::GetAtt":
      return attribute(stack, typeof argument === "string" ? argument.split(".") : argument);
    case "Fn::Join": {
      const [separator, parts] = argument as readonly [string, Json];
      return (resolve(stack, parts) as readonly Json[]).map(String).join(separator);
    }
    case "Fn::Sub":
      return substitute(stack, argument);
    default:
      throw unresolved(stack, name, argument);
  }
}

const PSEUDO: Readonly<Record<string, string>> = {
  "AWS::AccountId": ACCOUNT,
  "AWS::Region": REGION,
  "AWS::Partition": "aws",
  "AWS::URLSuffix": "amazonaws.com",
};

function reference(stack: DeployedStack, logicalId: string): string {
  const found =
    logicalId === "AWS::StackName"
      ? stack.name
      : (PSEUDO[logicalId] ?? stack.physical.get(logicalId));
  if (!found) throw unresolved(stack, "Ref", logicalId);
  return found;
}

function attribute(stack: DeployedStack, argument: Json): string {
  const [logicalId = "", name] = (argument as readonly Json[]).map(String);
  const arn = name === "Arn" ? arnOf(stack, logicalId) : undefined;
  if (arn === undefined) throw unresolved(stack, "Fn::GetAtt", argument);
  return arn;
}

function arnOf(stack: DeployedStack, logicalId: string): string | undefined {
  const resource = stack.resources[logicalId];
  const id = stack.physical.get(logicalId);
  if (resource === undefined || !id) return undefined;
  if (id.startsWith("arn:")) return id;
  const path = resolve(stack, resource.Properties?.["Path"] ?? "/");
  switch (resource.Type) {
    case "AWS::IAM::Role":
      return `arn:aws:iam::${ACCOUNT}:role${path}${id}`;
    case "AWS::DynamoDB::Table":
    case "AWS::DynamoDB::GlobalTable":
      return `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/${id}`;
    case "AWS::Lambda::Function":
      return `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${id}`;
    case "AWS::KMS::Key":
      return `arn:aws:kms:${REGION}:${ACCOUNT}:key/${id}`;
    default:
      return undefined;
  }
}

function substitute(stack: DeployedStack, argument: Json): string {
  const [text, own] = Array.isArray(argument) ? argument : [argument, {}];
  const names = isObject(own as Json) ? (own as JsonObject) : {};
  return String(text).replace(/\$\{(!?)([^}]+)\}/g, (whole, literal: string, name: string) => {
    if (literal) return whole.replace("!", "");
    const given = names[name];
    if (given !== undefined) return String(resolve(stack, given));
    return name.includes(".") ? attribute(stack, name.split(".")) : reference(stack, name);
  });
}

function unresolved(stack: DeployedStack, name: string, argument: Json): LocalAwsError {
  return new LocalAwsError(
    `The template of ${stack.name} uses ${name} of ${JSON.stringify(argument)} in a property that ` +
      "the emulator drops and the fix-up sets. Teach localstack/deploy/fix-up/template.ts to resolve it.",
  );
}
