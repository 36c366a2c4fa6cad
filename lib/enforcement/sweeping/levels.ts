import { utf8Bytes } from "../../encoding/platform.ts";
import { present } from "../../encoding/present.ts";
import type { StoredMarks } from "../../evidence/ports.ts";
import { ABANDONED, LONGEST_LIFE } from "../../lifecycle/due.ts";
import { type Mark, readMarks } from "../../lifecycle/mark.ts";
import { Fault } from "../../refusal.ts";
import { type Restrictions, readRestrictions, restrictionsText } from "../../trust/restrictions.ts";
import type { SweepDeps } from "../deps.ts";
import type { Intent } from "../read/intent.ts";
import type { Heads } from "../read/registry-port.ts";
import { isOwed } from "../read/trust-snapshot.ts";
import { recordable } from "./marks.ts";

/**
 * What stands, as each run of `sweep` sees it: measured again and again, so that an alarm stays on while it is true and
 * clears when it is not. What could not be seen is absent: nobody's silence clears an alarm.
 */
export interface Levels {
  /** 1 while the plane is halted. */
  readonly planeHalted: number;
  /** Execution roles that serve nothing. */
  readonly quarantined: number;
  /** Bytes of the restrictions document. */
  readonly restrictionsBytes: number;
  /** Denials whose records are owed for longer than a run should leave them. */
  readonly marksOwed?: number;
  /** Uses under break-glass whose review is late. */
  readonly reviewsOverdue?: number;
}

/**
 * Milliseconds for which a mark may stand: its own function's life and the minute behind it, in which nobody else speaks of
 * it, and two runs.
 */
const PATIENCE = ABANDONED + 2 * 60_000;

/** One of the future is nobody's honest mark, and would wait for ever. `now` in milliseconds. */
function isLate({ at }: Pick<Mark, "at">, now: number): boolean {
  const age = now - at * 1000;
  return age < 0 || age > PATIENCE;
}

/** Marks of an intent whose record is late; what is of a contract that was never presented waits for nothing. */
export const owedOn = (intent: Intent, now: number): number =>
  recordable(intent, now).filter((mark) => isLate(mark, now)).length +
  (intent.marks.isIllegible ? 1 : 0);

/**
 * The same of a chain that could not be read or written, by its head alone; nothing where that cannot be read. On a chain
 * that is closed for good a mark counts as long as a session may live that it denies.
 */
export async function owedUnread(
  { registry, clock }: SweepDeps,
  chainId: string,
): Promise<number | undefined> {
  try {
    const { chain } = await registry.readHeads({ known: 0, chainId });
    const { legible, isIllegible } = readMarks(chain?.marks ?? {});
    const now = clock();
    const late = legible.filter(
      (mark) => isLate(mark, now) && now - mark.at * 1000 <= PATIENCE + LONGEST_LIFE,
    );
    return late.length + (isIllegible ? 1 : 0);
  } catch (fault) {
    if (fault instanceof Fault) return undefined;
    throw fault;
  }
}

export const levelsOf = (
  restrictions: Restrictions,
  marksOwed: number | undefined,
  reviewsOverdue?: number,
): Levels => ({
  planeHalted: restrictions.halts.some(({ scope }) => scope === "plane") ? 1 : 0,
  quarantined: restrictions.quarantines.length,
  restrictionsBytes: utf8Bytes(restrictionsText(restrictions)).length,
  ...present({ marksOwed, reviewsOverdue }),
});

/**
 * By what is stored, where the Registry does not hold as a whole: a halt whose record is owed stands there. Whoever writes it
 * can raise an alarm by it, and has stopped everything with the same edit.
 */
export async function storedLevels({ registry, clock }: SweepDeps): Promise<Levels | undefined> {
  try {
    const heads = await registry.readHeads({ known: 0 });
    const { restrictions = "" } = await registry.readDocuments(heads.registry);
    const read = readRestrictions(restrictions);
    return read && levelsOf(read.restrictions, owedOnRegistry(heads, clock()));
  } catch (fault) {
    if (fault instanceof Fault) return undefined;
    throw fault;
  }
}

/** Commands that stop something for everybody and lack their record; one place without the other is late at once. */
function owedOnRegistry(heads: Heads, now: number): number {
  if (!isOwed(heads)) return 0;
  const listed = marksIn(heads.registryChain.marks);
  if (listed.length === 0) return 1;
  return listed.filter((each) => typeof each?.at !== "number" || isLate({ at: each.at }, now))
    .length;
}

function marksIn({ marks }: StoredMarks): readonly ({ readonly at?: unknown } | null)[] {
  return Array.isArray(marks) ? marks : [];
}
