import { createHash, createHmac } from "node:crypto";
import { request } from "node:http";
import type { AwsCredentials } from "../../../localstack/machine/start-processes.ts";

/** One HTTP request to an AWS service for which no client is installed. */
export interface RawCall {
  readonly endpoint: string;
  /** The host that is signed and sent; it may be another than the endpoint's. */
  readonly host?: string;
  readonly path?: string;
  readonly region: string;
  readonly service: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
  /** Without them the request is not signed. */
  readonly credentials?: AwsCredentials;
}

/** What came back. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** Sends a POST, signed with Signature Version 4 when credentials are given. */
export function send(call: RawCall): Promise<RawAnswer> {
  const { hostname, port, host } = new URL(call.endpoint);
  const named = { ...call, host: call.host ?? host, path: call.path ?? "/" };
  const headers = { ...call.headers, host: named.host, ...authorization(named) };
  return new Promise((resolve, reject) => {
    const options = { method: "POST", hostname, port, path: named.path, headers };
    const sent = request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        const body = Buffer.concat(chunks).toString("utf8");
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
      });
    });
    sent.on("error", reject);
    sent.end(call.body);
  });
}

const hash = (data: string | Buffer): string => createHash("sha256").update(data).digest("hex");
const hmac = (key: string | Buffer, data: string): Buffer =>
  createHmac("sha256", key).update(data).digest();

/** The headers that sign a POST without query. */
function authorization(call: RawCall & { readonly host: string; readonly path: string }) {
  const { credentials, service, region } = call;
  if (credentials === undefined) return {};
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const day = time.slice(0, 8);
  const signed: Record<string, string> = {
    host: call.host,
    "x-amz-content-sha256": hash(call.body),
    "x-amz-date": time,
  };
  const names = Object.keys(signed).sort();
  const lines = names.map((name) => `${name}:${signed[name]}\n`).join("");
  const canonical = ["POST", call.path, "", lines, names.join(";"), hash(call.body)].join("\n");
  const scope = `${day}/${region}/${service}/aws4_request`;
  const text = ["AWS4-HMAC-SHA256", time, scope, hash(canonical)].join("\n");
  const steps = [day, region, service, "aws4_request"];
  const start: string | Buffer = `AWS4${credentials.secretAccessKey}`;
  const key = steps.reduce<string | Buffer>((before, step) => hmac(before, step), start);
  const signature = createHmac("sha256", key).update(text).digest("hex");
  const credential = `Credential=${credentials.accessKeyId}/${scope}`;
  const { host: _host, ...added } = signed;
  return {
    ...added,
    authorization: `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=${names.join(";")}, Signature=${signature}`,
  };
}
