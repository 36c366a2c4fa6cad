import * as z from "zod";
import type { StackFacts } from "../../aws/inspect/stack.ts";
import { present } from "../../encoding/present.ts";
import { readTemplate, type Template, type TemplateResource, UnresolvedError } from "./template.ts";

/** What the stack writes of a role. */
export interface WrittenRole {
  readonly trust: object;
  /** Inline policies by name. */
  readonly inline: ReadonlyMap<string, object>;
  /** ARNs of attached policies. */
  readonly attached: readonly string[];
  /** ARN of the permissions boundary. */
  readonly boundary?: string;
}

/** What the stack writes of a function. */
interface WrittenFunction {
  readonly environment: Readonly<Record<string, string>>;
  /** Reserved concurrent executions; undefined: none are reserved. */
  readonly concurrency?: number;
}

/** What the stack writes of a bucket that locks what is put into it. */
interface WrittenBucket {
  readonly policy: object;
  readonly lock: { readonly mode: string; readonly days: number };
}

/** What the stack writes of an event source mapping, as Lambda's API names it. */
type WrittenSource = z.infer<typeof sourceProperties>;

/** What the stack wrote of everything that the doctor compares, with all references resolved. */
export interface Written {
  /** By ARN; for one of which a part cannot be told, why: Evidence without a stream has no stream's ARN. */
  readonly roles: ReadonlyMap<string, WrittenRole | UnresolvedError>;
  /** Documents of managed policies, by ARN. */
  readonly managed: ReadonlyMap<string, object>;
  /** Key policies, by ARN. */
  readonly keys: ReadonlyMap<string, object>;
  /** Resource policies, by the table's name. */
  readonly tables: ReadonlyMap<string, object>;
  /** Policies of buckets and how they lock, by the bucket's name. */
  readonly buckets: ReadonlyMap<string, WrittenBucket>;
  /** By name. */
  readonly functions: ReadonlyMap<string, WrittenFunction>;
  /** How functions are fed from streams, by the function's name; what the stream is left out. */
  readonly sources: ReadonlyMap<string, WrittenSource>;
}

/**
 * What a deployed stack wrote, from its template.
 * @throws {UnresolvedError} when any of it cannot be told, so that nothing is compared with a half.
 */
export function writtenBy(facts: StackFacts, streams: ReadonlyMap<string, string>): Written {
  const template = readTemplate(facts, streams);
  refuseUnknown(template);
  const of = (type: string) => template.resources.filter((each) => each.type === type);
  const arnOf = ({ logicalId }: TemplateResource): string =>
    String(template.resolve({ "Fn::GetAtt": [logicalId, "Arn"] }));
  return {
    roles: new Map(
      of("AWS::IAM::Role").map((each) => [arnOf(each), orWhy(() => roleOf(template, each))]),
    ),
    managed: new Map(
      of("AWS::IAM::ManagedPolicy").map((each) => [
        each.physicalId,
        documentAt(template, each, "PolicyDocument"),
      ]),
    ),
    keys: new Map(
      of("AWS::KMS::Key").map((each) => [arnOf(each), documentAt(template, each, "KeyPolicy")]),
    ),
    tables: new Map(
      of("AWS::DynamoDB::Table").flatMap((each) => {
        const { ResourcePolicy } = each.properties;
        if (ResourcePolicy === undefined) return [];
        const { PolicyDocument } = read(tablePolicy, template, ResourcePolicy, each);
        return [[each.physicalId, PolicyDocument] as const];
      }),
    ),
    buckets: bucketsOf(template),
    functions: new Map(
      of("AWS::Lambda::Function").map((each) => [each.physicalId, functionOf(template, each)]),
    ),
    sources: new Map(
      of("AWS::Lambda::EventSourceMapping").map((each) => {
        const source = read(sourceProperties, template, each.properties, each);
        return [source.FunctionName, source];
      }),
    ),
  };
}

function orWhy<T>(make: () => T): T | UnresolvedError {
  try {
    return make();
  } catch (error) {
    if (error instanceof UnresolvedError) return error;
    throw error;
  }
}

const document = z.looseObject({ Statement: z.unknown() });
const LOCK = "ObjectLockConfiguration";
const bucketPolicy = z.object({ Bucket: z.string(), PolicyDocument: document });
const retention = z.object({ Mode: z.string(), Days: z.number() });
const locking = z.object({
  [LOCK]: z.object({ Rule: z.object({ DefaultRetention: retention }) }),
});
const tablePolicy = z.object({ PolicyDocument: document });
const roleProperties = z.object({
  AssumeRolePolicyDocument: document,
  Policies: z.array(z.object({ PolicyName: z.string(), PolicyDocument: document })).default([]),
  ManagedPolicyArns: z.array(z.string()).default([]),
  PermissionsBoundary: z.string().optional(),
});
const inlinePolicy = z.object({
  PolicyName: z.string(),
  PolicyDocument: document,
});
const policyRoles = z.object({ Roles: z.array(z.string()) });
const functionProperties = z.object({
  Environment: z.object({ Variables: z.record(z.string(), z.string()) }).optional(),
  ReservedConcurrentExecutions: z.number().optional(),
});

