import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Told } from "./outcome.ts";

/** What was told of each action, in a file until all are played. */
export class Ledger {
  readonly #folder = mkdtempSync(join(tmpdir(), "vai-load-"));
  readonly #file = join(this.#folder, "told.jsonl");

  write(told: Told): void {
    appendFileSync(this.#file, `${JSON.stringify(told)}\n`);
  }

  /** Everything that was written, in order; the file is gone afterwards. */
  close(): Told[] {
    try {
      const lines = readFileSync(this.#file, "utf8").trimEnd().split("\n");
      return lines.map((line) => JSON.parse(line) as Told);
    } finally {
      rmSync(this.#folder, { recursive: true, force: true });
    }
  }
}
