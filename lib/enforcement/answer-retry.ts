import type { IdentityView } from "../evidence/fold.ts";
import type { RecordDraft } from "../evidence/statement.ts";
import { Fault, isRefusal } from "../refusal.ts";
import type { Admitted } from "./admit.ts";
import { type Answer, answerAbout, type Delivered } from "./answer.ts";
import { appendToIntent, Stop } from "./append.ts";
import type { Course } from "./course.ts";
import type { IssueDeps } from "./deps.ts";
import type { Intent } from "./intent.ts";
import { countOnIntent } from "./refusals.ts";

/** The same grant again; its first retry is recorded, later ones are counted (VAI-64). */
export async function answerRetry(
  deps: IssueDeps,
  course: Course,
  { trust }: Pick<Admitted, "trust">,
  start: Intent,
  found: IdentityView,
  deliver: (identity: IdentityView) => Promise<Delivered> = async () => ({}),
): Promise<Answer> {
  const { identityId } = found;
  const identityIn = ({ state }: Intent): IdentityView => state.identities.get(identityId) ?? found;
  const draft: RecordDraft = { type: "RetryDeduplicated", about: { identity: { id: identityId } } };
  let latest = start;
  try {
    const first = await appendToIntent<Intent>(deps, course, trust, start, {
      prepare: (intent) => (identityIn(intent).retried ? new Stop(intent) : { drafts: [draft] }),
    });
    if (!isRefusal(first)) latest = first instanceof Stop ? first.value : first;
    if (first instanceof Stop) {
      const scope = { name: `retries/${identityId}`, retriesOf: identityId };
      latest = (await countOnIntent(deps, course, trust, latest, scope)) ?? latest;
    }
  } catch (fault) {
    // The retry is honest whether or not its record finds room: the grant's own evidence is what answers.
    if (!(fault instanceof Fault)) throw fault;
  }
  const identity = identityIn(latest);
  return answerAbout(latest, identity, true, deps.clock(), await deliver(identity));
}
