import type { Readable } from "node:stream";
import type { Answer } from "../exchange.ts";

/** How AWS ended a call: nothing for success. */
export interface ErrorFacts {
  readonly code: string;
  readonly message?: string;
}

/** The answer with its whole body in memory, so that it can be read here and sent afterwards. */
export async function buffered(answer: Answer): Promise<Answer & { readonly body: Buffer }> {
  const { body } = answer;
  if (Buffer.isBuffer(body)) return { ...answer, body };
  const chunks: Buffer[] = [];
  for await (const chunk of body as Readable & AsyncIterable<Buffer>) chunks.push(chunk);
  return { ...answer, body: Buffer.concat(chunks) };
}

/** A header of an answer by its lower-case name. */
export function headerOf(answer: Answer, name: string): string | undefined {
  for (let index = 0; index + 1 < answer.headers.length; index += 2) {
    if (answer.headers[index]?.toLowerCase() === name) return answer.headers[index + 1];
  }
  return undefined;
}

/** The error of an answer with status 4xx or 5xx, in whichever form its service writes it. */
export function errorOf(answer: Answer & { readonly body: Buffer }): ErrorFacts {
  const text = answer.body.toString("utf8");
  const xml = /<Code>([^<]*)<\/Code>/.exec(text)?.[1];
  if (xml !== undefined) return facts(xml, /<Message>([^<]*)<\/Message>/.exec(text)?.[1]);
  const json = jsonOf(text);
  const named = headerOf(answer, "x-amzn-errortype") ?? json["__type"] ?? json["code"];
  const message = json["message"] ?? json["Message"];
  return facts(
    typeof named === "string" ? named : nameOfStatus(answer.status),
    typeof message === "string" ? message : undefined,
  );
}

/** `com.amazonaws.kms#DisabledException:http://…` → `DisabledException`. */
function facts(code: string, message: string | undefined): ErrorFacts {
  const name = (code.split("#").at(-1) ?? code).split(":", 1)[0] ?? code;
  return { code: name, ...(message !== undefined && { message: message.slice(0, 1_024) }) };
}

/** An answer without a body, such as S3's to HEAD. */
const nameOfStatus = (status: number): string =>
  ({ 403: "AccessDenied", 404: "NoSuchKey", 412: "PreconditionFailed" })[status] ?? `${status}`;

function jsonOf(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
