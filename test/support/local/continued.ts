import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { contractDraft, type SignedContract } from "../../../lib/client/contract.ts";
import {
  contractDigest,
  delegateEvent,
  executeEvent,
  issueEvent,
  withdrawEvent,
} from "../../../lib/client/request.ts";
import type { Step } from "../../../lib/contract/step.ts";
import type { Digest } from "../../../lib/encoding/digest.ts";
import type { DelegateAnswer, DelegatedAnswer } from "../../../lib/enforcement/delegate.ts";
import type { DelegateRequest } from "../../../lib/request/request.ts";
import { delegated } from "../delegating.ts";
import { invokeDelegate } from "./agent.ts";
import { keyOf, paymentsArn, signDraft } from "./contracts.ts";
import type { LocalPlane } from "./plane.ts";
import { send } from "./sigv4.ts";

/** Whoever holds authority in turn: the contract's executor, and those to whom it can be handed on. */
export type Holder = "agent" | "delegate" | "delegate2";

type Event = Readonly<Record<string, unknown>>;

const COORDINATOR = "spiffe://example.org/agent/coordinator";
const ACTION = "lambda:InvokeFunction";

/** Whom a request designates by key and name. */
export function designating(
  plane: LocalPlane,
  to: Holder,
): { readonly jkt: string; readonly agent: string } {
  const [first, second] = plane.outputs.names.delegates;
  const agent = { agent: COORDINATOR, delegate: first, delegate2: second }[to];
  return { jkt: keyOf(plane, to).thumbprint, agent };
}

/** A step of payments of one kind, up to `max` each and in all, by the sample function. */
export const paying = (plane: LocalPlane, id: string, max: number, calls = 3): Step =>
  ({
    ...{ type: "aws", id, actions: [ACTION], resources: [paymentsArn(plane)] },
    parameters: {
      "payload/amount": { range: { min: 1, max } },
      "payload/clientToken": { prefix: `${id}-` },
      "payload/currency": { exact: "EUR" },
    },
    limits: { calls, totals: { "payload/amount": max } },
  }) as Step;

/** A contract that may be handed on, for refunds up to 1000 and payments up to 5000. */
export function payments(plane: LocalPlane, parts: object = {}): SignedContract {
  const draft = contractDraft.parse({
    purpose: "refunds and payments",
    actor: { id: COORDINATOR, kind: "agent" },
    ...{
      risk: "LOW",
      deliveries: ["execute", "handle"],
      delegation: { maxDepth: 3, retain: true },
    },
    steps: [paying(plane, "refund", 1000), paying(plane, "pay", 5000)],
    window: { seconds: 300 },
    ...parts,
  });
  return signDraft(plane, draft);
}

const seconds = (): number => Math.floor(Date.now() / 1000);
const message = (plane: LocalPlane, age = 0) => ({
  ...{ plane: plane.outputs.plane, idempotencyKey: randomUUID(), jti: randomUUID() },
  iat: seconds() - age,
});

/** What a last block or a contract says of its end. */
const endOf = (jws: string): number =>
  JSON.parse(Buffer.from(jws.split(".")[1] ?? "", "base64url").toString("utf8")).exp;

/** A place to ask from: the contract, the chain by which it was continued, and who signs. */
interface Place {
  readonly chain?: readonly string[];
  readonly by?: Holder;
  /** Seconds since it was signed. */
  readonly age?: number;
}

/** One hand-over; default: from the contract's executor to the first delegate, keeping nothing, to the end. */
export interface HandOver extends Place {
  readonly to?: Holder;
  readonly steps: readonly Step[];
  readonly change?: Partial<DelegateRequest>;
}

/** The event that hands on. */
export function handingOn(plane: LocalPlane, held: SignedContract, how: HandOver): Event {
  const { chain = [], by = "agent", to = "delegate", steps, change, age } = how;
  return delegateEvent(
    {
      ...{ ...message(plane, age), contract: held.contract, proof: held.proof, chain },
      designate: designating(plane, to),
      authorization_details: [...steps],
      ...{ deliveries: ["execute", "handle"], exp: endOf(chain.at(-1) ?? held.contract) },
      ...{ delegation: { maxDepth: 3, retain: true, labels: [], planes: [] }, retain: false },
      ...change,
    },
    keyOf(plane, by),
  );
}

/** Hands on, which must be granted. */
export const handOn = async (
  plane: LocalPlane,
  held: SignedContract,
  how: HandOver,
): Promise<DelegatedAnswer> => delegated(await invokeDelegate(plane, handingOn(plane, held, how)));

/** Asks function `delegate` by its URL, as the agent's IAM user. */
export async function delegateByUrl(
  { outputs }: LocalPlane,
  event: object,
): Promise<DelegateAnswer> {
  const answer = await send({
    ...{ endpoint: outputs.endpoint, host: new URL(outputs.functionUrls.delegate).host },
    ...{ region: outputs.region, service: "lambda", body: JSON.stringify(event) },
    headers: { "content-type": "application/json" },
    credentials: outputs.credentials.agent,
  });
  const said = JSON.parse(answer.body) as DelegateAnswer;
  assert.equal(answer.status, said.ok ? 200 : 403, answer.body);
  return said;
}

/** The event that ends a block and all below it; it is asked by the contract's executor unless said. */
export const ending = (
  plane: LocalPlane,
  { contract }: SignedContract,
  block: Digest,
  { chain = [], by = "agent" }: Place = {},
): Event => withdrawEvent({ ...message(plane), contract, chain, block }, keyOf(plane, by));

/** One payment that is asked for. */
export interface Payment extends Place {
  readonly step?: string;
  readonly amount: number;
  readonly token?: string;
  readonly currency?: string;
}

const operationOf = (plane: LocalPlane, asked: Payment) => {
  const { step = "refund", amount, currency = "EUR" } = asked;
  const token = asked.token ?? `${step}-${randomUUID()}`;
  return {
    ...{ action: ACTION, resource: paymentsArn(plane) },
    parameters: {
      "payload/amount": amount,
      "payload/clientToken": token,
      "payload/currency": currency,
    },
  };
};

/** Asks `issue` to pay, or for a handle. */
export function payingEvent(
  plane: LocalPlane,
  { contract, proof }: SignedContract,
  asked: Payment,
  delivery: "execute" | "handle" = "execute",
): Event {
  const { chain = [], by = "agent", step = "refund", age } = asked;
  const operation = operationOf(plane, asked);
  return issueEvent(
    { ...message(plane, age), contract, proof, chain, step, delivery, operation },
    keyOf(plane, by),
  );
}

/** Asks `execute` to pay under a handle. */
export function redeemingEvent(
  plane: LocalPlane,
  { contract }: SignedContract,
  handle: string | undefined,
  asked: Payment,
): Event {
  assert.ok(handle !== undefined, "a handle");
  const { chain = [], by = "agent" } = asked;
  const operation = operationOf(plane, asked);
  const redemption = { handle, contractDigest: contractDigest(contract), chain, operation };
  return executeEvent({ ...message(plane), ...redemption }, keyOf(plane, by));
}
