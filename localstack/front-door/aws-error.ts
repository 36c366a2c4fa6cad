import { randomUUID } from "node:crypto";
import { claimedCredentials } from "./credential.ts";
import type { Answer, Exchange } from "./exchange.ts";

/** How a service writes its errors on the wire. */
export type Protocol = "query" | "ec2" | "s3" | "json";

/** An error as AWS would give it. */
export interface AwsError {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

const QUERY_SERVICES: ReadonlySet<string> = new Set(
  "sts iam cloudformation sns monitoring autoscaling elasticloadbalancing rds ses".split(" "),
);

/** The protocol of the service that a request is for, as far as a proxy can tell. */
export function protocolOf(exchange: Exchange): Protocol {
  const service = claimedCredentials(exchange)[0]?.service ?? "";
  if (exchange.header("x-amz-target") !== "") return "json";
  if (service === "ec2" || service === "s3") return service;
  const isForm = exchange.header("content-type").startsWith("application/x-www-form-urlencoded");
  return QUERY_SERVICES.has(service) || isForm || exchange.query.has("Action") ? "query" : "json";
}

/** The answer that carries `error` in the form that the caller's SDK reads. */
export function awsErrorAnswer(exchange: Exchange, error: AwsError): Answer {
  const id = randomUUID();
  const [type, text] = render(protocolOf(exchange), error, id, exchange);
  const body = Buffer.from(exchange.method === "HEAD" ? "" : text);
  return {
    status: error.status,
    headers: [
      ...["content-type", type, "content-length", `${body.length}`],
      ...["x-amzn-requestid", id, "x-amzn-errortype", error.code],
    ],
    body,
  };
}

function render(
  protocol: Protocol,
  { code, message }: AwsError,
  id: string,
  exchange: Exchange,
): [contentType: string, text: string] {
  const inner = `<Code>${escapeXml(code)}</Code><Message>${escapeXml(message)}</Message>`;
  switch (protocol) {
    case "query":
      return [
        "text/xml",
        `<ErrorResponse><Error><Type>Sender</Type>${inner}</Error>` +
          `<RequestId>${id}</RequestId></ErrorResponse>`,
      ];
    case "ec2":
      return [
        "text/xml",
        `<Response><Errors><Error>${inner}</Error></Errors><RequestID>${id}</RequestID></Response>`,
      ];
    case "s3":
      return ["application/xml", `<Error>${inner}<RequestId>${id}</RequestId></Error>`];
    case "json": {
      const type = exchange.header("content-type");
      const json = type.startsWith("application/x-amz-json") ? type : "application/json";
      return [json, JSON.stringify({ __type: code, message })];
    }
    default:
      return protocol satisfies never;
  }
}

function escapeXml(text: string): string {
  return text.replace(/[<>&"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
