import { ENV } from "../../../lib/config.ts";
import { type Broken, functionOf, put, setEnvironment, setFunction } from "./break.ts";
import { DEPLOYMENT, roleArn } from "./healthy.ts";

export const BROKEN_FUNCTIONS: readonly Broken[] = [
  {
    name: "a function that is not there",
    change: (world) => void delete world.functions[DEPLOYMENT.functions.execute],
    ...{ subject: /vai-test-execute/, text: /no such function/ },
  },
  {
    name: "a function on another runtime",
    change: setFunction("issue", { runtime: "nodejs20.x" }),
    ...{ subject: /vai-test-issue/, text: /runs on nodejs20\.x/ },
  },
  {
    name: "a function that may run longer than answers promise",
    change: setFunction("issue", { timeout: 900 }),
    ...{ subject: /vai-test-issue/, text: /timeout is 900 s/ },
  },
  {
    name: "a function under another role",
    change: setFunction("govern", { roleArn: roleArn("Administrator") }),
    ...{ subject: /vai-test-govern/, text: /runs under .*Administrator/ },
  },
  {
    name: "a function that writes evidence elsewhere",
    change: setEnvironment(ENV.evidenceTable, "somewhere-else"),
    ...{ subject: /vai-test-execute/, text: /VAI_EVIDENCE_TABLE is somewhere-else/ },
  },
  {
    name: "a function that signs with another key",
    change: setEnvironment(ENV.evidenceKeyId, "another-key"),
    ...{ subject: /vai-test-execute/, text: /VAI_EVIDENCE_KEY_ID is another-key/ },
  },
  {
    name: "functions that pin different anchors",
    change: setEnvironment(ENV.anchors, "[]"),
    ...{ subject: /^functions/, text: /disagree about VAI_ANCHORS/ },
  },
  {
    name: "a Function URL without IAM",
    change: (world) =>
      put(functionOf(world, "issue"), { urlAuth: { status: "seen", value: "NONE" } }),
    ...{ subject: /vai-test-issue/, text: /anybody on the internet/ },
  },
  {
    name: "a Function URL of govern",
    change: (world) =>
      put(functionOf(world, "govern"), { urlAuth: { status: "seen", value: "AWS_IAM" } }),
    ...{ subject: /vai-test-govern/, text: /has a Function URL/ },
  },
  {
    name: "a function that every account may invoke",
    change: (world) => {
      functionOf(world, "issue").policy = {
        Version: "2012-10-17",
        Statement: [
          { Effect: "Allow", Principal: "*", Action: "lambda:InvokeFunction", Resource: "*" },
        ],
      };
    },
    ...{ subject: /vai-test-issue/, text: /other accounts/ },
  },
];
