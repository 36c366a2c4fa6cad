import { Annotations, Stack, type StackProps } from "aws-cdk-lib";
import type { Role } from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";
import { ENV } from "../lib/config.ts";
import { actionFamilies, familyTargets } from "./action-families.ts";
import { requireBoundaries } from "./boundary.ts";
import { BreakGlassBucket } from "./break-glass-bucket.ts";
import type { Deployment } from "./deployment.ts";
import { addEvents, functionArns, REVOKE_EVENTS } from "./events.ts";
import { EvidenceTable } from "./evidence-table.ts";
import { EvidenceWatch } from "./evidence-watch.ts";
import { elsewhereRoles } from "./execution-role-stack.ts";
import { ExecutionRoles } from "./execution-roles.ts";
import { FUNCTIONS as FUNCTION_NAMES, type FunctionName } from "./functions.ts";
import { createLast } from "./last.ts";
import { Monitoring } from "./monitoring.ts";
import { addOutputs, type PerFunction, type ServedFamily } from "./outputs.ts";
import {
  onlyInFunction,
  PERMISSIONS,
  type PlaneResources,
  type SessionRoles,
} from "./permissions.ts";
import {
  ownFunctionArn,
  ownName,
  ownTable,
  planeId,
  REGIONAL_NAMES,
  regionInNames,
} from "./plane.ts";
import { functionRole, PlaneFunction } from "./plane-function.ts";
import { PlaneTables } from "./plane-tables.ts";
import { SigningKey } from "./signing-key.ts";
import { administratorsOf } from "./table-protection.ts";

/** Properties of {@link TrustPlaneStack}. */
export interface TrustPlaneStackProps extends StackProps {
  /** What the cloud team decided. */
  readonly deployment: Deployment;
  /** Folder of the bundles: `<bundles>/<function>/index.mjs`, see `bundle.ts`. */
  readonly bundles: string;
}

/** Id in the stack and purpose, for people who find a function in a console. */
const FUNCTIONS: PerFunction<{ readonly id: string; readonly description: string }> = {
  issue: {
    id: "Issue",
    description:
      "Proves a request under its contract, runs the one bounded action, records evidence",
  },
  execute: {
    id: "Execute",
    description: "Redeems an identity handle: runs its one bounded action, records evidence",
  },
  delegate: {
    id: "Delegate",
    description:
      "Hands authority on by a block that it signs, and takes it back; obtains no session",
  },
  govern: {
    id: "Govern",
    description:
      "Takes what people decide: whom the plane believes, contracts, approvals, objections, lifts",
  },
  revoke: {
    id: "Revoke",
    description: "Ends authority at once, by an operator's signed command",
  },
  sweep: {
    id: "Sweep",
    description: "Ends what nobody else has ended, and brings to IAM and to record what is owed",
  },
};

/**
 * One trust plane: its tables, signing keys, functions, and the roles that governed actions run
 * under.
 */
export class TrustPlaneStack extends Stack {
  /** The functions, for what watches them. */
  readonly functions: PerFunction<PlaneFunction>;
  readonly resources: PlaneResources;

  constructor(scope: Construct, id: string, props: TrustPlaneStackProps) {
    super(scope, id, {
      ...props,
      description: "Trust plane: proof-derived, temporary authority with signed evidence",
    });
    const { deployment, bundles } = props;
    this.node.setContext(REGIONAL_NAMES, deployment.regionalNames);
    // Roles come first: keys, tables and execution roles name them, and their permissions name
    // those.
    const roles = mapFunctions((name) => functionRole(this, deployment.name, name));
    this.resources = this.addResources(deployment, roles);
    const served = this.addExecutionRoles(deployment, roles);
    this.functions = this.addFunctions(deployment, bundles, roles, served);
    const commands = addEvents(this, {
      ...{ deployment, bundles, role: roles.revoke },
      ...{ revoke: this.functions.revoke, sweep: this.functions.sweep },
      environment: this.environmentOf(deployment, served),
    });
    addOutputs(this, { deployment, served, resources: this.resources, functions: this.functions });
    const watch = this.addWatch(deployment, bundles);
    const besides = { watch: watch.function, [REVOKE_EVENTS]: commands };
    const monitoring = this.addMonitoring(deployment, besides);
    this.addTables(deployment, roles, watch, monitoring);
    requireBoundaries(this);
  }

