/** One thing that was tried, as a machine reads it. */
export interface StepResult {
  readonly id: string;
  /** One sentence: who tries what, and why the outcome matters. */
  readonly title: string;
  /** What was run: a command line of `vai`, or an SDK call with the user who made it. */
  readonly command: string;
  readonly expected: string;
  /** What happened, with codes and verdicts verbatim. */
  readonly seen: string;
  /** What was said besides: an error's message, a number. */
  readonly detail?: string;
  readonly ok: boolean;
  /** It was not tried: this endpoint does not enforce what it would show. */
  readonly skipped?: true;
}

/** The whole walkthrough, as `--json` prints it. */
export interface Report {
  readonly ok: boolean;
  readonly verdict: string;
  readonly steps: readonly StepResult[];
}

/** Said in the verdict itself, so that nobody takes less for the whole. */
function skippedOf(steps: readonly StepResult[]): string {
  const ids = steps.filter(({ skipped }) => skipped).map(({ id }) => id);
  if (ids.length === 0) return "";
  return `; skipped ${ids.length} checks that this endpoint cannot enforce: ${ids.join(", ")}`;
}

/** The verdict over all steps. `stoppedBy` is why some were not even tried. */
export function reportOf(steps: readonly StepResult[], stoppedBy?: string): Report {
  const tried = steps.filter(({ skipped }) => !skipped);
  const good = tried.filter(({ ok }) => ok).length;
  const bad = tried.filter(({ ok }) => !ok).map(({ id }) => id);
  const otherwise = bad.length > 0 ? `; otherwise: ${bad.join(", ")}` : "";
  const stopped = stoppedBy === undefined ? "" : `; stopped: ${stoppedBy}`;
  return {
    ok: tried.length > 0 && good === tried.length && stoppedBy === undefined,
    verdict: `${good} of ${tried.length} steps as expected${otherwise}${stopped}${skippedOf(steps)}`,
    steps,
  };
}
