import { writeJson } from "../machine/files.ts";
import type { StateFolder } from "../machine/paths.ts";
import type { KeyName, MadeKey } from "./keys.ts";
import { type DeployedAction, type LocalOutputs, NAMES } from "./outputs.ts";
import { callVai } from "./vai.ts";

const HIGH_VETO = ["state", "human"];

/** Seconds: for so long `vai trust publish` publishes, unless it is told otherwise. */
const PUBLISHED_FOR = 30 * 24 * 60 * 60;

/** What each risk class demands locally (wire format, "Local deployment"). */
const GOVERNANCE = {
  LOW: governance(900, 900, [0, 0, 0], [], true),
  MEDIUM: governance(600, 600, [0, 0, 0], [], true),
  HIGH: governance(300, 300, [1, 3, 2], HIGH_VETO, false),
  CRITICAL: governance(300, 300, [2, 4, 3], HIGH_VETO, false),
} as const;

function governance(
  maxSeconds: number,
  contextSeconds: number,
  [approvals, attestations, classes]: readonly [number, number, number],
  veto: readonly string[],
  credentials: boolean,
) {
  return { maxSeconds, contextSeconds, approvals, attestations, classes, veto, credentials };
}

/** Whom the local plane believes, and what it may run. */
export interface TrustPolicyParts {
  readonly state: StateFolder;
  readonly keys: Readonly<Record<KeyName, MadeKey>>;
  readonly actions: readonly DeployedAction[];
  readonly policy: LocalOutputs["policy"];
  readonly signal?: AbortSignal | undefined;
}

/**
 * Writes the draft of the first trust policy and publishes it with `vai trust publish`, which adds
 * version, predecessor, plane, times and the plane's keys, and signs it with the anchor.
 * It opens every deployed action with risk LOW.
 */
export async function publishTrustPolicy(parts: TrustPolicyParts): Promise<void> {
  writeJson(parts.state.trustPolicyDraft, draft(parts));
  const { trustPolicyDraft, outputs } = parts.state;
  const signing = ["--anchor-key", parts.keys.anchor.file, "--outputs", outputs];
  const args = ["trust", "publish", trustPolicyDraft, ...signing, "--json"];
  await callVai(args, { signal: parts.signal });
}

function draft({ keys, actions, policy }: TrustPolicyParts): object {
  const all = actions.map(({ action }) => action);
  const party = (name: Exclude<keyof typeof NAMES, "delegates">) => ({
    name: NAMES[name],
    keys: [keys[name].publicKey],
  });
  const [refunds, refundsEu] = NAMES.delegates;
  const authority = { maxRisk: "CRITICAL", actions: all };
  return {
    issuers: [{ ...party("issuer"), ...authority }],
    deciders: [{ ...party("decider"), ...authority }],
    // Enough of them for class CRITICAL: four, of four classes.
    evaluators: [
      { ...party("evaluator"), class: "state" },
      { ...party("evaluatorHuman"), class: "human" },
      { ...party("evaluatorRisk"), class: "risk" },
      { ...party("evaluatorPolicy"), class: "policy" },
    ],
    approvers: [
      { ...party("approver"), roles: ["sre-lead"] },
      { ...party("approver2"), roles: ["sre-lead", "incident-commander"] },
    ],
    // A lift takes two names; a machine that watches may say what it sees, and stop nothing by its own word.
    operators: [party("operator"), party("operator2"), { ...party("signaller"), may: ["signal"] }],
    auditors: [party("auditor")],
    planes: [],
    agents: [
      { name: refunds, labels: ["refunds"], jkt: keys.delegate.thumbprint },
      { name: refundsEu, labels: ["refunds", "eu"], jkt: keys.delegate2.thumbprint },
    ],
    policies: [policy],
    actions: actions.map((deployed) => ({ ...deployed, risk: "LOW" })),
    governance: GOVERNANCE,
    breakGlass: [
      {
        ...{ id: "local", actions: all, maxSeconds: 120, reviewHours: 1, spool: true },
        approverRoles: ["incident-commander"],
        // As long as the policy that is published of it.
        exp: Math.floor(Date.now() / 1000) + PUBLISHED_FOR,
      },
    ],
  };
}
