import { setTimeout as sleep } from "node:timers/promises";
import {
  type CloudFormationClient,
  DescribeStacksCommand,
  GetTemplateCommand,
  UpdateStackCommand,
} from "@aws-sdk/client-cloudformation";
import { type LambdaClient, ListVersionsByFunctionCommand } from "@aws-sdk/client-lambda";
import { LocalAwsError } from "../machine/errors.ts";
import type { Clients } from "./clients.ts";
import { SAMPLES_STACK, type StackOutputs } from "./deploy.ts";

const PATIENCE = 30_000;

/**
 * Releases version 2 of the sample service: the samples' stack again, with parameter `Revision` 2.
 * Lambda publishes a version only when the function has changed, so it takes a second deployment.
 *
 * @returns the outputs of the samples' stack after it
 */
export async function releaseSample({
  cloudFormation,
  lambda,
}: Pick<Clients, "cloudFormation" | "lambda">): Promise<StackOutputs> {
  const before = await describe(cloudFormation);
  const given = before.Parameters ?? [];
  // An endpoint that somebody else runs may have had the release from an earlier deployment.
  const isReleased = given.some(
    ({ ParameterKey, ParameterValue }) => ParameterKey === "Revision" && ParameterValue === "2",
  );
  if (isReleased) return outputsOf(before.Outputs ?? []);
  const Parameters = given.map(({ ParameterKey }) =>
    ParameterKey === "Revision"
      ? { ParameterKey, ParameterValue: "2" }
      : { ParameterKey, UsePreviousValue: true },
  );
  // The template as a text: LocalStack knows no UsePreviousTemplate.
  const asked = new GetTemplateCommand({ StackName: SAMPLES_STACK });
  const { TemplateBody } = await cloudFormation.send(asked);
  await cloudFormation.send(
    new UpdateStackCommand({
      StackName: SAMPLES_STACK,
      TemplateBody,
      Parameters,
      Capabilities: ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
    }),
  );
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    const stack = await describe(cloudFormation);
    if (stack.StackStatus === "UPDATE_COMPLETE") {
      // LocalStack forgets outputs of what an update leaves as it is, and that of the new version.
      const all = outputsOf([...(before.Outputs ?? []), ...(stack.Outputs ?? [])]);
      return withNewVersion(lambda, all);
    }
    if (
      !/^UPDATE_(IN_PROGRESS|COMPLETE_CLEANUP)/.test(stack.StackStatus) ||
      Date.now() > deadline
    ) {
      const reason = `${stack.StackStatus}: ${stack.StackStatusReason ?? "no reason given"}`;
      throw new LocalAwsError(`Version 2 of the sample service was not released (${reason}).`);
    }
    await sleep(50);
  }
}

async function withNewVersion(lambda: LambdaClient, outputs: StackOutputs): Promise<StackOutputs> {
  const own = outputs[SAMPLES_STACK] ?? {};
  if (own["SampleNewVersion"] !== undefined) return outputs;
  const asked = new ListVersionsByFunctionCommand({ FunctionName: own["SampleFunction"] });
  const { Versions = [] } = await lambda.send(asked);
  const SampleNewVersion = Versions.at(-1)?.Version ?? "";
  return { [SAMPLES_STACK]: { ...own, SampleNewVersion } };
}

async function describe(cloudFormation: CloudFormationClient) {
  const command = new DescribeStacksCommand({ StackName: SAMPLES_STACK });
  const stack = (await cloudFormation.send(command)).Stacks?.[0];
  if (stack?.StackStatus === undefined) throw new Error(`there is no stack ${SAMPLES_STACK}`);
  return { ...stack, StackStatus: stack.StackStatus as string };
}

function outputsOf(
  outputs: readonly { OutputKey?: string | undefined; OutputValue?: string | undefined }[],
): StackOutputs {
  const pairs = outputs.map(({ OutputKey = "", OutputValue = "" }) => [OutputKey, OutputValue]);
  return { [SAMPLES_STACK]: Object.fromEntries(pairs) as Record<string, string> };
}
