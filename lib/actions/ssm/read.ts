import { Fault } from "../../refusal.ts";
import { deadline, readingClient } from "../client-settings.ts";
import { noParameters, type TargetRead, targetRead } from "../read.ts";
import { PARAMETER } from "./parameter-arn.ts";

const loadSdk = () => import("./sdk.ts");

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
  load: loadSdk,
  async ask({ resource }, settings) {
    const { GetParameterCommand, SSMClient } = await loadSdk();
    const client = readingClient("ssm", settings, (options) => new SSMClient(options));
    const input = { Name: resource, WithDecryption: false };
    const answer = await client.send(new GetParameterCommand(input), deadline(settings));
    if (answer.Parameter?.ARN !== resource) {
      throw new Fault("DEPENDENCY_UNAVAILABLE", "ssm:GetParameter answered for another parameter");
    }
    return answer;
  },
});

export const SSM_READS: readonly TargetRead[] = [getParameter];
