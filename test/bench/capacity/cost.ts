import { mainCase, summary } from "../far/lines.ts";
import { type Footprint, footprint } from "../footprint.ts";
import { fixed, type Line } from "../measure.ts";
import { benchPlane } from "../plane.ts";
import { cpuOnceServed } from "../served.ts";
import { settingSubject } from "../subjects.ts";
import { durationAt, gbSeconds, lambdaPrice, memoryOfIssue } from "./lambda.ts";

/** US dollars, list prices of us-east-1 as of November 2026, without free tiers. */
const PRICE = {
  /** A signature with an ECC key (AWS KMS pricing: 0.15 for 10,000). */
  signature: 0.15 / 10_000,
  /** A request unit (Amazon DynamoDB on-demand pricing: 0.625 and 0.125 a million). */
  writeUnit: 0.625e-6,
  readUnit: 0.125e-6,
  /** A GB taken into CloudWatch Logs. */
  logGb: 0.5,
  /** An event in a trail beyond the first free copy, and a data event in any (AWS CloudTrail pricing). */
  managementEvent: 2 / 100_000,
  dataEvent: 0.1 / 100_000,
  /** A GB kept for a month: items, and their point-in-time recovery. */
  storedGb: 0.25,
  recoveryGb: 0.2,
} as const;

const MOST = 130;
const MILLION = 1e6;
const GB = 1e9;
/** Bytes that Lambda writes itself: INIT, START, END, REPORT; and what CloudWatch adds to each of these lines. */
const PLATFORM_LOG = 350 + 4 * 26;
/** Bytes that DynamoDB adds to each item of an index. */
const INDEX_OVERHEAD = 100;

interface Item {
  readonly what: string;
  readonly howMany: string;
  /** For a million actions. */
  readonly dollars: number;
}

/** What a million governed actions cost at list prices. */
export async function measureCost(): Promise<Line[]> {
  const plane = await benchPlane();
  const cpu = (await cpuOnceServed()) ?? 0;
  const { p50 } = summary(await mainCase(plane, await settingSubject(plane)));
  const found = await footprint();
  const megabytes = await memoryOfIssue(plane);
  const items = itemsOf(found, { megabytes, ms: durationAt(megabytes, { duration: p50, cpu }) });
  const dollars = items.reduce((sum, item) => sum + item.dollars, 0);
  return [
    {
      name: "cost of a million governed actions, delivery execute",
      value: `${fixed(dollars, 0)} US dollars`,
      ...{ goal: `≤ ${MOST} US dollars`, met: dollars <= MOST },
      how:
        "dynamodb:UpdateItem, each under a contract of its own; list prices of us-east-1 of November 2026, no free tier; calls " +
        "from the front door's feed, sizes of the rows that one action left, the target's own API not counted",
      rows: items.map(shown),
      data: { dollars, items },
    },
    {
      name: "what CloudTrail takes for a million governed actions where it is paid",
      value: `${fixed(found.managementEvents * MILLION * PRICE.managementEvent, 0)} US dollars a further copy of management events`,
      how: "2.00 for 100,000 management events beyond the first free copy, 0.10 for 100,000 data events where a trail has them",
      rows: [
        `${found.managementEvents} management events an action (KMS, STS)`,
        `${found.dataEvents + 1} data events an action (DynamoDB, the target, Invoke): ${fixed((found.dataEvents + 1) * MILLION * PRICE.dataEvent)} US dollars if recorded`,
      ],
    },
    storage(found),
  ];
}

function itemsOf(
  { signatures, writes, reads, logBytes }: Footprint,
  { megabytes, ms }: { readonly megabytes: number; readonly ms: number },
): Item[] {
  const units = (isIndex: boolean): number =>
    sum(writes.filter((write) => write.isIndex === isIndex).map((write) => write.units));
  const written = units(false) + units(true);
  const read = sum([...reads.values()]);
  const bytes = logBytes + 26 + PLATFORM_LOG;
  return [
    {
      what: "KMS signatures",
      howMany: `${signatures}`,
      dollars: signatures * MILLION * PRICE.signature,
    },
    {
      what: "DynamoDB writes",
      howMany: `${units(false)} units in transactions, ${units(true)} of indexes`,
      dollars: written * MILLION * PRICE.writeUnit,
    },
    { what: "DynamoDB reads", howMany: `${read} units`, dollars: read * MILLION * PRICE.readUnit },
    {
      what: "Lambda",
      howMany: `1 request, ${fixed(gbSeconds(megabytes, ms), 3)} GB-s: ${fixed(ms, 0)} ms of ${megabytes} MB`,
      dollars: lambdaPrice(megabytes, ms),
    },
    {
      what: "logs",
      howMany: `${bytes} bytes`,
      dollars: (bytes * MILLION * PRICE.logGb) / GB,
    },
  ];
}

function shown({ what, howMany, dollars }: Item): string {
  return `${what.padEnd(16)} ${howMany.padEnd(48)} ${fixed(dollars).padStart(7)} US dollars`;
}

/** What stays in Evidence: items and their copies in indexes. */
function storage({ writes, shapes }: Footprint): Line {
  const evidence = shapes.find(({ indexes }) => indexes.length > 0)?.name ?? "";
  const kept = writes.filter(({ place }) => place.split("/")[0] === evidence);
  const items = sum(kept.filter(({ isIndex }) => !isIndex).map(({ bytes }) => bytes));
  const copies = sum(
    kept.filter(({ isIndex }) => isIndex).map(({ bytes }) => bytes + INDEX_OVERHEAD),
  );
  const [table, all] = [items * MILLION, (items + copies) * MILLION].map((bytes) => bytes / GB);
  const monthly = (all ?? 0) * PRICE.storedGb + (table ?? 0) * PRICE.recoveryGb;
  return {
    name: "what a million governed actions leave in Evidence",
    value: `${fixed(all ?? 0, 0)} GB, ${fixed(monthly)} US dollars a month as long as it is kept`,
    how: "items and their copies in indexes at 0.25 a GB and month, point-in-time recovery of the table at 0.20",
    rows: [
      `${fixed(items / 1024, 1)} KB of items and ${fixed(copies / 1024, 1)} KB of indexes an action`,
    ],
  };
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
