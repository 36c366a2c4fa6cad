import type { Command } from "commander";
import type { Constraint, Scalar } from "../contract/constraint.ts";
import { type Contract, readContract } from "../contract/contract.ts";
import { gateOf, type Step } from "../contract/step.ts";
import { isRefusal } from "../refusal.ts";
import type { Operation } from "../request/request.ts";
import { type ChainAtHand, chainAtHand, claimsWithin } from "./chain-at-hand.ts";
import { OUTPUTS_HELP } from "./deployment.ts";
import { readJson } from "./files.ts";
import { CommandError, EXIT } from "./io.ts";
import { vaiLine } from "./self.ts";

/** Options by which a person names one operation under a contract. */
export interface AskingOptions {
  readonly step?: string;
  readonly action?: string;
  readonly resource?: string;
  readonly set?: readonly string[];
}

/** Options of commands that send a signed request, beside those of what is asked. */
export interface SendingOptions extends AskingOptions {
  readonly key?: string;
  readonly idempotencyKey?: string;
  readonly event?: true;
  readonly saveEvent?: string;
  readonly outputs?: string;
  readonly json?: true;
}

export const SENDING_OPTIONS: readonly (readonly [flags: string, help: string])[] = [
  ["--key <file>", "the agent's private key, JWK or PEM (default: the local agent's)"],
  ["--idempotency-key <key>", "names this ask; use the same again only to retry it (default: new)"],
  ["--save-event <file>", "also write the signed event that was sent"],
  ["--event", "send a saved event again, byte for byte"],
  ["--outputs <file>", OUTPUTS_HELP],
  ["--json", "print the answer as JSON"],
];

export const STEP_OPTION = ["--step <id>", "the contract's step (default: its only one)"] as const;

const collected = (value: string, before: string[]): string[] => [...before, value];

/** Adds the options of {@link AskingOptions}; `note` says what naming a parameter does. */
export function addAskingOptions(
  command: Command,
  { withStep = true, note = "" }: { readonly withStep?: boolean; readonly note?: string } = {},
): void {
  if (withStep) command.option(...STEP_OPTION);
  command
    .option("--action <action>", "IAM action (default: the step's only one)")
    .option("--resource <arn>", "target (default: the step's only one)")
    .option(
      "--set <name=value>",
      `a parameter; those that the contract fixes are filled in${note}`,
      collected,
      [],
    );
}

/** A file of `vai contract sign` or `vai delegate`, or a bare contract JWS in JSON. */
export interface ContractFile extends ChainAtHand {
  readonly contract: string;
  /** The contract's, within what the last block leaves of them. */
  readonly claims: Contract;
  readonly proof: unknown;
}

export function readContractFile(file: string): ContractFile {
  const content = readJson(file);
  const { contract, proof, chain } = (
    typeof content === "string" ? { contract: content } : (content ?? {})
  ) as Record<string, unknown>;
  if (contract === undefined) {
    throw new CommandError(
      EXIT.unreadable,
      `${file} holds no contract; if it is a draft, sign it first: ${vaiLine("contract", "sign", file, "--out", "held.json")}`,
    );
  }
  const read = readContract(contract);
  if (isRefusal(read))
    throw new CommandError(EXIT.unreadable, `${file}: ${read.code} ${read.detail}`);
  const atHand = chainAtHand(file, read, chain);
  return {
    contract: read.jws.compact,
    claims: claimsWithin(read.claims, atHand),
    proof,
    ...atHand,
  };
}

/** The step that a person means; that of a rollback, which nobody asks for, only where it is named. */
export function stepOf(claims: Contract, id: string | undefined): Step {
  const steps = claims.authorization_details;
  const askable = steps.filter((step) => gateOf(step) !== "rollback");
  const [only] = askable;
  const found =
    id === undefined && askable.length === 1 ? only : steps.find((step) => step.id === id);
  if (found === undefined) {
    throw new CommandError(
      EXIT.unreadable,
      `give --step, one of: ${askable.map((step) => step.id).join(", ")}`,
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

/** Whether a person names anything of an operation. */
export const namesOperation = ({ action, resource, set = [] }: AskingOptions): boolean =>
  action !== undefined || resource !== undefined || set.length > 0;

/** The operation to run under a handle: the one that it was asked for, with what a person changes of it. */
export function operationUnder(
  { claims, step, operation }: Pick<ContractFile, "claims"> & HandleScope,
  options: AskingOptions,
): Operation {
  if (operation === undefined) return operationOf(claims, { ...options, step }).operation;
  const given = givenParameters(stepOf(claims, step), options.set ?? []);
  return {
    action: options.action ?? operation.action,
    resource: options.resource ?? operation.resource,
    parameters: { ...operation.parameters, ...given },
  };
}

interface HandleScope {
  readonly step: string;
  readonly operation?: Operation | undefined;
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
