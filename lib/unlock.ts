/**
 * What would change a refusal (PROTOCOL.md §4): a closed list. Of several all must happen. It is said to whoever was
 * refused, and holds nobody to anything: the same request is judged anew.
 */
export type Unlock =
  | {
      readonly kind: "approval";
      readonly needed: number;
      readonly have: number;
      /** Empty: any. */
      readonly roles: readonly string[];
      readonly step?: string;
    }
  | {
      readonly kind: "attestation";
      readonly needed: number;
      readonly have: number;
      readonly classesNeeded: number;
      readonly classesHave: number;
      /** Classes with a veto that have not approved. */
      readonly veto: readonly string[];
    }
  | { readonly kind: "step"; readonly steps: readonly string[] }
  | { readonly kind: "time"; readonly at: string }
  | LiftUnlock
  | ReviewUnlock
  | { readonly kind: "retry"; readonly afterSeconds: number }
  /** Only a new decision or contract helps. */
  | typeof NEW_CONTRACT;

/** A command of people, with the verb's own members (PROTOCOL.md §10). */
type LiftUnlock = { readonly kind: "command"; readonly names: 2 } & (
  | { readonly do: "resumePlane" }
  | { readonly do: "reinstateActor"; readonly actorId: string }
  | { readonly do: "reinstateKey"; readonly jkt: string }
  | { readonly do: "liftQuarantine"; readonly path: string }
);

/** One auditor closes the review of a use under break-glass. */
type ReviewUnlock = {
  readonly kind: "command";
  readonly names: 1;
  readonly do: "reviewBreakGlass";
  readonly contractDigest: string;
};

export const reviewOf = (contractDigest: string): ReviewUnlock => ({
  ...{ kind: "command", names: 1, do: "reviewBreakGlass" },
  contractDigest,
});

export const NEW_CONTRACT = { kind: "contract" } as const;

const command = { kind: "command", names: 2 } as const;

/** The lift of each thing that people, or a failed revocation, have stopped; always by two names. */
export const liftOf = {
  plane: (): LiftUnlock => ({ ...command, do: "resumePlane" }),
  actor: (actorId: string): LiftUnlock => ({ ...command, do: "reinstateActor", actorId }),
  key: (jkt: string): LiftUnlock => ({ ...command, do: "reinstateKey", jkt }),
  path: (path: string): LiftUnlock => ({ ...command, do: "liftQuarantine", path }),
} as const;

/** People of any role; `step`: to open its gate. */
export const approvals = (needed: number, have: number, step?: string): Unlock => ({
  ...{ kind: "approval", needed, have, roles: [] },
  ...(step !== undefined && { step }),
});

/** Somebody of a role, who must be another one than whoever fills the other roles. */
export const approvalOf = (role: string): Unlock => ({
  ...{ kind: "approval", needed: 1, have: 0 },
  roles: [role],
});

/** Steps that have to be completed first. */
export const stepsFirst = (steps: readonly string[]): Unlock => ({ kind: "step", steps });

export const retryAfter = (afterSeconds: number): Unlock => ({ kind: "retry", afterSeconds });
