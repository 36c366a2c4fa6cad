import { measureAuthority } from "./authority.ts";
import { measureBundle } from "./bundle.ts";
import { measureOwnCpu } from "./cpu.ts";
import { measureVerification } from "./evidence.ts";
import { measureGoverned } from "./governed.ts";
import { type Line, machine } from "./measure.ts";
import { measureRounds } from "./rounds.ts";
import { measureValidation } from "./validation.ts";

/**
 * Prints what the project claims about speed and size, measured now, as ratios in one run. Measures only: a goal
 * that is missed is said, and nothing fails. Give names of parts to run only those.
 */
const PARTS: Readonly<Record<string, () => Promise<Line | readonly Line[]>>> = {
  validation: measureValidation,
  authority: measureAuthority,
  evidence: measureVerification,
  bundle: measureBundle,
  rounds: measureRounds,
  cpu: measureOwnCpu,
  governed: measureGoverned,
};

const wanted = process.argv.slice(2).filter((arg) => arg !== "--json");
const asJson = process.argv.includes("--json");
const unknown = wanted.find((name) => PARTS[name] === undefined);
if (unknown !== undefined) {
  console.error(`there is no part "${unknown}"; parts: ${Object.keys(PARTS).join(", ")}`);
  process.exit(2);
}

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

function print({ name, value, goal, met, how }: Line): void {
  const verdict = goal === undefined ? "" : `   goal ${goal}: ${met === true ? "met" : "MISSED"}`;
  console.log(`\n${name}\n  ${value}${verdict}\n  ${how}`);
}
