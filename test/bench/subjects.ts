import { GetItemCommand, PutItemCommand, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { GetAliasCommand, UpdateAliasCommand } from "@aws-sdk/client-lambda";
import type { ContractDraft } from "../../lib/client/contract.ts";
import type { Ask } from "../../lib/client/request.ts";
import type { Clients } from "../../localstack/deploy/clients.ts";
import { functionArn, settingDraft, shiftDraft, tableArn } from "../support/local/contracts.ts";
import type { LocalPlane } from "../support/local/plane.ts";

/** One action that the bench runs, governed and bare. */
export interface Subject {
  readonly action: string;
  readonly operation: NonNullable<Ask["operation"]>;
  /** What governance signs, with more of a draft's members. */
  draft(parts: Partial<Omit<ContractDraft, "steps">>): ContractDraft;
  /** One value of the target, which the contract assumes. */
  readonly assumption: NonNullable<ContractDraft["assumptions"]>[number];
  /** The call that anybody makes: what it must read first, the call as the session, and the look at what came of it. */
  bare(session: Session, reader: Clients): Promise<void>;
  /** The same calls, in words. */
  readonly bareCalls: string;
}

/** Clients of a new session; each is made when it is first asked for. */
export interface Session {
  readonly dynamoDb: Clients["dynamoDb"];
  readonly lambda: Clients["lambda"];
}

const ITEM = "bench";

/** `dynamodb:UpdateItem`: sets a number of an item that is there. */
export async function settingSubject(plane: LocalPlane): Promise<Subject> {
  const { table } = plane.outputs.samples;
  const Item = { pk: { S: ITEM }, weight: { N: "0" }, owner: { S: "team-a" } };
  await plane.deployer.dynamoDb.send(new PutItemCommand({ TableName: table, Item }));
  const [action, resource] = ["dynamodb:UpdateItem", tableArn(plane)];
  const target = { TableName: table, Key: { pk: { S: ITEM } } };
  return {
    action,
    operation: { action, resource, parameters: { "key/pk": ITEM, "set/weight": 10 } },
    draft: (parts) => settingDraft(plane, ITEM, {}, parts),
    assumption: {
      ...{ name: "owner", read: "dynamodb:GetItem", resource, parameters: { "key/pk": ITEM } },
      ...{ path: "/Item/owner/S", expect: { exact: "team-a" }, maxAgeSeconds: 60, recheck: true },
    },
    bareCalls: "UpdateItem, GetItem",
    async bare(session, reader) {
      const update = {
        UpdateExpression: "SET weight = :w",
        ExpressionAttributeValues: { ":w": { N: "10" } },
      };
      await session.dynamoDb.send(new UpdateItemCommand({ ...target, ...update }));
      await reader.dynamoDb.send(new GetItemCommand({ ...target, ConsistentRead: true }));
    },
  };
}

/** `lambda:UpdateAlias`: shifts traffic; its call needs the revision that a read before it saw. */
export function shiftSubject(plane: LocalPlane): Subject {
  const { function: name, newVersion: version } = plane.outputs.samples;
  const [action, resource] = ["lambda:UpdateAlias", functionArn(plane)];
  const target = { FunctionName: name, Name: "live" };
  return {
    action,
    operation: { action, resource, parameters: { alias: "live", version, percent: 10 } },
    draft: (parts) => shiftDraft(plane, parts),
    assumption: {
      ...{ name: "main-version", read: "lambda:GetAlias", resource, parameters: { alias: "live" } },
      ...{ path: "/FunctionVersion", expect: { exact: "1" }, maxAgeSeconds: 60, recheck: true },
    },
    bareCalls: "GetAlias, UpdateAlias, GetAlias",
    async bare(session, reader) {
      const { RevisionId } = await reader.lambda.send(new GetAliasCommand(target));
      const RoutingConfig = { AdditionalVersionWeights: { [version]: 0.1 } };
      await session.lambda.send(new UpdateAliasCommand({ ...target, RevisionId, RoutingConfig }));
      await reader.lambda.send(new GetAliasCommand(target));
    },
  };
}
