import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { Fault } from "../../refusal.ts";
import { clientOptions, deadline, READ_ATTEMPTS } from "../client-settings.ts";
import { noParameters, type TargetRead, targetRead } from "../read.ts";
import { PARAMETER } from "./parameter-arn.ts";

/**
 * `ssm:GetParameter`: a parameter's value at `/Parameter/Value`, its version at `/Parameter/Version`.
 * Never decrypted: of a SecureString only the ciphertext is seen. It is asked for by its ARN, because a
 * name does not always say which ARN it has.
 */
const getParameter = targetRead({
  read: "ssm:GetParameter",
  family: "ssm",
  target: PARAMETER,
  iamActions: ["ssm:GetParameter"],
  problemOf: noParameters,
  async ask({ resource }, settings) {
    const client = new SSMClient(clientOptions(settings, READ_ATTEMPTS));
    const input = { Name: resource, WithDecryption: false };
    const answer = await client.send(new GetParameterCommand(input), deadline(settings));
    if (answer.Parameter?.ARN !== resource) {
      throw new Fault("DEPENDENCY_UNAVAILABLE", "ssm:GetParameter answered for another parameter");
    }
    return answer;
  },
});

export const SSM_READS: readonly TargetRead[] = [getParameter];
