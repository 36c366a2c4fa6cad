import { toInstant } from "../../clock.ts";
import type { Digest } from "../../encoding/digest.ts";
import { present } from "../../encoding/present.ts";
import { below } from "../../evidence/block-tree.ts";
import type { EndDetail, EndTrigger, InForce, PointName } from "../../evidence/details.ts";
import { mayRun } from "../../evidence/held-session.ts";
import { contractView, type IdentityView } from "../../evidence/intent-state.ts";
import type { About, RecordDraft, RecordOf } from "../../evidence/record.ts";
import type { Command, ReadCommand } from "../../lifecycle/command.ts";
import type { Mark } from "../../lifecycle/mark.ts";
import { failureDomain, type RefusalCode } from "../../refusal.ts";
import { continuityOfIdentity } from "../read/continuity.ts";
import type { Intent } from "../read/intent.ts";

/** What a denial covers on one chain: a contract with all of its identities, a block with all below it, or one identity. */
export type DenialTarget =
  | { readonly contractDigest: Digest; readonly block?: Digest }
  | { readonly identityId: string };

/** What a mark denies. */
export function markTarget(mark: Mark): DenialTarget {
  if ("identityId" in mark) return { identityId: mark.identityId };
  const { contractDigest } = mark;
  return "block" in mark ? { contractDigest, block: mark.block } : { contractDigest };
}

/** Whether a contract ends with it: with one identity, or one block, it does not. */
export const endsWhole = (target: DenialTarget): boolean =>
  "contractDigest" in target && target.block === undefined;

/** Where a command stands on the chain that it is about: one is recorded once. */
export const requestOf = (
  { records }: Intent,
  command: string,
): RecordOf<"RevocationRequested"> | undefined =>
  records.find(
    ({ record: { event, detail } }) =>
      event.type === "RevocationRequested" && detail["command"] === command,
  )?.record as RecordOf<"RevocationRequested"> | undefined;

/** Identities of a chain that a denial covers; of a block those that were issued under it, or below it. */
export function covered({ state }: Intent, target: DenialTarget): IdentityView[] {
  const all = [...state.identities.values()];
  if ("identityId" in target) {
    return all.filter(({ identityId }) => identityId === target.identityId);
  }
  const { contractDigest, block } = target;
  const own = all.filter((each) => each.contractDigest === contractDigest);
  if (block === undefined) return own;
  const { tree } = contractView(state, contractDigest);
  // The contract and all its roots are one place: with one of them everything ends that was ever handed on.
  const ended = new Set(below(tree, block));
  return own.filter(({ blocks = [] }) => blocks.some((digest) => ended.has(digest)));
}

/**
 * Those of them that end with it. Under a block what runs is told by its own end: its call was begun before, and is taken
 * back by nobody (PROTOCOL.md §5, "a block ended"). Of what was delivered as credentials nothing is ever begun here.
 */
export const endedBy = (
  target: DenialTarget,
  identities: readonly IdentityView[],
): IdentityView[] =>
  identities
    .filter(({ end }) => end === undefined)
    .filter(
      ({ startedAt }) => endsWhole(target) || "identityId" in target || startedAt === undefined,
    );

/** How many of them may be running: begun, without an outcome on record, by an invocation that may still live. */
export const inFlight = (identities: readonly IdentityView[], now: number): number =>
  identities.filter((identity) => mayRun(identity, now)).length;

/** `RevocationRequested`: what was ordered, in its own signed words, and whether a contract ends with it. */
export const requestedDraft = (
  { jws, claims }: ReadCommand,
  about: About,
  how: {
    readonly requestedAt: string;
    readonly committedAt: string;
    readonly isEnding: boolean;
    readonly cosign?: string | undefined;
  },
): RecordDraft => ({
  type: "RevocationRequested",
  about,
  detail: {
    command: jws.compact,
    ...present({ cosign: how.cosign }),
    do: claims.do,
    by: claims.iss,
    reason: claims.reason,
    requestedAt: how.requestedAt,
    committedAt: how.committedAt,
    ...(how.isEnding && { endsContract: "REVOKED" }),
  },
});

/** What ended it, by the verb. */
export const commandTrigger = (claims: Command): EndTrigger => {
  if (claims.do === "revokeDelegation") return "withdrawn";
  if (claims.do !== "signal") return "operator";
  return SIGNALS[claims.kind];
};

/** What a signal of a kind tells. */
export const SIGNALS = {
  context: "contextChanged",
  policy: "policyChanged",
  risk: "riskSignal",
} as const satisfies Record<string, EndTrigger>;

/** The end of an identity by a denial, whoever made it. */
export function endedDraft(
  identity: IdentityView,
  trigger: EndTrigger,
  code: RefusalCode,
  why: string,
  requestedAt: string,
): RecordDraft {
  const detail: EndDetail = {
    state: "REVOKED",
    trigger,
    used: usedBefore(identity),
    requestedAt,
    refusal: { code, stage: "state", detail: why },
  };
  return {
    type: "IdentityRevoked",
    about: aboutIdentity(identity),
    verdict: { outcome: "DENY", code, stage: "state", failureDomain: failureDomain(code) },
    detail,
  };
}

/** Whether its authority was used, as far as the chain tells: nobody knows what a caller did with credentials. */
export function usedBefore({ delivery, hardExpiry, startedAt }: IdentityView): EndDetail["used"] {
  if (delivery === "credentials" && hardExpiry !== undefined) return "unknown";
  return startedAt !== undefined;
}

export const aboutIdentity = (identity: IdentityView): About => ({
  identity: { id: identity.identityId },
  contract: { id: identity.contractId, digest: identity.contractDigest },
  ...continuityOfIdentity(identity),
});

/**
 * A denial has reached a point; both times in RFC 3339, `now` in milliseconds.
 */
export const acknowledgedDraft = (
  point: PointName,
  requestedAt: string,
  now: number,
  more: AtRole = {},
): RecordDraft => ({
  type: "RevocationAcknowledged",
  detail: {
    ...{ point, requestedAt, milliseconds: Math.max(0, now - Date.parse(requestedAt)) },
    ...more,
  },
});

/** When a denial has reached the adapter by its first record of that, in RFC 3339. */
export function adapterReachedAt({ records }: Intent, requestedAt: string): string | undefined {
  const first = records.find(
    ({ record: { event, detail } }) =>
      event.type === "RevocationAcknowledged" &&
      detail["point"] === "adapter" &&
      detail["requestedAt"] === requestedAt,
  );
  if (first === undefined) return undefined;
  const { milliseconds } = (first.record as RecordOf<"RevocationAcknowledged">).detail;
  return toInstant(Date.parse(requestedAt) + milliseconds);
}

/** What else is told of points `iam` and `session`; of a halt also what is in force, since its chain is the Registry's. */
interface AtRole extends Partial<InForce> {
  readonly role?: string;
  readonly awaits?: "session";
}
