import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { GetItemCommand, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { GetParameterCommand, PutParameterCommand } from "@aws-sdk/client-ssm";
import fc from "fast-check";
import { evaluatePolicies } from "../../lib/authority/evaluate/evaluate.ts";
import type { Clients } from "../../localstack/deploy/clients.ts";
import { permissionOf } from "../support/local/iam.ts";
import { type LocalPlane, localPlane } from "../support/local/plane.ts";
import { sessionArn, sessionsOfEverything } from "../support/local/sessions.ts";
import { seedItem } from "../support/local/targets.ts";

/*
 * Two implementations that know nothing of each other, asked the same: our evaluator and the IAM of
 * the local AWS, on session policies that nobody wrote. What both get wrong this does not find; the
 * cases in test/authority/cases are the measure.
 */

const HOUR = 3_600_000;
const instant = (time: number): string => `${new Date(time).toISOString().slice(0, 19)}Z`;

interface Asked {
  readonly action: string;
  readonly resource: string;
  /** Condition keys besides those of every request. */
  readonly context: Readonly<Record<string, string | readonly string[]>>;
  readonly call: (as: Clients) => Promise<unknown>;
}

function requestsOn({ outputs }: LocalPlane): Asked[] {
  const { region, account, samples } = outputs;
  const { table: TableName, bucket: Bucket, parameter: Name } = samples;
  const table = `arn:aws:dynamodb:${region}:${account}:table/${TableName}`;
  const parameter = `arn:aws:ssm:${region}:${account}:parameter/${Name}`;
  const item = (pk: string): Asked[] => {
    const Key = { pk: { S: pk } };
    const context = { "dynamodb:LeadingKeys": [pk] };
    return [
      {
        ...{ action: "dynamodb:GetItem", resource: table, context },
        call: ({ dynamoDb }) => dynamoDb.send(new GetItemCommand({ TableName, Key })),
      },
      {
        ...{ action: "dynamodb:UpdateItem", resource: table, context },
        call: ({ dynamoDb }) =>
          dynamoDb.send(
            new UpdateItemCommand({
              ...{ TableName, Key, UpdateExpression: "SET weight = :w" },
              ExpressionAttributeValues: { ":w": { N: "1" } },
            }),
          ),
      },
    ];
  };
  const object = (name: string): Asked[] => {
    const resource = `arn:aws:s3:::${Bucket}/${name}`;
    const context = { "aws:ResourceAccount": account };
    return [
      {
        ...{ action: "s3:GetObject", resource, context },
        call: ({ s3 }) => s3.send(new GetObjectCommand({ Bucket, Key: name })),
      },
      {
        ...{ action: "s3:PutObject", resource, context },
        call: ({ s3 }) => s3.send(new PutObjectCommand({ Bucket, Key: name, Body: "x" })),
      },
    ];
  };
  const setting = { Name, Value: "100", Type: "String", Overwrite: true } as const;
  return [
    ...item("agree-a"),
    ...item("agree-b"),
    ...object("agree/a"),
    ...object("agree/b"),
    {
      ...{ action: "ssm:GetParameter", resource: parameter, context: {} },
      call: ({ ssm }) => ssm.send(new GetParameterCommand({ Name })),
    },
    {
      ...{ action: "ssm:PutParameter", resource: parameter, context: {} },
      call: ({ ssm }) => ssm.send(new PutParameterCommand(setting)),
    },
  ];
}

const oneOrTwo = (values: readonly string[]) =>
  fc.oneof(
    fc.constantFrom(...values),
    fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 2 }),
  );