const sourceProperties = z.object({
  FunctionName: z.string(),
  StartingPosition: z.string(),
  BatchSize: z.number(),
  MaximumRetryAttempts: z.number(),
  BisectBatchOnFunctionError: z.boolean(),
  FilterCriteria: z.object({ Filters: z.array(z.object({ Pattern: z.string() })) }),
  MetricsConfig: z.object({ Metrics: z.array(z.string()) }),
});

/** By its resource policy the stack grants a function to its own rules alone; a template that does more is of another version. */
function refuseUnknown({ resources }: Template): void {
  const rules = new Set(
    resources.filter(({ type }) => type === "AWS::Events::Rule").map(({ logicalId }) => logicalId),
  );
  const unknown = resources.find(
    ({ type, properties }) =>
      /^AWS::(Lambda::(Permission|Alias|Version)|IAM::(RolePolicy|UserPolicy|GroupPolicy))$/.test(
        type,
      ) && !(type === "AWS::Lambda::Permission" && isOfRule(properties, rules)),
  );
  if (unknown !== undefined)
    throw new UnresolvedError(`the template has ${unknown.logicalId}, of type ${unknown.type}`);
}

/** A permission of EventBridge, for one of the stack's rules. */
function isOfRule(
  { Principal, SourceArn }: Readonly<Record<string, unknown>>,
  rules: ReadonlySet<string>,
): boolean {
  const source = (SourceArn ?? {}) as { readonly "Fn::GetAtt"?: unknown };
  const [id] = [source["Fn::GetAtt"]].flat();
  return Principal === "events.amazonaws.com" && rules.has(String(id));
}

function roleOf(template: Template, role: TemplateResource): WrittenRole {
  const { AssumeRolePolicyDocument, Policies, ManagedPolicyArns, PermissionsBoundary } = read(
    roleProperties,
    template,
    role.properties,
    role,
  );
  const beside = template.resources
    .filter(({ type }) => type === "AWS::IAM::Policy")
    .filter((each) =>
      read(policyRoles, template, each.properties, each).Roles.includes(role.physicalId),
    )
    .map((each) => read(inlinePolicy, template, each.properties, each));
  return {
    trust: AssumeRolePolicyDocument,
    inline: new Map([...Policies, ...beside].map((each) => [each.PolicyName, each.PolicyDocument])),
    attached: ManagedPolicyArns,
    ...present({ boundary: PermissionsBoundary }),
  };
}

function functionOf(template: Template, resource: TemplateResource): WrittenFunction {
  const { Environment, ReservedConcurrentExecutions } = read(
    functionProperties,
    template,
    resource.properties,
    resource,
  );
  return {
    environment: Environment?.Variables ?? {},
    ...present({ concurrency: ReservedConcurrentExecutions }),
  };
}

/** Buckets that lock; the others are samples. */
function bucketsOf(template: Template): ReadonlyMap<string, WrittenBucket> {
  const policies = template.resources
    .filter(({ type }) => type === "AWS::S3::BucketPolicy")
    .map((each) => read(bucketPolicy, template, each.properties, each));
  return new Map(
    template.resources
      .filter(({ type, properties }) => type === "AWS::S3::Bucket" && LOCK in properties)
      .flatMap((each) => {
        const { Mode, Days } = read(locking, template, each.properties, each)[LOCK].Rule
          .DefaultRetention;
        const policy = policies.find(({ Bucket }) => Bucket === each.physicalId);
        const lock = { mode: Mode, days: Days };
        return policy === undefined
          ? []
          : [[each.physicalId, { policy: policy.PolicyDocument, lock }] as const];
      }),
  );
}

const documentAt = (template: Template, resource: TemplateResource, name: string): object =>
  read(document, template, resource.properties[name], resource);

/** Only the members that a schema names are resolved: what is beside them may refer to anything. */
function read<Shape extends z.ZodType>(
  schema: Shape,
  template: Template,
  value: unknown,
  { logicalId }: TemplateResource,
): z.infer<Shape> {
  const wanted = schema instanceof z.ZodObject && schema !== (document as z.ZodType);
  const members = wanted ? Object.keys(schema.shape) : undefined;
  const part =
    members === undefined || typeof value !== "object" || value === null
      ? value
      : Object.fromEntries(Object.entries(value).filter(([name]) => members.includes(name)));
  const result = schema.safeParse(template.resolve(part));
  if (!result.success)
    throw new UnresolvedError(`the template has ${logicalId} in a form that is not known`);
  return result.data;
}
