import { ENV } from "../../../lib/config.ts";
import { DEPLOYMENT, roleArn, type World } from "./healthy.ts";
import type { Document } from "./policies.ts";

/** One thing wrong with a deployment, and what must be said about it. */
interface Broken {
  readonly id: string;
  readonly name: string;
  readonly change: (world: World) => void;
  readonly subject: RegExp;
  readonly text: RegExp;
}

type SeenOf<T> = { status: "seen"; value: T };

/** The value of something that a healthy world shows. */
function shown<T extends object = object>(seen: { status: string } | undefined): T {
  if (seen?.status !== "seen") throw new Error("the healthy world shows it");
  return (seen as SeenOf<T>).value;
}

type Setting = Record<string, unknown>;
/** Changes members in place. */
const put = (what: object, change: object): void => {
  Object.assign(what, change);
};
const functionOf = (world: World, use: keyof typeof DEPLOYMENT.functions) => {
  const found = world.functions[DEPLOYMENT.functions[use]];
  if (found === undefined) throw new Error(use);
  return found;
};
const setFunction = (use: keyof typeof DEPLOYMENT.functions, change: Setting) => (world: World) =>
  put(shown<Setting>(functionOf(world, use).setting), change);
const setEnvironment = (name: string, value: string) => (world: World) =>
  put(shown<{ environment: Setting }>(functionOf(world, "execute").setting).environment, {
    [name]: value,
  });
const tableOf = (world: World, use: keyof typeof DEPLOYMENT.tables) => {
  const found = world.tables[DEPLOYMENT.tables[use]];
  if (found === undefined) throw new Error(use);
  return found;
};
const keyOf = (world: World, id: string) => {
  const found = world.keys[id];
  if (found === undefined) throw new Error(id);
  return found;
};
const evidenceKey = (world: World) => keyOf(world, DEPLOYMENT.evidenceKeyId);
const planeKey = (world: World) => keyOf(world, DEPLOYMENT.planeKeyId);
const roleOf = (world: World, name: string) => {
  const found = world.roles[roleArn(name)];
  if (found === undefined) throw new Error(name);
  return found;
};

/** Changes statements of a document in place. */
const withStatement = (document: object, sid: string, change: Setting): void =>
  put((document as Document).Statement.find(({ Sid }) => Sid === sid) ?? {}, change);
const withoutStatement = (document: object, sid: string): void => {
  const policy = document as Document;
  policy.Statement = policy.Statement.filter(({ Sid }) => Sid !== sid);
};
const addStatement = (document: object, statement: Setting): void =>
  void (document as Document).Statement.push(statement);

const ROOT = { AWS: "arn:aws:iam::000000000000:root" };
const STRANGER = { AWS: "arn:aws:iam::000000000000:user/mallory" };
const execution = (world: World) => roleOf(world, "exec-lambda");
const reader = (world: World) => roleOf(world, "read-lambda");

