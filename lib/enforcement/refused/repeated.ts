import type { IdentityView } from "../../evidence/intent-state.ts";
import type { RecordDraft, RecordVerdict } from "../../evidence/record.ts";
import { Fault } from "../../refusal.ts";
import type { Request } from "../../request/request.ts";
import { type Answer, answerAbout } from "../answer.ts";
import { appendToIntent, ready, settled } from "../barriers/append.ts";
import { type Judgement, momentOf } from "../judgement.ts";
import type { Intent } from "../read/intent.ts";
import { plainVerdict } from "../records/refusal.ts";
import { countOnIntent } from "./flood.ts";

/** What a retry gets besides the words: a handle is made again, credentials never. */
type DeliverAgain = (intent: Intent, identity: IdentityView) => Promise<string | undefined>;

/** The same grant again; its first retry is recorded, later ones are counted (VAI-64). */
export async function answerRepeated(
  judgement: Judgement,
  start: Intent,
  found: IdentityView,
  use: Request["use"],
  deliverAgain: DeliverAgain = async () => undefined,
): Promise<Answer> {
  const { identityId } = found;
  const latest = await recordRetry(judgement, start, found, use);
  const identity = latest.state.identities.get(identityId) ?? found;
  const handle = await deliverAgain(latest, identity);
  return answerAbout(latest, identityId, momentOf(judgement), { deduplicated: true, handle });
}

/** The retry is honest whether or not its record finds room: the grant's own evidence is what answers. */
async function recordRetry(
  judgement: Judgement,
  start: Intent,
  found: IdentityView,
  use: Request["use"],
): Promise<Intent> {
  const { identityId } = found;
  const draftOf = (identity: IdentityView): RecordDraft => ({
    type: "RetryDeduplicated",
    about: { identity: { id: identityId } },
    verdict: repeatedVerdict(identity),
    detail: { use },
  });
  let latest = start;
  try {
    const first = await appendToIntent<Intent>(judgement, start, {
      prepare: (intent) => {
        const identity = intent.state.identities.get(identityId) ?? found;
        return identity.retried.includes(use)
          ? settled(intent)
          : ready({ drafts: [draftOf(identity)] });
      },
    });
    if (first.kind === "appended") return first.intent;
    if (first.kind === "refused") return latest;
    latest = first.value;
    const scope = { name: `retries/${identityId}`, retriesOf: identityId };
    return (await countOnIntent(judgement, latest, scope)) ?? latest;
  } catch (fault) {
    if (fault instanceof Fault) return latest;
    throw fault;
  }
}

/** What the answer repeats: the grant, or the refusal that it ended in. */
function repeatedVerdict({ end }: IdentityView): RecordVerdict {
  if (end?.refusal === undefined || end.outcome !== undefined) return { outcome: "ALLOW" };
  const { stage, ...refusal } = end.refusal;
  return plainVerdict({ stage, refusal: { refused: true, ...refusal } });
}
