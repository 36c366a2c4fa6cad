import { randomUUID } from "node:crypto";
import { GetFunctionConfigurationCommand } from "@aws-sdk/client-lambda";
import {
  governDependencies,
  revokeDependencies,
  sweepDependencies,
} from "../../lib/aws/function/command-dependencies.ts";
import { delegateDependencies } from "../../lib/aws/function/delegate-dependencies.ts";
import { type Environment, issueDependencies } from "../../lib/aws/function/dependencies.ts";
import { REQUEST_TIMEOUT } from "../../lib/aws/ports/clients.ts";
import type { Lifetime } from "../../lib/aws/ports/lifetime.ts";
import { FUNCTION_TIMEOUT_SECONDS } from "../../lib/config.ts";
import type { Answer } from "../../lib/enforcement/answer.ts";
import type { CommandAnswer } from "../../lib/enforcement/commands/command.ts";
import { type DelegateAnswer, delegate } from "../../lib/enforcement/delegate.ts";
import type { Invocation, PlaneDeps } from "../../lib/enforcement/deps.ts";
import { execute } from "../../lib/enforcement/execute.ts";
import { govern } from "../../lib/enforcement/govern.ts";
import { issue } from "../../lib/enforcement/issue.ts";
import { revoke } from "../../lib/enforcement/revoke.ts";
import { type Swept, sweep } from "../../lib/enforcement/sweep.ts";
import type { AwsCredentials } from "../../localstack/machine/start-processes.ts";
import type { Ending } from "../support/local/iam.ts";
import type { LocalPlane } from "../support/local/plane.ts";
import { functionRole } from "../support/local/roles.ts";
import { actingAs } from "./acting-as.ts";
import { type Delay, type Door, openDoor, type Planned } from "./door.ts";
import { PATIENCE } from "./faults.ts";

export const FUNCTIONS = ["issue", "execute", "delegate", "govern", "revoke", "sweep"] as const;
export type FunctionName = (typeof FUNCTIONS)[number];

/** How a function of the stack begins. */
export async function deployedAs(
  t: Ending,
  plane: LocalPlane,
  name: FunctionName,
): Promise<Deployed> {
  const FunctionName = plane.outputs.functions[name];
  const { Environment: environment } = await plane.deployer.lambda.send(
    new GetFunctionConfigurationCommand({ FunctionName }),
  );
  const credentials = await functionRole(t, plane, FunctionName);
  return { environment: environment?.Variables ?? {}, credentials };
}

/** What a function said: its answer, that it broke off, or that it was stopped before it had one. */
export type Said =
  | Answer
  | DelegateAnswer
  | CommandAnswer
  | Swept
  | { readonly brokeOff: string }
  | "stopped";

/** How a deployed function begins: its environment, and its role's session. */
export interface Deployed {
  readonly environment: Environment;
  readonly credentials: AwsCredentials;
}

/** One run of a function. */
export interface Run {
  readonly by: FunctionName;
  readonly event: object;
  /** The functions' own clock; requests to AWS are signed by the real one. */
  readonly clock: () => number;
  readonly planned?: Planned | undefined;
  /** What goes wrong besides. */
  readonly besides?: Planned | undefined;
  /** By how much each of its calls comes later. */
  readonly delay?: Delay | undefined;
  /** The first id that it makes: how an identity is going to be called. */
  readonly firstId?: string | undefined;
}

export interface Ran {
  readonly said: Said;
  readonly door: Door;
}

/**
 * The plane's functions in this process: the deployed code's own clients, under the deployed roles, against the local AWS.
 * Only their clock is another, because that of a deployed function cannot be moved.
 */
export class Functions {
  readonly #deployed = new Map<FunctionName, Deployed>();
  readonly #upstream: URL;

  private constructor(upstream: URL) {
    this.#upstream = upstream;
  }

