import { toSeconds } from "../clock.ts";
import { judgeIssuer } from "../contract/judge.ts";
import { REGISTRY_CHAIN } from "../evidence/chain.ts";
import { judgeAudience, judgeCosign, judgeFreshness, judgeOperator } from "../lifecycle/command.ts";
import { isRestricting, judgeKey } from "../lifecycle/restrict.ts";
import { isRefusal, type Refusal } from "../refusal.ts";
import type { RefusedAnswer } from "./answer.ts";
import { type CommandAnswer, replayed, type UnreachedAnswer } from "./commands/command.ts";
import { deny } from "./commands/deny.ts";
import { isDenying } from "./commands/denying.ts";
import { locate } from "./commands/locate.ts";
import { restrict } from "./commands/restrict.ts";
import type { Invocation, RevokeDeps } from "./deps.ts";
import { type Failure, isFailure, Judgement } from "./judgement.ts";
import { commandKey } from "./read/command-keys.ts";
import { placed, type RevocationEvent, readRevocation } from "./read/revocation.ts";
import { readSpeakers, type Speakers } from "./read/speakers.ts";
import { refuseCommand } from "./refused/command.ts";
import { type Order, point, stage } from "./stage.ts";

type Judging = Judgement<RevokeDeps>;

/** Form alone: no AWS call, no signature. */
const READ_REVOCATION = stage<{ readonly raw: unknown }, Judging>("parse").take(
  "parse",
  ({ raw }) => {
    const event = readRevocation(raw);
    return isRefusal(event) ? event : { event };
  },
);

/** For this plane. */
const ADDRESSED = stage<Read, Judging>("request").check(
  "audience",
  ({ event: { command } }, { deps }) => judgeAudience(command, deps.plane),
);

interface Read {
  readonly event: RevocationEvent;
}

/** What State and the index know of a command: where its denial stands, and who holds its id. */
interface Place {
  readonly chainId: string | Refusal;
  readonly taken: string | undefined;
}

/**
 * Who may speak, in one round. What the command means is looked for beside it only if its signature holds under the
 * policy that this process verified last: nobody's garbage makes the plane search.
 */
const LOOK = stage<Read, Judging>("contract").look("registry", async ({ event }, { deps }) => {
  const known = deps.memory.trust;
  const isGood = known !== undefined && judgeOperator(event.command, known.policy) === undefined;
  const [speakers, ahead] = await Promise.all([
    readSpeakers(deps),
    isGood ? placeOf(deps, event) : undefined,
  ]);
  return isRefusal(speakers) ? speakers : { speakers, ahead };
});

interface Looked extends Read {
  readonly speakers: Speakers;
  readonly ahead: Place | undefined;
}

const SPOKEN = stage<Looked, Judging>("contract")
  .check("operator", ({ event: { command }, speakers }) => judgeOperator(command, speakers.policy))
  .check("cosignature", ({ event: { command, cosign }, speakers }) =>
    judgeCosign(command, cosign, speakers.policy),
  )
  // Before anything is committed, and whether or not it can be recorded: a plane key always takes two names.
  .check("key", ({ event: { command }, speakers: { published } }, { deps }) =>
    judgeKey(command, published, deps.anchors),
  )
  // It may become the first of its intent: then its issuer is the intent's, for ever.
  .check("issuer", ({ event: { contract }, speakers }) =>
    contract === undefined ? undefined : judgeIssuer(contract, speakers.policy),
  );

async function placeOf(deps: RevokeDeps, event: RevocationEvent): Promise<Place> {
  const { command } = event;
  const [chainId, taken] = await Promise.all([
    isDenying(command) ? locate(deps, { ...event, command }) : REGISTRY_CHAIN,
    deps.denials.valueOf(commandKey(command)),
  ]);
  return { chainId, taken };
}

const PLACED = stage<Looked, Judging>("contract")
  .look("place", async ({ event, ahead }, { deps }) => ({
    place: ahead ?? (await placeOf(deps, event)),
  }))
  .look("commandId", async ({ event: { command }, place: { taken } }) =>
    taken === undefined || taken === command.jws.digest ? {} : replayed(),
  )
  // A command that has had its effect is answered whenever it comes again.
  .look(
    "freshness",
    async ({ event: { command }, place: { taken } }, { now }) =>
      (taken === undefined ? judgeFreshness(command, toSeconds(now)) : undefined) ?? {},
  )
  .look("target", async ({ place: { chainId } }) => (isRefusal(chainId) ? chainId : { chainId }));

const DURABLE = point("evidence", "durable");

export const REVOKE_ORDER: Order = [READ_REVOCATION, ADDRESSED, LOOK, SPOKEN, PLACED, DURABLE];

/**
 * Ends authority at once (PROTOCOL.md §10): the denial is committed before anything else and never waits for evidence.
 * Never throws: a fault ends in a refusal.
 * @param event whatever came, by direct invocation or from EventBridge; only the signature counts.
 */
export async function revoke(
  event: unknown,
  deps: RevokeDeps,
  invocation: Invocation,
): Promise<CommandAnswer | RefusedAnswer> {
  const judgement = new Judgement<RevokeDeps>(deps, invocation, REVOKE_ORDER, event);
  try {
    const result = await serve(judgement);
    return isFailure(result) ? await refuseCommand(judgement, result) : result;
  } catch (fault) {
    return refuseCommand(judgement, judgement.faulted(fault));
  }
}

async function serve(judgement: Judging): Promise<CommandAnswer | UnreachedAnswer | Failure> {
  const read = judgement.judge(READ_REVOCATION, { raw: judgement.raw });
  if (isFailure(read)) return read;
  const result = await serveCommand(judgement, read);
  if (!isFailure(result)) return result;
  return { ...result, refusal: placed(result.refusal, read.event.at) };
}

async function serveCommand(
  judgement: Judging,
  read: Read,
): Promise<CommandAnswer | UnreachedAnswer | Failure> {
  const addressed = judgement.judge(ADDRESSED, read);
  if (isFailure(addressed)) return addressed;
  const looked = await judgement.ask(LOOK, addressed);
  if (isFailure(looked)) return looked;
  const { trust } = looked.speakers;
  if (!isRefusal(trust)) judgement.believe(trust);
  const spoken = judgement.judge(SPOKEN, looked);
  if (isFailure(spoken)) return spoken;
  const placed = await judgement.ask(PLACED, spoken);
  if (isFailure(placed)) return placed;
  judgement.reach(DURABLE);
  const { event, chainId, place } = placed;
  const { command } = event;
  const { policy } = looked.speakers;
  if (isDenying(command)) {
    return deny(judgement, { ...event, command, policy, trust, chainId, taken: place.taken });
  }
  if (!isRestricting(command)) throw new TypeError("every verb of revoke denies or restricts");
  const cosign = typeof event.cosign === "string" ? event.cosign : undefined;
  const { marked } = looked.speakers;
  const seen = isRefusal(trust) || place.taken !== undefined ? undefined : { trust, marked };
  return restrict(judgement, { command, cosign }, { policy, seen });
}
