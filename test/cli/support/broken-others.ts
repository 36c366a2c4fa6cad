import { addStatement, type Broken, put } from "./break.ts";

export const BROKEN_OTHERS: readonly Broken[] = [
  {
    name: "a region whose STS cuts no session",
    change: (world) => put(world, { cut: { isKnown: false } }),
    ...{ subject: /^STS in us-east-1/, text: /does not know sts:GetScopedCredentials/ },
  },
  {
    name: "an STS that hears no denial",
    change: (world) => put(world, { cut: { isKnown: true, isDenialHeard: false } }),
    ...{
      subject: /^STS in us-east-1/,
      text: /lets a session that is denied sts:GetScopedCredentials/,
    },
  },
  {
    name: "an agent that may do more than ask",
    change: (world) =>
      addStatement(world.managed["arn:aws:iam::000000000000:policy/vai-test-agent"] ?? {}, {
        ...{ Sid: "Extra", Effect: "Allow", Action: "sts:AssumeRole", Resource: "*" },
      }),
    ...{ subject: /vai-test-agent/, text: /do more than call issue, execute and delegate: Extra/ },
  },
  {
    name: "an agent that may call govern",
    change: (world) =>
      addStatement(world.managed["arn:aws:iam::000000000000:policy/vai-test-agent"] ?? {}, {
        ...{ Sid: "Govern", Effect: "Allow", Action: "lambda:InvokeFunction" },
        Resource: "arn:aws:lambda:us-east-1:000000000000:function:vai-test-govern",
      }),
    ...{ subject: /vai-test-agent/, text: /do more than call issue, execute and delegate: Govern/ },
  },
  {
    name: "an operator that may ask as an agent",
    change: (world) =>
      addStatement(world.managed["arn:aws:iam::000000000000:policy/vai-test-operator"] ?? {}, {
        ...{ Sid: "Ask", Effect: "Allow", Action: "lambda:InvokeFunction" },
        Resource: "arn:aws:lambda:us-east-1:000000000000:function:vai-test-issue",
      }),
    ...{ subject: /vai-test-operator/, text: /more than call govern and revoke, and read: Ask/ },
  },
  {
    name: "an auditor that may write",
    change: (world) =>
      addStatement(world.managed["arn:aws:iam::000000000000:policy/vai-test-auditor"] ?? {}, {
        ...{ Sid: "Write", Effect: "Allow", Action: "dynamodb:*", Resource: "*" },
      }),
    ...{ subject: /vai-test-auditor/, text: /do more than read: Write/ },
  },
  {
    name: "a clock that is wrong",
    change: (world) => {
      world.caller = { ...world.caller, awsTime: (world.caller.awsTime ?? 0) - 45_000 };
    },
    ...{ subject: /^clock/, text: /45 s ahead of AWS/ },
  },
  {
    name: "a plane without a trust policy",
    change: (world) => {
      const none = {
        registry: undefined,
        registryChain: { head: undefined, marks: {} },
        chain: undefined,
        values: [],
      };
      const heads = { ...none, pending: undefined, isContinued: false };
      const absent = { trustPolicy: undefined, restrictions: undefined, last: undefined };
      const documents = { ...absent, recorded: undefined, isContinued: false };
      world.registry = { status: "seen", value: { heads, documents } };
    },
    ...{ subject: /^trust policy/, text: /no trust policy/ },
  },
];
