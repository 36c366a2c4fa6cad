import { isSensitive } from "../../actions/catalogue.ts";
import type { HandedOnAsk } from "../../client/request.ts";
import { toInstant } from "../../clock.ts";
import type { HeldAt } from "../../continuity/hand-on.ts";
import { callsOf, type Step } from "../../contract/step.ts";
import type { Refusal } from "../../refusal.ts";

/** Where a draft says more than whoever hands on has, in the draft's own words. */
export interface Widened {
  readonly code: Refusal["code"];
  readonly why: string;
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
    // An end that is not too late was refused for being too early.
    why:
      first === "exp" && asked.exp <= held.exp
        ? "the block would be over already"
        : "the draft says more than is held",
    member,
    allowed: first === STEPS ? stepAllows(rest, asked, held) : whole(first, held),
  };
}

/** Of a member that stands by itself. */
function whole(member: string, held: HeldAt): unknown {
  switch (member) {
    case "exp":
      return `later than now, and at most ${toInstant(held.exp * 1000)}`;
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

function parameterAllows(parent: Step, [name = ""]: readonly string[]): unknown {
  const parameters = shownParameters(parent);
  if (parameters === "unbounded" || name === "") return parameters;
  return Object.hasOwn(parameters, name)
    ? parameters[name]
    : `no such parameter; these: ${Object.keys(parameters).sort().join(", ")}`;
}

const HIDDEN = "what is held there, unchanged; it is sensitive, and not shown";

/** A terminal and a log are read by others than whoever holds the contract: what evidence hides they do not show (USR-16). */
function shownParameters({ actions, parameters }: Step): "unbounded" | Record<string, unknown> {
  if (parameters === "unbounded") return parameters;
  return Object.fromEntries(
    Object.entries(parameters).map(([name, constraint]) => [
      name,
      actions.some((action) => isSensitive(action, name)) ? HIDDEN : constraint,
    ]),
  );
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
      return parent[member as "actions" | "resources"] ?? "nothing";
  }
}

/** As a person reads it. */
export const widenedLines = ({ code, why, member, allowed }: Widened): string[] => [
  `nothing was signed: ${why} [${code}]`,
  `where      ${member}`,
  `allowed    ${typeof allowed === "string" ? allowed : JSON.stringify(allowed)}`,
];
