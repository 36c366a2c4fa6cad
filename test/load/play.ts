import { randomUUID } from "node:crypto";
import type { Digest } from "../../lib/encoding/digest.ts";
import type { Said } from "../matrix/functions.ts";
import type { LocalPlane } from "../support/local/plane.ts";
import type { Terms } from "../support/local/terms.ts";
import { Errand } from "./errand.ts";
import { DONE, isDone, isGrant, type Outcome, type Told, unlike } from "./outcome.ts";
import { type Emergencies, playPeople, termsOf } from "./people.ts";
import { type Action, REFUSALS } from "./plan.ts";
import type { Served } from "./served.ts";

/** Where actions are played. */
export interface Stage {
  readonly plane: LocalPlane;
  readonly served: Served;
  readonly clock: () => number;
  /** The contract that is asked beyond its bounds again and again, as long as its window allows. */
  readonly flooded: () => Promise<Errand>;
  /** Of the member `governance` of the trust policy in force. */
  readonly governanceDigest: Digest;
  readonly emergencies: Emergencies;
}

/** Plays one action, as an agent and people do. */
export async function play(stage: Stage, action: Action): Promise<Told> {
  const isFlood = action.kind === "refused" && action.refusal === "flood";
  const errand = isFlood
    ? await stage.flooded()
    : await Errand.begin(stage.plane, action.delivery, stage.clock, termsFor(stage, action));
  const outcome = await outcomeOf(stage, action, errand);
  const { chainId, digest, item } = errand;
  const common = { number: action.number, title: titleOf(action), chainId, digest, item };
  return { ...common, unattributed: 0, mayBeUnattributed: 0, denials: 0, ...outcome };
}

const termsFor = ({ governanceDigest }: Stage, action: Action): Terms =>
  "isAgreed" in action ? termsOf(action, governanceDigest) : {};

function titleOf(action: Action): string {
  const { kind, delivery } = action;
  if ("isAgreed" in action) return `${kind} ${action.isAgreed ? "agreed" : "not agreed"}`;
  if (kind === "refused") return `${kind} ${action.refusal} ${delivery}`;
  if (kind === "revoked") return `${kind} ${action.isRacing ? "racing" : "before"} ${delivery}`;
  if (kind === "granted") return `${kind} ${delivery}`;
  const { by, name, nth, fault } = action.fault;
  return `${kind} ${by} ${name} (${nth}) ${fault}`;
}

function outcomeOf(stage: Stage, action: Action, errand: Errand): Promise<Outcome> {
  switch (action.kind) {
    case "granted":
      return granted(stage, action, errand);
    case "refused":
      return refused(stage, action, errand);
    case "revoked":
      return revoked(stage, action, errand);
    case "faulted":
      return faulted(stage, action, errand);
    default:
      return playPeople(stage, action, errand);
  }
}

type Of<Kind extends Action["kind"]> = Extract<Action, { readonly kind: Kind }>;

/** From the first request to the changed item. */
async function granted({ served }: Stage, { delivery }: Of<"granted">, errand: Errand) {
  const issued = await served.run("issue", errand.issuing());
  if (!isGrant(issued)) return { ...DONE, ...unlike("a grant", issued) };
  if (delivery === "execute") return isDone(issued) ? DONE : { ...DONE, ...unlike("done", issued) };
  if (delivery === "credentials") {
    await errand.callWith(issued.credentials ?? "");
    return DONE;
  }
  const redeemed = await served.run("execute", errand.redeeming(issued.handle ?? ""));
  return isDone(redeemed) ? DONE : { ...DONE, ...unlike("done", redeemed) };
}

/** A request that is refused, and whatever must come before it. */
async function refused({ served }: Stage, { refusal }: Of<"refused">, errand: Errand) {
  const { code, isAttributed } = REFUSALS[refusal];
  const idempotencyKey = randomUUID();
  const isSecond = refusal === "usedUp" || refusal === "conflict";
  const before = isSecond ? await served.run("issue", errand.issuing({ idempotencyKey })) : "";
  const event = {
    outOfBounds: () => errand.issuing({ weight: 51 }),
    usedUp: () => errand.issuing(),
    otherStep: () => errand.issuing({ step: "other" }),
    conflict: () => errand.issuing({ idempotencyKey, weight: 11 }),
    flood: () => errand.issuing({ weight: 51 }),
    forged: () => errand.issuing({ isForged: true }),
    garbage: () => ({ garbage: idempotencyKey }),
  }[refusal]();
  const said = await served.run("issue", event);
  const isRefused = typeof said === "object" && "code" in said && said.code === code;
  const isChanged = before !== "" && isDone(before as Said);
  return {
    ...{ isChanged, issued: isSecond ? 1 : 0 },
    ...{ refusals: isAttributed ? 1 : 0, unattributed: isAttributed ? 0 : 1 },
    ...(!isRefused && unlike(code, said)),
  };
}

/** A handle whose identity is ended before it is redeemed, or while it is. */
async function revoked({ served }: Stage, { isRacing }: Of<"revoked">, errand: Errand) {
  const issued = await served.run("issue", errand.issuing());
  if (!isGrant(issued)) return { ...DONE, ...unlike("a grant", issued) };
  const command = errand.revoking(issued.identity.identityId);
  const redemption = errand.redeeming(issued.handle ?? "");
  const end = (): Promise<Said> => served.run("revoke", command);
  const redeem = (): Promise<Said> => served.run("execute", redemption);
  const [ended, redeemed] = isRacing
    ? await Promise.all([end(), redeem()])
    : [await end(), await redeem()];
  const isEnded = typeof ended === "object" && "ok" in ended && ended.ok;
  const isRefused = typeof redeemed === "object" && "code" in redeemed;
  const isTold = isDone(redeemed) ? isRacing : isRefused;
  return {
    ...{ isChanged: isRacing ? ("unknown" as const) : false, issued: 1 },
    ...{ refusals: isRacing ? undefined : 1, denials: 1 },
    ...(!isEnded && unlike("an end", ended)),
    ...(!isTold && unlike("a refusal", redeemed)),
  };
}

/** One call goes wrong; then the same is asked for again, with AWS well. */
async function faulted({ served }: Stage, { delivery, fault }: Of<"faulted">, errand: Errand) {
  const unknown = {
    ...{ isChanged: "unknown" as const, issued: undefined, refusals: undefined },
    // Of the run under the fault, and of the one after it.
    mayBeUnattributed: 2,
  };
  const idempotencyKey = randomUUID();
  const asking = (): object => errand.issuing({ idempotencyKey });
  if (delivery === "execute") {
    const { isHit } = await served.runBroken(fault, asking());
    await served.run("issue", asking());
    return { ...unknown, isHit };
  }
  const issued = await served.run("issue", asking());
  if (!isGrant(issued)) return { ...unknown, ...unlike("a grant", issued) };
  const redemption = errand.redeeming(issued.handle ?? "");
  const { isHit } = await served.runBroken(fault, redemption);
  await served.run("execute", redemption);
  return { ...unknown, isHit };
}
