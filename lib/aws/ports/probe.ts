import {
  AssumeRoleCommand,
  GetScopedCredentialsCommand,
  type STSClient,
} from "@aws-sdk/client-sts";
import type { AwsCredentials } from "../../actions/client-settings.ts";
import { issuedSession } from "../../issuance/assume-role.ts";
import type { AskIam, ProbeAnswer } from "../../lifecycle/ports.ts";
import { PROBE_QUESTION, probeRequest } from "../../lifecycle/probe.ts";
import { errorName } from "./faults.ts";

/** Makes a client that calls as a session. */
type ClientOf = (credentials: AwsCredentials) => STSClient;

/**
 * One probe: a session of the role with the tag of the one that is asked about, and one call with it. Only IAM's own refusal
 * of that call is a denial. That the session was not given, that STS found a fault in the question (`ValidationError`,
 * `MalformedPolicyDocument`), was throttled or could not be reached, says nothing about the session.
 */
export const askIamBy =
  (client: STSClient, clientOf: ClientOf): AskIam =>
  async (role, session) => {
    const probe = await sessionOf(client, role, session);
    if (probe === undefined) return "unknown";
    try {
      await clientOf(probe).send(new GetScopedCredentialsCommand(PROBE_QUESTION));
      return "allowed";
    } catch (error) {
      return answerIn(error);
    }
  };

async function sessionOf(
  client: STSClient,
  role: string,
  session: string,
): Promise<AwsCredentials | undefined> {
  try {
    const { Tags, ...request } = probeRequest(role, session);
    const answer = await client.send(new AssumeRoleCommand({ ...request, Tags: [...Tags] }));
    return issuedSession(answer).reveal();
  } catch {
    return undefined;
  }
}

/** With or without the suffix of the SDK's classes (AWS STS API reference, "Common errors"). */
const answerIn = (error: unknown): ProbeAnswer =>
  errorName(error).replace(/Exception$/, "") === "AccessDenied" ? "denied" : "unknown";
