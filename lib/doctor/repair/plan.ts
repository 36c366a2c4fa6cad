import type { Finding } from "../finding.ts";
import type { Call } from "./call.ts";
import { commandLine, type PlanPlace } from "./command-line.ts";

/** A call with what it is for, and as a line to run. */
interface PlannedCall extends Call {
  readonly subject: string;
  readonly text: string;
  readonly command: string;
}

/** How to put a deployment back: calls, and what no call puts back. */
export interface RepairPlan {
  readonly calls: readonly PlannedCall[];
  /** Problems for which there is none: what to do stands in `next`. */
  readonly byHand: readonly Finding[];
  /** What could not be looked at, so that nobody knows whether it needs a call. */
  readonly unseen: readonly Finding[];
}

/**
 * Calls after which AWS refuses the next of the same kind for a while (Lambda: `ResourceConflictException`, DynamoDB:
 * `ResourceInUseException`), by the member that names what they change. All that they change fits into one.
 */
const AT_ONCE: Readonly<Record<string, string>> = {
  UpdateFunctionConfiguration: "FunctionName",
  UpdateTable: "TableName",
};

/** The calls that findings carry, each once: two findings may be mended by one, and one call may mend two things. */
export function planOf(findings: readonly Finding[], place: PlanPlace): RepairPlan {
  const problems = findings.filter(({ status }) => status === "problem");
  const planned = new Map<string, PlannedCall>();
  for (const { subject, text, repair = [] } of problems) {
    for (const each of repair) {
      const named = AT_ONCE[each.operation];
      const key =
        named === undefined
          ? commandLine(each, place)
          : `${each.operation} ${JSON.stringify(each.input[named])}`;
      const before = planned.get(key);
      const merged: Call = { ...each, input: { ...before?.input, ...each.input } };
      const command = commandLine(merged, place);
      if (command === before?.command) continue;
      const why = before === undefined ? text : `${before.text}; ${text}`;
      planned.set(key, { ...merged, subject, text: why, command });
    }
  }
  return {
    calls: [...planned.values()],
    byHand: problems.filter(({ repair = [] }) => repair.length === 0),
    unseen: findings.filter(({ status }) => status === "unseen"),
  };
}

/** The plan as a script: comments say what each line is for. */
export const planLines = ({ calls, byHand, unseen }: RepairPlan): readonly string[] => [
  ...(calls.length === 0
    ? ["# There is nothing that a call puts back."]
    : [
        "# Find out first who changed it, and keep what there is to see: these calls overwrite it.",
        "# Whoever runs them must be one of the deployment's administrators (infra/README.md).",
      ]),
  ...calls.flatMap(({ subject, text, command }) => [`# ${subject}: ${text}`, command]),
  ...byHand.map(({ subject, text, next }) => `# by hand: ${subject}: ${text} → ${next ?? ""}`),
  ...unseen.map(
    ({ subject, text }) => `# not seen, so perhaps not in this plan: ${subject}: ${text}`,
  ),
];
