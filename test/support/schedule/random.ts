import { World } from "../world.ts";
import type { Run } from "./explore.ts";

/** Plays one interleaving to its end, each step chosen by chance: the same one for the same seed. */
export async function playRandomly(run: Run, seed: number): Promise<void> {
  const { random } = new World(seed);
  for (let enabled = run.enabled(); enabled.length > 0; enabled = run.enabled()) {
    const chosen = enabled[Math.floor(random() * enabled.length)];
    if (chosen !== undefined) await run.take(chosen.id);
  }
}
