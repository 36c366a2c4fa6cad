import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, request, type Server } from "node:http";
import type { TestContext } from "node:test";
import type { Step } from "../../../localstack/front-door/exchange.ts";
import {
  createFrontDoor,
  type FrontDoorOptions,
} from "../../../localstack/front-door/front-door.ts";
import { LOOPBACK, listenFrom } from "../../../localstack/machine/ports.ts";

export const ROOT_KEY = "VAIROOT0123";

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

interface Answered {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

/** What the server behind the door says to one request; default 200 and the length of the body. */
interface Upstream {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** How a door for one test differs. */
export interface DoorChange extends Partial<Pick<FrontDoorOptions, "trailFile" | "control">> {
  /** These duties in the place of all. */
  readonly steps?: readonly Step[];
  readonly answer?: (seen: Seen) => Upstream;
}

/** A front door before a server that records what reaches it. */
export async function doorBefore(t: TestContext, { steps, answer, ...change }: DoorChange = {}) {
  const seen: Seen[] = [];
  const upstream = createServer(async (incoming, response) => {
    const body = await collect(incoming);
    const { method = "", url = "", headers, rawHeaders } = incoming;
    const one = { method, url, headers, rawHeaders, body };
    seen.push(one);
    const told = answer?.(one) ?? {};
    const type = { "x-amzn-requestid": "up", "content-type": "text/plain" };
    response.writeHead(told.status ?? 200, { ...type, ...told.headers });
    response.end(told.body ?? `got ${body.length}`);
  });
  const upstreamPort = await listenFrom(upstream, 0);
  const options: FrontDoorOptions = {
    ...{ upstream: { host: LOOPBACK, port: upstreamPort }, rootKey: ROOT_KEY },
    ...{ account: "000000000000", ...change },
  };
  const door = steps ? createFrontDoor(options, steps) : createFrontDoor(options);
  const port = await listenFrom(door, 0);
  t.after(() => [door, upstream].forEach(shut));
  return { seen, port, door, upstream };
}

/** The header by which the emulator names an authenticated caller and what it checked. */
export const told = (caller: object | null, ...checks: readonly [string, string][]) => ({
  "x-vai-caller": Buffer.from(JSON.stringify({ caller, checks })).toString("base64"),
});

export function shut(server: Server): void {
  server.close();
  server.closeAllConnections();
}

async function collect(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string | string[]>;
  readonly body?: string | Buffer;
}

export function send(port: number, sent: Sent = {}): Promise<Answered> {
  const { method = "POST", path = "/", headers = {}, body = "" } = sent;
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: LOOPBACK, port, method, path, headers }, async (incoming) => {
      const { statusCode: status = 0, headers: answered } = incoming;
      resolve({ status, headers: answered, body: await collect(incoming) });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/** The authorization header of a request that claims this key. */
export const signedAs = (key: string, service: string) => ({
  authorization: `AWS4-HMAC-SHA256 Credential=${key}/20261121/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=00`,
});
export const FORM = { "content-type": "application/x-www-form-urlencoded; charset=utf-8" };
export const sha256 = (body: string) => createHash("sha256").update(body).digest("hex");