  static async of(
    t: Ending,
    plane: LocalPlane,
    names: readonly FunctionName[] = FUNCTIONS,
  ): Promise<Functions> {
    const functions = new Functions(new URL(plane.outputs.endpoint));
    for (const name of names) {
      functions.#deployed.set(name, await deployedAs(t, plane, name));
    }
    return functions;
  }

  /** Runs of one function at once, each as in a process that has served nothing before; their doors are still open. */
  async runAll(by: FunctionName, runs: readonly Omit<Run, "by">[]): Promise<Ran[]> {
    const deployed = this.#deployed.get(by);
    if (deployed === undefined) throw new TypeError(`${by} was never deployed`);
    return actingAs(deployed.credentials, () =>
      Promise.all(runs.map((run) => this.#run(deployed, { by, ...run }))),
    );
  }

  async #run({ environment }: Deployed, run: Run): Promise<Ran> {
    const { by, event, clock, planned, besides, delay, firstId } = run;
    const door = await openDoor(this.#upstream, planned, delay, besides);
    const seconds = FUNCTION_TIMEOUT_SECONDS * 1000;
    const lifetime = { end: Date.now() + seconds };
    const from = { ...environment, AWS_ENDPOINT_URL: door.endpoint };
    const patience = planned === undefined ? REQUEST_TIMEOUT : PATIENCE;
    const invocation = { requestId: randomUUID(), deadline: clock() + seconds };
    const said = await Promise.race([
      begin(by, from, { lifetime, patience, clock, ...named(firstId) })(event, invocation),
      door.stopped.then(() => {
        // Nothing of it is begun any more, whatever is left of it in this process.
        lifetime.end = 0;
        return "stopped" as const;
      }),
    ]);
    return { said, door };
  }
}

/** How a process of a function lives. */
export interface How {
  readonly lifetime: Lifetime;
  /** Milliseconds that one try to AWS may take. */
  readonly patience: number;
  readonly clock: () => number;
  /** Ports that are not the deployed ones. */
  readonly instead?: object;
}

/** Serves one event after the other, as a process of the function does. */
export type Serve = (event: object, invocation: Invocation) => Promise<Exclude<Said, "stopped">>;

type Begin = (environment: Environment, how: How) => Serve;

/** The ports of a function as it makes them, but for its clock. */
const clocked =
  <Deps extends PlaneDeps>(
    component: string,
    make: (component: string, from: Environment, lifetime: Lifetime, patience: number) => Deps,
    serve: (event: object, deps: Deps, invocation: Invocation) => ReturnType<Serve>,
  ): Begin =>
  (from, { lifetime, patience, clock, instead }) => {
    const deps = { ...make(component, from, lifetime, patience), clock, ...instead };
    return (event, invocation) => serve(event, deps, invocation);
  };

/** What each of `lambdas/*.ts` puts together. */
const CODE: Readonly<Record<FunctionName, Begin>> = {
  issue: clocked("issue", issueDependencies, issue),
  execute: clocked("execute", issueDependencies, execute),
  delegate: clocked("delegate", delegateDependencies, delegate),
  govern: clocked("govern", governDependencies, govern),
  revoke: clocked("revoke", revokeDependencies, revoke),
  sweep: clocked("sweep", sweepDependencies, (_, deps, invocation) => sweep(deps, invocation)),
};

/** A process of a function that has served nothing yet; what breaks off says so. */
export function begin(by: FunctionName, environment: Environment, how: How): Serve {
  const serve = CODE[by](environment, how);
  return (event, invocation) =>
    serve(event, invocation).catch((error: unknown) => ({
      brokeOff: error instanceof Error ? `${error.name}: ${error.message}` : "thrown",
    }));
}

/** Ports that make a given id first. */
function named(firstId: string | undefined): Pick<How, "instead"> {
  if (firstId === undefined) return {};
  let next: string | undefined = firstId;
  const newId = (): string => {
    const id = next ?? randomUUID();
    next = undefined;
    return id;
  };
  return { instead: { newId } };
}
