import * as z from "zod";
import type { NamedKind } from "../../aws/inspect/ground.ts";
import { ENV } from "../../config.ts";

/** A synthesised stack: what `cdk deploy` would hand to CloudFormation. */
export interface Synthesised {
  readonly stackName: string;
  /** The account that the deployment is bound to; undefined: whatever the credentials are of. */
  readonly account?: string;
  readonly template: unknown;
  /** ARNs with `${AWS::…}` in them: whom the CDK becomes, and as whom CloudFormation acts. */
  readonly deployRole?: string;
  readonly executionRole?: string;
  /** What tells the version of the CDK's bootstrap, and the least that it must be. */
  readonly bootstrap?: { readonly parameter: string; readonly version: number };
}

/** A thing that the stack makes under a fixed name. */
export interface WantedName {
  readonly kind: NamedKind;
  readonly name: string;
}

/** What a deployment needs of an account. */
export interface Wanted {
  readonly names: readonly WantedName[];
  /** Concurrent executions that each function reserves, by its name. */
  readonly reserved: ReadonlyMap<string, number>;
  /** Regions that the targets' ARNs name. */
  readonly targetRegions: readonly string[];
  /** Types of what is made. */
  readonly types: ReadonlySet<string>;
}

const templateSchema = z.object({
  Resources: z.record(
    z.string(),
    z.object({ Type: z.string(), Properties: z.record(z.string(), z.unknown()).default({}) }),
  ),
});

/** Where a resource's own name stands, by type. */
const NAMES: Readonly<Record<string, { readonly kind: NamedKind; readonly property: string }>> = {
  "AWS::Lambda::Function": { kind: "function", property: "FunctionName" },
  "AWS::DynamoDB::Table": { kind: "table", property: "TableName" },
  "AWS::IAM::Role": { kind: "role", property: "RoleName" },
  "AWS::IAM::ManagedPolicy": { kind: "managed policy", property: "ManagedPolicyName" },
  "AWS::KMS::Alias": { kind: "key alias", property: "AliasName" },
};

const targetsSchema = z.record(z.string(), z.array(z.string()));

/** What a synthesised template needs. @throws {z.ZodError} when it is no template. */
export function wantedOf(template: unknown): Wanted {
  const resources = Object.values(templateSchema.parse(template).Resources);
  return {
    names: resources.flatMap(({ Type, Properties }): WantedName[] => {
      const form = NAMES[Type];
      const name = form && Properties[form.property];
      return form === undefined || typeof name !== "string" ? [] : [{ kind: form.kind, name }];
    }),
    reserved: new Map(
      resources.flatMap(({ Properties }) => {
        const { FunctionName, ReservedConcurrentExecutions } = Properties;
        return typeof FunctionName === "string" && typeof ReservedConcurrentExecutions === "number"
          ? [[FunctionName, ReservedConcurrentExecutions] as const]
          : [];
      }),
    ),
    targetRegions: [...new Set(resources.flatMap(({ Properties }) => regionsIn(Properties)))],
    types: new Set(resources.map(({ Type }) => Type)),
  };
}

/** The functions are told their targets; S3's ARNs carry no region. */
function regionsIn({ Environment }: Readonly<Record<string, unknown>>): readonly string[] {
  const variables = (Environment as { Variables?: Record<string, unknown> } | undefined)?.Variables;
  const text = variables?.[ENV.targets];
  if (typeof text !== "string") return [];
  const targets = targetsSchema.safeParse(JSON.parse(text));
  return Object.values(targets.data ?? {})
    .flat()
    .map((arn) => arn.split(":")[3] ?? "")
    .filter((region) => region !== "");
}
