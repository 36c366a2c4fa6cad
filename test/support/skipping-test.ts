import { test as real } from "node:test";
import { skippedSummary, unmetNeeds } from "./unenforced.ts";

export { after, afterEach, before, beforeEach, mock, suite } from "node:test";

const file = new URL(import.meta.url).searchParams.get("file") ?? "";
const needs = unmetNeeds(process.env).get(file) ?? [];

/** Of all files together: this module is loaded once for each of them. */
const everywhere = globalThis as { vaiSkipped?: string[] };

/** `test` of node:test, except that it skips what needs something that the endpoint does not have. */
export const test = (title: string, ...rest: readonly unknown[]): unknown => {
  const unmet = needs.find((need) => need.title?.test(title) ?? true);
  if (unmet === undefined) return (real as (...all: unknown[]) => unknown)(title, ...rest);
  skipped().push(unmet.what);
  return real(title, { skip: `this endpoint does not have: ${unmet.what}` });
};

function skipped(): string[] {
  if (everywhere.vaiSkipped === undefined) {
    const all: string[] = [];
    everywhere.vaiSkipped = all;
    process.on("exit", () => process.stdout.write(`${skippedSummary(all)}\n`));
  }
  return everywhere.vaiSkipped;
}
