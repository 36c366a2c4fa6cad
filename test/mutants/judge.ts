import { type Mutant, titleOf } from "./mutant.ts";
import type { Placed } from "./place.ts";
import type { Run, Scratch } from "./scratch.ts";
import type { Visibility } from "./visible.ts";

/** Milliseconds: a mutant can make a loop endless. Far more than the tests take on a busy machine. */
const NEAREST_TIMEOUT = 120_000;
const ALL_TIMEOUT = 600_000;

/** What became of a mutant. */
export interface Judged {
  readonly mutant: Mutant;
  readonly result: "killed" | "survived" | "explained" | "needlesslyExplained";
  /** The test that was red first. */
  readonly by?: string;
  readonly seconds: number;
}

const GREEN: Run = { kind: "green" };

function resultOf({ kind }: Run, { survives }: Mutant): Judged["result"] {
  if (kind === "green") return survives === undefined ? "survived" : "explained";
  return survives === undefined ? "killed" : "needlesslyExplained";
}

/** Runs the tests that see a mutant: the nearest first, then all others that reach its file by their imports. */
export class Judge {
  readonly #scratch: Scratch;
  readonly #visibility: Visibility;
  /** Whether a test file is green when nothing is edited, by its name. */
  readonly #green: Map<string, Promise<boolean>>;

  constructor(scratch: Scratch, visibility: Visibility, green: Map<string, Promise<boolean>>) {
    this.#scratch = scratch;
    this.#visibility = visibility;
    this.#green = green;
  }

  /** @throws {Error} when the tests are red without any mutant: then they show nothing. */
  async judge({ mutant, file, before, after }: Placed): Promise<Judged> {
    const begun = Date.now();
    this.#scratch.write(file, after);
    const run = await this.#firstRed(mutant, file).finally(() => this.#scratch.write(file, before));
    if (run.kind === "red") await this.#mustBeGreen(mutant, run.red.file);
    return {
      mutant,
      result: resultOf(run, mutant),
      ...(run.kind === "red" && { by: `${run.red.file ?? ""} ${run.red.test}`.trim() }),
      ...(run.kind === "timeout" && { by: "they did not end" }),
      seconds: (Date.now() - begun) / 1000,
    };
  }

  /** Node sorts the files that it is given, so the nearest is run alone, then those near, then the others. */
  async #firstRed({ tests: [nearest = "", ...near] }: Mutant, file: string): Promise<Run> {
    const others = this.#visibility.testsOf(file);
    const far = others.filter((each) => each !== nearest && !near.includes(each));
    for (const files of [[nearest], near, far]) {
      const timeout = files === far ? ALL_TIMEOUT : NEAREST_TIMEOUT;
      const run = files.length === 0 ? GREEN : await this.#confirmed(files, timeout);
      if (run.kind !== "green") return run;
    }
    return GREEN;
  }

  /** Many files in one process can disturb each other: red is only what is red by itself too. */
  async #confirmed(files: readonly string[], timeout: number): Promise<Run> {
    const run = await this.#scratch.run(files, timeout);
    if (run.kind !== "red" || files.length === 1) return run;
    const suspects = run.red.file === undefined ? files : [run.red.file, ...files];
    for (const each of suspects) {
      const alone = await this.#scratch.run([each], timeout);
      if (alone.kind !== "green") return alone;
    }
    return GREEN;
  }

  async #mustBeGreen(mutant: Mutant, file: string | undefined): Promise<void> {
    const files = file === undefined ? mutant.tests : [file];
    const name = files.join(" ");
    const known = this.#green.get(name) ?? this.#isGreen(files);
    this.#green.set(name, known);
    if (!(await known)) throw new Error(`${name} is red without any mutant (${titleOf(mutant)})`);
  }

  async #isGreen(files: readonly string[]): Promise<boolean> {
    return (await this.#scratch.run(files, ALL_TIMEOUT)).kind === "green";
  }
}
