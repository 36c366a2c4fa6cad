import { type Raising, type Watched, watchEvidence } from "../../audit/watch.ts";
import { errorName } from "../ports/faults.ts";
import type { FunctionContext } from "./entry.ts";
import { type Telemetry, writeEntry } from "./telemetry.ts";
import { METRICS, type MetricName, type Speaker, speakerOf } from "./telemetry-names.ts";

/** What a record that people have to hear of counts as. */
const RAISES = {
  RevocationFailed: METRICS.revocationFailed,
  EscalationRaised: METRICS.escalations,
  ObligationMissed: METRICS.dutiesMissed,
  BreakGlassInvoked: METRICS.breakGlass,
} as const satisfies Record<Raising, MetricName>;

/**
 * Serves a batch of the Evidence table's stream: a line and a count for each record that was changed or removed, which
 * raise the alarm `EvidenceTampered`, and for each new one that people have to hear of. Those are counted here and not
 * where they are written, so that neither a function that ends behind its record nor one that is added later is silent. Nothing is thrown and nothing returned: Lambda would hand over a failed batch
 * again and again, and whatever is tampered with behind it would stay unseen.
 */
export async function serveStream(
  event: unknown,
  context: Pick<FunctionContext, "functionName">,
  telemetry: Telemetry,
): Promise<void> {
  const speaker = speakerOf(context.functionName);
  const { tampered, raised, unreadable, error } = watched(event);
  for (const tampering of tampered) {
    writeEntry(telemetry, speaker, {
      level: "ERROR",
      message: `evidence record ${tampering.change}`,
      attributes: { ...tampering },
      counts: { [METRICS.evidenceTampered]: 1 },
    });
  }
  for (const { type, ...attributes } of raised) {
    writeEntry(telemetry, speaker, {
      level: "ERROR",
      message: `evidence says ${type}`,
      attributes,
      counts: { [RAISES[type]]: 1 },
    });
  }
  if (unreadable > 0) writeUnreadable(telemetry, speaker, unreadable, error);
}

function watched(event: unknown): Watched & { readonly error?: string } {
  try {
    return watchEvidence(event);
  } catch (error) {
    return { tampered: [], raised: [], unreadable: 1, error: errorName(error) };
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
