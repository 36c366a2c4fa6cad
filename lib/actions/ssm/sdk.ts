/** What the actions and reads of Parameter Store use of its SDK client: a part of a function that is loaded when one is asked for. */
export { GetParameterCommand, PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
