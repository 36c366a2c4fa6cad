import { randomUUID } from "node:crypto";
import { invokeFunction } from "../../aws/people/invoke.ts";
import { type Asked, type PlaneClient, planeClient } from "../../client/client.ts";
import { systemClock } from "../../clock.ts";
import type { SigningKey } from "../../encoding/jws.ts";
import type { RefusedAnswer } from "../../enforcement/answer.ts";
import { asCaller } from "../calling.ts";
import { type Deployment, placeFor } from "../deployment.ts";
import { CommandError, EXIT, type Io } from "../io.ts";

/**
 * Asks the plane once, as every command does, so that its own line says where it went and as whom.
 * @throws {CommandError} where no answer came, with the key under which the same may be asked again.
 */
export async function askPlane<Granted extends { readonly ok: true }>(
  io: Io,
  deployment: Deployment,
  key: SigningKey,
  read: (value: unknown, from: string) => Granted | RefusedAnswer,
  ask: (client: PlaneClient) => Promise<Asked<Granted>>,
): Promise<Granted | RefusedAnswer> {
  const place = placeFor(deployment, "agent");
  const name = deployment.functions.delegate;
  const client = planeClient({
    ...{ plane: deployment.plane, key, newId: randomUUID, sleep: io.sleep, now: systemClock },
    send: async (_, event) => read(await invokeFunction(place, name, event), name),
    tries: 1,
  });
  const { answer, error, idempotencyKey } = await ask(client);
  if (answer !== undefined) return answer;
  try {
    return await asCaller(io, place, () => Promise.reject(error));
  } catch (told) {
    if (!(told instanceof CommandError) || told.exitCode !== EXIT.unreachable) throw told;
    throw new CommandError(told.exitCode, `${told.message}: --idempotency-key ${idempotencyKey}`);
  }
}

/** What whoever hands on or takes back can do about a refusal, where its code alone does not say it. */
export function handingAdvice({ code }: RefusedAnswer): string[] {
  switch (code) {
    case "HEAD_SUPERSEDED":
      return ["do         what was handed on never comes back: ask whoever has it now"];
    case "HUMAN_SIGNATURE_MISSING":
      return [
        "do         people approve each block of this class: write it for them with --ask FILE",
      ];
    case "DELEGATOR_MISMATCH":
      return [
        "do         sign with the key that the last block of the chain designates: --key FILE",
      ];
    default:
      return [];
  }
}