  /** The keys, and the tables by name: they are made last. */
  private addResources(deployment: Deployment, roles: PerFunction<Role>): PlaneResources {
    const { name: plane, retain, existingKeys } = deployment;
    const writers = writersOf(roles);
    const administrators = administratorsOf(this, deployment.administrators);
    const key = (id: string, use: "evidence" | "plane", signers: readonly Role[]) =>
      new SigningKey(this, id, {
        ...{ plane, use, retain, signers, administrators },
        existing: existingKeys[use],
      });
    return {
      evidence: ownTable(this, plane, "evidence"),
      state: ownTable(this, plane, "state"),
      registry: ownTable(this, plane, "registry"),
      evidenceKey: key("EvidenceKey", "evidence", writers),
      planeKey: key("PlaneKey", "plane", [roles.issue, roles.delegate]),
      breakGlass: new BreakGlassBucket(this, "BreakGlass", {
        ...{ plane, retain, administrators },
        ...{ taker: roles.issue, writers: writers.filter((role) => role !== roles.execute) },
      }).bucket,
    };
  }

  private addExecutionRoles(
    { name: plane, targets, targetKeys, existingRoles, scopedCredentials }: Deployment,
    { issue, execute, revoke, sweep }: PerFunction<Role>,
  ): ServedFamily[] {
    const assumedBy = [issue.roleArn, execute.roleArn];
    const probedBy = scopedCredentials ? [revoke.roleArn, sweep.roleArn] : [];
    const readBy = [...assumedBy, sweep.roleArn];
    return actionFamilies(targets).map((family) => {
      const existing = existingRoles[family.name];
      if (existing === undefined) {
        const made = new ExecutionRoles(this, `Roles-${family.name}`, {
          ...{ plane, family, assumedBy, probedBy, readBy, targetKeys },
          region: regionInNames(this),
        });
        return { family, pair: made, boundary: made.boundaryArn };
      }
      Annotations.of(this).addInfoV2(
        `vai:existingRoles-${family.name}`,
        `the ${family.name} roles are yours: this stack writes neither their trust policy nor ` +
          "their boundary; infra/README.md says what both must hold, `vai doctor` checks it",
      );
      return { family, pair: existing };
    });
  }

  private addFunctions(
    deployment: Deployment,
    bundles: string,
    roles: PerFunction<Role>,
    served: readonly ServedFamily[],
  ): PerFunction<PlaneFunction> {
    const { name: plane, retain, concurrency } = deployment;
    const away = elsewhereRoles(this, deployment);
    const sessions: SessionRoles = {
      execution: [...served.map(({ pair }) => pair), ...away].map((pair) => pair.executionRoleArn),
      reader: [...served.map(({ pair }) => pair), ...away].map((pair) => pair.readerRoleArn),
      revocable: served.map(({ pair }) => pair.executionRoleArn),
      probed: deployment.scopedCredentials ? served.map(({ pair }) => pair.executionRoleArn) : [],
      looking: served.map(({ pair }) => pair.readerRoleArn),
      ...boundsOf(this, served),
      sweep: ownFunctionArn(this, plane, "sweep"),
      defaultBus: this.formatArn({
        ...{ service: "events", resource: "event-bus", resourceName: "default" },
      }),
    };
    const environment = this.environmentOf(deployment, served);
    return mapFunctions(
      (name) =>
        new PlaneFunction(this, FUNCTIONS[name].id, {
          ...{ plane, retain, bundles, name, environment },
          description: FUNCTIONS[name].description,
          role: roles[name],
          permissions: [
            ...PERMISSIONS[name](this.resources, sessions),
            ...onlyInFunction(functionArns(this, plane, name), [
              this.resources.evidenceKey.key,
              this.resources.planeKey.key,
            ]),
          ],
          logRetention: deployment.logRetentionDays,
          concurrency: concurrency[name],
        }),
    );
  }

