import { itemWall, tableWall } from "./dynamodb.ts";
import { instanceWall } from "./ec2.ts";
import { serviceWall } from "./ecs.ts";
import { functionWall, invocationWall } from "./lambda.ts";
import { objectWall } from "./s3.ts";
import { parameterWall } from "./ssm.ts";
import type { Build } from "./wall.ts";

/** Every wall that is tried, by what its session is for; at least one for each action. */
export const WALLS: Readonly<Record<string, Build>> = {
  "dynamodb:UpdateItem on a table": tableWall,
  "dynamodb:UpdateItem of an item": itemWall,
  "ec2:StartInstances": instanceWall("ec2:StartInstances"),
  "ec2:StopInstances": instanceWall("ec2:StopInstances"),
  "ec2:TerminateInstances": instanceWall("ec2:TerminateInstances"),
  "ecs:UpdateService": serviceWall,
  "lambda:InvokeFunction": invocationWall,
  "lambda:UpdateAlias": functionWall,
  "s3:PutObject": objectWall,
  "ssm:PutParameter": parameterWall,
};
