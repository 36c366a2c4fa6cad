import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type Deployment, parseDeployment } from "../../infra/deployment.ts";
import { evaluatePolicies } from "../../lib/authority/evaluate/evaluate.ts";
import { ENV } from "../../lib/config.ts";
import { problemsOf } from "../support/iam-problems.ts";
import { policiesOf } from "./support/policies.ts";
import { EXAMPLE, templateOf } from "./support/synthesise.ts";
import { ACCOUNT, REGION, Resolved } from "./support/template.ts";

const key = (index: number): string =>
  `arn:aws:kms:${REGION}:${ACCOUNT}:key/${index}0000000-2222-3333-4444-555555555555`;
const TABLE = `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/settings`;
const OBJECTS = `arn:aws:s3:::settings-bucket-${ACCOUNT}/checkout/*`;
const INSTANCE = `arn:aws:ec2:${REGION}:${ACCOUNT}:instance/i-0123456789abcdef0`;
const KEYS = { [TABLE]: key(1), [OBJECTS]: key(2), [INSTANCE]: key(3) };
const ENCRYPTED: Deployment = { ...EXAMPLE, targetKeys: KEYS };

const resolved = new Resolved(templateOf(ENCRYPTED));
const boundaryOf = (name: string): object =>
  resolved.one("AWS::IAM::ManagedPolicy", "ManagedPolicyName", `vai-example-boundary-${name}`)
    .Properties["PolicyDocument"] as object;
const policyOf = (part: string): object => {
  const { Properties } = resolved.one("AWS::IAM::Role", "RoleName", `vai-example-${part}`);
  const [only] = Properties["Policies"] as { PolicyDocument: object }[];
  assert.ok(only);
  return only.PolicyDocument;
};
const EVERYTHING = {
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
};

interface Use {
  readonly action: string;
  readonly key: string;
  readonly context: Readonly<Record<string, string>>;
}

const via = (service: string) => ({ "kms:ViaService": `${service}.${REGION}.amazonaws.com` });
const DYNAMODB = { ...via("dynamodb"), "kms:EncryptionContext:aws:dynamodb:tableName": "settings" };
const S3 = (object: string) => ({ ...via("s3"), "kms:EncryptionContext:aws:s3:arn": object });
const EC2 = { ...via("ec2"), "kms:GrantIsForAWSResource": "true" };
const OBJECT = OBJECTS.replace("*", "limits.json");
const BUCKET = `arn:aws:s3:::settings-bucket-${ACCOUNT}`;

/** What a role's own policy and its boundary say, and the boundary alone beside every right. */
function decide(part: string, { action, key: resource, context }: Use) {
  const isReader = part.startsWith("read-");
  const principalArn = `arn:aws:sts::${ACCOUNT}:assumed-role/vai-example-${part}/vai-x`;
  const tag = isReader ? {} : { "aws:PrincipalTag/vai-identity": "vai-x" };
  const request = {
    ...{ action, resource, principalArn },
    context: { "aws:RequestedRegion": REGION, ...tag, ...context },
  };
  const name = part.replace(/^exec-/, "");
  const [boundary, own] = [boundaryOf(name), policyOf(part)];
  return {
    own: evaluatePolicies({ identity: [own], boundary }, request).decision,
    widened: evaluatePolicies({ identity: [EVERYTHING], boundary }, request).decision,
  };
}

const USES: Readonly<Record<string, readonly Use[]>> = {
  "exec-dynamodb": [{ action: "kms:Decrypt", key: key(1), context: DYNAMODB }],
  "read-dynamodb": [{ action: "kms:Decrypt", key: key(1), context: DYNAMODB }],
  "exec-s3": ["kms:GenerateDataKey", "kms:Decrypt"].flatMap((action) =>
    [OBJECT, BUCKET].map((of) => ({ action, key: key(2), context: S3(of) })),
  ),
  "read-s3": [OBJECT, BUCKET].map((of) => ({
    ...{ action: "kms:Decrypt", key: key(2), context: S3(of) },
  })),
  "exec-ec2": [{ action: "kms:CreateGrant", key: key(3), context: EC2 }],
};

