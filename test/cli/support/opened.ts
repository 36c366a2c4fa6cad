import {
  addStatement,
  type Broken,
  evidenceKey,
  execution,
  functionOf,
  functionRole,
  planeKey,
  put,
  ROOT,
  reader,
  STRANGER,
  shown,
  tableOf,
  withoutStatement,
  withStatement,
} from "./break.ts";
import { roleArn, SWEEP_RULE, type World } from "./healthy.ts";
import { allowing, invokedByRule } from "./policies.ts";

const EVERYTHING = { Effect: "Allow", Action: "*", Resource: "*" };
const seen = <T>(value: T) => ({ status: "seen", value }) as const;

/** Doors that somebody opened for one person, whom no fixed question would have asked about. */
export const OPENED: readonly Broken[] = [
  {
    name: "a key policy that lets one person sign",
    change: (world) => {
      const policy = shown(evidenceKey(world).policy);
      withoutStatement(policy, "NobodyElseSigns");
      addStatement(policy, {
        ...{ Effect: "Allow", Principal: STRANGER, Action: "kms:Sign", Resource: "*" },
      });
    },
    ...{ subject: /^key evidence/, text: /lets others sign: .*user\/mallory/ },
  },
  {
    name: "a key policy whose Deny excepts a role with a path",
    change: (world) => {
      const who = roleArn("teams/blue/Mallory");
      const policy = shown(evidenceKey(world).policy);
      withoutStatement(policy, "NobodyElseSigns");
      addStatement(policy, {
        ...{ Effect: "Allow", Principal: ROOT, Action: "kms:Sign", Resource: "*" },
        Condition: { ArnEquals: { "aws:PrincipalArn": who } },
      });
    },
    ...{ subject: /^key evidence/, text: /lets others sign: .*role\/teams\/blue\/Mallory/ },
  },
  {
    name: "a key policy that lets whoever has a tag sign",
    change: (world) => {
      const policy = shown(evidenceKey(world).policy);
      withoutStatement(policy, "NobodyElseSigns");
      addStatement(policy, {
        ...{ Effect: "Allow", Principal: ROOT, Action: "kms:Sign", Resource: "*" },
        Condition: { StringEquals: { "aws:PrincipalTag/team": "blue" } },
      });
    },
    ...{ subject: /^key evidence/, text: /may let others sign, on conditions/ },
  },
  {
    name: "a key policy that lets a service in",
    change: (world) =>
      addStatement(shown(planeKey(world).policy), {
        ...{ Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" } },
        ...{ Action: "kms:Sign", Resource: "*" },
      }),
    ...{ subject: /^key plane/, text: /names ec2\.amazonaws\.com: .*nobody can say/ },
  },
  {
    name: "a grant on a key",
    change: (world) =>
      put(planeKey(world), {
        grants: seen([{ id: "g1", grantee: STRANGER.AWS, operations: ["Sign"] }]),
      }),
    ...{ subject: /^key plane/, text: /a grant lets .*mallory Sign/ },
  },
  {
    name: "a key policy with a statement that no question touches",
    change: (world) =>
      addStatement(shown(planeKey(world).policy), {
        ...{ Sid: "Later", Effect: "Allow", Principal: STRANGER },
        ...{ Action: "kms:PutKeyPolicy", Resource: "*" },
      }),
    ...{ subject: /^key plane/, text: /not what the stack wrote: it has Later, Allow kms:PutKey/ },
  },
  ...(["evidence", "state", "registry"] as const).map(
    (use): Broken => ({
      name: `a Deny of ${use} that excepts one person`,
      change: (world) => {
        for (const statement of ["RecordsNeverChange", "NobodyDeletes"]) {
          withStatement(shown(tableOf(world, use).policy), statement, {
            Condition: {
              ArnNotEquals: { "aws:PrincipalArn": [roleArn("deploys"), STRANGER.AWS] },
            },
          });
        }
      },
      ...{ subject: new RegExp(`vai-test-${use}`), text: /policy excepts .*user\/mallory/ },
    }),
  ),
  {
    name: "a function that one account may invoke",
    change: (world) => {
      functionOf(world, "govern").policy = {
        Version: "2012-10-17",
        Statement: {
          ...{ Sid: "partner", Effect: "Allow", Principal: { AWS: "111122223333" } },
          ...{ Action: "lambda:InvokeFunction", Resource: "*" },
        },
      };
    },
    ...{ subject: /vai-test-govern/, text: /resource policy lets \{"AWS":"111122223333"\} in/ },
  },
  ...(
    [
      ["another rule than the stack's", "sweep", `${SWEEP_RULE}-2`],
      ["every rule of the account", "sweep", SWEEP_RULE.replace(/vai.*$/, "*")],
      ["the rule of sweep", "revoke", SWEEP_RULE],
    ] as const
  ).map(
    ([who, use, rule]): Broken => ({
      name: `a function, ${use}, that ${who} may invoke`,
      change: (world) => put(functionOf(world, use), { policy: invokedByRule(rule) }),
      ...{ subject: new RegExp(`vai-test-${use}`), text: /lets \{"Service":"events\.amazonaws/ },
    }),
  ),
  {
    name: "a function that a rule of anybody's may invoke",
    change: (world) => {
      const policy = invokedByRule(SWEEP_RULE);
      withStatement(policy, "rule", { Condition: {} });
      functionOf(world, "sweep").policy = policy;
    },
    ...{ subject: /vai-test-sweep/, text: /lets \{"Service":"events\.amazonaws\.com"\} in/ },
  },
  {
    name: "a function with an alias",
    change: (world) => put(functionOf(world, "issue"), { qualified: ["alias side"] }),
    ...{ subject: /vai-test-issue/, text: /has alias side, which the stack did not make/ },
  },
  {
    name: "a function with a further setting",
    change: (world) =>
      put(shown<{ environment: object }>(functionOf(world, "issue").setting).environment, {
        NODE_OPTIONS: "--require ./x.js",
      }),
    ...{ subject: /vai-test-issue/, text: /has the setting NODE_OPTIONS/ },
  },
  {
    name: "functions that all pin another anchor",
    change: (world) => {
      for (const each of Object.values(world.functions)) {
        const { environment } = shown<{ environment: Record<string, string> }>(each.setting);
        if (environment["VAI_ANCHORS"] !== undefined) environment["VAI_ANCHORS"] = "[]";
      }
    },
    ...{ subject: /vai-test-govern/, text: /VAI_ANCHORS is \[\], not/ },
  },
  {
    name: "a function with more concurrency than the deployment gives it",
    change: (world) => put(functionOf(world, "govern"), { concurrency: seen(900) }),
    ...{ subject: /vai-test-govern/, text: /reserved concurrency is 900, not 2/ },
  },
  ...(["issue", "execute", "govern", "watch"] as const).map(
    (use): Broken => ({
      name: `everything allowed to the role of ${use}, inline`,
      change: (world) =>
        functionRole(world, use).policies.push({ name: "more", document: EVERYTHING_ALLOWED }),
      ...{
        subject: new RegExp(`^role vai-test-${use}`),
        text: /inline policy .*did not write: more/,
      },
    }),
  ),
  {
    name: "an inline policy of a function's role that was edited",
    change: (world) => addStatement(ownPolicy(world), EVERYTHING),
    ...{ subject: /^role vai-test-issue/, text: /its policy own is not what .*Allow \*/ },
  },
  {
    name: "a function's role that lost its permissions",
    change: (world) => put(functionRole(world, "issue"), { policies: [] }),
    ...{ subject: /^role vai-test-issue/, text: /lacks its inline policy own/ },
  },
  {
    name: "a managed policy that was attached to an execution role",
    change: (world) =>
      execution(world).policies.push({
        ...{ name: "arn:aws:iam::aws:policy/ReadOnlyAccess" },
        document: allowing(["s3:GetObject"], ["*"]),
      }),
    ...{ subject: /^execution role exec-lambda/, text: /attached that .*ReadOnlyAccess/ },
  },
  {
    name: "a function's role that a person can assume",
    change: (world) =>
      addStatement(shown(functionRole(world, "issue").trust), {
        ...{ Sid: "Debug", Effect: "Allow", Principal: STRANGER, Action: "sts:AssumeRole" },
      }),
    ...{ subject: /^role vai-test-issue/, text: /its trust policy is not .*it has Debug/ },
  },
  {
    name: "a boundary that was edited where no question touches",
    change: (world) =>
      withStatement(shown(reader(world).boundary), "Ceiling1", { Action: "ec2:*" }),
    ...{ subject: /^reader role/, text: /its permissions boundary vai-test-boundary-read is not/ },
  },
  {
    name: "another boundary with the same text",
    change: (world) => put(execution(world), { boundaryArn: "arn:aws:iam::000000000000:policy/b" }),
    ...{ subject: /^execution role/, text: /boundary is .*policy\/b, not .*vai-test-boundary/ },
  },
  {
    name: "a boundary where the stack has none",
    change: (world) =>
      put(functionRole(world, "govern"), { boundary: seen(allowing(["iam:*"], ["*"])) }),
    ...{ subject: /^role vai-test-govern/, text: /boundary that the stack did not write/ },
  },
  {
    name: "an execution role that has the identity tag itself",
    change: (world) => put(execution(world), { tags: ["Vai-Identity"] }),
    ...{ subject: /^execution role/, text: /has the tag Vai-Identity: every session/ },
  },
  {
    name: "an agents' policy that was edited where no question touches",
    change: (world) =>
      addStatement(world.managed["arn:aws:iam::000000000000:policy/vai-test-agent"] ?? {}, {
        ...{ Sid: "Quiet", Effect: "Deny", Action: "lambda:InvokeFunctionUrl", Resource: "*" },
      }),
    ...{ subject: /^policy vai-test-agent/, text: /its text is not .*it has Quiet/ },
  },
];

const EVERYTHING_ALLOWED = { Version: "2012-10-17", Statement: [EVERYTHING] };

const ownPolicy = (world: World): object =>
  functionRole(world, "issue").policies[0]?.document ?? {};
