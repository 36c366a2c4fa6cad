import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { BUNDLES, bundle } from "../../infra/bundle.ts";
import { ENV } from "../../lib/config.ts";
import { KEYS } from "../support/keys.ts";
import { fixed, type Line, median } from "./measure.ts";

/** Size of what Lambda loads, and how long a new process takes to import it. */
export async function measureBundle(): Promise<Line[]> {
  await bundle();
  const file = join(BUNDLES, "issue", "index.mjs");
  const kilobytes = statSync(file).size / 1000;
  const milliseconds = median(Array.from({ length: 11 }, () => coldImport(file)));
  return [
    {
      name: "size of the issue bundle, everything included",
      value: `${fixed(kilobytes, 0)} KB`,
      goal: "≤ 700 KB",
      met: kilobytes <= 700,
      how: "bytes of dist/issue/index.mjs / 1,000",
    },
    {
      name: "cold import of the issue bundle",
      value: `${fixed(milliseconds, 0)} ms`,
      goal: "≤ 130 ms",
      met: milliseconds <= 130,
      how: "median of 11 new processes, import() to its end",
    },
  ];
}

function coldImport(file: string): number {
  const script = `const s=performance.now();await import(${JSON.stringify(pathToFileURL(file).href)});console.log(performance.now()-s);process.exit(0)`;
  const environment = {
    [ENV.plane]: "vai:000000000000:us-east-1:bench",
    [ENV.evidenceTable]: "evidence",
    [ENV.stateTable]: "state",
    [ENV.registryTable]: "registry",
    [ENV.evidenceKeyId]: "key",
    [ENV.planeKeyId]: "plane-key",
    [ENV.anchors]: JSON.stringify([KEYS.anchor.jwk]),
    [ENV.targets]: "{}",
    AWS_REGION: "us-east-1",
  };
  const out = execFileSync(process.execPath, ["--input-type=module", "-e", script], {
    env: environment,
  });
  return Number(out.toString());
}
