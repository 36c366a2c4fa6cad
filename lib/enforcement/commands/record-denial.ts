import { present } from "../../encoding/present.ts";
import { intentIdOf } from "../../evidence/chain.ts";
import type { RecordDraft } from "../../evidence/record.ts";
import { Fault } from "../../refusal.ts";
import { appendToIntent, type Batch, ready, settled } from "../barriers/append.ts";
import type { RevokeDeps } from "../deps.ts";
import type { Judgement } from "../judgement.ts";
import type { Intent } from "../read/intent.ts";
import { revokedBlock } from "../records/delegation.ts";
import {
  acknowledgedDraft,
  commandTrigger,
  covered,
  endedBy,
  endedDraft,
  endsWhole,
  inFlight,
  requestedDraft,
  requestOf,
} from "../records/denial.ts";
import { withOpening } from "../records/issuance.ts";
import { aboutTarget, type Located, targetOf } from "./denying.ts";

/** When the command came, and when its denial was committed. */
interface Times {
  readonly requestedAt: string;
  readonly committedAt: string;
}

/** The chain behind a denial's records, and whether they stood there already. */
export interface RecordedDenial {
  readonly intent: Intent;
  readonly isRepeated: boolean;
}

/**
 * The records of a denial, whether or not its mark still stands, and the marks that they record taken away; nothing when
 * they cannot be written now: then they are owed, and `sweep` or the same command again writes them.
 */
export async function recordDenial(
  judgement: Judgement<RevokeDeps>,
  start: Intent,
  located: Located,
  times: Times,
): Promise<RecordedDenial | undefined> {
  const { chainId, command } = located;
  judgement.learn({ intentId: intentIdOf(chainId) });
  try {
    const done = await appendToIntent<Intent, RevokeDeps>(judgement, start, {
      prepare: (intent) =>
        requestOf(intent, command.jws.compact) !== undefined
          ? settled(intent)
          : ready(batchOf(judgement, intent, located, times)),
    });
    if (done.kind === "refused") return undefined;
    const isRepeated = done.kind === "settled";
    return { intent: isRepeated ? done.value : done.intent, isRepeated };
  } catch (fault) {
    if (fault instanceof Fault) return undefined;
    throw fault;
  }
}

function batchOf(
  judgement: Judgement<RevokeDeps>,
  intent: Intent,
  { command, contract }: Located,
  { requestedAt, committedAt }: Times,
): Batch {
  const { claims, jws } = command;
  const target = targetOf(claims);
  const all = covered(intent, target);
  const why = `${claims.iss} ended it: ${claims.reason}`;
  const trigger = commandTrigger(claims);
  const isStill = inFlight(all, judgement.deps.clock()) === 0;
  const about = aboutTarget(intent, target, contract);
  const drafts: RecordDraft[] = [
    requestedDraft(command, about, {
      ...{ requestedAt, committedAt },
      isEnding: endsWhole(target),
    }),
    ...revokedBlock(intent, target, { by: claims.iss, reason: claims.reason, requestedAt }, about),
    ...endedBy(target, all).map((identity) =>
      endedDraft(identity, trigger, "IDENTITY_REVOKED", why, requestedAt),
    ),
    ...(isStill ? [acknowledgedDraft("adapter", requestedAt, judgement.deps.clock())] : []),
  ];
  const opened = contract === undefined ? drafts : withOpening(intent, { contract }, drafts);
  const { marks = [] } = intent.marks.stored;
  const marksLeft = Array.isArray(marks)
    ? marks.filter((mark) => mark?.by !== jws.compact)
    : undefined;
  return { drafts: opened, ...present({ marksLeft }) };
}
