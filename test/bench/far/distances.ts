import * as z from "zod";
import type { HeldCall } from "../../../localstack/front-door/faults/distance.ts";
import {
  clearFaults,
  type FaultRule,
  faultsInForce,
  injectFault,
} from "../../../localstack/machine/control.ts";
import type { LocalPlane } from "../../support/local/plane.ts";

/** JSON that is laid over {@link REGION}: `VAI_BENCH_DISTANCES='{"kms:*":4,"sts:*":40}'`. */
const VARIABLE = "VAI_BENCH_DISTANCES";

const table = z.record(
  z.string().regex(/^[a-z0-9]+:(\*|[A-Z]\w+)$/, "must be service:Operation or service:*"),
  z.int().min(1).max(10_000),
);

/** Milliseconds from request to answer inside a region, by `service:Operation` or `service:*`. */
export type Distances = Readonly<Record<string, number>>;

/** What a caller in the same region sees, the service's own work included. Invoke is not in it: it is not delayed. */
const REGION: Distances = {
  "kms:*": 8,
  "dynamodb:*": 5,
  "dynamodb:TransactWriteItems": 12,
  "dynamodb:UpdateItem": 12,
  "sts:*": 25,
  "lambda:GetAlias": 25,
  "lambda:UpdateAlias": 60,
};

/** The distances that a run is to have. @throws {TypeError} when the variable holds anything else than a table. */
export function distancesFrom(environment: NodeJS.ProcessEnv): Distances {
  const text = environment[VARIABLE];
  if (text === undefined || text === "") return REGION;
  const read = table.safeParse(parsed(text));
  if (read.success) return { ...REGION, ...read.data };
  throw new TypeError(`${VARIABLE} cannot be used: ${z.prettifyError(read.error)}`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** One rule each; those for one operation first, because the first that matches is taken. */
export function rulesOf(distances: Distances): FaultRule[] {
  const named = Object.entries(distances).map(([name, distanceMs]) => {
    const [service = "", operation = "*"] = name.split(":");
    return { service, operation, distanceMs };
  });
  return named
    .toSorted((left, right) => Number(left.operation === "*") - Number(right.operation === "*"))
    .map(({ service, operation, distanceMs }) => ({
      match: { service, ...(operation !== "*" && { operation }) },
      do: { distanceMs },
    }));
}

/** Does the work with every AWS call at its distance, and says which calls were made. */
export async function atDistance<T>(
  plane: LocalPlane,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly calls: readonly HeldCall[] }> {
  const access = plane.control();
  try {
    for (const rule of rulesOf(distancesFrom(process.env))) await injectFault(access, rule);
    const result = await work();
    const rules = await faultsInForce(access);
    return { result, calls: rules.flatMap(({ held = [] }) => held) };
  } finally {
    await clearFaults(access);
  }
}