const FUNCTIONS: readonly Omit<Broken, "id">[] = [
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

const TABLES: readonly Omit<Broken, "id">[] = [
  {
    name: "a table that is not there",
    change: (world) => void delete world.tables[DEPLOYMENT.tables.state],
    ...{ subject: /vai-test-state/, text: /no such table/ },
  },
  {
    name: "another table under the plane's name",
    change: (world) => put(shown(tableOf(world, "registry").setting), { keys: ["id"] }),
    ...{ subject: /vai-test-registry/, text: /keys are id/ },
  },
  {
    name: "evidence without point-in-time recovery",
    change: (world) =>
      put(tableOf(world, "evidence"), { recovery: { status: "seen", value: false } }),
    ...{ subject: /vai-test-evidence/, text: /recovery is off/ },
  },
  {
    name: "evidence without a stream",
    change: (world) => put(shown(tableOf(world, "evidence").setting), { stream: "" }),
    ...{ subject: /vai-test-evidence/, text: /no stream/ },
  },
  {
    name: "evidence that expires",
    change: (world) => put(tableOf(world, "evidence"), { expiry: { status: "seen", value: "at" } }),
    ...{ subject: /vai-test-evidence/, text: /deleted silently/ },
  },
  {
    name: "evidence without a resource policy",
    change: (world) => put(tableOf(world, "evidence"), { policy: { status: "absent" } }),
    ...{ subject: /vai-test-evidence/, text: /no resource policy/ },
  },
  {
    name: "a table policy without a Deny of batch writes",
    change: (world) =>
      withStatement(shown(tableOf(world, "evidence").policy), "RecordsNeverChange", {
        Action: ["dynamodb:UpdateItem", "dynamodb:DeleteItem"],
      }),
    ...{ subject: /vai-test-evidence/, text: /does not stop .*BatchWriteItem.*PartiQLDelete/ },
  },
  {
    name: "a table policy that excepts an administrator",
    change: (world) =>
      withStatement(shown(tableOf(world, "evidence").policy), "RecordsNeverChange", {
        Condition: { ArnNotLike: { "aws:PrincipalArn": roleArn("Administrator") } },
      }),
    ...{ subject: /vai-test-evidence/, text: /does not stop an administrator from .*DeleteItem/ },
  },
  {
    name: "a table policy that stops a function",
    change: (world) =>
      withStatement(shown(tableOf(world, "evidence").policy), "OnlyThePlaneAppends", {
        Condition: { ArnNotEquals: { "aws:PrincipalArn": roleArn("vai-test-issue") } },
      }),
    ...{ subject: /vai-test-evidence/, text: /stops execute, govern from recording/ },
  },
  {
    name: "a table policy that cannot be judged",
    change: (world) => put(shown<object>(tableOf(world, "evidence").policy), { Rule: {} }),
    ...{ subject: /vai-test-evidence/, text: /cannot be judged/ },
  },
];

const SIGNING: readonly Omit<Broken, "id">[] = [
  {
    name: "a key that is not there",
    change: (world) => void delete world.keys[DEPLOYMENT.planeKeyId],
    ...{ subject: /^key plane/, text: /no such key/ },
  },
  {
    name: "a disabled key",
    change: (world) => put(shown(evidenceKey(world).setting), { state: "Disabled" }),
    ...{ subject: /^key evidence/, text: /is Disabled/ },
  },
  {
    name: "a key of another spec",
    change: (world) => put(shown(evidenceKey(world).setting), { spec: "RSA_2048" }),
    ...{ subject: /^key evidence/, text: /spec RSA_2048/ },
  },
  {
    name: "an alias that leads to another key",
    change: (world) =>
      put(evidenceKey(world), { aliased: { status: "seen", value: "arn:aws:kms:…:key/other" } }),
    ...{ subject: /^key evidence/, text: /leads to another key/ },
  },
  {
    name: "a key policy that delegates signing to IAM",
    change: (world) => {
      withoutStatement(shown(evidenceKey(world).policy), "NobodyElseSigns");
      addStatement(shown(evidenceKey(world).policy), {
        ...{ Effect: "Allow", Principal: ROOT, Action: "kms:*", Resource: "*" },
      });
    },
    ...{ subject: /^key evidence/, text: /lets others sign: .*administrator/ },
  },
  {
    name: "a key policy that lets administrators make grants",
    change: (world) =>
      addStatement(shown(planeKey(world).policy), {
        ...{ Effect: "Allow", Principal: ROOT, Action: "kms:CreateGrant", Resource: "*" },
      }),
    ...{ subject: /^key plane/, text: /by a grant/ },
  },
  {
    name: "a handle key with which govern signs too",
    change: (world) => {
      const govern = roleArn("vai-test-govern");
      withStatement(shown(planeKey(world).policy), "FunctionsSignDigests", {
        Principal: { AWS: [roleArn("vai-test-issue"), govern] },
      });
      withoutStatement(shown(planeKey(world).policy), "NobodyElseSigns");
    },
    ...{ subject: /^key plane/, text: /lets others sign: .*vai-test-govern/ },
  },
  {
    name: "a key policy that does not pin the message type",
    change: (world) =>
      withStatement(shown(evidenceKey(world).policy), "FunctionsSignDigests", {
        Condition: { StringEquals: { "kms:SigningAlgorithm": "ECDSA_SHA_256" } },
      }),
    ...{ subject: /^key evidence/, text: /does not pin kms:MessageType/ },
  },
  {
    name: "a key policy that stops the functions",
    change: (world) => withoutStatement(shown(planeKey(world).policy), "FunctionsSignDigests"),
    ...{ subject: /^key plane/, text: /does not let issue sign/ },
  },
  {
    name: "a key that the trust policy does not list",
    change: (world) =>
      put(planeKey(world), { thumbprint: { status: "seen", value: "a".repeat(43) } }),
    ...{ subject: /^trust policy/, text: /does not list the plane key/ },
  },
];

const ROLES: readonly Omit<Broken, "id">[] = [
  {
    name: "a role that is not there",
    change: (world) => void delete world.roles[roleArn("read-lambda")],
    ...{ subject: /read-lambda/, text: /there is no such role/ },
  },
  {
    name: "an execution role without boundary",
    change: (world) => put(execution(world), { boundary: { status: "absent" } }),
    ...{ subject: /exec-lambda/, text: /no permissions boundary/ },
  },
  {
    name: "a boundary that does not deny the plane's own tables",
    change: (world) =>
      withStatement(shown(reader(world).boundary), "NotThePlane", {
        Resource: "arn:aws:lambda:*:000000000000:function:vai-test-*",
      }),
    ...{ subject: /read-lambda/, text: /does not deny dynamodb:PutItem on .*vai-test-evidence/ },
  },
  {
    name: "a boundary that lets sessions become somebody else",
    change: (world) =>
      withStatement(shown(execution(world).boundary), "Never", { Action: ["iam:*", "kms:*"] }),
    ...{ subject: /exec-lambda/, text: /does not deny sts:AssumeRole/ },
  },
  {
    name: "an execution role that the account may assume",
    change: (world) =>
      addStatement(shown(execution(world).trust), {
        ...{ Effect: "Allow", Principal: ROOT, Action: "sts:AssumeRole" },
      }),
    ...{ subject: /exec-lambda/, text: /lets others in: .*root/ },
  },
  {
    name: "an execution role that one more person may assume under the same conditions",
    change: (world) =>
      withStatement(shown(execution(world).trust), "OnlyAsAnIdentity", {
        Principal: { AWS: [roleArn("vai-test-issue"), roleArn("vai-test-execute"), STRANGER.AWS] },
      }),
    ...{ subject: /exec-lambda/, text: /lets others in: .*mallory/ },
  },
  {
    name: "an execution role that a service may assume",
    change: (world) =>
      addStatement(shown(execution(world).trust), {
        ...{ Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" } },
        Action: "sts:AssumeRole",
      }),
    ...{ subject: /exec-lambda/, text: /lets others in: ec2\.amazonaws\.com/ },
  },
  {
    name: "an execution role that does not demand the tag",
    change: (world) =>
      withStatement(shown(execution(world).trust), "OnlyAsAnIdentity", {
        Condition: {
          StringLike: { "sts:RoleSessionName": "vai-*", "sts:SourceIdentity": "vai-*" },
        },
      }),
    ...{ subject: /exec-lambda/, text: /allows a session without the tag/ },
  },
  {
    name: "an execution role that demands neither name nor source identity",
    change: (world) =>
      withStatement(shown(execution(world).trust), "OnlyAsAnIdentity", {
        Condition: { StringLike: { "aws:RequestTag/vai-identity": "vai-*" } },
      }),
    ...{ subject: /exec-lambda/, text: /with another name, a session without source identity/ },
  },
  {
    name: "an execution role that takes further tags",
    change: (world) =>
      withStatement(shown(execution(world).trust), "WithTheIdentityTagOnly", { Condition: {} }),
    ...{ subject: /exec-lambda/, text: /further tags/ },
  },
  {
    name: "an execution role that refuses execute",
    change: (world) =>
      withStatement(shown(execution(world).trust), "OnlyAsAnIdentity", {
        Principal: { AWS: roleArn("vai-test-issue") },
      }),
    ...{ subject: /exec-lambda/, text: /refuses .*vai-test-execute/ },
  },
  {
    name: "an execution role whose Allow does not ask for the tag",
    change: (world) =>
      withStatement(execution(world).policies[0]?.document ?? {}, "Ceiling1", { Condition: {} }),
    ...{ subject: /exec-lambda/, text: /without the tag vai-identity: ceiling \(Ceiling1\)/ },
  },
  {
    name: "an execution role that asks for the tag only if there is one",
    change: (world) =>
      withStatement(execution(world).policies[0]?.document ?? {}, "Ceiling1", {
        Condition: { StringLikeIfExists: { "aws:PrincipalTag/vai-identity": "vai-*" } },
      }),
    ...{ subject: /exec-lambda/, text: /without the tag/ },
  },
  {
    name: "an execution role that asks for any tag value",
    change: (world) =>
      withStatement(execution(world).policies[0]?.document ?? {}, "Ceiling1", {
        Condition: { StringLike: { "aws:PrincipalTag/vai-identity": "*" } },
      }),
    ...{ subject: /exec-lambda/, text: /without the tag/ },
  },
  {
    name: "an execution role with an attached policy besides its ceiling",
    change: (world) =>
      void execution(world).policies.push({
        name: "PowerUserAccess",
        document: {
          Version: "2012-10-17",
          Statement: { Effect: "Allow", NotAction: "iam:*", Resource: "*" },
        },
      }),
    ...{ subject: /exec-lambda/, text: /without the tag vai-identity: PowerUserAccess/ },
  },
  {
    name: "a reader role that can write",
    change: (world) =>
      withStatement(reader(world).policies[0]?.document ?? {}, "Ceiling1", {
        Action: ["dynamodb:GetItem", "dynamodb:PutItem"],
      }),
    ...{ subject: /read-lambda/, text: /more than reading: ceiling/ },
  },
  {
    name: "a reader role with every right of its service",
    change: (world) =>
      withStatement(reader(world).policies[0]?.document ?? {}, "Ceiling1", {
        Action: "dynamodb:*",
      }),
    ...{ subject: /read-lambda/, text: /more than reading/ },
  },
  {
    name: "a reader role whose session may be named and tagged like an identity",
    change: (world) =>
      addStatement(shown(reader(world).trust), {
        ...{ Effect: "Allow", Principal: { AWS: roleArn("vai-test-issue") } },
        Action: ["sts:AssumeRole", "sts:TagSession"],
      }),
    ...{ subject: /read-lambda/, text: /another name than vai-reader, a session with the tag/ },
  },
];

const OTHERS: readonly Omit<Broken, "id">[] = [
  {
    name: "an agent that may do more than ask",
    change: (world) =>
      addStatement(world.managed["arn:aws:iam::000000000000:policy/vai-test-agent"] ?? {}, {
        ...{ Sid: "Extra", Effect: "Allow", Action: "sts:AssumeRole", Resource: "*" },
      }),
    ...{ subject: /vai-test-agent/, text: /do more than call issue and execute: Extra/ },
  },
  {
    name: "an agent that may call govern",
    change: (world) =>
      addStatement(world.managed["arn:aws:iam::000000000000:policy/vai-test-agent"] ?? {}, {
        ...{ Sid: "Govern", Effect: "Allow", Action: "lambda:InvokeFunction" },
        Resource: "arn:aws:lambda:us-east-1:000000000000:function:vai-test-govern",
      }),
    ...{ subject: /vai-test-agent/, text: /do more than call issue and execute: Govern/ },
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
      const chain = { rows: [], head: undefined };
      world.registry = {
        status: "seen",
        value: {
          ...{ head: undefined, trustPolicy: undefined, newest: undefined },
          ...{ restrictions: undefined, chain },
        },
      };
    },
    ...{ subject: /^trust policy/, text: /no trust policy/ },
  },
];

const under = (id: string, broken: readonly Omit<Broken, "id">[]): readonly Broken[] =>
  broken.map((each) => ({ id, ...each }));

/** Every one of these must be named by the doctor. */
export const BROKEN: readonly Broken[] = [
  ...under("USR-12", FUNCTIONS),
  ...under("VAI-91", TABLES),
  ...under("VAI-90", SIGNING),
  ...under("VAI-46", ROLES),
  ...under("VAI-15", OTHERS),
];
