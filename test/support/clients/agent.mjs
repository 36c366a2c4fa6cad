// An agent with the unmodified AWS SDK for JavaScript and its default chain of credentials: it knows nothing of
// contracts. One call a line in, one outcome a line out.
import { createInterface } from "node:readline";
import * as dynamodb from "@aws-sdk/client-dynamodb";
import * as s3 from "@aws-sdk/client-s3";
import * as sts from "@aws-sdk/client-sts";

const SERVICES = {
  dynamodb: [dynamodb, dynamodb.DynamoDBClient],
  s3: [s3, s3.S3Client],
  sts: [sts, sts.STSClient],
};
const clients = new Map();

for await (const line of createInterface({ input: process.stdin })) {
  const { service, region, operation, input } = JSON.parse(line);
  const [commands, Client] = SERVICES[service];
  const place = `${service} ${region}`;
  if (!clients.has(place))
    clients.set(place, new Client({ ...(region && { region }), forcePathStyle: true }));
  const outcome = await clients
    .get(place)
    .send(new commands[`${operation}Command`](input))
    .then(
      () => "allowed",
      ({ name, message }) => (name === "CredentialsProviderError" ? `${name} ${message}` : name),
    );
  process.stdout.write(`${JSON.stringify(outcome)}\n`);
}
