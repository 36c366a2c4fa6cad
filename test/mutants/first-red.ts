import { writeSync } from "node:fs";
import type { TestEvent } from "node:test/reporters";

/** What is told of the first red test. */
export interface Red {
  readonly file: string | undefined;
  readonly test: string;
}

/** A reporter of `node --test` that ends the process at the first red: what comes after it shows nothing more. */
// biome-ignore lint/correctness/useYield: what it yields would be written too late
async function* firstRed(events: AsyncIterable<TestEvent>): AsyncGenerator<never> {
  for await (const event of events) {
    if (event.type !== "test:fail" || event.data.todo !== undefined) continue;
    const red: Red = { file: event.data.file, test: event.data.name };
    writeSync(1, `${MARK}${JSON.stringify(red)}\n`);
    process.exit(1);
  }
}

/** What its one line begins with. */
export const MARK = "first red: ";

// `--test-reporter` takes the default export and nothing else.
// biome-ignore lint/style/noDefaultExport: see above
export default firstRed;
