import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

/** One request as a peer has read it whole. */
interface Asked {
  readonly request: IncomingMessage;
  readonly body: string;
  readonly response: ServerResponse;
  /** Milliseconds that the client waits. */
  readonly patience: number;
}

export type Misbehaviour = (asked: Asked) => void;

export const silent: Misbehaviour = () => undefined;

const half: Misbehaviour = ({ request, response }) => {
  if (request.method === "HEAD") {
    // The answer to a HEAD ends with its head, so that is what is halved.
    response.socket?.write("HTTP/1.1 200 OK\r\ncontent-le");
    return;
  }
  response.writeHead(200, {
    "content-length": "1000",
    "content-type": "application/x-amz-json-1.1",
  });
  response.write('{"half":');
};

export const reset: Misbehaviour = ({ response }) => response.socket?.resetAndDestroy();

/** In one process the shorter of two timers ends first, however slow the machine is. */
export const late: Misbehaviour = ({ body, response, patience }) => {
  const timer = setTimeout(() => succeed(response, body), 3 * patience);
  response.once("close", () => clearTimeout(timer));
};

/** Writes something again and again, so that the peer is never silent for as long as the client waits. */
function drip({ response, patience }: Asked, write: () => void): void {
  const timer = setInterval(write, patience / 3);
  response.once("close", () => clearInterval(timer));
}

/** Never silent for long, so only what looks at the whole head ends a call to it. */
const drippingHead: Misbehaviour = (asked) => {
  const { socket } = asked.response;
  socket?.write("HTTP/1.1 200 OK\r\nx-slow: ");
  drip(asked, () => socket?.write("x"));
};

/** The head of its answer is there in time, and it is never silent for long: no option of the SDK ends a call to it. */
export const drippingBody: Misbehaviour = (asked) => {
  asked.response.writeHead(200, { "content-length": "1000000" });
  drip(asked, () => asked.response.write(" "));
};

/** What each protocol takes for success: a late answer must be one that would have been believed. */
function successTo(body: string): string {
  const action = /^Action=(\w+)&/.exec(body)?.[1];
  return action === undefined
    ? "{}"
    : `<${action}Response><${action}Result></${action}Result></${action}Response>`;
}

function succeed(response: Asked["response"], body: string): void {
  const isInvocation = body.includes('"clientToken"');
  if (isInvocation) response.setHeader("x-amz-executed-version", "1");
  response.end(isInvocation ? '{"statusCode":200}' : successTo(body));
}

/** Peers that misbehave, by what they do. */
export const PEERS: Readonly<Record<string, Misbehaviour>> = {
  // First: a client that waits too long is found at once by it.
  "answers after the deadline": late,
  "takes the request and stays silent": silent,
  "answers half and stops": half,
  "resets the connection": reset,
  "gives the head of an answer byte by byte": drippingHead,
};

export interface Peer {
  readonly endpoint: string;
  /** Bodies of the requests that it has read, in their order. */
  readonly asked: readonly string[];
}

/** Starts a peer. It goes with its test, also with one whose client never let go of it. */
export async function peerThat(
  misbehaves: Misbehaviour,
  t: TestContext,
  patience: number = SHORT,
): Promise<Peer> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString();
      asked.push(body);
      misbehaves({ request, body, response, patience });
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  t.after(async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  });
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

/** Milliseconds that clients wait here for a peer; where no request gets out in time, twice as long, and so on. */
const SHORT = 300;
export const LONG = 10_000;

/** What came of asking a peer. */
export interface Answered<T> extends Peer {
  readonly result: PromiseSettledResult<T>;
}

/**
 * Asks a peer. On a machine that is busy a deadline can pass before the request has left: of that nothing is learned
 * about the peer, so another one is asked by a client that waits longer. What is given back was asked, or never can be.
 */
export async function askPeer<T>(
  misbehaves: Misbehaviour,
  t: TestContext,
  ask: (endpoint: string, patience: number) => Promise<T>,
): Promise<Answered<T>> {
  for (let patience = SHORT; ; patience *= 2) {
    const peer = await peerThat(misbehaves, t, patience);
    const [result] = await Promise.allSettled([ask(peer.endpoint, patience)]);
    if (peer.asked.length > 0 || patience > LONG) return { ...peer, result };
  }
}

/** Milliseconds after which a call counts as one that does not end. */
export const HANGS = 30_000;

/** Credentials of nobody: these peers ask for none. */
export const SESSION = {
  accessKeyId: "ASIAEXAMPLENOBODY001",
  secretAccessKey: "secret",
  sessionToken: "token",
};

/**
 * What is asked of a peer through a client that the product itself makes. A table of these is what
 * `test/aws/every-client.test.ts` holds against the source.
 */
export interface ClientUse {
  /** As a test's title names it. */
  readonly name: string;
  /** Where the client is made: file, what is declared there, its class; the second of the same has a 2 behind it. */
  readonly made: string;
  readonly ask: (endpoint: string, patience: number) => Promise<unknown>;
}
