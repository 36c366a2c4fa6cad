import { projectedItems } from "../../lib/aws/ports/projection.ts";
import type { Answer } from "../../lib/enforcement/answer.ts";
import type { CommandAnswer } from "../../lib/enforcement/commands/command.ts";
import { projectChain } from "../../lib/enforcement/rebuild.ts";
import { evidenceKeys } from "../../lib/evidence/open.ts";
import type { EvidenceRecord } from "../../lib/evidence/record.ts";
import type { Item } from "../support/dynamo-expressions.ts";
import { OPEN } from "../support/faults.ts";
import { TABLES } from "../support/memory-dynamo.ts";
import type { Plane } from "../support/plane.ts";
import type { Step } from "../support/schedule/scheduler.ts";
import { PLANE } from "../support/trust.ts";
import { START } from "../support/world.ts";
import type { Played, Race } from "./races.ts";

/** An interleaving after its end, by what invariants look at: the calls in their order, evidence, State, and the answers. */
export interface Seen {
  readonly race: Race;
  readonly identityId: string;
  readonly order: string;
  readonly use: Answer | undefined;
  readonly denial: Answer | CommandAnswer | undefined;
  readonly steps: readonly Step[];
  /** Milliseconds that passed while both were under way, by waits alone. */
  readonly waited: number;
  /** What the target looks like in the end is what was asked for. */
  readonly records: readonly EvidenceRecord[];
  /** Chains that do not verify, and why. */
  readonly broken: readonly string[];
  /** State without counters, as it is and as it is made again from Evidence. */
  readonly state: ReadonlyMap<string, Item>;
  readonly rebuilt: ReadonlyMap<string, Item>;
  readonly counters: readonly Item[];
  /** What `sweep` could not do. */
  readonly unswept: number;
}

/** Seconds after which nothing that was issued can live, and no function that had it in hand. */
const OVER = 7_300;
/** Runs of `sweep` after which there must be nothing left to do. */
const SWEEPS = 6;

/** Lets every window end and `sweep` come, and then looks. */
export async function look({ plane, scheduler, said, ...played }: Played): Promise<Seen> {
  const { steps } = scheduler;
  const waited = plane.world.now - START;
  plane.faults.gate = OPEN;
  plane.world.pass(OVER);
  const unswept = await sweptOut(plane);
  const chains = plane.chains().map((chainId) => recordsOf(plane, chainId));
  const items = [...plane.dynamo.table(TABLES.state)];
  return {
    ...{ race: played.race, identityId: played.identityId, order: played.order },
    ...{ use: said.use, denial: said.denial, steps, waited, unswept },
    records: chains.flatMap((each) => (typeof each === "string" ? [] : each)),
    broken: chains.filter((each) => typeof each === "string"),
    state: new Map(
      items
        .filter(([, item]) => !isCounter(item) && !isForIam(item))
        // Numbers of marks are nowhere else.
        .map(([key, { marked: _, ...item }]) => [key, item]),
    ),
    rebuilt: rebuiltState(plane),
    counters: items.flatMap(([, item]) => (isCounter(item) ? [item] : [])),
  };
}

const isCounter = ({ pk }: Item): boolean => String(pk).startsWith("refusals#");

/** What `sweep` is to keep at IAM; it makes these rows anew itself, and DynamoDB's TTL takes them away. */
const isForIam = ({ pk }: Item): boolean => String(pk).startsWith("revoked#");

/** @returns what the last run could not do; below 0: it did not come to an end. */
async function sweptOut(plane: Plane): Promise<number> {
  const deps = plane.process();
  for (let run = 0; run < SWEEPS; run++) {
    const { written, failed } = await plane.sweep(deps);
    if (written === 0) return failed;
  }
  return -1;
}

function recordsOf(plane: Plane, chainId: string): EvidenceRecord[] | string {
  try {
    return plane.records(chainId);
  } catch (error) {
    return (error as Error).message;
  }
}

function rebuiltState(plane: Plane): Map<string, Item> {
  const keys = evidenceKeys(plane.policy);
  const items = plane.chains().flatMap((chainId) => {
    const projected = projectChain(
      plane.rows(chainId),
      { plane: PLANE, chainId, keys },
      plane.world.now,
    );
    return "defect" in projected ? [] : projectedItems(projected);
  });
  return new Map(items.map((item) => [`${item.pk}|${item.sk}`, { ...item }]));
}