suite("VAI-45 roles of encrypted targets use the targets' keys as their service does", () => {
  for (const [part, uses] of Object.entries(USES)) {
    test(`VAI-45 ${part} may`, () => {
      for (const use of uses)
        assert.deepEqual(decide(part, use), { own: "Allow", widened: "Allow" }, use.action);
    });

    test(`VAI-45 ${part} may nothing else of KMS, whatever is added to the role`, () => {
      for (const use of uses) {
        const { "kms:ViaService": _, ...direct } = use.context as Record<string, string>;
        const others: Use[] = [
          { ...use, context: direct },
          { ...use, context: { ...use.context, ...via("lambda") } },
          {
            ...use,
            context: { ...use.context, "kms:ViaService": "dynamodb.eu-west-1.amazonaws.com" },
          },
          ...[1, 2, 3, 4]
            .map(key)
            .filter((each) => each !== use.key)
            .map((each) => ({ ...use, key: each })),
          ...["Encrypt", "Sign", "PutKeyPolicy", "ScheduleKeyDeletion", "ReEncryptFrom"].map(
            (name) => ({
              ...{ ...use, action: `kms:${name}` },
            }),
          ),
          ...Object.keys(use.context)
            .filter((name) => name.startsWith("kms:EncryptionContext:"))
            .flatMap((name) => {
              const { [name]: __, ...without } = use.context as Record<string, string>;
              const other = `${BUCKET}/payroll/x`;
              return [without, { ...without, [name]: other }].map((context) => ({
                ...use,
                context,
              }));
            }),
        ];
        for (const other of others) {
          const { own, widened } = decide(part, other);
          const what = JSON.stringify(other);
          assert.deepEqual([own, widened], ["ExplicitDeny", "ExplicitDeny"], what);
        }
      }
    });
  }

  test("VAI-45 a grant that is not for a resource of AWS is not allowed", () => {
    const context = { ...EC2, "kms:GrantIsForAWSResource": "false" };
    const decided = decide("exec-ec2", { action: "kms:CreateGrant", key: key(3), context });
    assert.deepEqual(decided, { own: "ExplicitDeny", widened: "ExplicitDeny" });
  });

  test("VAI-46 without the tag of an issued session the execution role uses no key", () => {
    for (const part of ["exec-dynamodb", "exec-s3", "exec-ec2"]) {
      const uses = resolved
        .roleStatements(`vai-example-${part}`)
        .filter(({ Action }) => Action.some((each) => each.startsWith("kms:")));
      assert.equal(uses.length, 1);
      assert.equal(uses[0]?.Condition?.["Null"]?.["aws:PrincipalTag/vai-identity"], "false");
      assert.equal(uses[0]?.Condition?.["StringLike"]?.["aws:PrincipalTag/vai-identity"], "vai-*");
    }
  });

  test("VAI-45 roles without encrypted targets are as they were: no use of KMS at all", () => {
    const plain = new Resolved(templateOf());
    const [before, after] = [plain, resolved].map((each) =>
      ["lambda", "ecs", "ssm", "read-lambda", "read-ecs", "read-ssm", "read-ec2"].map((name) =>
        each.managedStatements(`vai-example-boundary-${name}`),
      ),
    );
    assert.deepEqual(after, before);
    assert.match(JSON.stringify(after), /kms:\*/);
  });

  test("VAI-46 every action, resource form and condition key of it is one of AWS's", async () => {
    assert.deepEqual(await problemsOf(policiesOf("vai-example", resolved)), []);
  });

  test("USR-12 the functions are told, beside the targets", () => {
    const { Environment } = resolved.one(
      "AWS::Lambda::Function",
      "FunctionName",
      "vai-example-issue",
    ).Properties;
    const { Variables } = Environment as { Variables: Record<string, string> };
    assert.deepEqual(JSON.parse(Variables[ENV.targetKeys] ?? ""), KEYS);
  });
});

