import type { Request } from "../continuity/request.ts";
import type { IdentityView } from "../evidence/fold.ts";
import type { RecordDraft, Verdict } from "../evidence/record.ts";
import { Fault, failureDomain, isRefusal } from "../refusal.ts";
import { type Answer, answerAbout, type Delivered } from "./answer.ts";
import { appendToIntent, Stop } from "./append.ts";
import type { Course } from "./course.ts";
import type { IssueDeps } from "./deps.ts";
import type { Intent } from "./intent.ts";
import { countOnIntent } from "./refusals.ts";
import { outcomeOf } from "./verdict-outcome.ts";

/** The same grant again; its first retry is recorded, later ones are counted (VAI-64). */
export async function answerRetry(
  deps: IssueDeps,
  course: Course,
  start: Intent,
  found: IdentityView,
  use: Request["use"],
  deliver: (identity: IdentityView) => Promise<Delivered> = async () => ({}),
): Promise<Answer> {
  const { identityId } = found;
  const identityIn = ({ state }: Intent): IdentityView => state.identities.get(identityId) ?? found;
  const draftOf = (identity: IdentityView): RecordDraft => ({
    type: "RetryDeduplicated",
    about: { identity: { id: identityId } },
    verdict: repeatedVerdict(identity),
    detail: { use },
  });
  let latest = start;
  try {
    const first = await appendToIntent<Intent>(deps, course, start, {
      prepare: (intent) => {
        const identity = identityIn(intent);
        return identity.retried.includes(use) ? new Stop(intent) : { drafts: [draftOf(identity)] };
      },
    });
    if (!isRefusal(first)) latest = first instanceof Stop ? first.value : first;
    if (first instanceof Stop) {
      const scope = { name: `retries/${identityId}`, retriesOf: identityId };
      latest = (await countOnIntent(deps, course, latest, scope)) ?? latest;
    }
  } catch (fault) {
    // The retry is honest whether or not its record finds room: the grant's own evidence is what answers.
    if (!(fault instanceof Fault)) throw fault;
  }
  const identity = identityIn(latest);
  return answerAbout(latest, identity, true, deps.clock(), await deliver(identity));
}

/** What the answer repeats: the grant, or the refusal that it ended in. */
function repeatedVerdict({ end }: IdentityView): Verdict {
  if (end?.refusal === undefined || end.outcome !== undefined) return { outcome: "ALLOW" };
  const { code, stage } = end.refusal;
  const refusal = { refused: true, ...end.refusal } as const;
  return { outcome: outcomeOf(refusal), code, stage, failureDomain: failureDomain(code) };
}
