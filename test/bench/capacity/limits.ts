import { type Footprint, partitionOf } from "../footprint.ts";
import type { TableShape, WriteUnits } from "../units/write-units.ts";
import type { Limit } from "./ceiling.ts";

/** Reserved for `issue` unless the deployment file says otherwise (`concurrency`). */
const RESERVED = 50;

/**
 * AWS's default quotas, in a second, as of November 2026: KMS developer guide, "Request quotas"; IAM user guide, "IAM and
 * AWS STS quotas"; Lambda developer guide, "Lambda quotas"; DynamoDB developer guide, "Quotas in Amazon DynamoDB",
 * "DynamoDB on-demand capacity mode" and "Best practices for designing and using partition keys".
 */
const QUOTA = {
  kmsEcc: 1_000,
  sts: 600,
  concurrency: 1_000,
  freshWrites: 4_000,
  freshReads: 12_000,
  tableUnits: 40_000,
  partitionWrites: 1_000,
  partitionReads: 3_000,
} as const;

const WARM = "warm throughput";
const QUOTAS = "Service Quotas";

/** Every limit that a governed action comes near. @param seconds that the function runs for one action */
export function limitsOf(found: Footprint, seconds: number): Limit[] {
  return [
    ...accountLimits(found, seconds),
    {
      name: "concurrency reserved for issue",
      ...{ scope: "plane", limit: RESERVED, perAction: seconds },
      raise: "`concurrency` of the deployment file",
    },
    ...writeLimits(found.writes),
    ...partitionLimits(found),
    ...readLimits(found),
  ];
}

const accountLimits = (
  { signatures, assumedRoles }: Footprint,
  seconds: number,
): readonly Limit[] => [
  {
    name: "KMS signatures with ECC keys",
    ...{ scope: "account", limit: QUOTA.kmsEcc, perAction: signatures, raise: QUOTAS },
  },
  {
    name: "STS requests",
    ...{ scope: "account", limit: QUOTA.sts, perAction: assumedRoles, raise: "a ticket to AWS" },
  },
  {
    name: "Lambda's concurrent executions",
    ...{ scope: "account", limit: QUOTA.concurrency, perAction: seconds, raise: QUOTAS },
  },
];

/** A table and each of its indexes has units of its own; an index that is throttled throttles its table. */
function writeLimits(writes: readonly WriteUnits[]): Limit[] {
  return [...grouped(writes, ({ place }) => place)].flatMap(([place, units]): Limit[] => [
    {
      name: `write units of ${short(place)}, fresh`,
      ...{ scope: "plane", limit: QUOTA.freshWrites, perAction: units },
      ...{ raise: WARM, isWarmUp: true },
    },
    {
      name: `write units of ${short(place)}`,
      ...{ scope: "plane", limit: QUOTA.tableUnits, perAction: units, raise: QUOTAS },
    },
  ]);
}

/** Partitions that actions under different contracts share: of each place the one that is written most. */
function partitionLimits({ writes, shared, shapes }: Footprint): Limit[] {
  const hot = writes.filter((write) => shared.has(partitionOf(write)));
  return [...grouped(hot, ({ place }) => place).keys()].map((place): Limit => {
    const here = hot.filter((write) => write.place === place);
    const [[name, perAction] = ["", 0]] = [...grouped(here, partitionOf)].toSorted(
      ([, left], [, right]) => right - left,
    );
    const isActors = keyOf(shapes, place) === "actorId";
    const what = isActors ? "one actor" : name.slice(place.length + 1);
    return {
      name: `write units of partition ${what} of ${short(place)}`,
      ...{ scope: isActors ? "actor" : "plane", limit: QUOTA.partitionWrites, perAction },
    };
  });
}

const keyOf = (shapes: readonly TableShape[], place: string): string | undefined =>
  shapes
    .flatMap(({ name, indexes }) =>
      indexes.map((each) => ({ ...each, place: `${name}/${each.name}` })),
    )
    .find((index) => index.place === place)?.partitionKey;

/** Every request reads the Registry, whose items of use are in one partition. */
function readLimits({ reads }: Footprint): Limit[] {
  const fresh = [...reads].map(
    ([table, units]): Limit => ({
      name: `read units of ${short(table)}, fresh`,
      ...{ scope: "plane", limit: QUOTA.freshReads, perAction: units },
      ...{ raise: WARM, isWarmUp: true },
    }),
  );
  const registry = [...reads].find(([table]) => table.endsWith("registry"))?.[1] ?? 0;
  return [
    ...fresh,
    {
      name: "read units of registry's one partition",
      ...{ scope: "plane", limit: QUOTA.partitionReads, perAction: registry },
    },
  ];
}

function grouped(
  writes: readonly WriteUnits[],
  by: (write: WriteUnits) => string,
): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const write of writes) sums.set(by(write), (sums.get(by(write)) ?? 0) + write.units);
  return sums;
}

/** `vai-local-evidence/byActor` → `evidence/byActor`. */
const short = (place: string): string => place.replace(/^vai-.+-(?=[a-z]+(\/|$))/, "");
