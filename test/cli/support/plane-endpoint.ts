import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { ExitCode, Io } from "../../../lib/cli/io.ts";
import { runCli } from "../../../lib/cli/program.ts";
import type { Governed, Mutation } from "../../support/governed.ts";
import { KEYS } from "../../support/keys.ts";
import { newPlane, type Plane, type PlaneOptions } from "../../support/plane.ts";
import { PLANE } from "../../support/trust.ts";
import { START } from "../../support/world.ts";
import { overTheWire } from "./aws-wire.ts";

/** What a command printed and how it ended. */
export interface Ran {
  readonly code: ExitCode;
  readonly out: string;
  readonly err: string;
}

/** A plane in memory behind an endpoint that the real SDK invokes, and the command line before it. */
export interface Desk {
  readonly plane: Plane;
  readonly folder: string;
  /** A file in the folder. */
  file(name: string): string;
  /** Writes the file of `vai contract sign`. @returns its path. */
  contract(name: string, mutation: Mutation): string;
  vai(args: readonly string[], io?: Partial<Io>): Promise<Ran>;
  /** Lets time pass, for the command and the plane; milliseconds. */
  pass(milliseconds: number): void;
}

/** How a desk differs from the usual one. */
export interface DeskOptions extends PlaneOptions {
  /** Answers in the place of function `delegate`. */
  readonly delegate?: (event: unknown) => unknown;
}

/** The command's clock stands at the instant at which every plane of these tests begins. */
export async function desk(
  t: TestContext,
  { delegate, ...options }: DeskOptions = {},
): Promise<Desk> {
  const plane = await newPlane(options);
  t.mock.timers.enable({ apis: ["Date"], now: START });
  const folder = mkdtempSync(join(tmpdir(), "vai-cli-"));
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", async () => {
      const body = Buffer.concat(chunks).toString("utf8");
      const answer =
        (await overTheWire(plane, request, body)) ??
        (await invoked(plane, request.url, body, delegate));
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(async () => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
    rmSync(folder, { recursive: true, force: true });
  });
  const { port } = server.address() as AddressInfo;
  const file = (name: string): string => join(folder, name);
  const write = (name: string, value: unknown): string => {
    writeFileSync(file(name), JSON.stringify(value));
    return file(name);
  };
  const outputs = write("outputs.json", outputsOf(`http://127.0.0.1:${port}`, file("agent.json")));
  write("agent.json", KEYS.agent.privateKey.export({ format: "jwk" }));
  const pass = (milliseconds: number): void => {
    t.mock.timers.tick(milliseconds);
    plane.world.now += milliseconds;
  };
  return {
    ...{ plane, folder, file, pass },
    contract: (name, mutation) => {
      const { contract, proof }: Governed = plane.contract(mutation);
      return write(name, { contract, proof });
    },
    vai: (args, io = {}) =>
      run(args, {
        environment: { VAI_OUTPUTS: outputs },
        // Nobody really waits.
        sleep: async (milliseconds) => pass(milliseconds),
        ...io,
      }),
  };
}

async function invoked(
  plane: Plane,
  url: string | undefined,
  body: string,
  delegate: DeskOptions["delegate"],
): Promise<unknown> {
  const event: unknown = JSON.parse(body);
  if (delegate !== undefined && url?.includes("/functions/plane-delegate/") === true) {
    return delegate(event);
  }
  if (url?.includes("/functions/plane-execute/") === true) return plane.execute(event);
  if (url?.includes("/functions/plane-delegate/") === true) return plane.delegate(event);
  if (url?.includes("/functions/plane-revoke/") === true) return plane.revoke(event);
  return url?.includes("/functions/plane-govern/") === true
    ? plane.govern(event)
    : plane.issue(event);
}

const CALLER = { accessKeyId: "AKIAEXAMPLE", secretAccessKey: "of the caller" };

const outputsOf = (endpoint: string, agent: string) => ({
  endpoint,
  region: "us-east-1",
  plane: PLANE,
  functions: {
    ...{ issue: "plane-issue", execute: "plane-execute", delegate: "plane-delegate" },
    ...{ govern: "plane-govern", revoke: "plane-revoke", sweep: "plane-sweep" },
  },
  tables: { evidence: "evidence", state: "state", registry: "registry" },
  evidenceKeyId: "evidence-key",
  planeKeyId: "plane-key",
  credentials: { agent: CALLER, auditor: CALLER, deployer: CALLER, operator: CALLER },
  keys: { agent },
});

/** Runs one command line as in a pipe. */
export async function run(args: readonly string[], io: Partial<Io> = {}): Promise<Ran> {
  const [out, err]: [string[], string[]] = [[], []];
  const code = await runCli(args, {
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    environment: {},
    isTerminal: false,
    ...io,
  });
  return { code, out: out.join("\n"), err: err.join("\n") };
}
