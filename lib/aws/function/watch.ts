import { type Watched, watchEvidence } from "../../audit/watch.ts";
import { errorName } from "../ports/faults.ts";
import type { FunctionContext } from "./entry.ts";
import { type Telemetry, writeEntry } from "./telemetry.ts";
import { METRICS, type Speaker, speakerOf } from "./telemetry-names.ts";

/**
 * Serves a batch of the Evidence table's stream: a line and a count for each record that was changed or removed, which
 * raise the alarm `EvidenceTampered`. Nothing is thrown and nothing returned: Lambda would hand over a failed batch
 * again and again, and whatever is tampered with behind it would stay unseen.
 */
export async function serveStream(
  event: unknown,
  context: Pick<FunctionContext, "functionName">,
  telemetry: Telemetry,
): Promise<void> {
  const speaker = speakerOf(context.functionName);
  const { tampered, unreadable, error } = watched(event);
  for (const tampering of tampered) {
    writeEntry(telemetry, speaker, {
      level: "ERROR",
      message: `evidence record ${tampering.change}`,
      attributes: { ...tampering },
      counts: { [METRICS.evidenceTampered]: 1 },
    });
  }
  if (unreadable > 0) writeUnreadable(telemetry, speaker, unreadable, error);
}

function watched(event: unknown): Watched & { readonly error?: string } {
  try {
    return watchEvidence(event);
  } catch (error) {
    return { tampered: [], unreadable: 1, error: errorName(error) };
  }
}

const writeUnreadable = (
  telemetry: Telemetry,
  speaker: Speaker,
  count: number,
  error: string | undefined,
): void =>
  writeEntry(telemetry, speaker, {
    level: "ERROR",
    message: "entries of the evidence stream could not be read",
    attributes: { count, error },
    counts: { [METRICS.watchUnreadable]: count },
  });
