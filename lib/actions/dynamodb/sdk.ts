/** What the actions and reads of DynamoDB use of its SDK client, which every function has for its own tables. */
export {
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
