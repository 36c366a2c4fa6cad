import { createHash } from "node:crypto";
import { World } from "../support/world.ts";
import type { Delay } from "./door.ts";

/** Milliseconds: how late a function may begin, and any later call of it come. */
const LATEST_BEGIN = 600;
const LONGEST = 60;

/** Delays by chance, the same for the same text: a function that is behind may catch up, and the other way round. */
export function delayBy(text: string): Delay {
  const { random } = new World(createHash("sha256").update(text).digest().readInt32BE());
  let longest = LATEST_BEGIN;
  return () => {
    const delay = Math.round(random() * longest);
    longest = LONGEST;
    return delay;
  };
}
