import {
  GetRolePolicyCommand,
  ListRolePoliciesCommand,
  PutRolePolicyCommand,
} from "@aws-sdk/client-iam";
import type { Ending } from "./iam.ts";
import type { LocalPlane } from "./plane.ts";

interface Statement {
  readonly Sid?: string;
  readonly Condition?: { readonly ArnNotEquals?: Readonly<Record<string, string | string[]>> };
}

const KEY = "lambda:SourceFunctionArn";

/**
 * Lets a function of the test's own be what the role's policy takes for the plane's, so that everything else about the role
 * can be tried: without, `OnlyInThisFunction` denies it all. Undone after the test. A role without that statement stays as it is.
 */
export async function nameFunction(
  t: Ending,
  plane: LocalPlane,
  role: string,
  functionName: string,
): Promise<void> {
  const { region, account } = plane.outputs;
  const own = `arn:aws:lambda:${region}:${account}:function:${functionName}`;
  await change(plane, role, (named) => [...named, own]);
  t.after(() => change(plane, role, (named) => named.filter((arn) => arn !== own)));
}

async function change(
  { deployer: { iam } }: LocalPlane,
  RoleName: string,
  edit: (named: readonly string[]) => string[],
): Promise<void> {
  const { PolicyNames: [PolicyName] = [] } = await iam.send(
    new ListRolePoliciesCommand({ RoleName }),
  );
  const read = await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName }));
  const document = JSON.parse(decodeURIComponent(read.PolicyDocument ?? "")) as {
    readonly Statement: readonly Statement[];
  };
  const Statement = document.Statement.map((statement) => {
    const named = statement.Condition?.ArnNotEquals?.[KEY];
    return named === undefined
      ? statement
      : { ...statement, Condition: { ArnNotEquals: { [KEY]: edit([named].flat()) } } };
  });
  const PolicyDocument = JSON.stringify({ ...document, Statement });
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument }));
}
