import { setTimeout as sleep } from "node:timers/promises";
import { IAMClient } from "@aws-sdk/client-iam";
import { LambdaClient } from "@aws-sdk/client-lambda";
import { STSClient } from "@aws-sdk/client-sts";
import { descriptorOf } from "../../actions/catalogue.ts";
import type { AwsCredentials } from "../../actions/client-settings.ts";
import { isOpened } from "../../actions/opened.ts";
import { readOf } from "../../actions/reads.ts";
import { ENV } from "../../config.ts";
import { present } from "../../encoding/present.ts";
import type { CommandDeps, GovernDeps, RevokeDeps, SweepDeps } from "../../enforcement/deps.ts";
import { functionOptions, REQUEST_TIMEOUT } from "../ports/clients.ts";
import { DynamoDenialStore } from "../ports/denials.ts";
import { boundBy, type Lifetime, unending } from "../ports/lifetime.ts";
import { DynamoOpenStore } from "../ports/open-view.ts";
import { askIamBy } from "../ports/probe.ts";
import { DynamoRevokedStore } from "../ports/revoked.ts";
import { IamRolePolicies } from "../ports/role-policies.ts";
import { wakeSweepBy } from "../ports/wake-sweep.ts";
import { askPeopleOf } from "./ask-people.ts";
import {
  boundsOf,
  type Environment,
  isTold,
  openTargetsOf,
  type Patience,
  type PlanePorts,
  placeOf,
  planePorts,
  readerPorts,
  required,
} from "./dependencies.ts";

/**
 * Ports of a function that takes commands of people, from its environment: those of the plane, and where denials are
 * committed. `patience`: milliseconds that one try of a call may take.
 */
function commandDependencies(
  component: string,
  environment: Environment,
  lifetime: Lifetime = unending(),
  patience = REQUEST_TIMEOUT,
): CommandDeps {
  const how = { lifetime, patience };
  return commandPorts(planePorts(component, environment, how), environment, how);
}

/** Where denials are committed, what is open, and who does what is due. */
function commandPorts(
  { deps, dynamo, tables }: PlanePorts,
  environment: Environment,
  how: Patience,
): CommandDeps {
  const place = { ...placeOf(deps.plane.region, environment), patience: how.patience };
  const lambda = boundBy(new LambdaClient(functionOptions(place, 1)), boundsOf(how));
  return {
    ...deps,
    wakeSweep: wakeSweepBy(lambda, required(environment, ENV.sweepFunction)),
    denials: new DynamoDenialStore(dynamo, tables),
    open: new DynamoOpenStore(dynamo, tables.state),
    within: (milliseconds, work) => {
      // What is left behind must neither keep the process alive nor fail it later.
      work.catch(() => undefined);
      return Promise.race([work, sleep(milliseconds, undefined, { ref: false })]);
    },
  };
}

/** Ports of `govern`: those of commands, and by what a contract is judged that is bound without a request. */
export function governDependencies(
  component: string,
  environment: Environment,
  lifetime: Lifetime = unending(),
  patience = REQUEST_TIMEOUT,
): GovernDeps {
  const targets = openTargetsOf(environment);
  const deps = commandDependencies(component, environment, lifetime, patience);
  return {
    ...deps,
    askPeople: askPeopleOf(deps, environment, lifetime, patience),
    ...{ descriptorOf, readOf },
    isOpened: (family, resource) => isOpened(targets, family, resource),
  };
}

/** Ports of `revoke`: those of commands, and IAM. */
export function revokeDependencies(
  component: string,
  environment: Environment,
  lifetime: Lifetime = unending(),
  patience = REQUEST_TIMEOUT,
): RevokeDeps {
  const how = { lifetime, patience };
  return revokePorts(planePorts(component, environment, how), environment, how);
}

function revokePorts(ports: PlanePorts, environment: Environment, how: Patience): RevokeDeps {
  const { dynamo, tables, deps } = ports;
  const place = { ...placeOf(deps.plane.region, environment), patience: how.patience };
  const isAsked = isTold(environment, ENV.scopedCredentials);
  const stsOf = (credentials?: AwsCredentials) =>
    boundBy(
      new STSClient(functionOptions({ ...place, ...present({ credentials }) }, 1)),
      boundsOf(how),
    );
  return {
    ...commandPorts(ports, environment, how),
    revoked: new DynamoRevokedStore(dynamo, tables.state),
    rolePolicies: new IamRolePolicies(
      boundBy(new IAMClient(functionOptions(place)), boundsOf(how)),
    ),
    askIam: isAsked ? askIamBy(stsOf(), stsOf) : undefined,
  };
}

/** Ports of `sweep`: those of commands, and the reader roles; it obtains no session that acts. */
export function sweepDependencies(
  component: string,
  environment: Environment,
  lifetime: Lifetime = unending(),
  patience = REQUEST_TIMEOUT,
): SweepDeps {
  const how = { lifetime, patience };
  const ports = planePorts(component, environment, how);
  return { ...revokePorts(ports, environment, how), ...readerPorts(ports.deps, environment, how) };
}
