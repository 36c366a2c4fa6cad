import type { Template } from "aws-cdk-lib/assertions";

/** A CloudFormation resource. */
export interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

/** A statement of a resolved policy document; `Action` and `Resource` always as lists. */
export interface Statement {
  readonly Sid?: string;
  readonly Effect: "Allow" | "Deny";
  readonly Principal?: unknown;
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export const ACCOUNT = "111122223333";
export const REGION = "us-east-1";

const PSEUDO: Readonly<Record<string, string>> = {
  "AWS::AccountId": ACCOUNT,
  "AWS::Region": REGION,
  "AWS::Partition": "aws",
  "AWS::URLSuffix": "amazonaws.com",
};

/** A template whose references are replaced by what they would be in one account. */
export class Resolved {
  readonly #resources: Readonly<Record<string, Resource>>;
  readonly outputs: Readonly<Record<string, string>>;

  constructor(template: Template) {
    const json = template.toJSON();
    this.#resources = json["Resources"] as Record<string, Resource>;
    this.outputs = Object.fromEntries(
      Object.entries((json["Outputs"] ?? {}) as Record<string, { Value: unknown }>).map(
        ([name, output]) => [name, String(this.resolve(output.Value))],
      ),
    );
  }

  /** All resources of a type, resolved. */
  ofType(type: string): Resource[] {
    return Object.values(this.#resources)
      .filter((resource) => resource.Type === type)
      .map((resource) => this.resolve(resource) as Resource);
  }

  /** Every resource by its logical id, references not replaced. */
  all(): [string, Resource][] {
    return Object.entries(this.#resources);
  }

  /** The one resource of a type whose property has a value. */
  one(type: string, property: string, value: string): Resource {
    const found = this.ofType(type).filter((resource) => resource.Properties[property] === value);
    if (found.length !== 1 || found[0] === undefined) {
      throw new Error(`${found.length} resources of type ${type} with ${property} ${value}`);
    }
    return found[0];
  }

  /** Everything that a role's own policies say: inline ones and those of `AWS::IAM::Policy`. */
  roleStatements(roleName: string): Statement[] {
    const role = this.one("AWS::IAM::Role", "RoleName", roleName);
    if (role.Properties["ManagedPolicyArns"] !== undefined) throw new Error("has managed policies");
    const inline = (role.Properties["Policies"] ?? []) as { PolicyDocument: unknown }[];
    const attached = this.ofType("AWS::IAM::Policy")
      .filter(({ Properties }) => (Properties["Roles"] as string[]).includes(roleName))
      .map(({ Properties }) => Properties["PolicyDocument"]);
    return [...inline.map(({ PolicyDocument }) => PolicyDocument), ...attached].flatMap(statements);
  }

  /** Statements of a managed policy. */
  managedStatements(name: string): Statement[] {
    const policy = this.one("AWS::IAM::ManagedPolicy", "ManagedPolicyName", name);
    return statements(policy.Properties["PolicyDocument"]);
  }

  /** A part of the template with its references replaced. */
  resolve(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((part) => this.resolve(part));
    if (typeof value !== "object" || value === null) return value;
    const [[key, argument] = ["", undefined], ...more] = Object.entries(value);
    if (more.length === 0) {
      if (key === "Ref") return this.#ref(String(argument));
      if (key === "Fn::GetAtt") return this.#attribute(...(argument as [string, string]));
      if (key === "Fn::Sub" && typeof argument === "string") {
        return argument.replace(/\$\{([^}]+)\}/g, (_, id: string) => this.#ref(id));
      }
      if (key === "Fn::Join") {
        const [separator, parts] = argument as [string, unknown[]];
        return parts.map((part) => String(this.resolve(part))).join(separator);
      }
    }
    return Object.fromEntries(Object.entries(value).map(([k, part]) => [k, this.resolve(part)]));
  }

  #ref(id: string): string {
    const pseudo = PSEUDO[id];
    if (pseudo !== undefined) return pseudo;
    const properties = this.#resources[id]?.Properties ?? {};
    if (properties["ManagedPolicyName"] !== undefined) {
      return `arn:aws:iam::${ACCOUNT}:policy/${String(properties["ManagedPolicyName"])}`;
    }
    if (this.#resources[id]?.Type === "AWS::SNS::Topic") {
      return `arn:aws:sns:${REGION}:${ACCOUNT}:${id}`;
    }
    const name = [
      "TableName",
      "RoleName",
      "FunctionName",
      "LogGroupName",
      "AlarmName",
      "BucketName",
      "Name",
    ]
      .map((property) => this.resolve(properties[property]))
      .find((found) => typeof found === "string");
    return typeof name === "string" ? name : id;
  }

  #attribute(id: string, attribute: string): string {
    const name = this.#ref(id);
    const place = `${REGION}:${ACCOUNT}`;
    if (attribute === "StreamArn") return `arn:aws:dynamodb:${place}:table/${name}/stream/latest`;
    // A secret's `Id` is its ARN, which ends in characters that nobody knows before (CloudFormation's page of it).
    if (this.#resources[id]?.Type === "AWS::SecretsManager::Secret" && attribute === "Id")
      return `arn:aws:secretsmanager:${place}:secret:${id}`;
    if (attribute !== "Arn") return `${id}.${attribute}`;
    switch (this.#resources[id]?.Type) {
      case "AWS::IAM::Role":
        return `arn:aws:iam::${ACCOUNT}:role/${name}`;
      case "AWS::DynamoDB::Table":
        return `arn:aws:dynamodb:${place}:table/${name}`;
      case "AWS::Lambda::Function":
        return `arn:aws:lambda:${place}:function:${name}`;
      case "AWS::CloudWatch::Alarm":
        return `arn:aws:cloudwatch:${place}:alarm:${name}`;
      case "AWS::Logs::LogGroup":
        return `arn:aws:logs:${place}:log-group:${name}:*`;
      case "AWS::KMS::Key":
        return `arn:aws:kms:${place}:key/${id.startsWith("PlaneKey") ? "plane" : "evidence"}`;
      case "AWS::S3::Bucket":
        return `arn:aws:s3:::${name}`;
      default:
        throw new Error(`no ARN known for ${id}`);
    }
  }
}

/** The statements of a resolved policy document. */
export function statements(document: unknown): Statement[] {
  const list = (document as { Statement: Record<string, unknown>[] }).Statement;
  return list.map(
    (statement) =>
      ({
        ...statement,
        Action: [statement["Action"] ?? []].flat(),
        Resource: [statement["Resource"] ?? []].flat(),
      }) as unknown as Statement,
  );
}

/** ARN of a role, a table or a function of the example plane. */
export const roleArn = (part: string): string => `arn:aws:iam::${ACCOUNT}:role/vai-example-${part}`;
export const tableArn = (part: string): string =>
  `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/vai-example-${part}`;
export const functionArn = (part: string): string =>
  `arn:aws:lambda:${REGION}:${ACCOUNT}:function:vai-example-${part}`;
