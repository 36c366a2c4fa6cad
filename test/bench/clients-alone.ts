import {
  BatchGetItemCommand,
  DynamoDBClient,
  QueryCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { GetPublicKeyCommand, KMSClient, SignCommand } from "@aws-sdk/client-kms";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import * as z from "zod";

/**
 * What any function must load that does on AWS what the plane does: the three clients, made as the plane makes them, the
 * commands that it sends, and schemas of zod. The bench imports it beside the issue function.
 */
export const alone = [
  new DynamoDBClient({}),
  new KMSClient({}),
  new STSClient({}),
  ...[BatchGetItemCommand, QueryCommand, TransactWriteItemsCommand, UpdateItemCommand],
  ...[GetPublicKeyCommand, SignCommand, AssumeRoleCommand],
  z.strictObject({
    text: z.string().regex(/^a+$/).optional(),
    list: z.array(z.int().min(1)).min(1),
    map: z.record(z.string(), z.unknown()),
    one: z.union([z.literal(1), z.boolean(), z.enum(["a"])]),
  }),
];
