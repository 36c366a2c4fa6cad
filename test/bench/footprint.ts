import type { LocalPlane } from "../support/local/plane.ts";
import { type Governed, governed } from "./deliver.ts";
import { atDistance } from "./far/distances.ts";
import { callsOf, countByApi } from "./feed.ts";
import { once } from "./once.ts";
import { benchPlane, progress } from "./plane.ts";
import { settingSubject } from "./subjects.ts";
import { readUnitsOf } from "./units/read-units.ts";
import { shapesOf } from "./units/shapes.ts";
import { type TableShape, unitsOf, type WriteUnits } from "./units/write-units.ts";
import { contentsOf, writesOf } from "./units/written.ts";

/** What one governed action asks of AWS: `dynamodb:UpdateItem` by `execute`, under a contract of its own. */
export interface Footprint {
  readonly signatures: number;
  readonly assumedRoles: number;
  /** Calls that CloudTrail counts as management and as data events; the invocation itself is a data event more. */
  readonly managementEvents: number;
  readonly dataEvents: number;
  readonly writes: readonly WriteUnits[];
  /** Read request units by table. */
  readonly reads: ReadonlyMap<string, number>;
  readonly logBytes: number;
  readonly shapes: readonly TableShape[];
  /** Which partitions of which place another action under another contract has written too. */
  readonly shared: ReadonlySet<string>;
}

export const partitionOf = ({ place, partition }: WriteUnits): string => `${place} ${partition}`;

const WARM_UP = 3;

/** Measured once in a run: calls from the feed, sizes from the tables. */
export function footprint(): Promise<Footprint> {
  return once("footprint", async () => {
    const plane = await benchPlane();
    progress("weighing one governed action: its calls, its rows");
    const prepare = governed(plane, await settingSubject(plane), "execute");
    for (let turn = 0; turn < WARM_UP; turn++) await prepare()();
    const shapes = await shapesOf(plane);
    const other = await weigh(plane, shapes, prepare());
    const one = await weigh(plane, shapes, prepare());
    const theirs = new Set(other.writes.map(partitionOf));
    const shared = new Set(one.writes.map(partitionOf).filter((place) => theirs.has(place)));
    return { ...one, shapes, shared };
  });
}

async function weigh(plane: LocalPlane, shapes: readonly TableShape[], act: Governed) {
  const before = await contentsOf(plane, shapes);
  const recorded = await callsOf(plane, () => atDistance(plane, act));
  const { result: served, calls: held } = recorded.result;
  const after = await contentsOf(plane, shapes, served.chainId);
  const writes = await writesOf(plane, shapes, recorded.calls, [before, after]);
  const counts = countByApi(recorded.calls);
  const management = recorded.calls.filter(({ managementEvent }) => managementEvent);
  const tables = shapes.map(({ name }) => name);
  return {
    signatures: counts.get("kms Sign") ?? 0,
    assumedRoles: counts.get("sts AssumeRole") ?? 0,
    managementEvents: management.length,
    dataEvents: recorded.calls.length - management.length,
    writes: writes.flatMap(unitsOf),
    reads: new Map(tables.map((table) => [table, readUnitsOf(held, table)])),
    logBytes: served.logBytes,
  };
}
