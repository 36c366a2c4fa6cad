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
}

/** The whole walkthrough, as `--json` prints it. */
export interface Report {
  readonly ok: boolean;
  readonly verdict: string;
  readonly steps: readonly StepResult[];
}

/** The verdict over all steps. `stoppedBy` is why some were not even tried. */
export function reportOf(steps: readonly StepResult[], stoppedBy?: string): Report {
  const good = steps.filter(({ ok }) => ok).length;
  const bad = steps.filter(({ ok }) => !ok).map(({ id }) => id);
  const otherwise = bad.length > 0 ? `; otherwise: ${bad.join(", ")}` : "";
  const stopped = stoppedBy === undefined ? "" : `; stopped: ${stoppedBy}`;
  return {
    ok: steps.length > 0 && good === steps.length && stoppedBy === undefined,
    verdict: `${good} of ${steps.length} steps as expected${otherwise}${stopped}`,
    steps,
  };
}
