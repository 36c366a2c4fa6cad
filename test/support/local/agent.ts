import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { InvokeCommand } from "@aws-sdk/client-lambda";
import type { SignedContract } from "../../../lib/client/contract.ts";
import { type Ask, contractDigest, executeEvent, issueEvent } from "../../../lib/client/request.ts";
import type { SigningKey } from "../../../lib/encoding/jws.ts";
import type { Answer, GrantedAnswer, RefusedAnswer } from "../../../lib/enforcement/answer.ts";
import type { DelegateAnswer } from "../../../lib/enforcement/delegate.ts";
import { functionArn, keyOf, tableArn } from "./contracts.ts";
import type { LocalPlane } from "./plane.ts";

type Event = Readonly<Record<string, unknown>>;
type Operation = NonNullable<Ask["operation"]>;

/** What a test changes of a good request. */
export interface Change {
  readonly plane?: string;
  readonly key?: SigningKey;
  readonly idempotencyKey?: string;
  readonly jti?: string;
  readonly resource?: string;
  readonly parameters?: Operation["parameters"];
  readonly delivery?: "execute" | "handle";
}

/** The agent's request to shift traffic, as event for the `issue` function. */
export const shiftEvent = (plane: LocalPlane, held: SignedContract, change: Change = {}): Event =>
  eventFor(plane, held, "shift", {
    ...{ action: "lambda:UpdateAlias", resource: change.resource ?? functionArn(plane) },
    parameters: {
      ...{ alias: "live", version: plane.outputs.samples.newVersion, percent: 10 },
      ...change.parameters,
    },
  })(change);

/** The agent's request to set the weight of an item. */
export const settingEvent = (
  plane: LocalPlane,
  held: SignedContract,
  item: string,
  change: Change = {},
): Event =>
  eventFor(plane, held, "set", {
    ...{ action: "dynamodb:UpdateItem", resource: change.resource ?? tableArn(plane) },
    parameters: { "key/pk": item, "set/weight": 10, ...change.parameters },
  })(change);

const eventFor =
  (plane: LocalPlane, { contract, proof }: SignedContract, step: string, operation: Operation) =>
  ({
    key,
    plane: audience = plane.outputs.plane,
    idempotencyKey,
    jti,
    delivery = "execute",
  }: Change): Event => {
    const ask: Ask = {
      delivery,
      ...{ plane: audience, contract, proof, step, operation },
      idempotencyKey: idempotencyKey ?? randomUUID(),
      jti: jti ?? randomUUID(),
      iat: Math.floor(Date.now() / 1000),
    };
    return issueEvent(ask, key ?? keyOf(plane, "agent"));
  };

/** The agent's request to redeem a handle for what {@link settingEvent} asks. */
export function redemptionEvent(
  plane: LocalPlane,
  { contract }: SignedContract,
  handle: string,
  item: string,
  change: Change = {},
): Event {
  const redemption = {
    ...{ plane: change.plane ?? plane.outputs.plane, handle },
    contractDigest: contractDigest(contract),
    operation: {
      ...{ action: "dynamodb:UpdateItem", resource: change.resource ?? tableArn(plane) },
      parameters: { "key/pk": item, "set/weight": 10, ...change.parameters },
    },
    idempotencyKey: change.idempotencyKey ?? randomUUID(),
    jti: change.jti ?? randomUUID(),
    iat: Math.floor(Date.now() / 1000),
  };
  return executeEvent(redemption, change.key ?? keyOf(plane, "agent"));
}

const seen: string[] = [];

/** Every answer that {@link invokeRaw} got in this process, as text. */
export const answersSeen = (): readonly string[] => seen;

/** Invokes a deployed function as the agent's IAM user, with any payload. */
async function invokeFunction<Said = Answer>(
  plane: LocalPlane,
  FunctionName: string,
  payload: string | Uint8Array,
): Promise<Said> {
  const Payload = typeof payload === "string" ? Buffer.from(payload) : payload;
  const answered = await plane.agent.lambda.send(new InvokeCommand({ FunctionName, Payload }));
  const text = Buffer.from(answered.Payload ?? []).toString("utf8");
  seen.push(text);
  assert.equal(answered.FunctionError, undefined, `the function crashed: ${text}`);
  return JSON.parse(text) as Said;
}

export const invokeRaw = (plane: LocalPlane, payload: string | Uint8Array): Promise<Answer> =>
  invokeFunction(plane, plane.outputs.functions.issue, payload);

export const invoke = (plane: LocalPlane, event: unknown): Promise<Answer> =>
  invokeRaw(plane, JSON.stringify(event));

/** Invokes `execute`, which redeems handles. */
export const invokeExecute = (plane: LocalPlane, event: unknown): Promise<Answer> =>
  invokeFunction(plane, plane.outputs.functions.execute, JSON.stringify(event));

/** Invokes `delegate`, which hands authority on and takes it back. */
export const invokeDelegate = (plane: LocalPlane, event: unknown): Promise<DelegateAnswer> =>
  invokeFunction(plane, plane.outputs.functions.delegate, JSON.stringify(event));

/** The answer as a grant. Fails with the refusal otherwise. */
export function granted(answer: Answer): GrantedAnswer {
  assert.ok(answer.ok, `refused: ${JSON.stringify(answer)}`);
  return answer;
}

/** The answer as a refusal with this code. */
export function refused(answer: Answer | DelegateAnswer, code: string): RefusedAnswer {
  assert.ok(!answer.ok, `granted: ${JSON.stringify(answer)}`);
  assert.equal(answer.code, code, JSON.stringify(answer));
  return answer;
}
