import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Stream } from "node:stream";
import { EXIT } from "../../lib/cli/io.ts";
import { REPOSITORY_ROOT } from "../../localstack/machine/paths.ts";
import { exportTo } from "../audit/support/folder.ts";
import { tellStory } from "../audit/support/story.ts";
import { fixed, type Line, median } from "./measure.ts";

const RUNS = 11;
/** Seconds of CPU; `issue` loads the SDK and invokes. */
const MOST = 0.2;
const MOST_ISSUE = 0.45;
const MAIN = join(REPOSITORY_ROOT, "lib", "cli", "main.js");

/** Loaded before the command: tells at its end what its process took. */
const TELL = `process.on("exit", () => {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  require("node:fs").writeSync(3, String((userCPUTime + systemCPUTime) / 1000));
});`;

/** CPU of commands of `vai` in processes of their own: that of Node's start is in it. */
export async function measureCli(): Promise<Line[]> {
  // Below the home folder: the compile cache is kept in no folder that others can write.
  const folder = mkdtempSync(join(homedir(), ".vai-bench-"));
  const server = createServer((request, response) => {
    request.resume().on("end", () => response.end(JSON.stringify(ANSWER)));
  });
  try {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    return await measureIn(folder, `http://127.0.0.1:${port}`);
  } finally {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What the endpoint in the plane's place says to whatever it is asked. */
const ANSWER = {
  ...{ ok: false, code: "CONTRACT_EXPIRED", stage: "contract", failureDomain: "governance" },
  ...{ retryable: false, detail: "the bench's endpoint grants nothing" },
};

async function measureIn(folder: string, endpoint: string): Promise<Line[]> {
  const file = (name: string): string => join(folder, name);
  writeFileSync(file("tell.cjs"), TELL);
  const environment = {
    ...{ HOME: folder, PATH: process.env["PATH"] ?? "", VAI_OUTPUTS: file("outputs.json") },
    VAI_BENCH_TELL: file("tell.cjs"),
  };
  const vai = (...args: string[]): Promise<number> => cpuOf(args, environment);
  const { anchor, rows } = await tellStory();
  await exportTo(file("export"), { anchor, rows });
  for (const name of ["issuer", "decider", "agent"]) await vai("keys", "new", file(name));
  writeFileSync(file("outputs.json"), JSON.stringify(outputsOf(endpoint, file)));
  writeFileSync(file("draft.json"), JSON.stringify(DRAFT));
  await vai("contract", "sign", file("draft.json"), "--out", file("held.json"));
  let made = 0;
  const next = (): string => file(`made-${++made}`);
  const cases: readonly (readonly [said: string, most: number, args: () => string[]])[] = [
    ["--help", MOST, () => ["--help"]],
    ["explain", MOST, () => ["explain", "SCOPE_EXCEEDED"]],
    ["keys new", MOST, () => ["keys", "new", next()]],
    ["contract sign", MOST, () => ["contract", "sign", file("draft.json"), "--out", next()]],
    ["verify", MOST, () => ["verify", file("export"), "--anchor", anchor.thumbprint]],
    ["issue", MOST_ISSUE, () => ["issue", file("held.json"), "--set", "percent=10"]],
  ];
  const lines: Line[] = [];
  for (const [said, most, args] of cases) {
    const first = await vai(...args());
    const seconds: number[] = [];
    for (let run = 0; run < RUNS; run++) seconds.push((await vai(...args())) / 1000);
    const cpu = median(seconds);
    const uncached = await cpuOf(args(), { ...environment, NODE_DISABLE_COMPILE_CACHE: "1" });
    lines.push({
      name: `CPU time of vai ${said}`,
      value: `${fixed(cpu)} s; at its first use ${fixed(first / 1000)} s, without the compile cache ${fixed(uncached / 1000)} s`,
      ...{ goal: `≤ ${most} s`, met: cpu <= most },
      how:
        HOW[said] ??
        `median of ${RUNS} new processes, user and system time, with V8's compile cache and without npx`,
    });
  }
  return lines;
}

const HOW: Readonly<Record<string, string>> = {
  issue: `median of ${RUNS} new processes; an endpoint of the bench answers in the plane's place`,
  verify: `median of ${RUNS} new processes; 20 records, 6 seals`,
};

const DRAFT = {
  purpose: "shift some traffic of the checkout to its next version",
  actor: { id: "spiffe://example.org/agent/coordinator", kind: "agent" },
  risk: "LOW",
  deliveries: ["execute"],
  steps: [
    {
      id: "shift",
      actions: ["lambda:UpdateAlias"],
      resources: ["arn:aws:lambda:us-east-1:000000000000:function:checkout"],
      parameters: {
        alias: { exact: "live" },
        percent: { range: { min: 0, max: 10 } },
        version: { exact: "7" },
      },
      limits: { calls: 1 },
    },
  ],
  window: { seconds: 600 },
};

const outputsOf = (endpoint: string, file: (name: string) => string) => ({
  ...{ endpoint, region: "us-east-1", plane: "vai:000000000000:us-east-1:local" },
  functions: {
    ...{ issue: "plane-issue", execute: "plane-execute", govern: "plane-govern" },
    ...{ revoke: "plane-revoke", sweep: "plane-sweep" },
  },
  tables: { evidence: "evidence", state: "state", registry: "registry" },
  ...{ evidenceKeyId: "evidence-key", planeKeyId: "plane-key" },
  credentials: { agent: { accessKeyId: "AKIAEXAMPLE", secretAccessKey: "of the caller" } },
  keys: { agent: file("agent"), issuer: file("issuer"), decider: file("decider") },
  names: { issuer: "governance.bench", decider: "policy.bench" },
  policy: { id: "baseline", version: "1", digest: `sha256:${"17".repeat(32)}` },
});

/** Milliseconds of CPU of one command in a process of its own, which tells it at its end. */
function cpuOf(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> {
  const child = spawn(
    process.execPath,
    ["--require", environment["VAI_BENCH_TELL"] ?? "", MAIN, ...args],
    {
      env: environment,
      stdio: ["ignore", "ignore", "pipe", "pipe"],
    },
  );
  const [told, cpu] = [textOf(child.stdio[2]), textOf(child.stdio[3])];
  return new Promise((resolve, reject) => {
    child.on("close", (code) => {
      // Of what is asked of the bench's endpoint the answer is no.
      const isDone = code === (args[0] === "issue" ? EXIT.no : EXIT.done);
      if (isDone) resolve(Number(cpu()));
      else reject(new Error(`vai ${args.join(" ")} ended with ${code}: ${told()}`));
    });
  });
}

/** What a stream has said when it is asked for. */
function textOf(stream: Stream | null | undefined): () => string {
  let text = "";
  stream?.on("data", (part) => {
    text += String(part);
  });
  return () => text;
}
