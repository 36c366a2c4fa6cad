import { satisfies } from "../contract/constraint.ts";
import type { Step } from "../contract/step.ts";
import type { SendingOptions } from "./operation.ts";
import { vaiLine } from "./self.ts";

/** What a person does next: a command, and what of it is still theirs to choose. */
export interface NextLine {
  /** `next` runs as it stands; `fill in` has words in capitals that stand for a choice. */
  readonly label: "next" | "fill in";
  readonly line: string;
}

/** Where the next command finds what this one was given. */
type Given = Pick<SendingOptions, "key" | "outputs">;

/**
 * The command that asks for something under a step, or redeems a handle for it. A line that is printed as `next` must do
 * what it says when it is copied: with a choice open it is called otherwise.
 */
export function nextLine(
  words: readonly string[],
  choices: readonly string[],
  given: Given,
): NextLine {
  const more = [
    ...(given.key === undefined ? [] : ["--key", given.key]),
    ...(given.outputs === undefined ? [] : ["--outputs", given.outputs]),
  ];
  return {
    label: choices.length === 0 ? "next" : "fill in",
    line: vaiLine(...words, ...choices, ...more),
  };
}

/** What a step leaves open of an operation. */
export function openChoices({ actions, resources, parameters }: Step): string[] {
  const names =
    parameters === "unbounded"
      ? []
      : Object.entries(parameters)
          .filter(([, constraint]) => !("exact" in constraint) && !satisfies(constraint, undefined))
          .map(([name]) => name);
  return [
    ...(actions.length > 1 ? ["--action", "ACTION"] : []),
    ...(resources.length > 1 ? ["--resource", "ARN"] : []),
    ...names.flatMap((name) => ["--set", `${name}=VALUE`]),
  ];
}
