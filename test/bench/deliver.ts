import { randomUUID } from "node:crypto";
import { InvokeCommand } from "@aws-sdk/client-lambda";
import type { ContractDraft, SignedContract } from "../../lib/client/contract.ts";
import { deliveryKey } from "../../lib/client/credentials.ts";
import { contractDigest, executeEvent, issueEvent } from "../../lib/client/request.ts";
import type { Answer, GrantedAnswer } from "../../lib/enforcement/answer.ts";
import { keyOf, signDraft } from "../support/local/contracts.ts";
import type { LocalPlane } from "../support/local/plane.ts";
import type { Subject } from "./subjects.ts";

export const DELIVERIES = ["execute", "handle", "credentials"] as const;
export type Delivery = (typeof DELIVERIES)[number];

/** What the functions say of one governed action. */
export interface Served {
  /** Milliseconds inside the handlers, as their log lines say: of `issue`, with a handle also of `execute`. */
  readonly ms: number;
  /** Bytes of those log lines. */
  readonly logBytes: number;
  readonly chainId: string;
}

/** One governed action, under a contract of its own that was signed before. */
export type Governed = () => Promise<Served>;

/** The governed action, ready to be asked for; each time it is made ready it has a new contract. */
export function governed(
  plane: LocalPlane,
  subject: Subject,
  delivery: Delivery,
  isAssumed = false,
): () => Governed {
  const assumptions = isAssumed ? { assumptions: [subject.assumption] } : {};
  const bounded = subject.draft({ deliveries: [delivery], ...assumptions });
  const draft = delivery === "credentials" ? unbounded(bounded) : bounded;
  return () => {
    const held = signDraft(plane, draft);
    if (delivery === "handle") return () => redeemed(plane, subject, held);
    return () => asked(plane, subject, held, delivery);
  };
}

/** Credentials are for whoever may call as they like within the policy: no adapter bounds parameters or counts. */
function unbounded({ steps, obligations: _, ...rest }: ContractDraft): ContractDraft {
  const bare = steps.map(({ limits: _limits, ...step }) => ({
    ...{ ...step, parameters: "unbounded" as const },
  }));
  return { ...rest, steps: bare };
}

async function asked(
  plane: LocalPlane,
  { operation }: Subject,
  { contract, proof }: SignedContract,
  delivery: Exclude<Delivery, "handle">,
): Promise<Served> {
  const message = { ...messageTo(plane), contract, proof, step: stepOf(contract) };
  const wanted =
    delivery === "execute"
      ? { delivery, operation }
      : { delivery, deliverTo: deliveryKey().deliverTo };
  const event = issueEvent({ ...message, ...wanted }, keyOf(plane, "agent"));
  const { answer, ...said } = await invoked(plane, plane.outputs.functions.issue, event);
  if (delivery === "execute") requireSuccess(answer);
  return { ...said, chainId: answer.evidence.chainId };
}

async function redeemed(
  plane: LocalPlane,
  { operation }: Subject,
  { contract, proof }: SignedContract,
): Promise<Served> {
  const key = keyOf(plane, "agent");
  const message = { ...messageTo(plane), contract, proof, step: stepOf(contract) };
  const ask = issueEvent({ ...message, delivery: "handle", operation }, key);
  const issued = await invoked(plane, plane.outputs.functions.issue, ask);
  const { handle = "" } = issued.answer;
  const redemption = { handle, contractDigest: contractDigest(contract), operation };
  const redeem = executeEvent({ ...messageTo(plane), ...redemption }, key);
  const run = await invoked(plane, plane.outputs.functions.execute, redeem);
  requireSuccess(run.answer);
  return {
    ms: issued.ms + run.ms,
    logBytes: issued.logBytes + run.logBytes,
    chainId: run.answer.evidence.chainId,
  };
}

const messageTo = ({ outputs }: LocalPlane) => ({
  ...{ plane: outputs.plane, idempotencyKey: randomUUID(), jti: randomUUID() },
  iat: Math.floor(Date.now() / 1000),
});

/** The one step of a contract that was just signed here. */
function stepOf(contract: string): string {
  const claims = JSON.parse(Buffer.from(contract.split(".")[1] ?? "", "base64url").toString());
  return claims.authorization_details[0].id;
}

function requireSuccess(answer: GrantedAnswer): void {
  if (answer.outcome?.status !== "succeeded") throw new Error(JSON.stringify(answer));
}

/** The answer with what the function's own line says of it, which Lambda hands over with the answer. */
async function invoked(
  plane: LocalPlane,
  FunctionName: string,
  event: unknown,
): Promise<{ readonly answer: GrantedAnswer; readonly ms: number; readonly logBytes: number }> {
  const Payload = Buffer.from(JSON.stringify(event));
  const sent = await plane.agent.lambda.send(
    new InvokeCommand({ FunctionName, Payload, LogType: "Tail" }),
  );
  const answer = JSON.parse(Buffer.from(sent.Payload ?? []).toString("utf8")) as Answer;
  if (!answer.ok) throw new Error(JSON.stringify(answer));
  const log = Buffer.from(sent.LogResult ?? "", "base64").toString("utf8");
  const line = log.split("\n").findLast((each) => each.includes('"ms":')) ?? "";
  const ms = Number(/"ms":(\d+)/.exec(line)?.[1] ?? Number.NaN);
  return { answer, ms, logBytes: Buffer.byteLength(line) };
}
