import { mainCase, summary } from "../far/lines.ts";
import { footprint } from "../footprint.ts";
import { fixed, type Line } from "../measure.ts";
import { benchPlane } from "../plane.ts";
import { cpuOnceServed } from "../served.ts";
import { settingSubject } from "../subjects.ts";
import { endings, type Limit, ordered, planesFor, rateOf } from "./ceiling.ts";
import { durationAt, memoryOfIssue } from "./lambda.ts";
import { limitsOf } from "./limits.ts";
import { grantedShare } from "./simulate.ts";

/** Actions a second that planes are counted for. */
const WANTED = 10_000;
/** Rates that are played, as shares of the lowest ceiling. */
const PLAYED = [0.5, 0.9, 1, 1.1, 1.5] as const;

/** Which quota ends one plane first, and how many planes make ten thousand actions a second. */
export async function measureCeilings(): Promise<Line[]> {
  const plane = await benchPlane();
  const cpu = (await cpuOnceServed()) ?? 0;
  const { p50 } = summary(await mainCase(plane, await settingSubject(plane)));
  const milliseconds = durationAt(await memoryOfIssue(plane), { duration: p50, cpu });
  const limits = limitsOf(await footprint(), milliseconds / 1000);
  const { fresh, warm, raised } = endings(limits);
  return [
    {
      name: "what ends one plane first, as it is deployed",
      value: said(fresh),
      how:
        "AWS's default quotas divided by what one action of dynamodb:UpdateItem by execute takes, as its cost is measured; a " +
        "fresh table doubles its past peak within 30 minutes, or at once where its warm throughput was set beforehand",
      rows: ordered(limits).map(row),
      data: ordered(limits).map((limit) => ({ ...limit, actionsPerSecond: rateOf(limit) })),
    },
    {
      name: "what ends one plane first, once its tables are warm",
      ...{ value: said(warm), how: "the same without what a table grows out of by itself" },
    },
    {
      name: "what ends one plane that has everything raised that AWS raises",
      ...{ value: said(raised), how: "the same with limits alone that AWS raises for nobody" },
    },
    planes(limits),
    simulation(limits),
  ];
}

const said = (limit: Limit | undefined): string =>
  limit === undefined ? "nothing" : `${limit.name}, at ${rate(rateOf(limit))} actions a second`;

const rate = (actions: number): string => Math.floor(actions).toLocaleString("en");

function row({ name, scope, limit, perAction, raise }: Limit): string {
  const use = Number.isInteger(perAction) ? `${perAction}` : fixed(perAction, 3);
  const actions = rate(limit / perAction).padStart(9);
  const whose = { account: "account and region", plane: "plane", actor: "actor" }[scope];
  return `${actions} a second   ${name}: ${limit.toLocaleString("en")} / ${use}; of the ${whose}; ${raise ?? "not raised by AWS"}`;
}

function planes(limits: readonly Limit[]): Line {
  const { byDefault, raised, needed } = planesFor(WANTED, limits);
  return {
    name: `planes for ${WANTED.toLocaleString("en")} actions a second`,
    value: `${byDefault} with default quotas, each in an account or region of its own; ${raised} with raised ones`,
    how: "tables warm; intents, contracts and actors spread over the planes",
    data: { byDefault, raised, needed },
    rows: needed.map(
      (quota) =>
        `together they take ${Math.ceil(quota.needed).toLocaleString("en")} of ${quota.name} a second`,
    ),
  };
}

function simulation(limits: readonly Limit[]): Line {
  const ofPlane = ordered(limits).filter(({ scope }) => scope !== "actor");
  const [lowest] = ofPlane;
  const ceiling = lowest === undefined ? 0 : rateOf(lowest);
  return {
    name: "share of actions that a plane as it is deployed takes without being throttled, simulated",
    value: `ceiling ${rate(ceiling)} actions a second`,
    how: "actions at random times over 30 seconds; every limit a bucket filled each second, without AWS's bursts",
    rows: PLAYED.map((share) => {
      const granted = grantedShare(ofPlane, share * ceiling, Math.random);
      return `offered ${rate(share * ceiling).padStart(6)} a second: ${fixed(granted * 100, 1)} % pass`;
    }),
  };
}
