import { ENV } from "../../../lib/config.ts";
import { type Broken, functionOf, put, setEnvironment, setFunction, shown } from "./break.ts";
import {
  DEPLOYMENT,
  PATTERNS,
  REVOKE_EVENTS,
  roleArn,
  STREAM,
  WATCH,
  type World,
} from "./healthy.ts";
import { invokedByRule } from "./policies.ts";

const LAYER = "arn:aws:lambda:us-east-1:000000000000:layer:more:1";
const setSource = (change: object) => (world: World) =>
  put(shown<object[]>(world.sources)[0] ?? {}, change);

const ofEvents = ({ functions }: World) => {
  const found = functions[REVOKE_EVENTS];
  if (found === undefined) throw new Error(REVOKE_EVENTS);
  return found;
};
const OF_EVENTS = /^function vai-test-revoke-events$/;

/** The function of commands that come as events, which no outputs name. */
const BROKEN_EVENTS: readonly Broken[] = [
  {
    name: "no function for commands that come as events",
    change: (world) => void delete world.functions[REVOKE_EVENTS],
    ...{ subject: OF_EVENTS, text: /no such function/ },
  },
  {
    name: "commands that come as events and are never run",
    change: (world) => put(ofEvents(world), { concurrency: { status: "seen", value: 0 } }),
    ...{ subject: OF_EVENTS, text: /reserved concurrency is 0: it is never run/ },
  },
  {
    name: "commands that come as events without a cap",
    change: (world) => put(ofEvents(world), { concurrency: { status: "absent" } }),
    ...{ subject: OF_EVENTS, text: /reserved concurrency is none, not 2/ },
  },
  {
    name: "commands that come as events under another role",
    change: (world) => put(shown(ofEvents(world).setting), { roleArn: roleArn("Administrator") }),
    ...{ subject: OF_EVENTS, text: /runs under .*Administrator, not .*role\/vai-test-revoke$/ },
  },
  {
    name: "commands that come as events and are logged elsewhere",
    change: (world) =>
      put(shown(ofEvents(world).setting), { logs: { group: "/elsewhere", format: "Text" } }),
    ...{ subject: OF_EVENTS, text: /not as Text to \/vai\/test\/revoke:/ },
  },
  {
    name: "commands that come as events for another plane",
    change: (world) =>
      put(shown<{ environment: object }>(ofEvents(world).setting).environment, {
        [ENV.registryTable]: "somewhere-else",
      }),
    ...{ subject: /^functions$/, text: /they disagree about VAI_REGISTRY_TABLE/ },
  },
  {
    name: "another rule that sends commands",
    change: (world) =>
      put(ofEvents(world), {
        policy: invokedByRule("arn:aws:events:us-east-1:000000000000:rule/another"),
      }),
    ...{ subject: OF_EVENTS, text: /the stack lets .*rule\/vai-test-commands alone/ },
  },
];

