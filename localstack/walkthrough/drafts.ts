import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LocalOutputs } from "../deploy/outputs.ts";

/** The agent's name; its key is its identity, the name is a label. */
export const ACTOR = { id: "spiffe://example.org/agent/coordinator", kind: "agent" };

/** What a draft is made of: some steps, and what else is said of them. */
export interface Part {
  readonly steps: readonly object[];
  readonly [member: string]: unknown;
}

/** A contract as governance drafts it; `vai contract sign` says what else it may hold. */
export interface Draft extends Part {
  readonly actor: object;
}

/** ARN of the sample service, or of another name or region in its place. */
export function functionArn(
  { account, region, samples }: LocalOutputs,
  other: { readonly name?: string; readonly region?: string } = {},
): string {
  const name = other.name ?? samples.function;
  return `arn:aws:lambda:${other.region ?? region}:${account}:function:${name}`;
}

/** ARN of the sample table. */
const tableArn = ({ account, region, samples }: LocalOutputs): string =>
  `arn:aws:dynamodb:${region}:${account}:table/${samples.table}`;

/** Up to 10 % of the alias `live` for the new version, in at most two calls that sum to 10. */
export const shiftDraft = (outputs: LocalOutputs, seconds: number): Draft => ({
  purpose: `shift 10 % of ${outputs.samples.function} to version ${outputs.samples.newVersion}`,
  actor: ACTOR,
  risk: "LOW",
  steps: [
    {
      id: "shift",
      actions: ["lambda:UpdateAlias"],
      resources: [functionArn(outputs)],
      parameters: {
        alias: { exact: "live" },
        version: { exact: outputs.samples.newVersion },
        percent: { range: { min: 0, max: 10 } },
      },
      limits: { calls: 2, totals: { percent: 10 } },
    },
  ],
  obligations: [{ kind: "readBack", name: "alias-routing", dueSeconds: 60 }],
  window: { seconds },
});

/** One attribute of one item, to one of two values, once. */
export const settingDraft = (outputs: LocalOutputs): Draft => ({
  purpose: "switch the checkout to another mode",
  actor: ACTOR,
  risk: "LOW",
  steps: [
    {
      id: "switch",
      actions: ["dynamodb:UpdateItem"],
      resources: [tableArn(outputs)],
      parameters: { "key/pk": { exact: "checkout" }, "set/mode": { oneOf: ["safe", "fast"] } },
      limits: { calls: 1 },
    },
  ],
  obligations: [{ kind: "readBack", name: "setting", dueSeconds: 60 }],
  window: { seconds: 600 },
});

/** The same for class HIGH, whose step people have to open. */
export const gatedDraft = (outputs: LocalOutputs): Draft => {
  const { steps, ...draft } = settingDraft(outputs);
  const gated = steps.map((step) => ({ ...step, gate: "approval" }));
  return { ...draft, steps: gated, risk: "HIGH", window: { seconds: 300 } };
};

/** The same with what takes it back, where nobody has seen it within two seconds. */
export const rollbackDraft = (outputs: LocalOutputs): Draft => {
  const { steps, ...draft } = settingDraft(outputs);
  const [step = {}] = steps;
  const parameters = { "key/pk": { exact: "checkout" }, "set/mode": { exact: "safe" } };
  const back = { "key/pk": "checkout", "set/mode": "safe" };
  const operation = {
    ...{ action: "dynamodb:UpdateItem", resource: tableArn(outputs), parameters: back },
  };
  return {
    ...draft,
    steps: [step, { ...step, id: "undo", parameters, gate: "rollback" }],
    obligations: [{ kind: "readBack", name: "setting", dueSeconds: 2 }],
    rollback: { when: "obligationUnmet", step: "undo", operation },
  };
};

/** The same of class HIGH under the emergency policy. */
export const emergencyDraft = (outputs: LocalOutputs): Draft => ({
  ...settingDraft(outputs),
  ...{ risk: "HIGH", deliveries: ["execute"], window: { seconds: 120 } },
  breakGlass: { policy: "local", incident: "INC-17" },
});

/** The setting back to `safe`, by a handle. */
export const laterDraft = (outputs: LocalOutputs): Draft => ({
  ...settingDraft(outputs),
  purpose: "switch the checkout back, when the release is over",
  deliveries: ["handle"],
});

/** Any update of the sample table, by the agent's own client: IAM alone holds it, and only for a while. */
export const directDraft = (outputs: LocalOutputs): Draft => ({
  purpose: "repair the settings by hand, for five minutes",
  actor: ACTOR,
  risk: "LOW",
  deliveries: ["credentials"],
  steps: [
    {
      id: "repair",
      actions: ["dynamodb:UpdateItem"],
      resources: [tableArn(outputs)],
      parameters: "unbounded",
      limits: { calls: 1 },
    },
  ],
  window: { seconds: 300 },
});

/** The setting by handles, three times: a use is left while two wait. */
export const watchedDraft = (outputs: LocalOutputs): Draft => {
  const { steps, ...draft } = laterDraft(outputs);
  return { ...draft, steps: steps.map((step) => ({ ...step, limits: { calls: 3 } })) };
};

/** Any update of the sample table by the agent's own client, twice, and soon over. */
export const errandDraft = (outputs: LocalOutputs): Draft => {
  const { steps, ...draft } = directDraft(outputs);
  const window = { seconds: 200 };
  return { ...draft, window, steps: steps.map((step) => ({ ...step, limits: { calls: 2 } })) };
};

/** {@link directDraft} for a moment: what is left of it then, nobody has to take back. */
export const briefDraft = (outputs: LocalOutputs, seconds: number): Draft => ({
  ...directDraft(outputs),
  purpose: "repair the settings by hand, for a moment",
  window: { seconds },
});

/**
 * Writes a draft into the work folder, as a person would write it.
 *
 * @returns its members as lines to show, the steps' members each on one of their own
 */
export function writeDraft(work: string, name: string, draft: Part): string[] {
  writeFileSync(join(work, name), `${JSON.stringify(draft, null, 2)}\n`);
  const { steps, actor: _, ...rest } = draft;
  return [...Object.entries(rest), ...steps.flatMap((step) => Object.entries(step))].map(
    ([member, value]) => `${member}: ${JSON.stringify(value)}`,
  );
}
