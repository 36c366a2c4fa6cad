import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { ListStacksCommand } from "@aws-sdk/client-cloudformation";
import { ListTablesCommand } from "@aws-sdk/client-dynamodb";
import { DescribeInstancesCommand } from "@aws-sdk/client-ec2";
import { ListClustersCommand } from "@aws-sdk/client-ecs";
import { ListRolesCommand } from "@aws-sdk/client-iam";
import { ListKeysCommand } from "@aws-sdk/client-kms";
import { ListFunctionsCommand } from "@aws-sdk/client-lambda";
import { ListBucketsCommand } from "@aws-sdk/client-s3";
import { DescribeParametersCommand } from "@aws-sdk/client-ssm";
import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { type Clients, clientsFor } from "../../localstack/deploy/clients.ts";
import { askPeer, HANGS, PEERS, SESSION } from "../support/peers/peers.ts";

const CALLS: Readonly<Record<keyof Clients, (clients: Clients) => Promise<unknown>>> = {
  cloudFormation: ({ cloudFormation }) => cloudFormation.send(new ListStacksCommand({})),
  dynamoDb: ({ dynamoDb }) => dynamoDb.send(new ListTablesCommand({})),
  ec2: ({ ec2 }) => ec2.send(new DescribeInstancesCommand({})),
  ecs: ({ ecs }) => ecs.send(new ListClustersCommand({})),
  iam: ({ iam }) => iam.send(new ListRolesCommand({})),
  kms: ({ kms }) => kms.send(new ListKeysCommand({})),
  lambda: ({ lambda }) => lambda.send(new ListFunctionsCommand({})),
  s3: ({ s3 }) => s3.send(new ListBucketsCommand({})),
  ssm: ({ ssm }) => ssm.send(new DescribeParametersCommand({})),
  sts: ({ sts }) => sts.send(new GetCallerIdentityCommand({})),
};

suite("clients of the local set-up", { concurrency: true }, () => {
  for (const [peer, misbehaves] of Object.entries(PEERS)) {
    test(`VAI-99 a local AWS that ${peer}: each of them ends with an error`, {
      timeout: HANGS,
    }, async (t) => {
      const asked = Object.entries(CALLS).map(async ([name, call]) => {
        const { result, asked } = await askPeer(misbehaves, t, (endpoint, patience) =>
          call(clientsFor({ endpoint, credentials: SESSION }, patience)),
        );
        assert.equal(result.status, "rejected", name);
        assert.ok(asked.length > 0, name);
      });
      await Promise.all(asked);
    });
  }
});
