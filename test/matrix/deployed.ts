import { InvokeCommand } from "@aws-sdk/client-lambda";
import { clearFaults, faultsInForce, injectFault } from "../../localstack/machine/control.ts";
import type { LocalPlane } from "../support/local/plane.ts";
import type { Door, Planned } from "./door.ts";
import { FAULTS } from "./faults.ts";
import type { FunctionName, Functions, Ran, Run, Said } from "./functions.ts";

/** Tries that the SDK makes of one call. */
const TRIES = 3;

/**
 * The same functions, but for the run under the fault: that one is the deployed function's, with its own clock, and the fault
 * is the front door's, which tells calls by operation alone: the nth of a name is the nth of its operation there.
 */
export class Deployed {
  readonly #plane: LocalPlane;
  readonly #functions: Functions;

  constructor(plane: LocalPlane, functions: Functions) {
    this.#plane = plane;
    this.#functions = functions;
  }

  async runAll(by: FunctionName, runs: readonly Omit<Run, "by">[]): Promise<Ran[]> {
    const [run, ...others] = runs;
    if (run?.planned === undefined) return this.#functions.runAll(by, runs);
    if (others.length > 0) throw new TypeError("the front door's faults are everybody's");
    return [await this.#broken(by, run.event, run.planned)];
  }

  async #broken(by: FunctionName, event: object, { name, nth, fault }: Planned): Promise<Ran> {
    const [service = "", operation = ""] = name.split(" ")[0]?.split(":") ?? [];
    const role = this.#plane.outputs.functions[by];
    const access = this.#plane.control();
    await injectFault(access, {
      ...{ match: { service, operation, role }, do: FAULTS[fault].do },
      ...{ skip: nth - 1, times: TRIES },
    });
    try {
      const said = await this.#invoke(role, event);
      const isHit = (await faultsInForce(access)).some(({ hits }) => hits > 0);
      const stopped = new Promise<void>(() => {});
      const door: Door = { endpoint: "", calls: [], isHit, stopped, close: async () => {} };
      return { said, door };
    } finally {
      await clearFaults(access);
    }
  }

  async #invoke(FunctionName: string, event: object): Promise<Said> {
    const Payload = JSON.stringify(event);
    const command = new InvokeCommand({ FunctionName, Payload });
    const answered = await this.#plane.deployer.lambda.send(command);
    const text = Buffer.from(answered.Payload ?? []).toString("utf8");
    return answered.FunctionError === undefined
      ? (JSON.parse(text) as Said)
      : { brokeOff: answered.FunctionError };
  }
}
