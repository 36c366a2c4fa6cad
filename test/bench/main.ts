import { LocalAwsError } from "../../localstack/machine/errors.ts";
import { measureAuthority } from "./authority.ts";
import { measureBundle } from "./bundle.ts";
import { measureCalls } from "./calls.ts";
import { measureCeilings } from "./capacity/ceilings.ts";
import { measureCost } from "./capacity/cost.ts";
import { measureMemory } from "./capacity/memory.ts";
import { measureCli } from "./cli.ts";
import { measureContinuity } from "./continuity.ts";
import { measureOwnCpu } from "./cpu.ts";
import { measureHead } from "./ends/head.ts";
import { measureEnds } from "./ends/in-memory.ts";
import { measureTimeToDeny } from "./ends/local.ts";
import { measureStatus } from "./ends/status.ts";
import { measureVerification } from "./evidence.ts";
import { measureDistances } from "./far/lines.ts";
import { measureGoverned } from "./governed.ts";
import { type Line, machine } from "./measure.ts";
import { measurePeople } from "./people.ts";
import { endBenchPlane } from "./plane.ts";
import { measureRounds } from "./rounds.ts";
import { measureServed } from "./served.ts";
import { measureValidation } from "./validation.ts";

/**
 * Prints what the project claims about speed, size, scale and cost, measured now. Measures only: a goal that is missed is
 * said, and nothing fails. Give names of parts to run only those. From `governed` on a local AWS is started.
 */
const PARTS: Readonly<Record<string, () => Promise<Line | readonly Line[]>>> = {
  validation: measureValidation,
  people: measurePeople,
  continuity: measureContinuity,
  authority: measureAuthority,
  evidence: measureVerification,
  bundle: measureBundle,
  cli: measureCli,
  rounds: measureRounds,
  ends: measureEnds,
  head: measureHead,
  status: measureStatus,
  cpu: measureOwnCpu,
  governed: measureGoverned,
  served: measureServed,
  denial: measureTimeToDeny,
  calls: measureCalls,
  distances: measureDistances,
  memory: measureMemory,
  cost: measureCost,
  ceilings: measureCeilings,
};

const HELP = `Usage: npm run bench -- [PART…] [--json]

Measures and prints; a goal that is missed is said, and nothing fails. Parts:
  ${Object.keys(PARTS).join(", ")}

status counts the calls of vai status with 10 and with 5,000 open intents, in memory.

Environment:
  VAI_BENCH_DISTANCES  JSON of milliseconds by service:Operation or service:*, laid over those of a region,
                       for example {"kms:*":4,"lambda:UpdateAlias":90}
  VAI_BENCH_RUNS       turns of the cases with a goal (default 100); the others have three tenths of it`;

if (process.argv.includes("--help")) {
  console.log(HELP);
  process.exit(0);
}

const wanted = process.argv.slice(2).filter((arg) => arg !== "--json");
const asJson = process.argv.includes("--json");
const unknown = wanted.find((name) => PARTS[name] === undefined);
if (unknown !== undefined) {
  console.error(`there is no part "${unknown}"; parts: ${Object.keys(PARTS).join(", ")}`);
  process.exit(2);
}

try {
  await run();
} catch (error) {
  if (!(error instanceof LocalAwsError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
} finally {
  await endBenchPlane();
}

async function run(): Promise<void> {
  const lines: Line[] = [];
  if (!asJson) console.log(machine());
  for (const [name, measure] of Object.entries(PARTS)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    for (const line of [await measure()].flat()) {
      lines.push(line);
      if (!asJson) print(line);
    }
  }
  if (asJson) console.log(JSON.stringify({ machine: machine(), lines }, null, 2));
}

function print({ name, value, goal, met, how, rows = [] }: Line): void {
  const verdict = goal === undefined ? "" : `   goal ${goal}: ${met === true ? "met" : "MISSED"}`;
  const told = rows.map((row) => `\n    ${row}`).join("");
  console.log(`\n${name}\n  ${value}${verdict}${told}\n  ${how}`);
}
