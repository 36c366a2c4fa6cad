import type { InvokeCommandOutput } from "@aws-sdk/client-lambda";
import * as z from "zod";
import { sha256Digest } from "../../encoding/digest.ts";
import { utf8Text } from "../../encoding/platform.ts";
import { present } from "../../encoding/present.ts";
import type { CallOutcome, ErrorKind, FunctionAnswer } from "../descriptor.ts";
import { outcomeOf } from "../outcome.ts";

/** Bytes of an answer that is read at all. */
const MAX_ANSWER = 65_536;

/** What a function says of itself; its other members are nobody's here. */
const said = z.looseObject({
  statusCode: z.int().min(200).max(599),
  reference: z
    .string()
    .regex(/^[A-Za-z0-9._:-]{1,128}$/)
    .optional(),
});

const VERSION = /^(?:[1-9]\d{0,18}|\$LATEST)$/;

/** What of a function's refusals says more than that the request was not as it should be. */
const KIND_OF_STATUS: ReadonlyMap<number, ErrorKind> = new Map([
  [401, "denied"],
  [403, "denied"],
  [404, "notFound"],
  [409, "precondition"],
  [412, "precondition"],
  [429, "throttled"],
]);

/**
 * What an answer of Lambda says about the effect. 400 to 499 is the function's word that nothing was applied, but for
 * 408; whatever is neither that nor 200 to 299, a function that broke off, and an answer that is not one leave the
 * effect unknown: taken for a failure it would be asked for again, and perhaps done twice (ADV-69).
 * @param qualifier the version or alias that was asked for.
 */
export function outcomeOfAnswer(answer: InvokeCommandOutput, qualifier: string): CallOutcome {
  if (answer.FunctionError !== undefined) return unknown("FunctionError");
  const response = responseOf(answer, qualifier);
  if (response === undefined) return unknown("AnswerNotUnderstood");
  const { statusCode } = response;
  if (statusCode < 300) return { status: "succeeded", response };
  const name = `StatusCode${statusCode}`;
  if (statusCode < 400 || statusCode > 499 || statusCode === 408)
    return { ...unknown(name), response };
  const kind = KIND_OF_STATUS.get(statusCode) ?? "invalid";
  return { status: "failed", error: { name, kind }, response };
}

/**
 * What an error of the call says: Lambda's own 4xx but 408 came before the function ran; its 5xx, by whatever name, and
 * everything else do not tell (PROTOCOL.md §9).
 */
export function outcomeOfError(error: unknown): CallOutcome {
  const outcome = outcomeOf(error);
  const { $metadata } = (error ?? {}) as { $metadata?: { httpStatusCode?: number } };
  const status = $metadata?.httpStatusCode ?? 0;
  return outcome.status === "failed" && (status < 400 || status > 499)
    ? unknown(outcome.error.name)
    : outcome;
}

/** 202 is the answer to an asynchronous invocation, 204 to a dry run: neither ran what was asked. */
function responseOf(
  { StatusCode, Payload, ExecutedVersion = "" }: InvokeCommandOutput,
  qualifier: string,
): FunctionAnswer | undefined {
  if (StatusCode !== 200 || Payload === undefined || Payload.byteLength > MAX_ANSWER)
    return undefined;
  // A version is one program: an answer of another is not to what was asked.
  const isAnother = VERSION.test(qualifier) && ExecutedVersion !== qualifier;
  const read = said.safeParse(jsonOf(Payload));
  if (!read.success || !VERSION.test(ExecutedVersion) || isAnother) return undefined;
  const { statusCode, reference } = read.data;
  const digest = sha256Digest(Payload);
  return { statusCode, executedVersion: ExecutedVersion, digest, ...present({ reference }) };
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8Text(bytes) ?? "");
  } catch {
    return undefined;
  }
}

const unknown = (name: string): CallOutcome => ({
  status: "unknown",
  error: { name, kind: "other" },
});
