import {
  readMarks,
  readOpenViews,
  readRefusals,
  readRegistry,
} from "../../aws/people/plane-access.ts";
import type { ClientPlace } from "../../aws/ports/clients.ts";
import { toInstant } from "../../clock.ts";
import type { Deployment } from "../deployment.ts";
import { dueChains, type StatusSources } from "./status.ts";

const DAY = 24 * 60 * 60 * 1000;

/** Reads what a status is made of; `now` in milliseconds, `blocked` how many refusals at most. No scan. */
export async function readStatus(
  place: ClientPlace,
  { tables }: Pick<Deployment, "tables">,
  { now, blocked }: { readonly now: number; readonly blocked: number },
): Promise<StatusSources> {
  const [{ views, marks }, registry, refusals] = await Promise.all([
    readOpen(place, tables, now),
    readRegistry(place, tables),
    newestRefusals(place, tables, now, blocked),
  ]);
  return { views, marks, registry, refusals };
}

async function readOpen(place: ClientPlace, tables: Deployment["tables"], now: number) {
  const views = await readOpenViews(place, tables);
  return { views, marks: await readMarks(place, tables, dueChains(views, toInstant(now))) };
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
