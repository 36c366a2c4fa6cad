import { FUNCTION, type Mutation } from "./governed.ts";
import type { Change } from "./mutate.ts";

/** A function as it is invoked. */
export const REFUNDS = `${FUNCTION}-refunds:live`;

/** Puts `lambda:InvokeFunction` in the place of `lambda:UpdateAlias`. */
export const INVOKING: Change = {
  set: {
    "/actions/0/action": "lambda:InvokeFunction",
    "/issuers/0/actions/0": "lambda:InvokeFunction",
    "/deciders/0/actions/0": "lambda:InvokeFunction",
  },
};

const STEP = {
  type: "aws",
  id: "shift",
  actions: ["lambda:InvokeFunction"],
  resources: [REFUNDS],
  parameters: {
    "payload/amount": { range: { min: 1, max: 500 } },
    "payload/clientToken": { prefix: "ref-" },
    "payload/currency": { exact: "EUR" },
  },
  limits: { calls: 2, totals: { "payload/amount": 500 } },
};

const PARAMETERS = {
  ...{ "payload/amount": 300, "payload/clientToken": "ref-1", "payload/currency": "EUR" },
};

/** A refund of 300 under a contract of at most 500 in two calls. */
export const invocation = (
  change: Readonly<Record<string, unknown>> = {},
  contract: Readonly<Record<string, unknown>> = {},
): Mutation => ({
  intent: { set: { "/action": STEP.actions, "/target": STEP.resources } },
  contract: { set: { "/authorization_details/0": STEP, ...contract } },
  request: {
    set: {
      "/operation": {
        ...{ action: "lambda:InvokeFunction", resource: REFUNDS },
        parameters: { ...PARAMETERS, ...change },
      },
    },
  },
});
