import type { HandedOnAsk } from "../../client/request.ts";
import { toInstant } from "../../clock.ts";
import type { HeldAt } from "../../continuity/hand-on.ts";
import { callsOf, type Step } from "../../contract/step.ts";
import type { Refusal } from "../../refusal.ts";

/** Where a draft says more than whoever hands on has, in the draft's own words. */
export interface Widened {
  readonly code: Refusal["code"];
  /** JSON pointer into the draft. */
  readonly member: string;
  /** What is held there; in words where it is nothing. */
  readonly allowed: unknown;
}

const STEPS = "authorization_details";
const tokensOf = (pointer: string): string[] =>
  pointer
    .split("/")
    .slice(1)
    .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));

/** What a refusal of `judgeHandOn` is about; `undefined` where it names no member of the draft. */
export function widened(
  { code, pointer = "" }: Refusal,
  asked: HandedOnAsk,
  held: HeldAt,
): Widened | undefined {
  const below = pointer.replace(/^\/request/, "");
  const [first = "", ...rest] = tokensOf(below);
  if (first === "") return undefined;
  const member = below.replace(`/${STEPS}`, "/steps");
  return {
    code,
    member,
    allowed: first === STEPS ? stepAllows(rest, asked, held) : whole(first, held),
  };
}

/** Of a member that stands by itself. */
function whole(member: string, held: HeldAt): unknown {
  switch (member) {
    case "exp":
      return toInstant(held.exp * 1000);
    case "deliveries":
      return held.deliveries;
    case "delegation":
      return held.delegation;
    case "retain":
      return held.delegation.retain;
    default:
      return "nothing";
  }
}

function stepAllows(
  [index, member = "", ...rest]: readonly string[],
  asked: HandedOnAsk,
  held: HeldAt,
): unknown {
  const ids = held[STEPS].map(({ id }) => id);
  const child = asked[STEPS][Number(index)];
  const parent = held[STEPS].find(({ id }) => id === child?.id);
  if (child === undefined || parent === undefined) return `the steps ${ids.join(", ")}`;
  return member === "parameters" ? parameterAllows(parent, rest) : memberAllows(parent, member);
}

function parameterAllows({ parameters }: Step, [name = ""]: readonly string[]): unknown {
  if (parameters === "unbounded" || name === "") return parameters;
  return Object.hasOwn(parameters, name)
    ? parameters[name]
    : `no such parameter; these: ${Object.keys(parameters).sort().join(", ")}`;
}

function memberAllows(parent: Step, member: string): unknown {
  switch (member) {
    case "limits":
      return { calls: callsOf(parent), totals: parent.limits?.totals ?? {} };
    case "after":
      return parent.after ?? [];
    case "gate":
      return parent.gate ?? "none";
    default:
      return parent[member as "actions" | "resources"] ?? parent;
  }
}

/** As a person reads it. */
export const widenedLines = ({ code, member, allowed }: Widened): string[] => [
  `nothing was signed: the draft says more than is held [${code}]`,
  `where      ${member}`,
  `allowed    ${typeof allowed === "string" ? allowed : JSON.stringify(allowed)}`,
];
