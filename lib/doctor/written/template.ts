import * as z from "zod";
import type { StackFacts } from "../../aws/inspect/stack.ts";

/** A template's value cannot be told from what CloudFormation says of the stack; the message names it. */
export class UnresolvedError extends Error {
  override readonly name = "UnresolvedError";
}

const templateSchema = z.object({
  Resources: z.record(
    z.string(),
    z.object({ Type: z.string(), Properties: z.record(z.string(), z.unknown()).default({}) }),
  ),
});

/** A resource of a deployed template, its properties with their references still in them. */
export interface TemplateResource {
  readonly logicalId: string;
  /** Its name, id or ARN, by type. */
  readonly physicalId: string;
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** A deployed template: its resources, and values with their references replaced by what they became. */
export interface Template {
  readonly resources: readonly TemplateResource[];
  /** @throws {UnresolvedError} for what cannot be told: half a document must not be compared with. */
  resolve(value: unknown): unknown;
}

/**
 * Reads a deployed template. `streams`: the stream that each table has now, by the table's name; its ARN is nowhere in
 * CloudFormation's answers.
 * @throws {UnresolvedError} when it is no template of the form that the CDK writes.
 */
export function readTemplate(facts: StackFacts, streams: ReadonlyMap<string, string>): Template {
  const physical = new Map(facts.resources.map((each) => [each.logicalId, each.physicalId]));
  const resources = Object.entries(resourcesIn(facts.template)).map(([logicalId, resource]) => ({
    logicalId,
    physicalId: physical.get(logicalId) ?? "",
    type: resource.Type,
    properties: resource.Properties,
  }));
  const world = { facts, resources: new Map(resources.map((each) => [each.logicalId, each])) };
  return { resources, resolve: (value) => resolve({ ...world, streams }, value) };
}

function resourcesIn(text: string): z.infer<typeof templateSchema>["Resources"] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new UnresolvedError("the template is not JSON");
  }
  const read = templateSchema.safeParse(json);
  if (!read.success) throw new UnresolvedError("the template has no resources of a known form");
  return read.data.Resources;
}

interface World {
  readonly facts: StackFacts;
  readonly resources: ReadonlyMap<string, TemplateResource>;
  readonly streams: ReadonlyMap<string, string>;
}

function resolve(world: World, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((each) => resolve(world, each));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  const [name, argument] = entries[0] ?? [];
  if (entries.length === 1 && name !== undefined && /^(Ref|Condition|Fn::\w+)$/.test(name)) {
    // A policy's own element `Condition` holds operators, a template's the name of a condition.
    if (name !== "Condition" || typeof argument === "string")
      return intrinsic(world, name, argument);
  }
  return Object.fromEntries(entries.map(([key, each]) => [key, resolve(world, each)]));
}

function intrinsic(world: World, name: string, argument: unknown): unknown {
  switch (name) {
    case "Ref":
      return reference(world, String(argument));
    case "Fn::GetAtt":
      return attribute(world, Array.isArray(argument) ? argument : String(argument).split("."));
    case "Fn::Join":
      return join(world, argument);
    case "Fn::Sub":
      return substitute(world, argument);
    default:
      throw unresolved(name, argument);
  }
}

function join(world: World, argument: unknown): string {
  const [separator, parts] = Array.isArray(argument) ? argument : [];
  const values = resolve(world, parts);
  if (typeof separator !== "string" || !Array.isArray(values))
    throw unresolved("Fn::Join", argument);
  return values.map(String).join(separator);
}

function substitute(world: World, argument: unknown): string {
  const [text, own] = Array.isArray(argument) ? argument : [argument, {}];
  const given = (own ?? {}) as Readonly<Record<string, unknown>>;
  return String(text).replace(/\$\{(!?)([^}]+)\}/g, (whole, literal: string, name: string) => {
    if (literal !== "") return whole.replace("!", "");
    if (given[name] !== undefined) return String(resolve(world, given[name]));
    return name.includes(".") ? attribute(world, name.split(".")) : reference(world, name);
  });
}

function reference(world: World, name: string): string {
  const { partition, region, account, stack } = placeOf(world.facts.id);
  const pseudo: Readonly<Record<string, string>> = {
    "AWS::Partition": partition,
    "AWS::Region": region,
    "AWS::AccountId": account,
    "AWS::StackName": stack,
    "AWS::StackId": world.facts.id,
  };
  const found = pseudo[name] ?? world.resources.get(name)?.physicalId;
  if (!found) throw unresolved("Ref", name);
  return found;
}

function placeOf(stackArn: string) {
  const [, partition = "", , region = "", account = "", ...resource] = stackArn.split(":");
  return { partition, region, account, stack: resource.join(":").split("/")[1] ?? "" };
}

/** Attributes that the plane's documents name, by type (CloudFormation template reference, return values). */
function attribute(world: World, argument: readonly unknown[]): string {
  const [logicalId = "", name] = argument.map(String);
  const resource = world.resources.get(logicalId);
  const found = resource?.physicalId ? attributeOf(world, resource, name ?? "") : undefined;
  if (found === undefined) throw unresolved("Fn::GetAtt", argument);
  return found;
}

function attributeOf(
  { facts, streams }: World,
  { type, physicalId: id, properties }: TemplateResource,
  name: string,
): string | undefined {
  const { partition, region, account } = placeOf(facts.id);
  const arn = (service: string, resource: string): string =>
    `arn:${partition}:${service}:${service === "iam" ? "" : region}:${account}:${resource}`;
  switch (`${type}.${name}`) {
    case "AWS::IAM::Role.Arn":
      return arn("iam", `role${String(properties["Path"] ?? "/")}${id}`);
    case "AWS::DynamoDB::Table.Arn":
      return arn("dynamodb", `table/${id}`);
    case "AWS::DynamoDB::Table.StreamArn":
      return streams.get(id);
    case "AWS::S3::Bucket.Arn":
      return `arn:${partition}:s3:::${id}`;
    case "AWS::Lambda::Function.Arn":
      return arn("lambda", `function:${id}`);
    case "AWS::KMS::Key.Arn":
      return arn("kms", `key/${id}`);
    case "AWS::Logs::LogGroup.Arn":
      return arn("logs", `log-group:${id}:*`);
    default:
      return undefined;
  }
}

const unresolved = (name: string, argument: unknown): UnresolvedError =>
  new UnresolvedError(`the template uses ${name} of ${JSON.stringify(argument)}`);
