import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type {
  AwsCredentials,
  CallPlace,
  ClientSettings,
} from "../../lib/actions/client-settings.ts";

export const CREDENTIALS: AwsCredentials = {
  accessKeyId: "ASIAEXAMPLEISSUED001",
  secretAccessKey: "secret",
  sessionToken: "token",
};

/** Where the calls of these tests are made. */
export const PLACE: CallPlace = { account: "000000000000", region: "us-east-1" };

/** One request as it reached the endpoint. */
interface Seen {
  readonly method: string;
  readonly path: string;
  readonly target: string | undefined;
  readonly authorization: string;
  readonly token: string | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** As JSON where it is JSON, else as text; `undefined` when there is none. */
  readonly body: unknown;
}

/**
 * `json`: an answer with a status. `hang`: none. `reset`: the connection is closed. `html`: not
 * AWS's format. `text`: any other body, with headers.
 */
export type Answer =
  | { readonly status: number; readonly json: object; readonly error?: string }
  | { readonly hang: true }
  | { readonly reset: true }
  | { readonly status: number; readonly html: string }
  | {
      readonly status: number;
      readonly text: string;
      readonly headers?: Readonly<Record<string, string>>;
    };

export interface FakeEndpoint extends AsyncDisposable {
  readonly seen: Seen[];
  settings(changes?: Partial<ClientSettings>): ClientSettings;
}

/** An HTTP server that answers every request alike: the SDK's whole way to the wire is real. */
export async function fakeEndpoint(answer: Answer): Promise<FakeEndpoint> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      seen.push(seenOf(request, Buffer.concat(chunks).toString()));
      reply(answer, request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    seen,
    settings: (changes = {}) => ({
      ...PLACE,
      endpoint: `http://127.0.0.1:${port}`,
      credentials: CREDENTIALS,
      timeoutMilliseconds: 5000,
      ...changes,
    }),
    [Symbol.asyncDispose]: () => close(server),
  };
}

function seenOf(request: IncomingMessage, text: string): Seen {
  return {
    method: request.method ?? "",
    path: request.url ?? "",
    target: request.headers["x-amz-target"] as string | undefined,
    authorization: request.headers.authorization ?? "",
    token: request.headers["x-amz-security-token"] as string | undefined,
    headers: request.headers,
    body: bodyOf(text),
  };
}

function bodyOf(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function reply(answer: Answer, request: IncomingMessage, response: ServerResponse): void {
  if ("hang" in answer) return;
  if ("reset" in answer) {
    request.socket.destroy();
    return;
  }
  if ("text" in answer) {
    response.writeHead(answer.status, answer.headers);
    response.end(answer.text);
    return;
  }
  const isHtml = "html" in answer;
  response.writeHead(answer.status, {
    "content-type": isHtml ? "text/html" : "application/x-amz-json-1.0",
    ...(!isHtml && answer.error !== undefined && { "x-amzn-errortype": answer.error }),
  });
  response.end(isHtml ? answer.html : JSON.stringify(answer.json));
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
}

/** An error answer as both protocols carry it: name in the body and in the header. */
export const awsError = (status: number, name: string): Answer => ({
  status,
  error: name,
  json: { __type: `com.amazonaws#${name}`, message: "no", Message: "no" },
});

/** How long to wait for an answer: only what never comes is not waited for. */
export const patience = (answer: Answer): Partial<ClientSettings> =>
  "hang" in answer ? { timeoutMilliseconds: 200 } : {};
