import type { Constraint, Scalar } from "../contract/constraint.ts";
import { type Contract, readContract } from "../contract/contract.ts";
import type { Step } from "../contract/step.ts";
import { isRefusal } from "../refusal.ts";
import { readJson } from "./files.ts";
import { CommandError, EXIT } from "./io.ts";

/** Options by which a person names one operation under a contract. */
export interface AskingOptions {
  readonly step?: string;
  readonly action?: string;
  readonly resource?: string;
  readonly set?: readonly string[];
}

const collected = (value: string, before: string[]): string[] => [...before, value];

export const ASKING_OPTIONS: readonly (readonly [
  flags: string,
  help: string,
  collect?: (value: string, before: string[]) => string[],
])[] = [
  ["--step <id>", "the contract's step (default: its only one)"],
  ["--action <action>", "IAM action (default: the step's only one)"],
  ["--resource <arn>", "target (default: the step's only one)"],
  ["--set <name=value>", "a parameter; those that the contract fixes are filled in", collected],
];

/** A file of `vai contract sign`, or a bare contract JWS in JSON. */
export interface ContractFile {
  readonly contract: string;
  readonly claims: Contract;
  readonly proof: unknown;
}

export function readContractFile(file: string): ContractFile {
  const content = readJson(file);
  const { contract, proof } = (
    typeof content === "string" ? { contract: content } : (content ?? {})
  ) as Record<string, unknown>;
  if (contract === undefined) {
    throw new CommandError(
      EXIT.unreadable,
      `${file} holds no contract; if it is a draft, sign it first: vai contract sign ${file} --out held.json`,
    );
  }
  const read = readContract(contract);
  if (isRefusal(read))
    throw new CommandError(EXIT.unreadable, `${file}: ${read.code} ${read.detail}`);
  return { contract: read.jws.compact, claims: read.claims, proof };
}

/** The step that a person means. */
export function stepOf(claims: Contract, id: string | undefined): Step {
  const steps = claims.authorization_details;
  const [only] = steps;
  const found =
    id === undefined && steps.length === 1 ? only : steps.find((step) => step.id === id);
  if (found === undefined) {
    throw new CommandError(
      EXIT.unreadable,
      `give --step, one of: ${steps.map((step) => step.id).join(", ")}`,
    );
  }
  return found;
}

/** The operation that a person means; what is asked beyond the contract is passed on, for the plane to judge. */
export function operationOf(claims: Contract, options: AskingOptions) {
  const isKnown = claims.authorization_details.some(({ id }) => id === options.step);
  const step = stepOf(claims, isKnown ? options.step : undefined);
  const parameters = { ...fixedParameters(step), ...givenParameters(step, options.set ?? []) };
  return {
    step: options.step ?? step.id,
    operation: {
      action: options.action ?? only(step.actions, "--action"),
      resource: options.resource ?? only(step.resources, "--resource"),
      parameters,
    },
  };
}

function only(values: readonly string[], flag: string): string {
  const [first] = values;
  if (values.length === 1 && first !== undefined) return first;
  throw new CommandError(EXIT.unreadable, `give ${flag}, one of: ${values.join(", ")}`);
}

function fixedParameters({ parameters }: Step): Record<string, Scalar> {
  if (parameters === "unbounded") return {};
  const fixed = Object.entries(parameters).flatMap(([name, constraint]): [string, Scalar][] =>
    "exact" in constraint ? [[name, constraint.exact]] : [],
  );
  return Object.fromEntries(fixed);
}

function givenParameters({ parameters }: Step, given: readonly string[]): Record<string, Scalar> {
  const entries = given.map((text): [string, Scalar] => {
    const cut = text.indexOf("=");
    if (cut < 1) throw new CommandError(EXIT.unreadable, `--set ${text}: write name=value`);
    const name = text.slice(0, cut);
    const constraint = parameters === "unbounded" ? undefined : parameters[name];
    return [name, scalarFrom(text.slice(cut + 1), constraint)];
  });
  return Object.fromEntries(entries);
}

/** Of the type that the contract's constraint speaks of; without one, an integer or boolean if it reads as one. */
function scalarFrom(text: string, constraint: Constraint | undefined): Scalar {
  const wanted = constraint === undefined ? undefined : typeNamed(constraint);
  if (wanted === "string") return text;
  if (/^-?\d+$/.test(text)) return Number(text);
  return text === "true" || text === "false" ? text === "true" : text;
}

function typeNamed(constraint: Constraint): string | undefined {
  if ("all" in constraint) return constraint.all.map(typeNamed).find((type) => type !== undefined);
  if ("exact" in constraint) return typeof constraint.exact;
  if ("oneOf" in constraint) return typeof constraint.oneOf[0];
  if ("notOneOf" in constraint) return typeof constraint.notOneOf[0];
  if ("range" in constraint) return "number";
  return "prefix" in constraint ? "string" : undefined;
}
