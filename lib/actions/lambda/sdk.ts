/** What the actions and reads of Lambda use of its SDK client: a part of a function that is loaded when one is asked for. */
export {
  GetAliasCommand,
  InvokeCommand,
  LambdaClient,
  UpdateAliasCommand,
} from "@aws-sdk/client-lambda";
