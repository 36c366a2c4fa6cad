import { FUNCTION, type Governed, type Mutation, TABLE } from "./governed.ts";
import type { Plane } from "./plane.ts";
import { SHIFT_STEP } from "./shift-step.ts";

const SHIFT = { ...SHIFT_STEP, id: "shift" };

/** What takes the usual shift back. */
const UNDO = {
  ...SHIFT,
  id: "undo",
  parameters: { ...SHIFT.parameters, percent: { exact: 0 } },
  gate: "rollback",
};

export const ROLLBACK = {
  when: "obligationUnmet",
  step: "undo",
  operation: {
    action: "lambda:UpdateAlias",
    resource: FUNCTION,
    parameters: { alias: "live", version: "7", percent: 0 },
  },
};

export const ROUTING = { kind: "readBack", name: "routing", dueSeconds: 600 };

/** How the usual contract differs that takes its shift back when nobody sees it; `set`: more of the contract. */
export const rolling = (
  set: Record<string, unknown> = {},
  steps: readonly object[] = [SHIFT, UNDO],
): Mutation => ({
  contract: {
    set: {
      "/authorization_details": steps,
      "/obligations": [ROUTING],
      "/rollback": ROLLBACK,
      ...set,
    },
  },
  decision: { set: { "/boundary/authorization_details": steps } },
});

/** The same where another action of another family takes it back, under a role of its own. */
export function rollingElsewhere(): Mutation {
  const step = {
    ...{ type: "aws", id: "undo", actions: ["dynamodb:UpdateItem"], resources: [TABLE] },
    parameters: { "key/pk": { exact: "svc-a" }, "set/weight": { exact: 1 } },
    gate: "rollback",
  };
  const operation = {
    ...{ action: "dynamodb:UpdateItem", resource: TABLE },
    parameters: { "key/pk": "svc-a", "set/weight": 1 },
  };
  return {
    ...rolling({ "/rollback": { ...ROLLBACK, operation } }, [SHIFT, step]),
    intent: {
      set: {
        "/action": ["lambda:UpdateAlias", "dynamodb:UpdateItem"],
        "/target": [FUNCTION, TABLE],
      },
    },
  };
}

/** The first call says that it worked, and sets something else; what comes after it does what it says. */
export function astray(plane: Plane): void {
  const before = plane.targets.calls.length;
  plane.targets.instead = () => {
    if (plane.targets.calls.length > before + 1) return undefined;
    Object.assign(plane.targets.state.alias, { weights: { 7: 50 } });
    return { status: "succeeded" };
  };
}

/** Does something before the n-th look back at the target, counted from 1. */
export function beforeLook(plane: Plane, nth: number, act: () => unknown): void {
  let looks = 0;
  const { descriptorOf } = plane.deps;
  plane.deps = {
    ...plane.deps,
    descriptorOf: (action) => {
      const real = descriptorOf(action);
      return (
        real && {
          ...real,
          readBack: async (operation, settings) => {
            looks += 1;
            if (looks === nth) await act();
            if (real.readBack === undefined) throw new TypeError(`${action} has no read-back`);
            return real.readBack(operation, settings);
          },
        }
      );
    },
  };
}

/** Does something before the n-th session of an execution role. */
export function beforeSession(plane: Plane, nth: number, act: () => unknown): void {
  let sessions = 0;
  const { assumeRole } = plane.deps;
  plane.deps = {
    ...plane.deps,
    assumeRole: async (input) => {
      sessions += 1;
      if (sessions === nth) await act();
      return assumeRole(input);
    },
  };
}

/** The identity that was asked for, and the one of its rollback. */
export function identitiesOf(plane: Plane, { chainId }: Pick<Governed, "chainId">) {
  const all = [...plane.state(chainId).identities.values()];
  const first = all.find(({ rollbackOf }) => rollbackOf === undefined);
  if (first === undefined) throw new Error("nothing was issued");
  return { first, undo: all.find(({ rollbackOf }) => rollbackOf === first.identityId) };
}
