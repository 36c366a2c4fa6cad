import type { AccountPrincipal } from "../../aws/inspect/account.ts";
import { about, type Finding } from "../finding.ts";
import type { Way } from "./ways.ts";

/** Whose way it is: an agent's is the worst, one of the deployment's administrators is expected to have some. */
export type PrincipalKind = "agent" | "other" | "administrator";

/** One principal with all its ways, for who looks at the whole list. */
export interface Around {
  readonly arn: string;
  readonly standing: PrincipalKind;
  readonly ways: readonly Way[];
}

const ORDER: readonly PrincipalKind[] = ["agent", "other", "administrator"];

/** How many things are told in a sentence; the JSON form has all. */
const TOLD = 5;

/** Agents are those to whom the plane's policy for them is attached, by themselves or by a group. */
export function standingOf(
  { arn, attached }: AccountPrincipal,
  agentPolicy: string,
  administrators: readonly string[],
): PrincipalKind {
  if (attached.includes(agentPolicy)) return "agent";
  return administrators.some((each) => fits(each, arn)) ? "administrator" : "other";
}

/** A pattern of ARNs, as `administrators` of a deployment are. */
const fits = (pattern: string, arn: string): boolean =>
  new RegExp(`^${pattern.split("*").map(escaped).join(".*")}$`).test(arn);

const escaped = (text: string): string => text.replace(/[\\^$.|?+()[\]{}]/g, "\\$&");

/** Agents first, each principal once. */
export function findingsOf(all: readonly Around[]): readonly Finding[] {
  return all
    .toSorted((one, other) => ORDER.indexOf(one.standing) - ORDER.indexOf(other.standing))
    .flatMap(findingOf);
}

/** `user/agent` for its ARN. */
export const nameOf = (arn: string): string => arn.replace(/^arn:[^:]*:iam::\d*:/, "");

function findingOf({ arn, standing, ways }: Around): readonly Finding[] {
  const subject = about(nameOf(arn));
  if (ways.length === 0) {
    return standing === "agent"
      ? [subject.ok("an agent's: reaches nothing without a contract")]
      : [];
  }
  const text = told(ways);
  switch (standing) {
    case "agent":
      return [
        subject.problem(
          `an agent's, and without a contract it ${text}`,
          "take from it all but the agents' policy: whatever else it holds, it can do without a contract",
        ),
      ];
    case "other":
      return [
        subject.problem(
          `without a contract it ${text}`,
          "narrow its policies, or keep it to people who are to have that way, and watch it in CloudTrail",
        ),
      ];
    default:
      return [subject.ok(`one of the deployment's administrators: ${text}`)];
  }
}

function told(ways: readonly Way[]): string {
  const sure = ways.filter(({ certainty }) => certainty === "can");
  const parts = [
    ...(sure.length > 0 ? [`can reach ${listed(sure)}`] : []),
    ...(sure.length < ways.length
      ? [`may reach ${listed(ways.filter((each) => !sure.includes(each)))}`]
      : []),
  ];
  return parts.join("; ");
}

function listed(ways: readonly Way[]): string {
  const first = ways.slice(0, TOLD).map(({ what, actions, through }) => {
    const by = actions.length > 1 ? `${actions[0]} and ${actions.length - 1} more` : actions[0];
    return `${what} (${by}${through === undefined ? "" : `, through ${through}`})`;
  });
  const rest = ways.length - first.length;
  return [...first, ...(rest > 0 ? [`${rest} more`] : [])].join(", ");
}
