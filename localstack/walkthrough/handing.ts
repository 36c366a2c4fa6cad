import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { InvokeCommand } from "@aws-sdk/client-lambda";
import { readContractFile } from "../../lib/cli/operation.ts";
import { delegationDraft, handedOnBy } from "../../lib/client/delegation.ts";
import { signingKey } from "../../lib/client/keys.ts";
import { delegateEvent } from "../../lib/client/request.ts";
import { heldUnder } from "../../lib/continuity/hand-on.ts";
import { REPOSITORY_ROOT } from "../machine/paths.ts";
import { type Part, writeDraft } from "./drafts.ts";
import { bySdk } from "./sdk.ts";
import type { PlayStage } from "./stage.ts";

/** What `vai delegate --json` prints, as far as the walkthrough looks at it. */
type Handed =
  | { readonly ok?: never; readonly file: string }
  | {
      readonly ok: true;
      readonly block: { readonly agent: string; readonly depth: number; readonly digest: string };
    }
  | {
      readonly ok: false;
      readonly signed: false;
      readonly code: string;
      readonly member: string;
      readonly allowed: unknown;
    }
  | {
      readonly ok: false;
      readonly signed?: never;
      readonly code: string;
      readonly stage: string;
      readonly detail: string;
    };

/** How a payment ends: nobody reads back what a function did. */
export const REFUNDED = "succeeded, not read back, COMPLETED";

/** The key of one of the two agents to whom authority can be handed on, as a person in the work folder names it. */
export const delegateKey = ({ outputs, work }: PlayStage, which: 0 | 1): string =>
  relative(work, resolve(REPOSITORY_ROOT, outputs.keys.delegates[which] ?? ""));

interface HandingOn {
  readonly id: string;
  readonly title: string;
  /** Arguments of `vai delegate`. */
  readonly args: readonly string[];
  readonly expected: string;
  readonly lines?: readonly string[];
}

/** Hands authority on, and shows to whom; or why not. */
export function handOn(
  { vai, step }: PlayStage,
  { args, lines = [], ...rest }: HandingOn,
): Promise<void> {
  const given = ["delegate", ...args, "--json"];
  return step({
    ...rest,
    command: vai.line(given),
    run: async () => {
      const { seen, detail, more } = wordsOf(await vai.json<Handed>(given));
      return { seen, detail, lines: [...lines, ...more], value: undefined };
    },
  });
}

function wordsOf(answer: Handed): { seen: string; detail: string; more: readonly string[] } {
  if (answer.ok === undefined) {
    return { seen: "asked; nothing was signed or sent", detail: answer.file, more: [] };
  }
  if (answer.ok) {
    const { agent, depth, digest } = answer.block;
    return { seen: `handed on to ${agent}, depth ${depth}`, detail: digest, more: [] };
  }
  if (answer.signed === undefined) {
    return { seen: `${answer.code} at ${answer.stage}`, detail: answer.detail, more: [] };
  }
  const { code, member, allowed } = answer;
  const more = [`allowed: ${JSON.stringify(allowed)}`];
  return { seen: `${code}, nothing was signed`, detail: member, more };
}

interface SentRaw {
  readonly id: string;
  readonly title: string;
  /** What is held, whose draft, and whose key: files in the work folder. */
  readonly held: string;
  readonly draft: string;
  readonly key: string;
  readonly expected: string;
}

/** Signs what `vai delegate` would not, and sends it to the plane all the same. */
export function sendRaw(
  stage: PlayStage,
  { id, title, held, draft, key, expected }: SentRaw,
): Promise<void> {
  const { work, outputs, as, step } = stage;
  const FunctionName = outputs.functions.delegate;
  const command = bySdk("agent", `lambda:Invoke ${FunctionName}, signed by ${key}`);
  const json = (file: string) => JSON.parse(readFileSync(join(work, file), "utf8"));
  const run = async () => {
    const found = readContractFile(join(work, held));
    const { contract, proof, blocks: chain, claims } = found;
    const asked = handedOnBy(delegationDraft.parse(json(draft)), heldUnder(claims, found.chain));
    const [idempotencyKey, jti, iat] = [randomUUID(), randomUUID(), Math.floor(Date.now() / 1000)];
    const message = { plane: outputs.plane, idempotencyKey, jti, iat };
    const event = delegateEvent(
      { ...message, contract, proof, chain, ...asked },
      signingKey(json(key)),
    );
    const sent = new InvokeCommand({ FunctionName, Payload: JSON.stringify(event) });
    const { Payload } = await as("agent").lambda.send(sent);
    const { seen, detail } = wordsOf(JSON.parse(Buffer.from(Payload ?? []).toString()));
    return { seen, detail, value: undefined };
  };
  return step({ id, title, command, expected, run });
}

/** Writes what an executor means to hand on. @returns as {@link writeDraft}. */
export const writeHandOn = ({ work }: PlayStage, name: string, draft: Part): string[] =>
  writeDraft(work, name, draft);

/** Arguments of `vai issue` that ask for an amount. */
export const amount = (sum: number, token: string, currency = "EUR"): readonly string[] => [
  ...["--set", `payload/amount=${sum}`, "--set", `payload/clientToken=${token}`],
  ...(currency === "EUR" ? [] : ["--set", `payload/currency=${currency}`]),
];
