import { toInstant } from "../clock.ts";
import { FUNCTION_TIMEOUT_SECONDS } from "../config.ts";
import type { Digest } from "../encoding/digest.ts";
import { present } from "../encoding/present.ts";
import { intentIdOf } from "../evidence/chain.ts";
import type { Enforced, Would } from "../evidence/details.ts";
import type { IdentityView } from "../evidence/intent-state.ts";
import type { Outcome } from "../execution/outcome.ts";
import { SESSION_SECONDS } from "../issuance/assume-role.ts";
import { throughOf } from "../lifecycle/holders.ts";
import { stateAt } from "../lifecycle/state.ts";
import {
  type FailureDomain,
  failureDomain,
  isRetryable,
  type Refusal,
  type RefusalCode,
  type StageName,
} from "../refusal.ts";
import { liftOf, NEW_CONTRACT, type Unlock } from "../unlock.ts";
import { continuityOfIdentity } from "./read/continuity.ts";
import type { Intent } from "./read/intent.ts";
import type { TrustSnapshot } from "./read/trust-snapshot.ts";
import { UNLOCKS, unlockOf, unlockOfSpent } from "./unlocks.ts";

/** The answer to a request that was granted, or that is a retry of one (PROTOCOL.md §4). Times in RFC 3339. */
export interface GrantedAnswer {
  readonly ok: true;
  readonly deduplicated: boolean;
  readonly identity: {
    readonly identityId: string;
    readonly intentId: string;
    readonly contractId: string;
    readonly contractDigest: Digest;
    /** The chain that it was issued under: the digests of its blocks, root first. Absent: none. */
    readonly continuity?: { readonly depth: number; readonly blocks: readonly Digest[] };
    readonly step: string;
    readonly issuedAt: string;
    readonly expiresAt: string;
    readonly state: IdentityView["state"];
    readonly scope: { readonly actions: readonly string[]; readonly resources: readonly string[] };
    readonly constraints: Readonly<Record<string, unknown>>;
  };
  readonly enforcement: readonly Enforced[];
  readonly outcome?: Outcome & {
    /** What took its effect back, where it was not seen: `unknown` until that is on record. */
    readonly rollback?: { readonly identityId?: string; readonly status: Outcome["status"] };
  };
  /** Delivery `handle`: a compact JWS, to be redeemed at `execute`. */
  readonly handle?: string;
  /** Delivery `credentials`: a compact JWE to `deliverTo`; never in a repeated answer. */
  readonly credentials?: string;
  readonly guarantee: {
    readonly heldBy: "trustPlane" | "caller";
    readonly effectiveUntil: string;
    readonly hardExpiry: string;
    readonly revocableWithinSeconds: number;
  };
  readonly evidence: {
    readonly chainId: string;
    readonly firstSeq: number;
    readonly lastSeq: number;
    readonly head: Digest;
  };
}

/** The answer to a request that was refused. `evidence` is absent where nothing was written. */
export interface RefusedAnswer {
  readonly ok: false;
  readonly code: RefusalCode;
  readonly stage: StageName;
  readonly failureDomain: FailureDomain;
  readonly retryable: boolean;
  readonly detail: string;
  readonly pointer?: string;
  /** What would change it; all of these must happen. Absent where nothing would. */
  readonly unlock?: readonly Unlock[];
  /** Of a request that was only watched: nothing was done, whatever `would` says. */
  readonly enforced?: false;
  /** What enforcing would have answered. */
  readonly would?: Would;
  readonly evidence?: { readonly chainId: string; readonly seq: number };
}

export type Answer = GrantedAnswer | RefusedAnswer;

/** What an answer hands over besides words. */
export interface Delivered {
  readonly handle?: string | undefined;
  readonly credentials?: string | undefined;
}

/** When an answer is given, in milliseconds, and what people have stopped then. */
export interface Moment extends Pick<TrustSnapshot, "limits" | "published"> {
  readonly now: number;
}

/**
 * The answer about an identity, from the folded chain alone: so a retry gets what the first call got. A grant
 * that ended in a refusal repeats it, with what of its `unlock` is still to be done.
 */
export function answerAbout(
  intent: Intent,
  identityId: string,
  moment: Moment,
  { deduplicated = false, ...delivered }: Delivered & { readonly deduplicated?: boolean } = {},
): Answer {
  const identity = intent.state.identities.get(identityId);
  if (identity === undefined) throw new TypeError("an issued identity is in its chain");
  const { end } = identity;
  if (end?.refusal !== undefined && end.outcome === undefined) {
    const { stage, ...recorded } = end.refusal;
    const unlock = unlockOfEnd(intent, identity, recorded.code, moment);
    const refusal: Refusal = { refused: true, ...recorded, ...present({ unlock }) };
    return {
      ...refusedAnswer({ stage, refusal }, false),
      evidence: { chainId: intent.chainId, seq: identity.lastSeq },
    };
  }
  return {
    ok: true,
    deduplicated,
    identity: {
      identityId: identity.identityId,
      intentId: intentIdOf(intent.chainId),
      contractId: identity.contractId,
      contractDigest: identity.contractDigest,
      ...continuityOfIdentity(identity),
      step: identity.step,
      issuedAt: identity.issuedAt,
      expiresAt: identity.expiresAt,
      state: stateAt(identity, moment.now),
      scope: identity.scope,
      constraints: identity.constraints,
    },
    enforcement: identity.enforcement,
    ...present({
      outcome: outcomeOf(identity),
      handle: delivered.handle,
      credentials: delivered.credentials,
    }),
    guarantee: guaranteeOf(identity),
    evidence: {
      chainId: intent.chainId,
      firstSeq: identity.firstSeq,
      lastSeq: identity.lastSeq,
      head: identity.lastHash,
    },
  };
}

