import { Duration } from "aws-cdk-lib";
import { Rule, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction } from "aws-cdk-lib/aws-events-targets";
import type { Role } from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";
import type { Deployment } from "./deployment.ts";
import type { FunctionName } from "./functions.ts";
import { ownFunctionArn, ownName } from "./plane.ts";
import { PlaneFunction } from "./plane-function.ts";

/** The function that takes commands as events, by name. */
export const REVOKE_EVENTS = "revoke-events";

/** Which functions run under the role of one. */
export const functionArns = (scope: Construct, plane: string, name: FunctionName): string[] =>
  (name === "revoke" ? [name, REVOKE_EVENTS] : [name]).map((each) =>
    ownFunctionArn(scope, plane, each),
  );

/** What runs functions by itself needs. */
interface EventsProps {
  readonly deployment: Deployment;
  /** Folder of the bundles. */
  readonly bundles: string;
  /** The role of `revoke`. */
  readonly role: Role;
  readonly revoke: PlaneFunction;
  readonly sweep: PlaneFunction;
  readonly environment: Record<string, string>;
}

/**
 * Signed commands as events, and the clock. Anybody who may put events could fill the slots that a revocation needs, so
 * they have a function of their own, of the same code under the same role, and its own cap.
 *
 * @returns that function.
 */
export function addEvents(
  scope: Construct,
  { deployment, bundles, role, revoke, sweep, environment }: EventsProps,
): PlaneFunction {
  const { name: plane, retain, concurrency, logRetentionDays, sweepEachMinute } = deployment;
  const commands = new PlaneFunction(scope, "RevokeEvents", {
    ...{ plane, retain, bundles, name: REVOKE_EVENTS, bundle: "revoke", role, environment },
    beside: revoke,
    description: "The same as revoke, for commands that come as events",
    permissions: [],
    logRetention: logRetentionDays,
    concurrency: concurrency.revokeEvents,
  });
  new Rule(scope, "Commands", {
    ruleName: ownName(plane, "commands"),
    description: "Signed commands of operators; only the signature counts",
    eventPattern: { detailType: ["vai-command"] },
    targets: [new LambdaFunction(commands.lambda, { retryAttempts: 2 })],
  });
  new Rule(scope, "EachMinute", {
    ruleName: ownName(plane, "sweep"),
    description: "Ends what nobody else has ended",
    schedule: Schedule.rate(Duration.minutes(1)),
    enabled: sweepEachMinute,
    targets: [new LambdaFunction(sweep.lambda, { retryAttempts: 0 })],
  });
  return commands;
}
