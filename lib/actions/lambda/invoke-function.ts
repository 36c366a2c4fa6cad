import type { InvokeCommandInput } from "@aws-sdk/client-lambda";
import { CALL_ATTEMPTS, type ClientSettings, clientOptions, deadline } from "../client-settings.ts";
import type {
  ActionDescriptor,
  CallDescription,
  CallOutcome,
  Operation,
  PreRead,
} from "../descriptor.ts";
import { outcomeOfAnswer, outcomeOfError } from "./function-answer.ts";
import { judgePayload, memberOf, payloadOf } from "./payload.ts";

const TARGET = {
  // Always qualified, never by `$LATEST`: unqualified is whatever was uploaded last, which nobody decided about.
  pattern:
    /^arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]{1,64}:(?:[1-9]\d{0,18}|(?!\d+$)[A-Za-z0-9_-]{1,128})$/,
  example: "arn:aws:lambda:us-east-1:111122223333:function:refunds:live",
};

const loadSdk = () => import("./sdk.ts");

/**
 * `lambda:InvokeFunction`: one synchronous invocation of exactly one version or alias (PROTOCOL.md §9). The function
 * holds its credentials itself, so that neither agent nor plane ever has them, and takes equal `clientToken`s for one
 * request (POC-25).
 *
 * IAM holds the qualified ARN and nothing else: it has no condition key for the payload, nor for `InvocationType`
 * (Service Authorization Reference, "Actions, resources, and condition keys for AWS Lambda"). Hence
 * {@link ActionDescriptor.isWiderInIam}. What a function did only the function knows: there is no read-back.
 */
export const lambdaInvokeFunction: ActionDescriptor = {
  action: "lambda:InvokeFunction",
  family: "lambda",
  defaultRisk: "HIGH",
  target: TARGET,
  ceiling: TARGET,
  accountInArn: true,
  isWiderInIam: true,
  reads: [],

  knows: (parameter) => memberOf(parameter) !== undefined,
  sensitive: () => false,
  judgeParameters: judgePayload,
  carriesInIam: () => false,
  iamBounds: () => [],
  requestKeys: () => [],

  load: loadSdk,
  describeCall,
  call,
};

/** Type and log are the service's defaults, said aloud: an answer, and nothing of the function's log in it. */
const inputOf = (operation: Operation) => {
  const [name = "", qualifier = ""] = operation.resource.split(":").slice(6);
  return {
    FunctionName: name,
    Qualifier: qualifier,
    InvocationType: "RequestResponse",
    LogType: "None",
    Payload: payloadOf(operation),
  } as const;
};

/** The account is the credentials'; the session policy pins it, and the qualified function, by ARN. */
function describeCall(operation: Operation): CallDescription {
  return { api: "lambda:Invoke", input: inputOf(operation) };
}

async function call(
  operation: Operation,
  _preRead: PreRead,
  settings: ClientSettings,
): Promise<CallOutcome> {
  const { InvokeCommand, LambdaClient } = await loadSdk();
  const client = new LambdaClient(clientOptions(settings, CALL_ATTEMPTS));
  const input = inputOf(operation) satisfies InvokeCommandInput;
  try {
    const answer = await client.send(new InvokeCommand(input), deadline(settings));
    return outcomeOfAnswer(answer, input.Qualifier);
  } catch (error) {
    return outcomeOfError(error);
  }
}
