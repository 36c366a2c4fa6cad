import { digestOf, handOn, handOnEvent, withdrawEvent } from "../support/delegating.ts";
import type { Governed, Mutation } from "../support/governed.ts";
import type { KeyName } from "../support/keys.ts";
import { newPlane, type Plane } from "../support/plane.ts";
import { type Cpu, countAws, said, started } from "./cpu.ts";
import { fixed, type Line } from "./measure.ts";
import { roundsBehind } from "./rounds.ts";

/** Blocks of the chain that is used: the root, and what was handed on. */
const BLOCKS = 8;
/** Actions that warm up, and actions that count, of each kind in turns. */
const WARM_UP = 100;
const COUNTED = 200;

/** Everybody whom it is handed on to, in turns; their keys are of P-256. */
const HOLDERS: readonly KeyName[] = ["refunds", "ledger", "otherAgent"];

const CONTRACT: Mutation = {
  contract: {
    set: {
      "/delegation": { maxDepth: BLOCKS, retain: true },
      "/deliveries": ["execute", "handle"],
      "/authorization_details/0/limits": { calls: 16, totals: { percent: 100 } },
    },
  },
};

interface Held {
  readonly governed: Governed;
  readonly chain: readonly string[];
  readonly by: KeyName;
}

/** A contract of a plane, handed on so often that its chain has so many blocks; what was kept is a head as well. */
async function held(plane: Plane, blocks: number): Promise<Held> {
  const governed = plane.contract(CONTRACT);
  let chain: readonly string[] = [];
  let by: KeyName = "agent";
  for (let at = 1; at < blocks; at++) {
    const to = HOLDERS[at % HOLDERS.length] ?? "refunds";
    const request = { set: { "/retain": true } };
    chain = (await handOn(plane, governed, { chain, to, by, request })).chain;
    by = to;
  }
  return { governed, chain, by };
}

/** How a request under a chain differs from one under the contract. */
const under = ({ chain, by }: Pick<Held, "chain" | "by">, set: object = {}): Mutation => ({
  request: {
    signedBy: by,
    set: {
      ...(chain.length > 0 && { "/chainDigest": digestOf(chain.at(-1)) }),
      ...{ "/operation/parameters/percent": 1, ...set },
    },
  },
  event: { set: chain.length > 0 ? { "/chain": chain } : {} },
});

const done = async (answer: Promise<{ readonly ok: boolean }>): Promise<void> => {
  const given = await answer;
  if (!given.ok) throw new Error(JSON.stringify(given));
};

/** Sequential AWS round trips of handing on, taking back, and of using what was handed on. */
export async function roundsOfContinuity(): Promise<Line[]> {
  const first = await roundsBehind(async (plane) => {
    await held(plane, 2);
    const governed = plane.contract(CONTRACT);
    return () => done(plane.delegate(handOnEvent(plane, governed)));
  });
  const later = await roundsBehind(async (plane) => {
    const { governed, chain, by } = await held(plane, BLOCKS);
    const how = { chain, by, to: "stranger" } as const;
    return () => done(plane.delegate(handOnEvent(plane, governed, how)));
  });
  const named = await roundsBehind(async (plane) => {
    const { governed, chain, by } = await held(plane, 2);
    const set = { "/contractDigest": governed.contractDigest };
    const event = { set, remove: ["/contract", "/proof"] };
    const how = { chain, by, to: "stranger", event } as const;
    return () => done(plane.delegate(handOnEvent(plane, governed, how)));
  });
  const ended = await roundsBehind(async (plane) => {
    const { governed, chain } = await held(plane, 2);
    const block = digestOf(chain.at(-1));
    return () => done(plane.delegate(withdrawEvent(plane, governed, { block })));
  });
  const used = await roundsBehind(async (plane) => {
    const own = await held(plane, BLOCKS);
    return () => done(plane.ask(under(own), own.governed));
  });
  const redeemed = await roundsBehind(async (plane) => {
    const own = await held(plane, BLOCKS);
    const { handle } = await plane.grant(under(own, { "/delivery": "handle" }), own.governed);
    return () => done(plane.execute(plane.redemption(own.governed, handle, under(own))));
  });
  const bare = await roundsBehind(async (plane) => {
    const own = { ...(await held(plane, 1)), chain: [], by: "agent" } as const;
    const { handle } = await plane.grant(under(own, { "/delivery": "handle" }), own.governed);
    return () => done(plane.execute(plane.redemption(own.governed, handle, under(own))));
  });
  return [
    rounds("of a delegation, the contract's first", first, 6),
    rounds(`of a delegation behind ${BLOCKS} blocks`, later, 6),
    rounds("of a delegation whose contract is named by digest", named, 6),
    rounds("of a withdrawal", ended),
    rounds(`of one governed action under ${BLOCKS} blocks, delivery execute`, used, 10),
    rounds(
      `of a handle redeemed under ${BLOCKS} blocks (without a chain: ${bare.rounds})`,
      redeemed,
      10,
    ),
  ];
}

const rounds = (
  what: string,
  found: { readonly rounds: number; readonly calls: number },
  goal?: number,
): Line => ({
  name: `sequential AWS round trips ${what}`,
  value: `${found.rounds} (${found.calls} calls in all)`,
  ...(goal !== undefined && { goal: `≤ ${goal}`, met: found.rounds <= goal }),
  how: "in memory, the real enforcement and stores, a process that has served before",
});

/** Own CPU time of a governed action under a chain, and of the same under the contract, in turns. */
export async function cpuOfContinuity(): Promise<Line> {
  const plane = await newPlane();
  const aws = countAws(plane);
  const own = await held(plane, BLOCKS);
  const bare: Held = { governed: own.governed, chain: [], by: "agent" };
  const putBack = plane.saved();
  const run = async (how: Held): Promise<Cpu> => {
    const event = plane.event(how.governed, under(how));
    Object.assign(aws, { thread: 0, process: 0 });
    const since = started();
    const answer = await plane.issue(event);
    const taken = since();
    if (!answer.ok) throw new Error(JSON.stringify(answer));
    putBack();
    return { thread: taken.thread - aws.thread, process: taken.process - aws.process };
  };
  const sums = { with: { thread: 0, process: 0 }, without: { thread: 0, process: 0 } };
  for (let index = 0; index < WARM_UP + COUNTED; index++) {
    for (const [kind, how] of [
      ["with", own],
      ["without", bare],
    ] as const) {
      const { thread, process } = await run(how);
      if (index < WARM_UP) continue;
      sums[kind].thread += thread / COUNTED;
      sums[kind].process += process / COUNTED;
    }
  }
  const added = sums.with.process - sums.without.process;
  return {
    name: `own CPU time that ${BLOCKS} blocks add to one governed action, delivery execute, warm`,
    value: `${fixed(added)} ms (${said(sums.with)}; without a chain ${said(sums.without)})`,
    how: `process.cpuUsage() over ${COUNTED} actions of each kind in turns after ${WARM_UP}, on one intent whose records are the same; AWS is played in memory, which is not counted`,
  };
}