  private addWatch({ name: plane, ...deployment }: Deployment, bundles: string): EvidenceWatch {
    return new EvidenceWatch(this, "EvidenceWatch", {
      ...{ plane, bundles, retain: deployment.retain, evidence: this.resources.evidence },
      logRetention: deployment.logRetentionDays,
    });
  }

  private addMonitoring(
    deployment: Deployment,
    besides: Readonly<Record<string, PlaneFunction>>,
  ): Monitoring {
    const { name: plane, alarmTopicArn, alarmEmails, sweepEachMinute: isSwept } = deployment;
    return new Monitoring(this, "Monitoring", {
      ...{ plane, alarmTopicArn, alarmEmails, isSwept, serving: this.functions, besides },
    });
  }

  /** Last, because nothing can take a protected table back; only the watch's stream, and what counts it, come after. */
  private addTables(
    { name: plane, retain, administrators: given }: Deployment,
    roles: PerFunction<Role>,
    watch: EvidenceWatch,
    monitoring: Monitoring,
  ): void {
    const administrators = administratorsOf(this, given);
    const guardians = { plane, retain, writers: writersOf(roles), administrators };
    const { table: evidence } = new EvidenceTable(this, "Evidence", guardians);
    const { state, registry } = new PlaneTables(this, "Tables", {
      ...guardians,
      registryWriters: [roles.govern, roles.revoke, roles.sweep],
    });
    const stream = watch.follow(evidence);
    const dropped = monitoring.tellDropped(stream);
    createLast(this, [registry, state, evidence], [stream, dropped]);
  }

  /**
   * What the functions are told; all get the same, so that they cannot disagree about the plane
   * they serve.
   */
  private environmentOf(
    deployment: Deployment,
    served: readonly ServedFamily[],
  ): Record<string, string> {
    const { evidence, state, registry, evidenceKey, planeKey, breakGlass } = this.resources;
    return {
      [ENV.plane]: planeId(this, deployment.name),
      [ENV.evidenceTable]: evidence.tableName,
      [ENV.stateTable]: state.tableName,
      [ENV.registryTable]: registry.tableName,
      [ENV.evidenceKeyId]: evidenceKey.keyId,
      [ENV.planeKeyId]: planeKey.keyId,
      [ENV.sweepFunction]: ownName(deployment.name, "sweep"),
      [ENV.scopedCredentials]: String(deployment.scopedCredentials),
      [ENV.breakGlassBucket]: breakGlass.bucketName,
      [ENV.anchors]: JSON.stringify(deployment.anchors),
      [ENV.targetKeys]: JSON.stringify(deployment.targetKeys),
      [ENV.targets]: JSON.stringify(
        Object.fromEntries(served.map(({ family }) => [family.name, familyTargets(family)])),
      ),
    };
  }
}

const writersOf = (roles: PerFunction<Role>): Role[] => FUNCTION_NAMES.map((name) => roles[name]);

/** A role that exists already has a boundary of its owner's, whose name nobody here knows. */
function boundsOf(
  scope: Construct,
  served: readonly ServedFamily[],
): Pick<SessionRoles, "made" | "brought"> {
  const rolesOf = (families: readonly ServedFamily[]) =>
    families.map(({ pair }) => pair.executionRoleArn);
  const made = served.filter(({ boundary }) => boundary !== undefined);
  const brought = served.filter(({ boundary }) => boundary === undefined);
  const any = Stack.of(scope).formatArn({
    ...{ service: "iam", region: "", resource: "policy", resourceName: "*" },
  });
  return {
    made: { roles: rolesOf(made), boundaries: made.flatMap(({ boundary }) => boundary ?? []) },
    brought: { roles: rolesOf(brought), boundaries: [any] },
  };
}

const mapFunctions = <T>(make: (name: FunctionName) => T): PerFunction<T> =>
  Object.fromEntries(FUNCTION_NAMES.map((name) => [name, make(name)])) as PerFunction<T>;
