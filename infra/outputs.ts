import { CfnOutput, type Stack } from "aws-cdk-lib";
import { FunctionUrlAuthType } from "aws-cdk-lib/aws-lambda";
import { jwkThumbprint } from "../lib/encoding/jwk.ts";
import type { ActionFamily } from "./action-families.ts";
import { CallerPolicies } from "./caller-policies.ts";
import type { Deployment, RolePair } from "./deployment.ts";
import { hasFunctionUrls } from "./function-urls.ts";
import type { FunctionName } from "./functions.ts";
import type { PlaneResources } from "./permissions.ts";
import { planeId } from "./plane.ts";
import type { PlaneFunction } from "./plane-function.ts";
import { regionOf } from "./targets.ts";

export type PerFunction<T> = Readonly<Record<FunctionName, T>>;

/** A family with the roles that run and read it. */
export interface ServedFamily {
  readonly family: ActionFamily;
  readonly pair: RolePair;
  /** What bounds its execution role; of a role that exists already its owner knows. */
  readonly boundary?: string;
}

/** What a deployment is told by. */
interface OutputsProps {
  readonly deployment: Deployment;
  readonly served: readonly ServedFamily[];
  readonly resources: PlaneResources;
  readonly functions: PerFunction<PlaneFunction>;
}

/** What people, and `vai`, need to know of a stack; with the policies that let callers in. */
export function addOutputs(
  stack: Stack,
  { deployment, served, resources, functions }: OutputsProps,
): void {
  const { name: plane, anchors, retain, regionalNames, targets, functionUrls } = deployment;
  const { evidence, state, registry, evidenceKey, planeKey, breakGlass } = resources;
  const { issue, execute, delegate, govern, revoke, sweep } = functions;
  const urls = hasFunctionUrls(functionUrls, regionOf(targets))
    ? { IssueUrl: urlOf(issue), ExecuteUrl: urlOf(execute), DelegateUrl: urlOf(delegate) }
    : {};
  const callers = new CallerPolicies(stack, "Callers", {
    plane,
    callable: [issue.lambda, execute.lambda, delegate.lambda],
    commands: [govern.lambda, revoke.lambda],
    ...{ evidence, state, registry, breakGlass },
    keys: [evidenceKey.key, planeKey.key],
  });
  const actions = served.flatMap(({ family, pair: { executionRoleArn, readerRoleArn } }) =>
    family.ceilings.map(({ descriptor: { action } }) => ({
      ...{ action, executionRoleArn, readerRoleArn },
    })),
  );
  const outputs: Record<string, string> = {
    Plane: planeId(stack, plane),
    IssueFunction: issue.lambda.functionName,
    ExecuteFunction: execute.lambda.functionName,
    DelegateFunction: delegate.lambda.functionName,
    ...urls,
    GovernFunction: govern.lambda.functionName,
    RevokeFunction: revoke.lambda.functionName,
    SweepFunction: sweep.lambda.functionName,
    EvidenceTable: evidence.tableName,
    StateTable: state.tableName,
    RegistryTable: registry.tableName,
    EvidenceKeyId: evidenceKey.keyId,
    PlaneKeyId: planeKey.keyId,
    BreakGlassBucket: breakGlass.bucketName,
    Anchor: anchors.map(jwkThumbprint)[0] ?? "",
    // Public keys: whoever exports evidence needs them beside it, and has no key file of the anchor.
    AnchorKeys: JSON.stringify(anchors),
    Retain: String(retain),
    RegionalNames: String(regionalNames),
    Actions: stack.toJsonString(actions),
    AgentPolicy: callers.agent.managedPolicyArn,
    OperatorPolicy: callers.operator.managedPolicyArn,
    AuditorPolicy: callers.auditor.managedPolicyArn,
    FunctionRoles: stack.toJsonString(
      Object.fromEntries(Object.entries(functions).map(([name, { role }]) => [name, role.roleArn])),
    ),
  };
  for (const [output, value] of Object.entries(outputs)) new CfnOutput(stack, output, { value });
}

/** Callable by whoever IAM lets in, by HTTPS too. */
const urlOf = ({ lambda }: PlaneFunction): string =>
  lambda.addFunctionUrl({ authType: FunctionUrlAuthType.AWS_IAM }).url;