/** Conditions on keys that every request has, that some have, and that none has. */
function conditionsAround(now: number, region: string, tag: string) {
  const regions = [region, "eu-west-1", `${region.slice(0, -1)}?`, "*"];
  // No variables: the local AWS compares them as text.
  const tags = [tag, "vai-*", "other", "*"];
  const keys = ["agree-a", "agree-b", "agree-*", "none"];
  const times = [now - HOUR, now + HOUR].map(instant);
  const roles = ["arn:aws:iam::*:role/*", "arn:aws:iam::*:role/other"];
  const texts = fc.constantFrom("StringEquals", "StringNotEquals", "StringLike", "StringNotLike");
  const suffix = fc.constantFrom("", "IfExists");
  const text = (key: string, values: readonly string[]) =>
    fc
      .tuple(texts, suffix, oneOrTwo(values))
      .map(([operator, end, given]) => ({ [`${operator}${end}`]: { [key]: given } }));
  return fc.oneof(
    text("aws:RequestedRegion", regions),
    text("aws:PrincipalTag/vai-identity", tags),
    text("aws:PrincipalTag/none", tags),
    fc
      .tuple(fc.constantFrom("ForAllValues:", "ForAnyValue:"), texts, oneOrTwo(keys))
      .map(([set, operator, given]) => ({
        [`${set}${operator}`]: { "dynamodb:LeadingKeys": given },
      })),
    fc
      .tuple(
        fc.constantFrom("DateLessThan", "DateGreaterThanEquals", "DateNotEquals"),
        fc.constantFrom(...times),
      )
      .map(([operator, given]) => ({ [operator]: { "aws:CurrentTime": given } })),
    fc
      .tuple(fc.constantFrom("ArnEquals", "ArnLike", "ArnNotLike"), fc.constantFrom(...roles))
      .map(([operator, given]) => ({ [operator]: { "aws:PrincipalArn": given } })),
    fc
      .tuple(
        fc.constantFrom("true", "false"),
        fc.constantFrom("dynamodb:LeadingKeys", "aws:PrincipalTag/none", "aws:RequestedRegion"),
      )
      .map(([flag, key]) => ({ Null: { [key]: flag } })),
  );
}

function policiesOver(requests: readonly Asked[], conditions: fc.Arbitrary<object>) {
  const actions = oneOrTwo([
    ...new Set(requests.map(({ action }) => action)),
    ...["dynamodb:*", "s3:*Object", "SSM:getparameter", "*", "ssm:?etParameter"],
  ]);
  const arns = [...new Set(requests.map(({ resource }) => resource))];
  const resources = oneOrTwo([
    ...arns,
    ...arns.map((arn) => arn.replace(/.$/, "*")),
    "*",
    "arn:aws:s3:::*",
  ]);
  const statement = fc
    .record(
      {
        Effect: fc.constantFrom("Allow", "Allow", "Deny"),
        which: fc.oneof(
          { weight: 3, arbitrary: actions.map((Action) => ({ Action })) },
          actions.map((NotAction) => ({ NotAction })),
        ),
        where: fc.oneof(
          { weight: 3, arbitrary: resources.map((Resource) => ({ Resource })) },
          resources.map((NotResource) => ({ NotResource })),
        ),
        Condition: conditions,
      },
      { requiredKeys: ["Effect", "which", "where"] },
    )
    .map(({ which, where, ...rest }) => ({ ...rest, ...which, ...where }));
  return fc.array(statement, { minLength: 1, maxLength: 3 }).map((Statement) => ({
    Version: "2012-10-17",
    Statement: Statement as { Effect: "Allow" | "Deny" }[],
  }));
}

const ANYTHING = {
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
};
const POLICIES = 48;

test("VAI-47 the evaluator answers as IAM does, on policies that nobody wrote", async (t: TestContext) => {
  const plane = await localPlane();
  const { region } = plane.outputs;
  const requests = requestsOn(plane);
  await Promise.all(["agree-a", "agree-b"].map((pk) => seedItem(plane, pk)));
  for (const { action, call } of requests)
    if (action === "s3:PutObject") await call(plane.deployer);
  const { roleArn, session } = await sessionsOfEverything(t, plane);
  const principalArn = sessionArn(roleArn, "1");
  const tag = principalArn.slice(principalArn.lastIndexOf("/") + 1);
  const now = Date.now();
  const policies = fc.sample(policiesOver(requests, conditionsAround(now, region, tag)), {
    ...{ numRuns: POLICIES, seed: 4 },
  });
  const differences: object[] = [];
  const count = { allowed: 0, denied: 0 };
  for (const policy of policies) {
    const as = plane.as(await session(policy, "1"));
    const outcomes = await Promise.all(requests.map(({ call }) => permissionOf(call(as))));
    for (const [index, { action, resource, context }] of requests.entries()) {
      const { decision, because } = evaluatePolicies(
        { identity: [ANYTHING], session: policy },
        {
          ...{ action, resource, principalArn },
          context: {
            "aws:CurrentTime": instant(now),
            "aws:RequestedRegion": region,
            "aws:PrincipalTag/vai-identity": tag,
            ...context,
          },
        },
      );
      const ours = decision === "Allow" ? "allowed" : "denied";
      const theirs = outcomes[index] ?? "";
      count[ours] += 1;
      if (ours !== theirs)
        differences.push({ policy, action, resource, theirs, decision, because });
    }
  }
  t.diagnostic(
    `${POLICIES} policies, ${count.allowed} calls allowed and ${count.denied} denied by both`,
  );
  assert.ok(Math.min(count.allowed, count.denied) > POLICIES, JSON.stringify(count));
  assert.deepEqual(differences, []);
});
