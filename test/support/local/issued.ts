import { randomUUID } from "node:crypto";
import { deliveryKey, openCredentials } from "../../../lib/client/credentials.ts";
import { issueEvent } from "../../../lib/client/request.ts";
import type { AwsCredentials } from "../../../localstack/machine/start-processes.ts";
import { granted, invoke } from "./agent.ts";
import { keyOf } from "./contracts.ts";
import type { Ending } from "./iam.ts";
import type { LocalPlane } from "./plane.ts";
import { policyOf, type Scope, sessionsOfDeployed, signScope } from "./sessions.ts";

/** A session that the deployed plane issued to the local agent, by delivery `credentials`. */
async function issuedSession(plane: LocalPlane, scope: Scope): Promise<AwsCredentials> {
  const { contract, proof } = signScope(plane, scope);
  const { deliverTo, privateKey } = deliveryKey();
  const event = issueEvent(
    {
      ...{ plane: plane.outputs.plane, contract, proof, step: "step" },
      ...{ delivery: "credentials", deliverTo },
      ...{ idempotencyKey: randomUUID(), jti: randomUUID(), iat: Math.floor(Date.now() / 1000) },
    },
    keyOf(plane, "agent"),
  );
  const { credentials = "" } = granted(await invoke(plane, event));
  const opened = await openCredentials(credentials, privateKey);
  const { accessKeyId, secretAccessKey, sessionToken } = opened;
  return { accessKeyId, secretAccessKey, sessionToken };
}

/**
 * A session as the deployed plane has it: by delivery `credentials`, or, since that carries no bounded
 * parameters, in the deployed role, got as the function `issue` gets it.
 */
export async function sessionAsIssued(
  t: Ending,
  plane: LocalPlane,
  scope: Scope,
): Promise<AwsCredentials> {
  if (scope.parameters === undefined) return issuedSession(plane, scope);
  const deployed = await sessionsOfDeployed(t, plane, scope.action);
  return deployed.session(await policyOf(plane, scope));
}
