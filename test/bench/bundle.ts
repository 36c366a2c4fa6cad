import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { BUNDLE_OPTIONS, BUNDLES, bundle } from "../../infra/bundle.ts";
import { ENV } from "../../lib/config.ts";
import { KEYS } from "../support/keys.ts";
import { fixed, type Line, median } from "./measure.ts";

const RUNS = 15;
/** KB of 1,000 bytes, and times of what the clients alone take. */
const MOST_KILOBYTES = 520;
const MOST_TIMES = 1.8;

/** What Lambda loads at a cold start: how much it is, and how long a new process takes to import it. */
export async function measureBundle(): Promise<Line[]> {
  await bundle();
  const folder = mkdtempSync(join(tmpdir(), "vai-bench-"));
  try {
    const alone = join(folder, "clients.mjs");
    const entryPoints = [join(import.meta.dirname, "clients-alone.ts")];
    await build({ ...BUNDLE_OPTIONS, entryPoints, outfile: alone });
    return linesFor(join(BUNDLES, "issue", "index.mjs"), alone);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function linesFor(file: string, alone: string): Line[] {
  const { files } = importNew(file);
  const kilobytes = files.reduce((sum, each) => sum + statSync(each).size, 0) / 1000;
  const [own, theirs]: [Imported[], Imported[]] = [[], []];
  // In turns, so that whatever else the machine does slows both.
  for (let run = 0; run < RUNS; run++) {
    own.push(importNew(file));
    theirs.push(importNew(alone));
  }
  const [cold, ref] = [own, theirs].map((all) => median(all.map(({ wall }) => wall)));
  const [cpu, refCpu] = [own, theirs].map((all) => median(all.map((each) => each.cpu)));
  const times = ratio(cold, ref);
  const how = `medians of ${RUNS} new processes each, in turns, import() to its end; alone: the clients of DynamoDB, KMS and STS with the commands that the plane sends, and a zod schema, by the same bundler`;
  return [
    {
      name: "what the issue function loads at a cold start",
      value: `${fixed(kilobytes, 0)} KB in ${files.length} files`,
      ...{ goal: `≤ ${MOST_KILOBYTES} KB`, met: kilobytes <= MOST_KILOBYTES },
      how: "bytes of dist/issue/index.mjs and of the files that importing it loads / 1,000",
    },
    {
      name: "cold import of the issue function against the plane's three clients and zod alone",
      value: `${fixed(times)} times (${fixed(cold ?? 0, 0)} ms against ${fixed(ref ?? 0, 0)} ms; CPU ${fixed(ratio(cpu, refCpu))} times)`,
      ...{ goal: `≤ ${MOST_TIMES} times`, met: times <= MOST_TIMES },
      how,
    },
  ];
}

const ratio = (own: number | undefined, theirs: number | undefined): number =>
  (own ?? Number.NaN) / (theirs ?? Number.NaN);

interface Imported {
  /** Milliseconds. */
  readonly wall: number;
  readonly cpu: number;
  readonly files: readonly string[];
}

function importNew(file: string): Imported {
  const script = `
    const { registerHooks } = await import("node:module");
    const { fileURLToPath } = await import("node:url");
    const files = [];
    registerHooks({ load: (url, context, next) => (files.push(url), next(url, context)) });
    const [before, started] = [process.cpuUsage(), performance.now()];
    await import(${JSON.stringify(pathToFileURL(file).href)});
    const [wall, { user, system }] = [performance.now() - started, process.cpuUsage(before)];
    const own = files.filter((url) => url.startsWith("file:")).map((url) => fileURLToPath(url));
    console.log(JSON.stringify({ wall, cpu: (user + system) / 1000, files: own }));
    process.exit(0)`;
  const environment = {
    [ENV.plane]: "vai:000000000000:us-east-1:bench",
    [ENV.evidenceTable]: "evidence",
    [ENV.stateTable]: "state",
    [ENV.registryTable]: "registry",
    [ENV.evidenceKeyId]: "key",
    [ENV.planeKeyId]: "plane-key",
    [ENV.anchors]: JSON.stringify([KEYS.anchor.jwk]),
    [ENV.targets]: "{}",
    [ENV.targetKeys]: "{}",
    [ENV.scopedCredentials]: "true",
    AWS_REGION: "us-east-1",
  };
  const out = execFileSync(process.execPath, ["--input-type=module", "-e", script], {
    env: environment,
  });
  return JSON.parse(out.toString()) as Imported;
}
