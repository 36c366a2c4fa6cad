import { CfnOutput, Stack, type StackProps } from "aws-cdk-lib";
import { FunctionUrlAuthType } from "aws-cdk-lib/aws-lambda";
import type { Construct } from "constructs";
import { ENV } from "../lib/config.ts";
import { type ActionFamily, actionFamilies, familyTargets } from "./action-families.ts";
import { requireBoundaries } from "./boundary.ts";
import { CallerPolicies } from "./caller-policies.ts";
import type { Deployment } from "./deployment.ts";
import { EvidenceKey } from "./evidence-key.ts";
import { EvidenceTable } from "./evidence-table.ts";
import { ExecutionRoles } from "./execution-roles.ts";
import { governPermissions, issuePermissions, type PlaneResources } from "./permissions.ts";
import { planeId } from "./plane.ts";
import { functionRole, PlaneFunction } from "./plane-function.ts";
import { PlaneTables } from "./plane-tables.ts";

/** Properties of {@link TrustPlaneStack}. */
export interface TrustPlaneStackProps extends StackProps {
  /** What the cloud team decided. */
  readonly deployment: Deployment;
  /** Folder of the bundles: `<bundles>/<function>/index.mjs`, see `bundle.ts`. */
  readonly bundles: string;
}

/**
 * One trust plane: its tables, evidence key, functions, and the roles that governed actions run
 * under.
 */
export class TrustPlaneStack extends Stack {
  constructor(scope: Construct, id: string, props: TrustPlaneStackProps) {
    super(scope, id, {
      ...props,
      description: "Trust plane: proof-derived, temporary authority with signed evidence",
    });
    const { name: plane, retain } = props.deployment;
    const families = actionFamilies(props.deployment.targets);

    // Roles come first: the key, the table and the execution roles name them, and their permissions
    // name those.
    const issueRole = functionRole(this, plane, "issue");
    const governRole = functionRole(this, plane, "govern");
    const writers = [issueRole, governRole];
    const { table: evidence } = new EvidenceTable(this, "Evidence", { plane, retain, writers });
    const { state, registry } = new PlaneTables(this, "Tables", { plane, retain });
    const { key } = new EvidenceKey(this, "EvidenceKey", { plane, retain, signers: writers });
    const resources: PlaneResources = { evidence, state, registry, evidenceKey: key };

    const roles = families.map((family) => ({
      family,
      pair: new ExecutionRoles(this, `Roles-${family.name}`, {
        plane,
        family,
        assumedBy: [issueRole],
      }),
    }));
    const common = {
      plane,
      retain,
      bundles: props.bundles,
      environment: this.environmentOf(props.deployment, families, resources),
    };
    const issue = new PlaneFunction(this, "Issue", {
      ...common,
      name: "issue",
      description:
        "Proves a request under its contract, runs the one bounded action, records evidence",
      role: issueRole,
      permissions: issuePermissions(resources, {
        execution: roles.map(({ pair }) => pair.executionRoleArn),
        reader: roles.map(({ pair }) => pair.readerRoleArn),
      }),
    });
    const govern = new PlaneFunction(this, "Govern", {
      ...common,
      name: "govern",
      description: "Changes whom the trust plane believes; every change is signed by the anchor",
      role: governRole,
      permissions: governPermissions(resources),
    });
    const url = issue.lambda.addFunctionUrl({ authType: FunctionUrlAuthType.AWS_IAM });
    const callers = new CallerPolicies(this, "Callers", {
      plane,
      callable: [issue.lambda],
      evidence,
      evidenceKey: key,
    });
    requireBoundaries(this);

    const actions = roles.flatMap(({ family, pair }) =>
      family.ceilings.map(({ descriptor }) => ({
        action: descriptor.action,
        executionRoleArn: pair.executionRoleArn,
        readerRoleArn: pair.readerRoleArn,
      })),
    );
    const outputs: Record<string, string> = {
      Plane: planeId(this, plane),
      IssueFunction: issue.lambda.functionName,
      IssueUrl: url.url,
      GovernFunction: govern.lambda.functionName,
      EvidenceTable: evidence.tableName,
      StateTable: state.tableName,
      RegistryTable: registry.tableName,
      EvidenceKeyId: key.keyId,
      Actions: this.toJsonString(actions),
      AgentPolicy: callers.agent.managedPolicyArn,
      AuditorPolicy: callers.auditor.managedPolicyArn,
    };
    for (const [output, value] of Object.entries(outputs)) new CfnOutput(this, output, { value });
  }

  /**
   * What the functions are told; both get the same, so that they cannot disagree about the plane
   * they serve.
   */
  private environmentOf(
    deployment: Deployment,
    families: readonly ActionFamily[],
    { evidence, state, registry, evidenceKey }: PlaneResources,
  ): Record<string, string> {
    return {
      [ENV.plane]: planeId(this, deployment.name),
      [ENV.evidenceTable]: evidence.tableName,
      [ENV.stateTable]: state.tableName,
      [ENV.registryTable]: registry.tableName,
      [ENV.evidenceKeyId]: evidenceKey.keyId,
      [ENV.anchors]: JSON.stringify(deployment.anchors),
      [ENV.targets]: JSON.stringify(
        Object.fromEntries(families.map((family) => [family.name, familyTargets(family)])),
      ),
    };
  }
}
