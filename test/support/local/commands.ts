import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { InvokeCommand } from "@aws-sdk/client-lambda";
import { signJws } from "../../../lib/encoding/jws.ts";
import type { RefusedAnswer } from "../../../lib/enforcement/answer.ts";
import type { CommandAnswer } from "../../../lib/enforcement/commands/command.ts";
import { keyOf } from "./contracts.ts";
import type { LocalPlane } from "./plane.ts";

type Party = "operator" | "auditor";

/** A command's JWS by somebody of the local trust policy. */
export function command(
  plane: LocalPlane,
  claims: Record<string, unknown>,
  signer: Party = "operator",
): string {
  const iat = Math.floor(Date.now() / 1000);
  const shared = { iss: plane.outputs.names.operator, iat, exp: iat + 300, jti: randomUUID() };
  const payload = { ...shared, aud: plane.outputs.plane, reason: "agent behaves oddly", ...claims };
  return signJws("vai-command+jwt", payload, keyOf(plane, signer));
}

/** The same command by two: `govern`'s event of what takes two names. */
export function byTwo(plane: LocalPlane, claims: Record<string, unknown>) {
  const iat = Math.floor(Date.now() / 1000);
  const same = { ...claims, jti: randomUUID(), iat, exp: iat + 300 };
  return {
    op: "command",
    command: command(plane, same),
    cosign: command(plane, same, "auditor"),
  } as const;
}

/** Invokes a function of people's, with the deployer's credentials. */
export async function call(
  plane: LocalPlane,
  name: "revoke" | "sweep" | "govern",
  event: object,
): Promise<CommandAnswer | RefusedAnswer> {
  // `sweep` has one slot, and the schedule takes it each minute.
  const { Payload, FunctionError } = await served(() =>
    plane.deployer.lambda.send(
      new InvokeCommand({
        FunctionName: plane.outputs.functions[name],
        Payload: JSON.stringify(event),
      }),
    ),
  );
  const answer = Buffer.from(Payload ?? []).toString("utf8");
  assert.equal(FunctionError, undefined, answer);
  return JSON.parse(answer) as CommandAnswer | RefusedAnswer;
}

/** Times that a function is asked which has no slot, and milliseconds between them: its run before lasts a minute at most. */
const PATIENCE = 300;
const PAUSE = 250;

/** Again for as long as all slots of the function are taken. */
export async function served<T>(ask: () => Promise<T>): Promise<T> {
  for (let time = 1; ; time++) {
    try {
      return await ask();
    } catch (error) {
      if ((error as Error).name !== "TooManyRequestsException" || time === PATIENCE) throw error;
      await sleep(PAUSE);
    }
  }
}

/** A halt or a key is taken back by two, once `sweep` has ended what it covers. */
export async function lifted(plane: LocalPlane, claims: Record<string, unknown>): Promise<void> {
  for (let time = 1; ; time++) {
    const answer = await call(plane, "govern", byTwo(plane, claims));
    if (answer.ok) return;
    const isEarly = answer.code === "REVOCATION_PENDING" && time < 20;
    assert.ok(isEarly, JSON.stringify(answer));
    await call(plane, "sweep", {});
  }
}
