import * as z from "zod";
import { label } from "../encoding/members.ts";
import { loosened, NARROWS, type Narrowing } from "./narrowing.ts";

/** Depth of the deepest block that there can be; the root has 0 (PROTOCOL.md §8). */
export const DEEPEST = 32;

const isSet = (values: readonly string[]): boolean => new Set(values).size === values.length;
const labels = z.array(label).refine(isSet, "names a label twice");
const planes = z.array(label).refine(isSet, "names a plane twice");
const maxDepth = z.int().min(0).max(DEEPEST);

/** Who may continue the authority, as a contract says it (PROTOCOL.md §2): what it leaves out has its default. */
export const delegation = z.strictObject({
  maxDepth,
  retain: z.boolean().optional(),
  labels: labels.optional(),
  planes: planes.optional(),
});

/** The same with nothing left out, as blocks and requests say it. */
export const wholeDelegation = z.strictObject({ maxDepth, retain: z.boolean(), labels, planes });

/**
 * Who may continue: `maxDepth` of the deepest block; whether a delegator may keep its own authority beside the new
 * executor's; which labels every new executor carries; to which other planes it may be handed over.
 */
export type Delegation = z.infer<typeof wholeDelegation>;

/** The defaults written out; where the member is absent, nobody may delegate. */
export const delegationOf = ({
  delegation: { maxDepth, retain = false, labels = [], planes = [] } = { maxDepth: 0 },
}: {
  readonly delegation?: z.infer<typeof delegation> | undefined;
}): Delegation => ({ maxDepth, retain, labels, planes });

/** Whether no more can be handed on under the child than under the parent; `pointer` below the member (POC-15). */
export function delegationNarrows(child: Delegation, parent: Delegation): Narrowing {
  if (child.maxDepth > parent.maxDepth) return loosened("/maxDepth");
  if (child.retain && !parent.retain) return loosened("/retain");
  // A label that nobody asks for any more would let in whoever does not carry it.
  if (!parent.labels.every((each) => child.labels.includes(each))) return loosened("/labels");
  const foreign = child.planes.findIndex((each) => !parent.planes.includes(each));
  return foreign < 0 ? NARROWS : loosened(`/planes/${foreign}`);
}
