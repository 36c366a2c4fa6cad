import type { LocalOutputs } from "../deploy/outputs.ts";
import { ACTOR, type Draft, functionArn, type Part } from "./drafts.ts";

/** Two things that the sample function does; a client token says which one it was. */
const KINDS = { refund: "ref-", pay: "pay-" } as const;
type Kind = keyof typeof KINDS;

/** The sample function that pays, as it is invoked. */
const paymentsArn = (outputs: LocalOutputs): string => {
  const { function: name, alias } = outputs.samples.payments;
  return functionArn(outputs, { name: `${name}:${alias}` });
};

/** Up to an amount, in euros, of it in all, in at most as many calls as a story has. */
const stepOf = (outputs: LocalOutputs, kind: Kind, max: number) => ({
  ...{ id: kind, actions: ["lambda:InvokeFunction"], resources: [paymentsArn(outputs)] },
  parameters: {
    "payload/amount": { range: { min: 1, max } },
    "payload/clientToken": { prefix: KINDS[kind] },
    "payload/currency": { exact: "EUR" },
  },
  limits: { calls: 4, totals: { "payload/amount": max } },
});

/** Refunds and payments, of at most 1,000 each, for an agent that may hand them on so deep. */
export const moneyDraft = (outputs: LocalOutputs, maxDepth: number): Draft => ({
  purpose: "refunds and payments, of at most 1000 each",
  actor: ACTOR,
  risk: "LOW",
  steps: [stepOf(outputs, "refund", 1000), stepOf(outputs, "pay", 1000)],
  delegation: { maxDepth, retain: true },
  window: { seconds: 600 },
});

/** Refunds alone, of class HIGH: people decide on the contract, and on each block. */
export const entrustedDraft = (outputs: LocalOutputs): Draft => ({
  purpose: "refunds of at most 500, and people decide who makes them",
  actor: ACTOR,
  risk: "HIGH",
  steps: [stepOf(outputs, "refund", 500)],
  delegation: { maxDepth: 1 },
  window: { seconds: 300 },
});

/** Whom an executor designates: an agent of the trust policy, by a criterion; or any key, with a name. */
type Designate = { readonly agent: string; readonly jkt?: string } | { readonly labels: string[] };

/** Refunds up to an amount, as an executor drafts what it hands on; `more` is what it says besides. */
export const refundsTo = (
  outputs: LocalOutputs,
  designate: Designate,
  max: number,
  more: object = {},
): Part => ({ designate, steps: [stepOf(outputs, "refund", max)], ...more });

/** The same with a bound left out: any currency. */
export function anyCurrency(outputs: LocalOutputs, designate: Designate, max: number): Part {
  const { parameters, ...step } = stepOf(outputs, "refund", max);
  const { "payload/currency": _, ...bounds } = parameters;
  return { designate, steps: [{ ...step, parameters: bounds }] };
}
