import {
  type CloudTrailEvent,
  operationNameOf,
  readTrail,
} from "../../localstack/machine/control.ts";
import type { LocalPlane } from "../support/local/plane.ts";
import { PROBE } from "./call-name.ts";
import type { FeedCall } from "./observation.ts";

/** The end of the feed now. */
export async function endOfFeed(plane: LocalPlane, from: number): Promise<number> {
  for (let since = from; ; ) {
    const { next } = await readTrail(plane.control(), { since, limit: 10_000 });
    if (next === since) return since;
    since = next;
  }
}

/** Every call behind a place of the feed. @throws when the feed has forgotten some of them. */
export async function feedSince(plane: LocalPlane, from: number): Promise<FeedCall[]> {
  const calls: FeedCall[] = [];
  for (let since = from; ; ) {
    const { events, next, oldest } = await readTrail(plane.control(), { since, limit: 10_000 });
    if (oldest > since + 1) throw new Error("the feed forgot calls of this batch");
    const { table } = plane.outputs.samples;
    calls.push(...events.map(({ seq, event }) => ({ seq, ...feedCall(event, table) })));
    if (next === since) return calls;
    since = next;
  }
}

/** One write of a transaction, as CloudTrail has it. */
interface Written {
  readonly operation?: string;
  readonly key?: { readonly chainId?: string; readonly seq?: string };
}

function feedCall(event: CloudTrailEvent, targetTable: string): Omit<FeedCall, "seq"> {
  const asked = event.requestParameters ?? {};
  const text = (member: string) => {
    const value = asked[member];
    return typeof value === "string" ? value : undefined;
  };
  const written = (asked["requestItems"] ?? []) as readonly Written[];
  return {
    name: `${event.eventSource.split(".")[0]} ${operationNameOf(event)}`,
    error: event.errorCode,
    session: event.userIdentity.arn?.split("/").at(-1),
    // A probe is no authority: whatever its session were to do would be nobody's on record.
    sourceIdentity: text("sourceIdentity") === PROBE ? undefined : text("sourceIdentity"),
    isEffect: text("tableName") === targetTable && operationNameOf(event) === "UpdateItem",
    records: written.flatMap(({ operation, key }) =>
      operation === "Put" && key?.chainId !== undefined ? [`${key.chainId}#${key.seq}`] : [],
    ),
    role: text("roleName"),
    document: text("policyDocument"),
  };
}
