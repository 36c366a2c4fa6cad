import type { OrderAnswer } from "../../lib/cli/order/reached.ts";
import type { PlayStage } from "./stage.ts";

interface Ordering {
  readonly id: string;
  readonly title: string;
  readonly args: readonly string[];
  readonly expected: string;
}

/** One order of an operator, and how it must end: its state, the points that it reached, and whether its record stands. */
export function order(
  { vai, step }: PlayStage,
  { id, title, args, expected }: Ordering,
): Promise<void> {
  const given = [...args, "--json"];
  return step({
    ...{ id, title, expected, command: vai.line(given) },
    run: async () => {
      const answer = await vai.json<OrderAnswer>(given);
      if (!answer.ok) {
        return {
          seen: `${answer.code} at ${answer.stage}`,
          detail: answer.detail,
          value: undefined,
        };
      }
      const reached = answer.points
        .filter(({ acknowledgedAt }) => acknowledgedAt !== undefined)
        .map(({ point }) => `${point} reached`);
      const owed = answer.evidence === undefined ? ["its record owed"] : [];
      return { seen: [answer.state, ...reached, ...owed].join(", "), value: undefined };
    },
  });
}