export const BROKEN_FUNCTIONS: readonly Broken[] = [
  ...BROKEN_EVENTS,
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
    name: "a function with another handler",
    change: setFunction("govern", { handler: "more.handler" }),
    ...{ subject: /vai-test-govern/, text: /runs more\.handler, not index\.handler/ },
  },
  {
    name: "a function with a layer",
    change: setFunction("govern", { layers: [LAYER] }),
    ...{ subject: /vai-test-govern/, text: /code that the stack did not write: .*layer:more:1/ },
  },
  {
    name: "a function with a file system",
    change: setFunction("issue", { fileSystems: ["arn:aws:elasticfilesystem:::x"] }),
    ...{ subject: /vai-test-issue/, text: /has a file system that the stack did not write/ },
  },
  {
    name: "a function that hands on what it was asked",
    change: setFunction("issue", { deadLetters: "arn:aws:sqs:us-east-1:000000000000:x" }),
    ...{ subject: /vai-test-issue/, text: /hands what it was asked to .*:x/ },
  },
  {
    name: "a function that logs elsewhere",
    change: setFunction("issue", { logs: { group: "/elsewhere", format: "Text" } }),
    ...{ subject: /vai-test-issue/, text: /logs as Text to \/elsewhere, not as Text to \/vai/ },
  },
  {
    name: "a function whose log is JSON",
    change: setFunction("execute", { logs: { group: "/vai/test/execute", format: "JSON" } }),
    ...{ subject: /vai-test-execute/, text: /logs as JSON to/ },
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
  ...(["issue", "execute", "govern"] as const).map(
    (use): Broken => ({
      name: `${use} that somebody stopped`,
      change: (world) => put(functionOf(world, use), { concurrency: { status: "seen", value: 0 } }),
      ...{ subject: new RegExp(`vai-test-${use}`), text: /reserved concurrency is 0/ },
    }),
  ),
  {
    name: "a watch that is not there",
    change: (world) => void delete world.functions[WATCH],
    ...{ subject: /^function vai-test-watch/, text: /no such function/ },
  },
  {
    name: "a watch that somebody stopped",
    change: (world) =>
      put(world.functions[WATCH] ?? {}, { concurrency: { status: "seen", value: 0 } }),
    ...{ subject: /^function vai-test-watch/, text: /reserved concurrency is 0/ },
  },
  {
    name: "a watch under another role",
    change: (world) =>
      put(shown(world.functions[WATCH]?.setting), { roleArn: roleArn("vai-test-issue") }),
    ...{ subject: /^function vai-test-watch/, text: /runs under .*vai-test-issue/ },
  },
  {
    name: "a watch whose source is switched off",
    change: setSource({ state: "Disabled" }),
    ...{ subject: /source of vai-test-watch/, text: /is Disabled: .*no alarm/ },
  },
  {
    name: "a watch without a source",
    change: (world) => put(world, { sources: { status: "seen", value: [] } }),
    ...{ subject: /source of vai-test-watch/, text: /stream is not: .*no alarm/ },
  },
  {
    name: "a watch of a stream that was replaced",
    change: setSource({ sourceArn: STREAM.replace("2026", "2025") }),
    ...{ subject: /source of vai-test-watch/, text: /another one than Evidence's stream/ },
  },
  {
    name: "a watch that is not told of removed records",
    change: setSource({ patterns: ['{"eventName":["MODIFY"]}', PATTERNS[1]] }),
    ...{ subject: /source of vai-test-watch/, text: /drops REMOVE$/ },
  },
  {
    name: "a watch that is not told of denials that failed",
    change: setSource({ patterns: [PATTERNS[0]] }),
    ...{
      subject: /source of vai-test-watch/,
      text: /drops RevocationFailed, EscalationRaised, ObligationMissed, BreakGlassInvoked$/,
    },
  },
  {
    name: "a watch that is told of one type of alarming records alone",
    change: setSource({
      patterns: [
        PATTERNS[0],
        PATTERNS[1].replace(',"EscalationRaised","ObligationMissed","BreakGlassInvoked"', ""),
      ],
    }),
    ...{
      subject: /source of vai-test-watch/,
      text: /drops EscalationRaised, ObligationMissed, BreakGlassInvoked$/,
    },
  },
  {
    name: "a watch that is told of alarming records of one chain alone",
    change: setSource({
      patterns: [
        PATTERNS[0],
        PATTERNS[1].replace('"NewImage":{', '"NewImage":{"chainId":{"S":["intent/1"]},'),
      ],
    }),
    ...{
      subject: /source of vai-test-watch/,
      text: /drops RevocationFailed, EscalationRaised, ObligationMissed, BreakGlassInvoked$/,
    },
  },
  {
    name: "a watch whose filter hides some records",
    change: setSource({
      patterns: ['{"eventName":["MODIFY","REMOVE"],"dynamodb":{"Keys":{"seq":{"N":["1"]}}}}'],
    }),
    ...{ subject: /source of vai-test-watch/, text: /drops MODIFY, REMOVE, RevocationFailed/ },
  },
  {
    name: "a watch whose filter nobody can read",
    change: setSource({ patterns: [], filterKey: "arn:aws:kms:us-east-1:000000000000:key/more" }),
    ...{ subject: /source of vai-test-watch/, text: /its filter is hidden by .*key\/more/ },
  },
  {
    name: "a watch with a second source",
    change: (world) =>
      shown<object[]>(world.sources).push({
        ...{
          id: "55555555",
          sourceArn: "arn:aws:sqs:us-east-1:000000000000:noise",
          state: "Enabled",
        },
        patterns: [],
      }),
    ...{ subject: /source of vai-test-watch/, text: /:noise is another one/ },
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
