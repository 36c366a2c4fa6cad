import * as z from "zod";
import { RAISING } from "../audit/watch.ts";
import type { FunctionFacts, SourceFacts } from "../aws/inspect/functions.ts";
import type { Seen } from "../aws/inspect/look.ts";
import { about, allOr, type Finding, REPAIR, REVERT, whenSeen } from "./finding.ts";
import { type Call, call } from "./repair/call.ts";
import type { Written } from "./written/written.ts";

/** States in which Lambda passes entries on, or is about to (Lambda API, `EventSourceMappingConfiguration`). */
const RUNNING = new Set(["Creating", "Enabling", "Enabled", "Updating"]);
const EVENTS = ["MODIFY", "REMOVE"];

/**
 * Whether the watch is told of changed records, and of those that people have to hear of: whoever switches that off can
 * change evidence, or have a denial fail, without an alarm.
 * `stream`: ARN of Evidence's stream; undefined when nobody could see it.
 */
export function checkSources(
  { name, setting }: FunctionFacts,
  sources: Seen<readonly SourceFacts[]>,
  stream: string | undefined,
  written: Written | undefined,
): readonly Finding[] {
  const wanted = written?.sources.get(name);
  const advice = wanted === undefined ? REVERT : REPAIR;
  const create = (EventSourceArn: string): readonly Call[] =>
    wanted === undefined
      ? []
      : [call("lambda", "CreateEventSourceMapping", { ...wanted, EventSourceArn })];
  const filter = (UUID: string, key: Call["input"] = {}): readonly Call[] =>
    wanted === undefined
      ? []
      : [
          call("lambda", "UpdateEventSourceMapping", {
            ...{ UUID, FilterCriteria: wanted.FilterCriteria, ...key },
          }),
        ];
  const subject = about(`event source of ${name}`);
  if (setting.status === "absent") return [];
  return whenSeen(sources, subject, [], (all) => {
    if (stream === undefined) return [subject.unseen("the stream of Evidence could not be seen")];
    const own = all.filter(({ sourceArn }) => sourceArn === stream);
    const foreign = all.filter(({ sourceArn }) => sourceArn !== stream);
    const stopped = own.filter(({ state }) => !RUNNING.has(state));
    const hidden = own.filter(({ filterKey }) => filterKey !== "");
    const missed = [
      ...EVENTS.filter((event) => !own.some((source) => passes(source, event))),
      ...RAISING.filter((type) => !own.some((source) => passes(source, "INSERT", type))),
    ];
    return allOr(subject.ok("is told of changed, removed and alarming records"), [
      own.length === 0 &&
        subject.problem(
          "Evidence's stream is not: a changed record raises no alarm",
          stream === "" ? REVERT : advice,
          stream === "" ? [] : create(stream),
        ),
      ...stopped.map(({ id, state }) =>
        subject.problem(
          `is ${state}: a changed record raises no alarm`,
          "find out who did it; enable it (aws lambda update-event-source-mapping --uuid ID --enabled, or vai doctor --repair-plan), and verify an export: it may have stood still",
          [call("lambda", "UpdateEventSourceMapping", { UUID: id, Enabled: true })],
        ),
      ),
      ...hidden.map(({ id, filterKey }) =>
        subject.problem(
          `its filter is hidden by ${filterKey}: what it drops cannot be seen`,
          advice,
          filter(id, { KMSKeyArn: "" }),
        ),
      ),
      own.length > 0 &&
        hidden.length === 0 &&
        missed.length > 0 &&
        subject.problem(
          `its filter drops ${missed.join(", ")}`,
          advice,
          own.flatMap(({ id }) => filter(id)),
        ),
      ...foreign.map(({ id, sourceArn }) =>
        subject.problem(
          `${sourceArn || "a source without ARN"} is another one than Evidence's stream`,
          "find out who added it, and remove it: aws lambda delete-event-source-mapping, or vai doctor --repair-plan",
          [call("lambda", "DeleteEventSourceMapping", { UUID: id })],
        ),
      ),
    ]);
  });
}

const passes = ({ patterns }: SourceFacts, event: string, type?: string): boolean =>
  patterns.length === 0 || patterns.some((pattern) => passesPattern(pattern, event, type));

/** Any condition beside the event's name, or of a new record its type, could hide a record. */
function passesPattern(pattern: string, event: string, type: string | undefined): boolean {
  try {
    const { eventName, ...others } = JSON.parse(pattern) as Record<string, unknown>;
    const isNamed = Array.isArray(eventName) && eventName.includes(event);
    return isNamed && (Object.keys(others).length === 0 || isOfType(others, type));
  } catch {
    return false;
  }
}

const BY_TYPE = z.strictObject({
  dynamodb: z.strictObject({
    NewImage: z.strictObject({ eventType: z.strictObject({ S: z.array(z.unknown()) }) }),
  }),
});

function isOfType(condition: unknown, type: string | undefined): boolean {
  const { data } = BY_TYPE.safeParse(condition);
  return type !== undefined && data?.dynamodb.NewImage.eventType.S.includes(type) === true;
}
