import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";

/** Largest body that is held in memory, in bytes; beyond Lambda's largest package. */
const LARGEST_BODY = 300 * 1024 * 1024;

/** Thrown by `Exchange.body` when a body is larger than what is held in memory. */
export class BodyTooLargeError extends Error {}

/** Thrown by `Exchange.body` when the client went away in the middle of it. */
export class ClientGoneError extends Error {}

/** Thrown when the call was made and its answer is to be lost on the way. */
export class AnswerLostError extends Error {}

/** What goes back to the client. A stream is sent as it comes. */
export interface Answer {
  readonly status: number;
  /** Names and values in turns, as `IncomingMessage.rawHeaders`. */
  readonly headers: readonly string[];
  readonly body: Buffer | Readable;
}

/**
 * One duty of the front door. It answers by itself (a refusal, a fault), or calls `next` and may
 * look at or change what comes back (a recorder, a delay). Steps run in the order of their list.
 */
export type Step = (exchange: Exchange, next: () => Promise<Answer>) => Promise<Answer>;

/** One request on its way through the steps. */
export class Exchange {
  readonly request: IncomingMessage;
  /** Path and query exactly as sent; that is what is signed and what is forwarded. */
  readonly target: string;
  /** Query parameters in order; names as sent. */
  readonly query: URLSearchParams;
  #body: Promise<Buffer> | undefined;

  constructor(request: IncomingMessage) {
    this.request = request;
    this.target = request.url ?? "/";
    const mark = this.target.indexOf("?");
    this.query = new URLSearchParams(mark < 0 ? "" : this.target.slice(mark + 1));
  }

  get method(): string {
    return this.request.method ?? "GET";
  }

  /** The value of a header, or "" when it is absent. */
  header(name: string): string {
    const value = this.request.headers[name];
    return (Array.isArray(value) ? value.join(",") : value) ?? "";
  }

  /** The whole body, read once. A body that no step asks for is forwarded as a stream. */
  body(): Promise<Buffer> {
    this.#body ??= readAll(this.request);
    return this.#body;
  }

  /** Whether `body` was asked for, so that nothing is left to stream. */
  get bodyWasRead(): boolean {
    return this.#body !== undefined;
  }
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > LARGEST_BODY) throw new BodyTooLargeError();
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof BodyTooLargeError ? error : new ClientGoneError();
  }
  return Buffer.concat(chunks, length);
}
