import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

interface Refusal {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

const json = (type: string, more: object = {}, status = 400): Refusal => ({
  status,
  body: JSON.stringify({ __type: type, message: `said ${type}`, ...more }),
});

const xml = (root: string, code: string, status: number): Refusal => ({
  status,
  body: root.replace("*", `<Code>${code}</Code><Message>said ${code}</Message>`),
});

/** An error answer of AWS for each call, in the form of its service's protocol. */
const REFUSALS: readonly (readonly [call: RegExp, refusal: Refusal])[] = [
  [/DynamoDB_.*\.GetItem/, json("com.amazonaws.dynamodb.v20120810#ThrottlingException")],
  [
    /TransactWriteItems/,
    json("com.amazonaws.dynamodb.v20120810#TransactionCanceledException", {
      CancellationReasons: [{ Code: "ConditionalCheckFailed", Message: "no" }],
    }),
  ],
  [
    /DescribeInstances/,
    xml(
      "<Response><Errors><Error>*</Error></Errors><RequestID>r</RequestID></Response>",
      "InvalidInstanceID.NotFound",
      400,
    ),
  ],
  [/DescribeServices/, json("ClusterNotFoundException")],
  [/TrentService\.Sign/, json("DisabledException")],
  [
    /\/2015-03-31\/functions/,
    {
      status: 404,
      headers: { "x-amzn-errortype": "ResourceNotFoundException:http://internal/" },
      body: JSON.stringify({ Message: "said not found" }),
    },
  ],
  [/^HEAD \/b\/k/, { status: 404, body: "" }],
  [/^PUT \/b\/k/, xml("<Error>*</Error>", "PreconditionFailed", 412)],
  [/GetParameter/, json("ParameterNotFound")],
  [
    /Action=AssumeRole/,
    xml(
      "<ErrorResponse><Error><Type>Sender</Type>*</Error></ErrorResponse>",
      "PackedPolicyTooLarge",
      400,
    ),
  ],
];

const textOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
};

/** Starts an endpoint that refuses every call as AWS would. @returns its URL and its end */
export async function refusingEndpoint(): Promise<{ url: string; close: () => void }> {
  const server = createServer(async (request, response) => {
    const { method, url, headers } = request;
    const call = `${method} ${url} ${headers["x-amz-target"]} ${await textOf(request)}`;
    const refusal = REFUSALS.find(([pattern]) => pattern.test(call))?.[1];
    response.writeHead(refusal?.status ?? 500, refusal?.headers);
    response.end(refusal?.body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
