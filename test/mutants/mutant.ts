import { readdirSync, readFileSync } from "node:fs";
import * as z from "zod";

/** What is done to the source. */
const KINDS = ["remove-call", "drop-member", "negate", "swap", "other-value"] as const;

const mutant = z.strictObject({
  /** Unique in the file; may run over several lines. */
  anchor: z.string().min(1),
  /** What stands in its place. */
  replacement: z.string(),
  kind: z.enum(KINDS),
  /** In few words: what is broken by it. */
  name: z.string().min(3),
  /** Part of the fixed sample that `npm test` runs. */
  sample: z.literal(true).optional(),
  /** Test files that come before those of its file. */
  tests: z.array(z.string()).optional(),
  /** Why nothing can show it: it then must survive. */
  survives: z.string().min(20).optional(),
});

const group = z.strictObject({
  file: z.string(),
  /** Test files that see this file, the nearest first. Those that only reach it by their imports follow. */
  tests: z.array(z.string()).min(1),
  mutants: z.array(mutant).min(1),
});

/** One edit of one source file, and the tests that are nearest to it. */
export interface Mutant extends Omit<z.infer<typeof mutant>, "tests"> {
  readonly file: string;
  readonly tests: readonly string[];
}

const DATA = new URL("data/", import.meta.url);

/** Every mutant of `data/*.json`, in the order of the files. */
export function readMutants(): Mutant[] {
  const files = readdirSync(DATA)
    .filter((name) => name.endsWith(".json"))
    .sort();
  return files.flatMap((name) =>
    z
      .array(group)
      .parse(JSON.parse(readFileSync(new URL(name, DATA), "utf8")))
      .flatMap(({ file, tests, mutants }) =>
        mutants.map((each) => ({
          ...each,
          file,
          tests: [...new Set([...(each.tests ?? []), ...tests])],
        })),
      ),
  );
}

/** How a mutant is named in a list, and what `--only` looks at. */
export const titleOf = ({ file, name }: Pick<Mutant, "file" | "name">): string =>
  `${file}: ${name}`;
