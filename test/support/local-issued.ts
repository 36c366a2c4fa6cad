import { randomUUID } from "node:crypto";
import { deliveryKey, openCredentials } from "../../lib/client/credentials.ts";
import { issueEvent } from "../../lib/client/request.ts";
import type { AwsCredentials } from "../../localstack/start-processes.ts";
import { granted, invoke } from "./local-agent.ts";
import { keyOf } from "./local-contracts.ts";
import type { LocalPlane } from "./local-plane.ts";
import { type Scope, signScope } from "./local-sessions.ts";

/** A session that the deployed plane issued to the local agent, by delivery `credentials`. */
export async function issuedSession(plane: LocalPlane, scope: Scope): Promise<AwsCredentials> {
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
