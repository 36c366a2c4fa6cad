import { itemWall, tableWall } from "./dynamodb.ts";
import { functionWall } from "./lambda.ts";
import type { Build } from "./wall.ts";

/** Every wall that is tried, by what its session is for. A row per form of session. */
export const WALLS: Readonly<Record<string, Build>> = {
  "dynamodb:UpdateItem on a table": tableWall,
  "dynamodb:UpdateItem of an item": itemWall,
  "lambda:UpdateAlias on a function": functionWall,
};
