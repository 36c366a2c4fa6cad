import assert from "node:assert/strict";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { after, suite, test } from "node:test";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { KMSClient } from "@aws-sdk/client-kms";
import { STSClient } from "@aws-sdk/client-sts";
import { invokeFunction } from "../../lib/aws/people/invoke.ts";
import { dependencyOptions, functionOptions } from "../../lib/aws/ports/clients.ts";
import { DynamoEvidenceStore } from "../../lib/aws/ports/evidence-store.ts";
import { KmsSigner } from "../../lib/aws/ports/kms-signer.ts";
import { boundBy } from "../../lib/aws/ports/lifetime.ts";
import { DynamoRegistryStore } from "../../lib/aws/ports/registry-store.ts";
import { DynamoRefusalCounter } from "../../lib/aws/ports/state.ts";
import { assumeRoleBy } from "../../lib/aws/ports/sts.ts";
import { TABLES } from "../support/memory-dynamo.ts";

/*
 * Every client of the product against peers that misbehave. An option of the SDK counts as working when such a peer has
 * shown it: a call ends, and as the fault of its dependency. Times are the clients' own, cut to a tenth.
 */

const HALF = '{"half":';
const peers: Readonly<Record<string, (response: ServerResponse) => void>> = {
  "takes the request and stays silent": () => undefined,
  "answers half and stops": (response) => {
    response.writeHead(200, {
      "content-length": "1000",
      "content-type": "application/x-amz-json-1.1",
    });
    response.write(HALF);
  },
  "resets the connection": (response) => response.socket?.resetAndDestroy(),
  "answers after the deadline": (response) => {
    setTimeout(() => response.end("{}"), 1_500).unref();
  },
};

const servers: Server[] = [];
after(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

let requests = 0;

async function endpointOf(behave: (response: ServerResponse) => void): Promise<string> {
  const server = createServer((_, response) => {
    requests += 1;
    behave(response);
  });
  servers.push(server);
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const placeAt = (endpoint: string) => ({
  region: "us-east-1",
  endpoint,
  credentials: { accessKeyId: "a", secretAccessKey: "b", sessionToken: "c" },
});
/** The product's options, in a tenth of their time: what is left out here is left out there. */
function quick<Options extends { readonly requestHandler: object }>(options: Options): Options {
  const requestHandler = Object.fromEntries(
    Object.entries(options.requestHandler).map(([name, value]) => [
      name,
      typeof value === "number" ? value / 10 : value,
    ]),
  );
  return { ...options, requestHandler };
}

const calls: Readonly<Record<string, (endpoint: string) => Promise<unknown>>> = {
  "kms:Sign": (endpoint) =>
    new KmsSigner(new KMSClient(quick(functionOptions(placeAt(endpoint)))), "key").sign(
      new Uint8Array(32),
    ),
  "dynamodb:Query": (endpoint) =>
    new DynamoEvidenceStore(
      new DynamoDBClient(quick(functionOptions(placeAt(endpoint)))),
      TABLES,
    ).readRows("intent/x"),
  "dynamodb:BatchGetItem": (endpoint) =>
    new DynamoRegistryStore(
      new DynamoDBClient(quick(functionOptions(placeAt(endpoint)))),
      TABLES,
    ).readHeads({ known: 0 }),
  "dynamodb:UpdateItem": (endpoint) =>
    new DynamoRefusalCounter(
      new DynamoDBClient(quick(functionOptions(placeAt(endpoint)))),
      TABLES.state,
    ).count("scope", 1, 1),
  "sts:AssumeRole": (endpoint) =>
    assumeRoleBy(new STSClient(quick(functionOptions(placeAt(endpoint), 1))))({
      RoleArn: "arn:aws:iam::000000000000:role/exec",
      RoleSessionName: "vai-0",
      SourceIdentity: "vai-0",
      DurationSeconds: 900,
      Policy: "{}",
      Tags: [],
    }),
};

suite("VAI-99 a peer that misbehaves ends a call, as the fault of its dependency", () => {
  for (const [peer, behave] of Object.entries(peers)) {
    for (const [name, call] of Object.entries(calls)) {
      test(`VAI-99 ${name}: the peer ${peer}`, { timeout: 10_000 }, async () => {
        const endpoint = await endpointOf(behave);
        requests = 0;
        await assert.rejects(call(endpoint), ({ code }: { readonly code?: unknown }) => {
          assert.match(
            String(code),
            /^(DEPENDENCY|EVIDENCE_STORE|EVIDENCE_SIGNER)_UNAVAILABLE$|^STS_/,
          );
          return true;
        });
        assert.ok(requests > 0, "the peer was asked");
      });
    }
  }

  test("VAI-99 the options of a person's commands and of functions both end a silent peer's call", () => {
    for (const options of [dependencyOptions, functionOptions]) {
      const { requestHandler } = options({ region: "us-east-1" });
      assert.equal(requestHandler.throwOnRequestTimeout, true);
      assert.ok(requestHandler.requestTimeout > 0 && requestHandler.socketTimeout > 0);
    }
  });

  test("VAI-99 a function that resets its caller is a fault of that function", async () => {
    const endpoint = await endpointOf((response) => response.socket?.resetAndDestroy());
    await assert.rejects(invokeFunction(placeAt(endpoint), "issue", {}), {
      code: "DEPENDENCY_UNAVAILABLE",
    });
  });
});

suite("VAI-103 no try begins that could not end before its function does", () => {
  test("VAI-103 no try of a call is sent when less is left than it may take, and each repeat is looked at", async () => {
    const endpoint = await endpointOf((response) => response.socket?.resetAndDestroy());
    for (const [left, sent] of [
      [10_000, 3],
      [1_499, 0],
      [1_501, 1],
    ] as const) {
      requests = 0;
      // The clock moves by the length of a try whenever somebody looks.
      let now = 0;
      const clock = (): number => {
        const seen = now;
        now += 1_000;
        return seen;
      };
      const client = boundBy(new KMSClient(quick(functionOptions(placeAt(endpoint)))), {
        ...{ lifetime: { end: left }, clock, longest: 1_000 },
      });
      await assert.rejects(new KmsSigner(client, "key").sign(new Uint8Array(32)), {
        code: "EVIDENCE_SIGNER_UNAVAILABLE",
      });
      assert.equal(requests, sent, `${left} ms left`);
    }
  });
});
