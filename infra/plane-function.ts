import { join } from "node:path";
import { Duration } from "aws-cdk-lib";
import { type PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Architecture, Code, Function as LambdaFunction, Runtime } from "aws-cdk-lib/aws-lambda";
import { LogGroup, type RetentionDays } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import { FUNCTION_TIMEOUT_SECONDS } from "../lib/config.ts";
import type { BundleName } from "./functions.ts";
import { accountWideName, logGroupName, ownName } from "./plane.ts";
import { removalPolicy } from "./retention.ts";
import { allow } from "./statements.ts";

/** How long a request is fresh (PROTOCOL.md §1); also the shortest that Lambda lets an event wait. */
const REQUEST_SECONDS = 60;

/** Properties of {@link PlaneFunction}. */
export interface PlaneFunctionProps {
  /** Name of the plane. */
  readonly plane: string;
  /** Name of the function within the plane. */
  readonly name: string;
  /** Folder of its bundle; default: its name. */
  readonly bundle?: BundleName;
  /** One sentence for people who find the function in a console. */
  readonly description: string;
  /** Folder of the bundles, see `bundle.ts`. */
  readonly bundles: string;
  /** Another function of the same code and role, whose log it writes. */
  readonly beside?: PlaneFunction;
  /** The function's role; made beforehand, because keys and tables name it. */
  readonly role: Role;
  /** Everything the role may do besides writing the function's own log. */
  readonly permissions: readonly PolicyStatement[];
  /** Environment variables. Never a secret: whoever may describe the function reads them. */
  readonly environment: Readonly<Record<string, string>>;
  /** Keeps the log when the stack is removed. */
  readonly retain: boolean;
  /** Days that the log is kept. */
  readonly logRetention: RetentionDays;
  /** Concurrent executions kept for this function, and its most; null: none reserved. */
  readonly concurrency: number | null;
}

/**
 * The role of one of the plane's functions: usable by Lambda only, with no permission until one is
 * added.
 */
export const functionRole = (scope: Construct, plane: string, name: BundleName): Role =>
  new Role(scope, `${name}Role`, {
    roleName: accountWideName(scope, plane, name),
    description: `The function ${ownName(plane, name)} of the trust plane ${plane}`,
    assumedBy: new ServicePrincipal("lambda.amazonaws.com"),
  });

/** One function with its own log group and exactly the permissions given. */
export class PlaneFunction extends Construct {
  readonly lambda: LambdaFunction;
  readonly role: Role;
  readonly logGroup: LogGroup;

  constructor(scope: Construct, id: string, props: PlaneFunctionProps) {
    super(scope, id);
    const { plane, name, role, concurrency, bundle = name } = props;
    const logGroup = props.beside?.logGroup ?? this.#ownLog(props);
    for (const statement of props.permissions) role.addToPolicy(statement);
    this.role = role;
    this.logGroup = logGroup;
    this.lambda = new LambdaFunction(this, "Function", {
      functionName: ownName(plane, name),
      description: props.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: "index.handler",
      code: Code.fromAsset(join(props.bundles, bundle)),
      // Lambda gives CPU with memory: an action computes some ten milliseconds, and waits half as long for them as with 512 MB.
      memorySize: 1024,
      timeout: Duration.seconds(FUNCTION_TIMEOUT_SECONDS),
      role,
      logGroup,
      // An answer that nobody waits for must not be tried again behind the caller's back, nor a
      // request judged that waited longer than it is fresh.
      retryAttempts: 0,
      maxEventAge: Duration.seconds(REQUEST_SECONDS),
      // A flood at one function leaves the others their share.
      ...(concurrency !== null && { reservedConcurrentExecutions: concurrency }),
      environment: { ...props.environment },
    });
  }

  /** Its own log and no other; the group exists, so CreateLogGroup is not needed. */
  #ownLog({ plane, name, role, retain, logRetention }: PlaneFunctionProps): LogGroup {
    const logGroup = new LogGroup(this, "Log", {
      logGroupName: logGroupName(plane, name),
      retention: logRetention,
      removalPolicy: removalPolicy(retain),
    });
    role.addToPolicy(
      allow("WriteOwnLog", ["logs:CreateLogStream", "logs:PutLogEvents"], [logGroup.logGroupArn]),
    );
    return logGroup;
  }
}
