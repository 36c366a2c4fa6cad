import { toInstant } from "../clock.ts";
import { INVOCATION_MILLISECONDS } from "../config.ts";
import type { Contract } from "../contract/contract.ts";
import { callsOf, gateOf } from "../contract/step.ts";
import { type Digest, sha256Digest } from "../encoding/digest.ts";
import { present } from "../encoding/present.ts";
import {
  type ContractView,
  contractView,
  type IdentityView,
  type IntentState,
} from "../evidence/intent-state.ts";
import type { HeadView } from "../evidence/ports.ts";
import { dueOf, untoldRollbacks } from "./due.ts";
import { isMarked, type Marks } from "./mark.ts";
import { openPoints } from "./points.ts";
import { stateAt } from "./state.ts";
import { type Terms, termsOf } from "./terms.ts";
import { waitsOf } from "./turn.ts";

/** An intent as operators see it (PROTOCOL.md §10, Views); made from the fold, and never read by enforcement. */
interface Seen {
  readonly intentId: string;
  readonly state: IntentState;
  readonly marks: Marks;
  /** Milliseconds. */
  readonly now: number;
}

/** What stands on the head while anything is open: where it is listed, when `sweep` has work, and what is open. */
export function viewOf({ intentId, state, marks, now }: Seen): HeadView | undefined {
  const identities = [...state.identities.values()].filter(({ end }) => end === undefined);
  const contracts = [...state.contracts.keys()].flatMap(
    (digest) => usable(state, digest, now) ?? [],
  );
  const isOwed = isMarked(marks.stored);
  const isBehind = openPoints([...state.identities.values()], now).length > 0;
  const reached = state.unreached.size === 0 ? undefined : settledAt(state, now);
  const untold = untoldRollbacks(state);
  const isQuiet =
    identities.length === 0 &&
    contracts.length === 0 &&
    reached === undefined &&
    untold.length === 0;
  if (isQuiet && !isOwed && !isBehind) return undefined;
  const dues = [
    ...identities.flatMap((identity) => dueOf(identity)?.at ?? []),
    ...contracts.map(({ terms }) => terms.contract.exp * 1000),
    ...(isOwed || isBehind ? [now] : []),
    ...(reached === undefined ? [] : [reached]),
    ...untold.map(({ at }) => at),
  ];
  return {
    view: viewKey(intentId),
    due: toInstant(Math.min(...dues)),
    open: {
      intentId,
      contracts: contracts.map((each) => openContract(state, each)),
      identities: identities.map((identity) => openIdentity(identity, now)),
      duties: identities.flatMap(openDuties),
    },
  };
}

/** When nothing that was begun can be running any more: then a denial has reached the adapter. */
const settledAt = ({ identities }: IntentState, now: number): number =>
  Math.max(
    now,
    ...[...identities.values()].flatMap(({ startedAt, executed }) =>
      startedAt === undefined || executed === true
        ? []
        : [Date.parse(startedAt) + INVOCATION_MILLISECONDS],
    ),
  );

/** Sixteen lists, so that no partition holds all that is open. */
export const viewKey = (intentId: string): string =>
  `open#${sha256Digest(intentId).charAt("sha256:".length)}`;
export const VIEWS: readonly string[] = [..."0123456789abcdef"].map((digit) => `open#${digit}`);

interface Usable {
  readonly digest: Digest;
  readonly terms: Terms;
}

/** A bound contract that has not ended and has uses left. */
function usable(state: IntentState, digest: Digest, now: number): Usable | undefined {
  const view = contractView(state, digest);
  const terms = termsOf(digest, view);
  if (terms === undefined || view.ended !== undefined) return undefined;
  return terms.contract.exp * 1000 > now && hasUsesLeft(terms.contract, view)
    ? { digest, terms }
    : undefined;
}

const hasUsesLeft = ({ authorization_details: steps }: Contract, { uses }: ContractView): boolean =>
  steps.some((step) => gateOf(step) !== "rollback" && (uses.get(step.id) ?? 0) < callsOf(step));

const openContract = (
  state: IntentState,
  { digest, terms: { contract, policy } }: Usable,
): object => ({
  digest,
  id: contract.jti,
  issuer: contract.iss,
  risk: contract.risk,
  exp: contract.exp,
  ...(policy !== undefined && { policy: { id: policy.id, version: policy.version } }),
  revokeOn: contract.revokeOn ?? [],
  waits: waitsOf(state, { digest, steps: contract.authorization_details }),
});

const openDuties = ({ identityId, duties = [] }: IdentityView): object[] =>
  duties.map(({ name, kind, due }) => ({ identityId, name, kind, due }));

const openIdentity = (identity: IdentityView, now: number): object => ({
  id: identity.identityId,
  contractDigest: identity.contractDigest,
  state: stateAt(identity, now),
  ...present({ actor: identity.actor }),
  jkt: identity.executor,
  step: identity.step,
  delivery: identity.delivery,
  ...present({ roleArn: identity.roleArn }),
  session: identity.sessionName,
  issuedAt: identity.issuedAt,
  expiresAt: identity.expiresAt,
  until: identity.hardExpiry ?? identity.expiresAt,
});
