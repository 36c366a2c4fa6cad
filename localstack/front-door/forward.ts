import { Agent, request as httpRequest, type IncomingMessage } from "node:http";
import { pipeline } from "node:stream";
import type { Answer, Exchange } from "./exchange.ts";
import { CALLER_HEADER, CLOCK_HEADER } from "./feed/caller.ts";

/** Headers between two neighbours on the way, which a proxy answers for itself (RFC 9110 §7.6.1). */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  ...["connection", "keep-alive", "proxy-connection", "proxy-authorization", "te", "trailer"],
  ...["transfer-encoding", "upgrade", "expect"],
]);

/** Where requests go. The host is checked to be loopback before. */
export interface Upstream {
  readonly host: string;
  readonly port: number;
}

/** Idle connections are given up long before the emulator's own limit of 75 s. */
const agent = new Agent({ keepAlive: true, timeout: 30_000 });

/**
 * The emulator's answer to the request, as sent: Host and everything signed is left alone.
 *
 * @param skewSeconds by how much AWS's clock is ahead for this request
 */
export async function forward(
  exchange: Exchange,
  upstream: Upstream,
  skewSeconds = 0,
): Promise<Answer> {
  const body = exchange.bodyWasRead ? await exchange.body() : undefined;
  const clock = skewSeconds === 0 ? [] : [CLOCK_HEADER, `${skewSeconds}`];
  try {
    return await send(exchange, upstream, body, clock);
  } catch (error) {
    // A kept-alive connection may be closed by the other side in the moment it is used again:
    // nothing was processed then, and a body that is still at hand can go a second time.
    if (body !== undefined && error instanceof StaleConnectionError) {
      return send(exchange, upstream, body, clock);
    }
    throw error;
  }
}

class StaleConnectionError extends Error {}

function send(
  exchange: Exchange,
  upstream: Upstream,
  body: Buffer | undefined,
  clock: readonly string[],
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({
      ...{ host: upstream.host, port: upstream.port, agent },
      ...{ method: exchange.method, path: exchange.target },
      headers: [...forwardedHeaders(exchange.request, body), ...clock],
    });
    outgoing.on("response", (incoming) => {
      resolve({
        status: incoming.statusCode ?? 502,
        headers: withoutHopByHop(incoming.rawHeaders),
        body: incoming,
      });
    });
    outgoing.on("error", (error: NodeJS.ErrnoException) => {
      const stale = outgoing.reusedSocket && error.code === "ECONNRESET";
      reject(stale ? new StaleConnectionError() : error);
    });
    if (body !== undefined) outgoing.end(body);
    else pipeline(exchange.request, outgoing, () => {});
  });
}

function forwardedHeaders(request: IncomingMessage, body: Buffer | undefined): string[] {
  const kept = withoutHopByHop(request.rawHeaders, isOurs);
  const isChunked = request.headers["transfer-encoding"] !== undefined;
  const length = isChunked && body ? ["content-length", `${body.length}`] : [];
  const chunked = isChunked && !body ? ["transfer-encoding", "chunked"] : [];
  // Policies that demand TLS see what AWS would see: nobody else can reach this loopback port.
  return [...kept, ...length, ...chunked, "x-forwarded-proto", "https"];
}

/** What the front door itself says to the emulator; from a client it would be a lie. */
const isOurs = (name: string): boolean =>
  name.startsWith("x-forwarded-") || name === CLOCK_HEADER || name === CALLER_HEADER;

function withoutHopByHop(
  raw: readonly string[],
  isDropped: (name: string) => boolean = () => false,
): string[] {
  const kept: string[] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? "";
    const lower = name.toLowerCase();
    if (!HOP_BY_HOP.has(lower) && !isDropped(lower)) kept.push(name, raw[index + 1] ?? "");
  }
  return kept;
}
