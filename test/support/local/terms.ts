import { contractDraft, type SignedContract } from "../../../lib/client/contract.ts";
import type { Digest } from "../../../lib/encoding/digest.ts";
import { signDraft, tableArn } from "./contracts.ts";
import { approvalOf } from "./people.ts";
import type { LocalPlane } from "./plane.ts";

/** What the bounded call sets the item's weight to; before, it is 1. */
export const WEIGHT = 10;
export const BEFORE = 1;

/** Seconds: the window of a contract of class LOW, of class HIGH, and of an emergency. */
const WINDOW = 600;
const HIGH_WINDOW = 300;
const EMERGENCY_WINDOW = 120;

/** What a contract about one item has besides its one step. */
export interface Terms {
  readonly risk?: "LOW" | "HIGH";
  /** Of class HIGH: which thresholds it was decided under. */
  readonly governanceDigest?: Digest;
  /** Of the step. */
  readonly gate?: "approval";
  /** Whether another step takes its effect back, where nobody has seen it within a second. */
  readonly isTakenBack?: boolean;
  readonly obligations?: readonly object[];
  readonly isEmergency?: boolean;
  /** Whether it can be handed on, once. */
  readonly isDelegable?: boolean;
}

/** What nobody but an evaluator can say was done. */
export const DUTY = { kind: "event", name: "seen by somebody", class: "state", dueSeconds: 60 };
/** What has to be seen within a second. */
const SEEN_AT_ONCE = { kind: "readBack", name: "setting", dueSeconds: 1 };

/** Seconds. */
export const windowOf = ({ risk, isEmergency }: Terms): number => {
  if (isEmergency) return EMERGENCY_WINDOW;
  return risk === "HIGH" ? HIGH_WINDOW : WINDOW;
};

/** Whose contract it is, and about what. */
export interface Subject {
  readonly item: string;
  readonly actor: string;
  /** Thumbprint of its executor. */
  readonly executor: string;
  readonly delivery: "execute" | "handle" | "credentials";
  readonly calls: number;
  readonly purpose: string;
  /** Milliseconds. */
  readonly now: number;
}

/** The bounded call: sets the weight of an item. */
export const setting = (plane: LocalPlane, item: string, weight = WEIGHT) => ({
  ...{ action: "dynamodb:UpdateItem", resource: tableArn(plane) },
  parameters: { "key/pk": item, "set/weight": weight },
});

/** A signed contract that lets somebody set the weight of one item, up to 50; of an emergency with its approval. */
export function signTerms(plane: LocalPlane, subject: Subject, terms: Terms): SignedContract {
  const { item, actor, executor, delivery, calls, purpose, now } = subject;
  const { risk = "LOW", governanceDigest, gate, isTakenBack, isEmergency, isDelegable } = terms;
  const isDirect = delivery === "credentials";
  const bounded = { "key/pk": { exact: item }, "set/weight": { range: { min: 0, max: 50 } } };
  const step = {
    ...{ id: "set", actions: ["dynamodb:UpdateItem"], resources: [tableArn(plane)] },
    parameters: isDirect ? "unbounded" : bounded,
    limits: { calls, ...(!isDirect && { totals: { "set/weight": 50 * calls } }) },
  };
  const obligations = isTakenBack ? [SEEN_AT_ONCE] : terms.obligations;
  const draft = contractDraft.parse({
    ...{ purpose, risk, deliveries: [delivery], actor: { id: actor, kind: "agent" } },
    steps: [
      { ...step, ...(gate && { gate }) },
      ...(isTakenBack ? [{ ...step, id: "undo", gate: "rollback" }] : []),
    ],
    ...(isTakenBack && {
      rollback: {
        ...{ when: "obligationUnmet", step: "undo" },
        operation: setting(plane, item, BEFORE),
      },
    }),
    ...(obligations && { obligations }),
    ...(isDelegable && { delegation: { maxDepth: 1 } }),
    ...(isEmergency && { breakGlass: { policy: "local", incident: "INC-17" } }),
    window: { seconds: windowOf(terms) },
  });
  const signed = signDraft(plane, draft, { executor, now, governanceDigest });
  if (!isEmergency) return signed;
  const spoken = { plane, contract: signed.contract, now };
  const approvals = [approvalOf(spoken, undefined, "incident-commander")];
  return { ...signed, proof: { ...signed.proof, approvals } };
}
