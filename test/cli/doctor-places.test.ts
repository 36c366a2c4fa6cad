import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { isDocumentProblem, readPolicy } from "../../lib/authority/evaluate/iam-document.ts";
import type { FunctionFacts } from "../../lib/aws/inspect/functions.ts";
import { fromCdkOutputs } from "../../lib/cli/cdk-outputs.ts";
import type { Deployment } from "../../lib/cli/deployment.ts";
import { lets } from "../../lib/doctor/ask.ts";
import { checkFunction } from "../../lib/doctor/functions.ts";
import { expectedOf } from "../../lib/doctor/plane.ts";
import { exampleIn, PARTITIONS, type Partition } from "../infra/support/partitions.ts";
import { templateOf } from "../infra/support/synthesise.ts";
import { Resolved } from "../infra/support/template.ts";

/** Outputs of the example in a partition, as commands read them. */
function deployed(partition: Partition, change: object = {}): Deployment {
  const { outputs } = new Resolved(templateOf({ ...exampleIn(partition), ...change }));
  const local = new RegExp(`:${PARTITIONS.aws}:`, "g");
  const there = Object.entries(outputs).map(([name, value]) => [
    name,
    value.replaceAll("arn:aws:", `arn:${partition}:`).replace(local, `:${PARTITIONS[partition]}:`),
  ]);
  const read = fromCdkOutputs({ "vai-example": Object.fromEntries(there) });
  return { path: "/outputs.json", ...(read as Omit<Deployment, "path">) };
}

const issue: FunctionFacts = {
  name: "vai-example-issue",
  setting: { status: "unseen", why: "lambda:GetFunctionConfiguration" },
  urlAuth: { status: "absent" },
  qualified: { status: "absent" },
  policy: { status: "absent" },
  concurrency: { status: "absent" },
};

/** What doctor says of the URL of `issue`, when there is none. */
const withoutUrl = (deployment: Deployment) =>
  checkFunction("issue", issue, expectedOf(deployment))
    .filter(({ text }) => /Function URL/.test(text))
    .map(({ status, text }) => `${status}: ${text}`);

suite("where doctor looks", () => {
  for (const partition of Object.keys(PARTITIONS) as Partition[]) {
    test(`USR-12 ARNs of a plane in ${partition} are of that partition`, () => {
      const { roles, watch, arn } = expectedOf(deployed(partition));
      for (const each of [...Object.values(roles), watch.roleArn, arn("kms", "key/x")])
        assert.match(each, new RegExp(`^arn:${partition}:(iam|kms):`));
    });
  }

  test("USR-12 roles and policies are looked for by the names that the stack gave them", () => {
    for (const regionalNames of [false, true]) {
      const template = new Resolved(templateOf({ ...exampleIn("aws"), regionalNames }));
      const { roles, watch, accountWideName } = expectedOf(deployed("aws", { regionalNames }));
      for (const arn of [...Object.values(roles), watch.roleArn])
        template.one("AWS::IAM::Role", "RoleName", arn.slice(arn.indexOf("/") + 1));
      for (const kind of ["agent", "operator", "auditor"])
        template.one("AWS::IAM::ManagedPolicy", "ManagedPolicyName", accountWideName(kind));
    }
  });

  test("USR-12 a policy that names the account is understood in its partition", () => {
    const account = "arn:aws-us-gov:iam::111122223333:root";
    const action = "kms:GetPublicKey";
    const statement = {
      Effect: "Allow",
      Principal: { AWS: account },
      Action: action,
      Resource: "*",
    };
    const policy = readPolicy({ Version: "2012-10-17", Statement: [statement] });
    assert.ok(!isDocumentProblem(policy));
    const asked = (partition: string) =>
      lets(policy, {
        ...{ action, resource: `arn:${partition}:kms:us-gov-west-1:111122223333:key/x` },
        principalArn: `arn:${partition}:iam::111122223333:user/alice`,
        context: {},
      });
    assert.deepEqual([asked("aws-us-gov"), asked("aws")], [true, false]);
  });

  test("USR-12 a missing Function URL is a problem where the outputs name one, and none elsewhere", () => {
    assert.deepEqual(withoutUrl(deployed("aws")), ["problem: has no Function URL"]);
    const none = ["ok: has no Function URL, as it should"];
    assert.deepEqual(withoutUrl(deployed("aws", { functionUrls: false })), none);
    assert.deepEqual(withoutUrl(deployed("aws-cn")), none);
  });
});
