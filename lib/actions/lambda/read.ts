import * as z from "zod";
import { deadline, readingClient } from "../client-settings.ts";
import { parametersOf, type TargetRead, targetRead } from "../read.ts";

const loadSdk = () => import("./sdk.ts");

/** `lambda:GetAlias`: which versions an alias names, such as `/FunctionVersion`. */
const getAlias = targetRead({
  read: "lambda:GetAlias",
  family: "lambda",
  target: {
    pattern: /^arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]{1,64}$/,
    example: "arn:aws:lambda:us-east-1:111122223333:function:checkout",
  },
  iamActions: ["lambda:GetAlias"],
  problemOf: parametersOf({
    alias: z
      .string()
      .regex(
        /^(?!\d+$)[A-Za-z0-9_-]{1,128}$/,
        "must be an alias name: 1 to 128 of A-Z a-z 0-9 _ -, not all digits",
      ),
  }),
  load: loadSdk,
  async ask({ resource, parameters }, settings) {
    const { GetAliasCommand, LambdaClient } = await loadSdk();
    const client = readingClient("lambda", settings, (options) => new LambdaClient(options));
    const input = { FunctionName: resource.split(":")[6], Name: String(parameters["alias"]) };
    return client.send(new GetAliasCommand(input), deadline(settings));
  },
});

export const LAMBDA_READS: readonly TargetRead[] = [getAlias];
