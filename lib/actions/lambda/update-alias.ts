import type { UpdateAliasCommandInput } from "@aws-sdk/client-lambda";
import * as z from "zod";
import { present } from "../../encoding/present.ts";
import { Fault } from "../../refusal.ts";
import { boundedAction } from "../bounded-action.ts";
import {
  CALL_ATTEMPTS,
  type ClientSettings,
  clientOptions,
  deadline,
  readingClient,
} from "../client-settings.ts";
import type { CallDescription, CallOutcome, Operation, PreRead, ReadBack } from "../descriptor.ts";
import { absenceOf, made, readFault } from "../outcome.ts";

/** Parameters as AWS accepts them; `$LATEST` cannot be weighted. */
const parameters = z.object({
  alias: z
    .string()
    .regex(
      /^(?!\d+$)[A-Za-z0-9_-]{1,128}$/,
      "must be an alias name: 1 to 128 of A-Z a-z 0-9 _ -, not all digits",
    ),
  version: z.string().regex(/^[1-9]\d{0,18}$/, "must be a published version number in digits"),
  percent: z.int("must be a whole number").min(0, "must be 0 to 100").max(100, "must be 0 to 100"),
});

type Shift = z.infer<typeof parameters>;

const TARGET = {
  // Unqualified: a qualifier would name another resource than the one that IAM judges.
  pattern: /^arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]{1,64}$/,
  example: "arn:aws:lambda:us-east-1:111122223333:function:checkout",
};

const loadSdk = () => import("./sdk.ts");

/**
 * `lambda:UpdateAlias`: gives one version `percent` of an alias's traffic beside its main version,
 * which stays; 0 removes that version, and never another one (PROTOCOL.md §9). IAM sees only the function, so alias,
 * version and percent are bounded by the trust plane and the adapter. Compare and set on the
 * revision that the pre-read saw.
 */
export const lambdaUpdateAlias = boundedAction(parameters, {
  action: "lambda:UpdateAlias",
  family: "lambda",
  defaultRisk: "MEDIUM",
  target: TARGET,
  ceiling: TARGET,
  accountInArn: true,
  reads: ["lambda:GetAlias"],

  sensitive: () => false,

  load: loadSdk,
  preRead: readRevision,
  describeCall,
  call,
  readBack,
});

const functionName = (operation: Operation): string => operation.resource.split(":")[6] ?? "";

async function getAlias(operation: Operation, settings: ClientSettings) {
  const { GetAliasCommand, LambdaClient } = await loadSdk();
  const { alias } = shiftOf(operation);
  const client = readingClient("lambda", settings, (options) => new LambdaClient(options));
  const input = { FunctionName: functionName(operation), Name: alias };
  return client.send(new GetAliasCommand(input), deadline(settings));
}

async function readRevision(operation: Operation, settings: ClientSettings): Promise<PreRead> {
  try {
    const answer = await getAlias(operation, settings);
    const { RevisionId: revisionId, FunctionVersion: mainVersion } = answer;
    if (revisionId === undefined || mainVersion === undefined) {
      throw new Fault(
        "DEPENDENCY_UNAVAILABLE",
        "lambda:GetAlias answered without revision or version",
      );
    }
    const weights = answer.RoutingConfig?.AdditionalVersionWeights ?? {};
    const facts = { revisionId, mainVersion, weights: JSON.stringify(weights) };
    return { facts, ...problemOf(operation, mainVersion, weights) };
  } catch (error) {
    const problem = absenceOf(error);
    if (problem !== undefined) return { facts: {}, problem };
    throw readFault("lambda:GetAlias", error);
  }
}

/**
 * Refused without a call: beside `$LATEST` AWS takes no weight ("Both versions must be published", Lambda
 * developer guide, "Implement Lambda canary deployments using a weighted alias"); a weight for the main version
 * itself would mean the rest of the traffic for nobody; and the call replaces all weights, so an agent that is bounded to one version would
 * end or replace somebody else's canary. The revision makes this check and the call one step.
 */
function problemOf(
  operation: Operation,
  mainVersion: string,
  weights: Readonly<Record<string, number>>,
): Pick<PreRead, "problem"> {
  const { version, percent } = shiftOf(operation);
  if (mainVersion === "$LATEST" && percent > 0) return precondition("MainVersionIsLatest");
  if (version === mainVersion) return precondition("VersionIsMainVersion");
  const isOther = ([each, weight]: [string, number]): boolean => each !== version && weight !== 0;
  return Object.entries(weights).some(isOther) ? precondition("OtherVersionHasWeight") : {};
}

const precondition = (name: string): Pick<PreRead, "problem"> => ({
  problem: { name, kind: "precondition" },
});

/** The account is the credentials'; the session policy pins it, and the function, by ARN. */
function describeCall(operation: Operation, { facts }: PreRead): CallDescription {
  const { alias } = shiftOf(operation);
  return {
    api: "lambda:UpdateAlias",
    input: {
      FunctionName: functionName(operation),
      Name: alias,
      RoutingConfig: { AdditionalVersionWeights: weightsOf(shiftOf(operation)) },
      ...present({ RevisionId: facts["revisionId"] }),
    },
  };
}

const weightsOf = ({ version, percent }: Shift): Record<string, number> =>
  percent === 0 ? {} : { [version]: percent / 100 };

async function call(
  operation: Operation,
  preRead: PreRead,
  settings: ClientSettings,
): Promise<CallOutcome> {
  const { LambdaClient, UpdateAliasCommand } = await loadSdk();
  const client = new LambdaClient(clientOptions(settings, CALL_ATTEMPTS));
  if (preRead.problem !== undefined) return { status: "failed", error: preRead.problem };
  if (preRead.facts["revisionId"] === undefined) {
    // Without a revision the call would overwrite whatever somebody changed meanwhile.
    return { status: "failed", error: { name: "RevisionNotRead", kind: "precondition" } };
  }
  const { input } = describeCall(operation, preRead);
  return made(() =>
    client.send(
      new UpdateAliasCommand(input as unknown as UpdateAliasCommandInput),
      deadline(settings),
    ),
  );
}

/**
 * Matches when the version has the percent asked for, to the whole percent, and no other version
 * has weight.
 */
async function readBack(operation: Operation, settings: ClientSettings): Promise<ReadBack> {
  try {
    const answer = await getAlias(operation, settings);
    const weights = answer.RoutingConfig?.AdditionalVersionWeights ?? {};
    const observed = Object.fromEntries(
      Object.entries(weights)
        .map(([version, weight]): [string, number] => [version, Math.round(weight * 100)])
        .filter(([, percent]) => percent !== 0),
    );
    return { matches: isExactly(observed, shiftOf(operation)), observed: { weights: observed } };
  } catch (error) {
    throw readFault("lambda:GetAlias", error);
  }
}

function isExactly(observed: Record<string, number>, { version, percent }: Shift): boolean {
  const others = Object.keys(observed).filter((each) => each !== version);
  return others.length === 0 && (observed[version] ?? 0) === percent;
}

/** Read again at every use: nothing reaches AWS that the rules did not see. */
const shiftOf = (operation: Operation): Shift => parameters.parse(operation.parameters);
