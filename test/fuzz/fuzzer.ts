/** One input that was answered wrongly, and how to see it again. */
interface Failure {
  /** Number of the input in its run: the same seed gives the same input. */
  readonly input: number;
  readonly what: string;
}

export interface FuzzReport {
  readonly inputs: number;
  readonly failureCount: number;
  /** The first of them. */
  readonly failures: readonly Failure[];
}

/** Told how many inputs were run and how many of them failed. */
export type IsOver = (inputs: number, failures: number) => boolean;

/** Feeds something with inputs that nobody would write; `npm run fuzz` runs them by name. */
export interface Fuzzer {
  /** What is fed, and what must hold. */
  readonly about: string;
  /** The same seed gives the same inputs. `isOver`: asked before each; then it ends with those that it had. */
  run(seed: number, inputs: number, isOver?: IsOver): Promise<FuzzReport>;
}

/** Failures that are kept. */
const KEPT = 20;

/** Runs one input after another; what an input throws is a failure of it. */
export async function fuzz(
  inputs: number,
  one: (input: number) => Promise<string | undefined>,
  isOver: IsOver = () => false,
): Promise<FuzzReport> {
  const failures: Failure[] = [];
  let failureCount = 0;
  let input = 0;
  for (; input < inputs && !isOver(input, failureCount); input++) {
    const what = await one(input).catch(
      (error: unknown) => `threw ${error instanceof Error ? error.stack : String(error)}`,
    );
    if (what === undefined) continue;
    failureCount++;
    if (failures.length < KEPT) failures.push({ input, what });
  }
  return { inputs: input, failureCount, failures };
}
