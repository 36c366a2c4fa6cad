import { FUNCTION } from "./governed.ts";

/** What the usual step allows, under any id: up to ten percent of one function's traffic. */
export const SHIFT_STEP = {
  type: "aws",
  actions: ["lambda:UpdateAlias"],
  resources: [FUNCTION],
  parameters: {
    alias: { exact: "live" },
    version: { exact: "7" },
    percent: { range: { min: 0, max: 10 } },
  },
};
