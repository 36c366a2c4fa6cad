import {
  emergenciesOf,
  readMarks,
  readOpenViews,
  readRefusals,
  readRegistry,
} from "../../aws/people/plane-access.ts";
import type { ClientPlace } from "../../aws/ports/clients.ts";
import { toInstant } from "../../clock.ts";
import type { Deployment } from "../deployment.ts";
import { reviewsIn } from "./reviews.ts";
import { dueChains, type SeenView, type StatusSources, seenView, stoppedIn } from "./status.ts";

const DAY = 24 * 60 * 60 * 1000;

/** How a long reading goes on, for whoever waits. */
export interface StatusProgress {
  readonly views: (read: number) => void;
  readonly marks: (looked: number, of: number) => void;
}

/** What is read, and who hears how it goes on. */
interface Reading {
  /** Milliseconds. */
  readonly now: number;
  /** How many refusals at most. */
  readonly blocked: number;
  readonly progress?: StatusProgress | undefined;
}

/** Reads what a status is made of. No scan. */
export async function readStatus(
  place: ClientPlace,
  { tables, buckets }: Pick<Deployment, "tables" | "buckets">,
  { now, blocked, progress }: Reading,
): Promise<StatusSources> {
  const [{ views, marks }, registry, refusals] = await Promise.all([
    readOpen(place, tables, now, progress),
    readRegistry(place, tables),
    newestRefusals(place, tables, now, blocked),
  ]);
  const { restrictions } = stoppedIn(registry);
  const reviews =
    buckets === undefined || restrictions === undefined
      ? undefined
      : await reviewsIn(emergenciesOf(place, buckets.breakGlass), restrictions, now);
  return { views, marks, registry, refusals, reviews };
}

async function readOpen(
  place: ClientPlace,
  tables: Deployment["tables"],
  now: number,
  progress: StatusProgress | undefined,
): Promise<Pick<StatusSources, "views" | "marks">> {
  const views: SeenView[] = [];
  await readOpenViews(place, tables, (view) => {
    views.push(seenView(view));
    progress?.views(views.length);
  });
  const due = dueChains(views, toInstant(now));
  const told = (looked: number): void => progress?.marks(looked, due.length);
  return { views, marks: await readMarks(place, tables, due, told) };
}

/** Of today and, as far as there is room, of the day before; days are UTC's. */
async function newestRefusals(
  place: ClientPlace,
  tables: Deployment["tables"],
  now: number,
  limit: number,
): Promise<StatusSources["refusals"]> {
  if (limit === 0) return [];
  const day = (at: number): string => toInstant(at).slice(0, 10);
  const today = await readRefusals(place, tables, day(now), limit);
  if (today.length === limit) return today;
  return [...today, ...(await readRefusals(place, tables, day(now - DAY), limit - today.length))];
}
