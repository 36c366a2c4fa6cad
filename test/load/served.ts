import { AsyncLocalStorage } from "node:async_hooks";
import { randomUUID } from "node:crypto";
import { REQUEST_TIMEOUT } from "../../lib/aws/ports/clients.ts";
import { FUNCTION_TIMEOUT_SECONDS } from "../../lib/config.ts";
import type { AwsCredentials } from "../../localstack/machine/start-processes.ts";
import { openDoor } from "../matrix/door.ts";
import {
  begin,
  type Deployed,
  deployedAs,
  FUNCTIONS,
  type FunctionName,
  type Said,
  type Serve,
} from "../matrix/functions.ts";
import type { Ending } from "../support/local/iam.ts";
import type { LocalPlane } from "../support/local/plane.ts";
import type { Fault } from "./plan.ts";

const MILLISECONDS = FUNCTION_TIMEOUT_SECONDS * 1000;

/**
 * The plane's functions, each in a process that goes on serving: the deployed code's own clients under the deployed roles,
 * against the front door. One process of ours stands for all of them, so that what they hold can be measured.
 */
export class Served {
  readonly #plane: LocalPlane;
  readonly #deployed = new Map<FunctionName, Deployed>();
  readonly #serving = new Map<FunctionName, Serve>();
  readonly #clock: () => number;

  private constructor(plane: LocalPlane, clock: () => number) {
    this.#plane = plane;
    this.#clock = clock;
  }

  static async of(t: Ending, plane: LocalPlane, clock: () => number): Promise<Served> {
    const served = new Served(plane, clock);
    for (const name of FUNCTIONS) served.#deployed.set(name, await deployedAs(t, plane, name));
    t.after(giveRoles());
    for (const name of FUNCTIONS) served.#serving.set(name, served.#begin(name));
    return served;
  }

  /** One event. */
  run(by: FunctionName, event: object): Promise<Said> {
    const serve = this.#serving.get(by);
    if (serve === undefined) throw new TypeError(`${by} was never begun`);
    return roles.run(this.#deployedAs(by).credentials, () => serve(event, this.#invocation()));
  }

  /** One event for a process of its own, one call of which goes wrong. @returns whether that call came. */
  async runBroken(fault: Fault, event: object): Promise<{ said: Said; isHit: boolean }> {
    const { by, ...planned } = fault;
    const door = await openDoor(new URL(this.#plane.outputs.endpoint), planned);
    const lifetime = { end: Date.now() + MILLISECONDS };
    const said = await roles.run(this.#deployedAs(by).credentials, () => {
      const serve = this.#begin(by, { endpoint: door.endpoint, lifetime });
      const stopped = door.stopped.then(() => {
        lifetime.end = 0;
        return "stopped" as const;
      });
      return Promise.race([serve(event, this.#invocation()), stopped]);
    });
    await door.close();
    return { said, isHit: door.isHit };
  }

  #deployedAs(by: FunctionName): Deployed {
    const deployed = this.#deployed.get(by);
    if (deployed === undefined) throw new TypeError(`${by} was never deployed`);
    return deployed;
  }

  #begin(
    by: FunctionName,
    { endpoint = this.#plane.outputs.endpoint, lifetime = { end: Number.POSITIVE_INFINITY } } = {},
  ): Serve {
    const { environment } = this.#deployedAs(by);
    const from = { ...environment, AWS_ENDPOINT_URL: endpoint };
    // The run sweeps by itself: the deployed `sweep` is not to do it first.
    const instead = by === "revoke" ? { wakeSweep: async () => {} } : {};
    return begin(by, from, { lifetime, patience: REQUEST_TIMEOUT, clock: this.#clock, instead });
  }

  #invocation() {
    return { requestId: randomUUID(), deadline: this.#clock() + MILLISECONDS };
  }
}

/** As whom a function's clients act: they take its role's session from the environment, as Lambda gives it. */
const roles = new AsyncLocalStorage<AwsCredentials>();

const MEMBERS: Readonly<Record<string, keyof AwsCredentials>> = {
  AWS_ACCESS_KEY_ID: "accessKeyId",
  AWS_SECRET_ACCESS_KEY: "secretAccessKey",
  AWS_SESSION_TOKEN: "sessionToken",
};

/** Functions that serve at once in one process each see an environment of their own. @returns what takes that back. */
function giveRoles(): () => void {
  const plain = process.env;
  process.env = new Proxy(plain, {
    get(target, name) {
      const role = roles.getStore();
      const member = MEMBERS[String(name)];
      return role !== undefined && member !== undefined ? role[member] : target[String(name)];
    },
  });
  return () => {
    process.env = plain;
  };
}
