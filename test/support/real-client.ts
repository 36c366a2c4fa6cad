import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import type { SignedContract } from "../../lib/client/contract.ts";
import { cleanEnvironment } from "../../localstack/machine/environment.ts";
import { REPOSITORY_ROOT } from "../../localstack/machine/paths.ts";
import { type RunResult, run } from "../../localstack/machine/run.ts";
import { ensureEmulator } from "../../localstack/setup.ts";
import type { LocalPlane } from "./local/plane.ts";
import { ownTemporary } from "./local/state.ts";

export const SDKS = ["boto3", "JavaScript SDK"] as const;
export type Sdk = (typeof SDKS)[number];

const VAI = join(REPOSITORY_ROOT, "lib", "cli", "main.js");
const CLIENTS = join(REPOSITORY_ROOT, "test", "support", "clients");

/** One call of an AWS API, as the API reference writes it. */
export interface RealCall {
  readonly service: "dynamodb" | "s3" | "sts";
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** Default: the profile's. */
  readonly region?: string;
}

/** An AWS client in a process of its own. */
export interface RealClient {
  /** `allowed`, or the name of the error that AWS gave; for missing credentials what the client said of them. */
  call(call: RealCall): Promise<string>;
}

/** How the client gets its credentials. */
export type Way =
  /** A profile with a `credential_process`. */
  | "profile"
  /** Started by `vai credentials … -- program`. */
  | "environment";

/** A folder with a contract and a configuration file whose one profile gets its credentials under it. */
function agentProfile({ outputs }: LocalPlane, held: SignedContract) {
  const folder = mkdtempSync(join(ownTemporary(), "client-"));
  const contract = join(folder, "held.json");
  writeFileSync(contract, JSON.stringify(held));
  const config = join(folder, "config");
  const credentials = [process.execPath, VAI, "credentials", contract];
  const { endpoint, region } = outputs;
  writeFileSync(
    config,
    `[profile agent]\nregion = ${region}\ncredential_process = ${credentials.join(" ")}\n`,
  );
  const profile = { AWS_PROFILE: "agent", AWS_CONFIG_FILE: config, AWS_ENDPOINT_URL: endpoint };
  return { folder, credentials, profile };
}

/** Runs `vai credentials` where the only profile is the one that runs it, and no user of the plane is given. */
export async function selfCalling(
  t: TestContext,
  plane: LocalPlane,
  held: SignedContract,
): Promise<RunResult> {
  const { folder, credentials, profile } = agentProfile(plane, held);
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const outputs = join(folder, "outputs.json");
  const { credentials: _, ...others } = plane.outputs;
  writeFileSync(outputs, JSON.stringify(others));
  const env = cleanEnvironment(folder, { VAI_OUTPUTS: outputs, ...profile });
  const [program = "", ...args] = credentials;
  return run(program, args, { env, cwd: REPOSITORY_ROOT, timeout: 60_000 });
}

/**
 * Starts an unmodified AWS client under a contract, in an environment that holds nothing of AWS but a configuration
 * file of its own. Ended after the test.
 */
export async function realClient(
  t: TestContext,
  plane: LocalPlane,
  sdk: Sdk,
  held: SignedContract,
  way: Way = "profile",
): Promise<RealClient> {
  const { folder, credentials, profile } = agentProfile(plane, held);
  const program =
    sdk === "boto3"
      ? [await ensureEmulator(), "-I", join(CLIENTS, "agent.py")]
      : [process.execPath, join(CLIENTS, "agent.mjs")];
  const line = way === "profile" ? program : [...credentials, "--", ...program];
  const child = spawn(line[0] ?? "", line.slice(1), {
    cwd: REPOSITORY_ROOT,
    env: cleanEnvironment(folder, {
      VAI_OUTPUTS: plane.outputsFile,
      ...(way === "profile" && profile),
    }),
    stdio: ["pipe", "pipe", "pipe"],
  });
  const said: string[] = [];
  child.stderr.setEncoding("utf8").on("data", (text: string) => said.push(text));
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const outcomes = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  t.after(async () => {
    child.stdin.end();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    call: async (call) => {
      child.stdin.write(`${JSON.stringify(call)}\n`);
      const { value, done } = await outcomes.next();
      if (done === true) throw new Error(`the client ended: ${said.join("")}`);
      return JSON.parse(value) as string;
    },
  };
}
