import type { Parameter } from "@aws-sdk/client-ssm";
import * as z from "zod";
import { Fault } from "../../refusal.ts";
import { boundedAction } from "../bounded-action.ts";
import {
  CALL_ATTEMPTS,
  type ClientSettings,
  clientOptions,
  deadline,
  readingClient,
} from "../client-settings.ts";
import type {
  ActionDescriptor,
  CallDescription,
  CallOutcome,
  Operation,
  PreRead,
  ReadBack,
} from "../descriptor.ts";
import { absenceOf, made, readFault } from "../outcome.ts";
import { fingerprint, textProblem } from "../sensitive-text.ts";
import { namesOf, PARAMETER, PARAMETER_CEILING } from "./parameter-arn.ts";

/** Bytes of a value in the standard tier. */
const MAX_VALUE = 4096;

const stored = z.string().superRefine((text, context) => {
  const message = valueProblem(text);
  if (message !== undefined) context.addIssue({ code: "custom", message });
});

/** Parameter Store takes no empty value, and none that refers to another parameter. */
function valueProblem(text: string): string | undefined {
  if (text === "") return "is empty, which Parameter Store does not take";
  if (text.includes("{{")) return "holds {{, by which Parameter Store refers to other parameters";
  return textProblem(text, MAX_VALUE);
}

const parameters = z.object({
  value: stored,
  /** The value that must be there before: as it was stored, so under the same rules. */
  expect: stored.optional(),
});

type Put = z.infer<typeof parameters>;

const loadSdk = () => import("./sdk.ts");

/**
 * `ssm:PutParameter`: gives one existing parameter of type String another value, optionally only if it
 * still has an expected one (PROTOCOL.md §9). IAM holds the parameter's ARN; the values are held by the
 * trust plane and the adapter.
 *
 * Parameter Store has no compare and set: `expect` is compared by a read before the call, and a change in
 * between would be overwritten. Hence {@link ActionDescriptor.notAtomic}.
 *
 * The call names no type: then it can neither create a parameter that was deleted meanwhile nor change
 * a type. It names the standard tier: left out, the account's default could move the parameter to the
 * tier that costs; a parameter of the advanced tier is refused by AWS.
 */
export const ssmPutParameter = boundedAction(parameters, {
  action: "ssm:PutParameter",
  family: "ssm",
  defaultRisk: "MEDIUM",
  target: PARAMETER,
  ceiling: PARAMETER_CEILING,
  accountInArn: true,
  reads: ["ssm:GetParameter"],

  sensitive: (parameter) => Object.hasOwn(parameters.shape, parameter),
  notAtomic: (given) => (Object.hasOwn(given, "expect") ? "expect" : undefined),

  load: loadSdk,
  preRead,
  describeCall,
  call,
  readBack,
});

interface Found extends Parameter {
  readonly Name: string;
}

/**
 * The parameter, by its ARN: that is what contract and IAM judge, and where a name of one level can be
 * written in two ways AWS answers which it is.
 */
async function getParameter({ resource }: Operation, settings: ClientSettings): Promise<Found> {
  const { GetParameterCommand, SSMClient } = await loadSdk();
  const client = readingClient("ssm", settings, (options) => new SSMClient(options));
  const command = new GetParameterCommand({ Name: resource });
  const { Parameter: found } = await client.send(command, deadline(settings));
  const name = namesOf(resource).find((each) => each === found?.Name);
  if (found?.ARN !== resource || name === undefined) {
    // What is about another parameter must not be taken for an answer about this one.
    throw new Fault("DEPENDENCY_UNAVAILABLE", "ssm:GetParameter answered another parameter");
  }
  return { ...found, Name: name };
}

async function preRead(operation: Operation, settings: ClientSettings): Promise<PreRead> {
  try {
    const found = await getParameter(operation, settings);
    const facts = { name: found.Name, version: String(found.Version ?? "") };
    const problem = problemOf(operation, found);
    return problem === undefined
      ? { facts }
      : { facts, problem: { name: problem, kind: "precondition" } };
  } catch (error) {
    const problem = absenceOf(error);
    if (problem !== undefined) return { facts: {}, problem };
    throw readFault("ssm:GetParameter", error);
  }
}

/** Refused without a call. Values are compared here and nowhere kept. */
function problemOf(operation: Operation, { Type, DataType, Value }: Parameter): string | undefined {
  const { expect } = putOf(operation);
  if (Type !== "String") return "ParameterIsNotString";
  // An image id is checked by EC2 some time after the call: success would not mean that it holds.
  if (DataType !== undefined && DataType !== "text") return "ParameterIsNotText";
  return expect === undefined || expect === Value ? undefined : "ValueIsAnother";
}

/** Everything that is sent but the value. */
const headersOf = ({ facts }: PreRead) => ({
  Name: facts["name"] ?? null,
  Overwrite: true,
  Tier: "Standard" as const,
});

function describeCall(operation: Operation, read: PreRead): CallDescription {
  const { value } = putOf(operation);
  return {
    api: "ssm:PutParameter",
    input: { ...headersOf(read), Value: fingerprint(value) },
  };
}

async function call(
  operation: Operation,
  read: PreRead,
  settings: ClientSettings,
): Promise<CallOutcome> {
  const { PutParameterCommand, SSMClient } = await loadSdk();
  const client = new SSMClient(clientOptions(settings, CALL_ATTEMPTS));
  if (read.problem !== undefined) return { status: "failed", error: read.problem };
  const { Name, ...rest } = headersOf(read);
  if (Name === null || !namesOf(operation.resource).includes(Name)) {
    // Without the read nobody has seen that the parameter exists and is a String.
    return { status: "failed", error: { name: "ParameterNotRead", kind: "precondition" } };
  }
  return made(() => {
    const input = { Name, ...rest, Value: putOf(operation).value };
    return client.send(new PutParameterCommand(input), deadline(settings));
  });
}

/** Matches when the parameter is still a String and has the value asked for. */
async function readBack(operation: Operation, settings: ClientSettings): Promise<ReadBack> {
  try {
    const { Type = null, Value = "" } = await getParameter(operation, settings);
    const matches = Type === "String" && Value === putOf(operation).value;
    return { matches, observed: { type: Type, value: fingerprint(Value) } };
  } catch (error) {
    if (absenceOf(error) !== undefined) return { matches: false, observed: null };
    throw readFault("ssm:GetParameter", error);
  }
}

/** Read again at every use: nothing reaches AWS that the rules did not see. */
const putOf = (operation: Operation): Put => parameters.parse(operation.parameters);