suite("USR-12 keys of targets in a deployment file", () => {
  const { samples: _, retain: __, ...good } = EXAMPLE;
  const DEFECTS: Readonly<Record<string, readonly [object, RegExp]>> = {
    "a target that is not opened": [
      { targetKeys: { [`${TABLE}2`]: key(1) } },
      /\/targetKeys\/arn:aws:dynamodb:.*table~1settings2: is none of the ARNs in targets/,
    ],
    "an object of an opened prefix": [
      { targetKeys: { [OBJECT]: key(1) } },
      /limits\.json: is none of the ARNs in targets; write it exactly as it is there/,
    ],
    "a target whose action asks KMS nothing": [
      { targetKeys: { [EXAMPLE.targets["lambda:UpdateAlias"]?.[0] ?? ""]: key(1) } },
      /function:checkout: has no use: lambda:UpdateAlias asks KMS nothing/,
    ],
    "an instance that is only ended": [
      { targetKeys: { [INSTANCE.replace(/0$/, "1")]: key(1) } },
      /has no use: ec2:TerminateInstances asks KMS nothing/,
    ],
    "an alias": [
      { targetKeys: { [TABLE]: `arn:aws:kms:${REGION}:${ACCOUNT}:alias/settings` } },
      /must be the ARN of one KMS key such as .*: no alias/,
    ],
    "a pattern": [
      { targetKeys: { [TABLE]: key(1).replace(/[^/]+$/, "*") } },
      /must be the ARN of one/,
    ],
    "a key of another partition": [
      { targetKeys: { [TABLE]: key(1).replace("arn:aws:", "arn:aws-cn:") } },
      /in the partitions aws and aws-us-gov/,
    ],
    "a key of GovCloud for a target elsewhere": [
      { targetKeys: { [TABLE]: key(1).replace("arn:aws:", "arn:aws-us-gov:") } },
      /must be in partition aws like its target/,
    ],
    "a key of another region": [
      { targetKeys: { [TABLE]: key(1).replace(REGION, "eu-west-1") } },
      /must be in region us-east-1/,
    ],
    "a key of another account": [
      { targetKeys: { [TABLE]: key(1).replace(ACCOUNT, "444455556666") } },
      /must be in account 111122223333: a session reaches nothing in another/,
    ],
    "the plane's evidence key": [
      { targetKeys: { [TABLE]: key(1) }, existingKeys: { evidence: key(1) } },
      /is a key of the trust plane itself, which no session may ever use/,
    ],
    "a replica of the plane's evidence key": [
      {
        targetKeys: { [TABLE]: key(1).replace(/[^/]+$/, `mrk-${"0".repeat(32)}`) },
        existingKeys: {
          evidence: key(1)
            .replace(REGION, "eu-west-1")
            .replace(/[^/]+$/, `mrk-${"0".repeat(32)}`),
        },
      },
      /is a key of the trust plane itself/,
    ],
    "the plane's own key": [
      { targetKeys: { [TABLE]: key(1) }, existingKeys: { plane: key(1) } },
      /is a key of the trust plane itself/,
    ],
    "more than a reader's session holds": [
      {
        targets: {
          "dynamodb:UpdateItem": Array.from({ length: 14 }, (_each, index) => `${TABLE}${index}`),
        },
        targetKeys: Object.fromEntries(
          Array.from({ length: 9 }, (_each, index) => [`${TABLE}${index}`, key(index)]),
        ),
      },
      /\/targetKeys: make \d+ characters with the dynamodb ARNs and the text around them; at most 1400/,
    ],
    "more than an environment holds": [
      {
        targets: {
          "s3:PutObject": Array.from(
            { length: 20 },
            (_each, index) => `arn:aws:s3:::bucket-${index}-${"x".repeat(20)}/*`,
          ),
        },
        targetKeys: Object.fromEntries(
          Array.from({ length: 20 }, (_each, index) => [
            `arn:aws:s3:::bucket-${index}-${"x".repeat(20)}/*`,
            key(1),
          ]),
        ),
      },
      /\/targetKeys: make \d+ characters with the ARNs in targets; at most 2600/,
    ],
  };
  for (const [name, [change, message]] of Object.entries(DEFECTS)) {
    test(`USR-12 refuses ${name}, with pointer and what would be right`, () => {
      assert.throws(() => parseDeployment({ ...good, ...change }, "f"), { message });
    });
  }

  test("USR-12 takes the keys of encrypted targets, and none by default", () => {
    assert.deepEqual(parseDeployment({ ...good, targetKeys: KEYS }, "f").targetKeys, KEYS);
    const { targetKeys: ___, ...without } = good;
    assert.deepEqual(parseDeployment(without, "f").targetKeys, {});
  });
});