function outcomeOf({ end, outcome, rollback }: IdentityView): GrantedAnswer["outcome"] {
  const told = end?.outcome ?? outcome;
  return told === undefined || rollback === undefined
    ? told
    : { ...told, rollback: { ...rollback, status: rollback.status ?? "unknown" } };
}

/** An ended identity does not come back: what is still stopped is to be lifted, and somebody is to grant anew. */
function unlockOfEnd(
  { state }: Intent,
  identity: IdentityView,
  code: RefusalCode,
  { limits, published }: Moment,
): readonly Unlock[] | undefined {
  if (UNLOCKS[code] !== "said") return undefined;
  const { roleArn } = identity;
  const { holders } = throughOf(state, identity, published);
  const keys = new Set(holders.map(({ jkt }) => jkt).filter((jkt) => limits.keys.has(jkt)));
  const names = holders.flatMap((each) => each.names).filter((name) => limits.actors.has(name));
  return [
    ...(limits.isPlaneHalted ? [liftOf.plane()] : []),
    ...[...keys].map(liftOf.key),
    ...[...new Set(names)].map(liftOf.actor),
    ...(roleArn !== undefined && limits.paths.has(roleArn) ? [liftOf.path(roleArn)] : []),
    NEW_CONTRACT,
  ];
}

/**
 * Who holds the authority and how long it can live at worst. Credentials in the caller's hands are ended by the
 * window in their session policy alone, so nothing shorter than the rest of it is promised for a revocation.
 */
function guaranteeOf(identity: IdentityView): GrantedAnswer["guarantee"] {
  const hardExpiry = identity.hardExpiry ?? latestExpiry(identity);
  if (identity.delivery !== "credentials") {
    return {
      heldBy: "trustPlane",
      effectiveUntil: identity.expiresAt,
      hardExpiry,
      revocableWithinSeconds: FUNCTION_TIMEOUT_SECONDS,
    };
  }
  const effectiveUntil = [identity.expiresAt, hardExpiry].sort()[0] ?? identity.expiresAt;
  const lifetime = Date.parse(effectiveUntil) - Date.parse(identity.issuedAt);
  return {
    heldBy: "caller",
    effectiveUntil,
    hardExpiry,
    revocableWithinSeconds: Math.max(0, Math.ceil(lifetime / 1000)),
  };
}

/**
 * No session is recorded yet: the latest that one could end which this invocation asked for, or which the handle is
 * redeemed for at its last moment.
 */
const latestExpiry = ({ delivery, issuedAt, expiresAt }: IdentityView): string =>
  delivery === "handle"
    ? toInstant(Date.parse(expiresAt) + SESSION_SECONDS * 1000)
    : toInstant(Date.parse(issuedAt) + (FUNCTION_TIMEOUT_SECONDS + SESSION_SECONDS) * 1000);

/** Characters of a detail, and of a pointer, that answers and evidence repeat. */
const LONGEST_DETAIL = 1000;
const LONGEST_POINTER = 1000;

/**
 * What of a refusal may be repeated: details and pointers can quote input, and a name of 200 KB, or one that is no
 * Unicode, would make a record that cannot be stored. A pointer is whole or absent.
 */
export function repeatable({ detail, pointer }: Refusal): { detail: string; pointer?: string } {
  const short =
    detail.length > LONGEST_DETAIL ? `${detail.slice(0, LONGEST_DETAIL).toWellFormed()}…` : detail;
  const isWhole =
    pointer !== undefined && pointer.length <= LONGEST_POINTER && pointer.isWellFormed();
  return { detail: short.toWellFormed(), ...(isWhole && { pointer }) };
}

/** @param mayRetry whether the same request may pass when it is made again: behind a grant it may not. */
export function refusedAnswer(
  {
    stage,
    refusal,
    would,
  }: { readonly stage: StageName; readonly refusal: Refusal; readonly would?: Would },
  mayRetry = true,
): RefusedAnswer {
  const { code } = refusal;
  const { detail, pointer } = repeatable(refusal);
  const unlock = mayRetry ? unlockOf(refusal) : unlockOfSpent(refusal);
  return {
    ok: false,
    code,
    stage,
    failureDomain: failureDomain(code),
    retryable: mayRetry && isRetryable(code),
    detail,
    ...present({ pointer, unlock }),
    ...(would !== undefined && { enforced: false, would }),
  };
}
