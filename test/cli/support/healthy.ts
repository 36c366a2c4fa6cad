import type { AccountFacts } from "../../../lib/aws/inspect/account.ts";
import type { BucketFacts, Lock } from "../../../lib/aws/inspect/bucket.ts";
import type { Caller } from "../../../lib/aws/inspect/caller.ts";
import type { CutLook } from "../../../lib/aws/inspect/cut.ts";
import type {
  FunctionFacts,
  FunctionSetting,
  SourceFacts,
} from "../../../lib/aws/inspect/functions.ts";
import type { Inspector, RegistryLook } from "../../../lib/aws/inspect/inspect.ts";
import type { KeyFacts } from "../../../lib/aws/inspect/keys.ts";
import type { Seen } from "../../../lib/aws/inspect/look.ts";
import type { PolicyText, RoleFacts } from "../../../lib/aws/inspect/roles.ts";
import type { StackFacts } from "../../../lib/aws/inspect/stack.ts";
import type { TableFacts } from "../../../lib/aws/inspect/tables.ts";
import type { TargetEncryption } from "../../../lib/aws/inspect/target-encryption.ts";
import type { Deployment } from "../../../lib/cli/deployment.ts";
import { ENV } from "../../../lib/config.ts";
import { present } from "../../../lib/encoding/present.ts";
import { KEYS } from "../../support/keys.ts";
import type { Plane } from "../../support/plane.ts";
import * as policies from "./policies.ts";

const ACCOUNT = "000000000000";
const REGION = "us-east-1";
const EXECUTION_ROLES = ["exec-lambda", "exec-dynamodb"];
const READER_ROLES = ["read-lambda", "read-dynamodb"];

const USES = ["issue", "execute", "delegate", "govern", "revoke", "sweep"] as const;
const EVIDENCE_KEY = "11111111-1111-4111-8111-111111111111";
const PLANE_KEY = "22222222-2222-4222-8222-222222222222";

const BUCKET = "vai-test-glass";

export const DEPLOYMENT: Deployment = {
  path: "/outputs.json",
  region: REGION,
  plane: `vai:${ACCOUNT}:${REGION}:test`,
  functions: {
    ...{ issue: "vai-test-issue", execute: "vai-test-execute" },
    ...{
      delegate: "vai-test-delegate",
      govern: "vai-test-govern",
      revoke: "vai-test-revoke",
      sweep: "vai-test-sweep",
    },
  },
  tables: {
    evidence: "vai-test-evidence",
    state: "vai-test-state",
    registry: "vai-test-registry",
  },
  buckets: { breakGlass: BUCKET },
  evidenceKeyId: EVIDENCE_KEY,
  planeKeyId: PLANE_KEY,
  anchor: KEYS.anchor.thumbprint,
};

/** What there is to see of a deployment. Documents are objects here, so that a test can change one. */
export interface World {
  caller: Caller;
  cut: CutLook;
  functions: Record<
    string,
    {
      setting: Seen<FunctionSetting>;
      urlAuth: Seen<string>;
      policy?: object;
      qualified?: string[];
      concurrency: Seen<number>;
    }
  >;
  /** What feeds the watch. */
  sources: Seen<SourceFacts[]>;
  tables: Record<string, Omit<TableFacts, "policy"> & { policy: Seen<object> }>;
  /** The bucket of emergencies. */
  bucket: Omit<BucketFacts, "policy" | "name"> & { policy: Seen<object> };
  keys: Record<string, Omit<KeyFacts, "policy"> & { policy: Seen<object> }>;
  roles: Record<string, WorldRole>;
  managed: Record<string, object>;
  registry: Seen<RegistryLook>;
  account: Seen<AccountFacts>;
  /** Policies that governed targets have themselves, by ARN. */
  targetPolicies: Record<string, object>;
  /** What the stack wrote: what the world holds before a test changes it. */
  stack: Seen<StackFacts>;
  /** Keys of targets; others need none. */
  encryption: Record<string, TargetEncryption>;
}

interface WorldRole {
  trust: Seen<object>;
  boundary: Seen<object>;
  policies: { name: string; document: object }[];
  boundaryArn?: string;
  tags?: string[];
}

const seen = <T>(value: T): Seen<T> => ({ status: "seen", value });
const ABSENT = { status: "absent" } as const;
const arn = (service: string, resource: string): string =>
  `arn:aws:${service}:${service === "iam" ? "" : REGION}:${ACCOUNT}:${resource}`;
export const roleArn = (name: string): string => arn("iam", `role/${name}`);
/** What bounds every role of the healthy world. */
const BOUNDARY = arn("iam", "policy/vai-test-boundary");
const READER_BOUNDARY = arn("iam", "policy/vai-test-boundary-read");
/** The boundary that the stack gives a role. */
const boundaryOf = (roleArn: string): string =>
  READER_ROLES.some((name) => roleArn.endsWith(`/${name}`)) ? READER_BOUNDARY : BOUNDARY;
const functionRole = (use: string): string => roleArn(`vai-test-${use}`);

export const WATCH = "vai-test-watch";
export const REVOKE_EVENTS = "vai-test-revoke-events";
export const SWEEP_RULE = arn("events", "rule/vai-test-sweep");
export const STREAM = arn("dynamodb", "table/vai-test-evidence/stream/2026-11-20T00:00:00.000");

const CHANGED = JSON.stringify({ eventName: ["MODIFY", "REMOVE"] });
const ALARMING = JSON.stringify({
  eventName: ["INSERT"],
  dynamodb: {
    NewImage: {
      eventType: {
        S: ["RevocationFailed", "EscalationRaised", "ObligationMissed", "BreakGlassInvoked"],
      },
    },
  },
});
/** What the stack has the watch told of. */
export const PATTERNS = [CHANGED, ALARMING] as const;
/** How the stack feeds the watch. */
export const SOURCE = {
  ...{ FunctionName: WATCH, StartingPosition: "TRIM_HORIZON", BatchSize: 100 },
  ...{ MaximumRetryAttempts: 10, BisectBatchOnFunctionError: true },
  FilterCriteria: { Filters: PATTERNS.map((Pattern) => ({ Pattern })) },
  MetricsConfig: { Metrics: ["EventCount"] },
};

const settingOf = (use: string) => ({
  ...{ runtime: "nodejs24.x", timeout: 30, roleArn: functionRole(use), handler: "index.handler" },
  ...{ layers: [], fileSystems: [], deadLetters: "" },
  logs: { group: `/vai/test/${use}`, format: "Text" },
});

const watch = () => ({
  setting: seen({
    ...{ ...settingOf("watch"), environment: {} },
  }),
  urlAuth: ABSENT,
  concurrency: ABSENT,
});

const revokeEvents = (environment: Readonly<Record<string, string>>) => ({
  setting: seen({ ...settingOf("revoke"), environment: { ...environment } }),
  urlAuth: ABSENT,
  concurrency: seen(2),
  policy: policies.invokedByRule(arn("events", "rule/vai-test-commands")),
});

/** A deployment with nothing wrong, around a plane whose trust policy is published. */
export async function healthyWorld(plane: Plane): Promise<World> {
  const environment: Record<string, string> = {
    [ENV.plane]: DEPLOYMENT.plane,
    [ENV.evidenceTable]: DEPLOYMENT.tables.evidence,
    [ENV.stateTable]: DEPLOYMENT.tables.state,
    [ENV.registryTable]: DEPLOYMENT.tables.registry,
    [ENV.evidenceKeyId]: EVIDENCE_KEY,
    [ENV.planeKeyId]: PLANE_KEY,
    [ENV.anchors]: JSON.stringify([KEYS.anchor.jwk]),
    [ENV.targets]: JSON.stringify({ dynamodb: [arn("dynamodb", "table/settings")] }),
    [ENV.targetKeys]: "{}",
  };
  const writers = USES.map(functionRole);
  const callers = [functionRole("issue"), functionRole("execute")];
  const world: Omit<World, "stack"> = {
    caller: { arn: arn("iam", "user/looks"), account: ACCOUNT, awsTime: plane.world.now },
    cut: { isKnown: true, isDenialHeard: true },
    functions: Object.fromEntries(
      USES.map((use) => [
        DEPLOYMENT.functions[use],
        {
          setting: seen({
            ...settingOf(use),
            environment: { ...environment },
          }),
          urlAuth: ["issue", "execute", "delegate"].includes(use) ? seen("AWS_IAM") : ABSENT,
          concurrency: seen(2),
          ...(use === "sweep" && { policy: policies.invokedByRule(SWEEP_RULE) }),
        },
      ]).concat([
        [REVOKE_EVENTS, revokeEvents(environment)],
        [WATCH, watch()],
      ]),
    ),
    sources: seen([
      {
        ...{ id: "33333333-3333-4333-8333-333333333333", sourceArn: STREAM, state: "Enabled" },
        patterns: [...PATTERNS],
        filterKey: "",
      },
    ]),
    tables: {
      [DEPLOYMENT.tables.evidence]: table("evidence", ["chainId", "seq"], {
        policy: seen(policies.evidenceTable(arn("dynamodb", "table/vai-test-evidence"), writers)),
        stream: "NEW_AND_OLD_IMAGES",
      }),
      [DEPLOYMENT.tables.state]: table("state", ["pk", "sk"], {
        expiry: "ttl",
        policy: seen(policies.writtenTable(arn("dynamodb", "table/vai-test-state"), writers)),
      }),
      [DEPLOYMENT.tables.registry]: table("registry", ["pk", "sk"], {
        policy: seen(
          policies.writtenTable(
            arn("dynamodb", "table/vai-test-registry"),
            (["govern", "revoke", "sweep"] as const).map(functionRole),
          ),
        ),
      }),
    },
    bucket: {
      isVersioned: seen(true),
      lock: seen({ mode: "COMPLIANCE", days: 400 }),
      policy: seen(policies.lockedBucket(`arn:aws:s3:::${BUCKET}/*`, writers)),
    },
    keys: {
      [EVIDENCE_KEY]: key(EVIDENCE_KEY, "evidence", writers, await plane.deps.signer.keyid()),
      [PLANE_KEY]: key(
        PLANE_KEY,
        "plane",
        [functionRole("issue"), functionRole("delegate")],
        await plane.deps.planeSigner.keyid(),
      ),
    },
    roles: Object.fromEntries([
      ...[...USES, "watch"].map((use) => [
        functionRole(use),
        {
          ...{ trust: seen(policies.functionTrust()), boundary: ABSENT },
          policies: [{ name: "own", document: policies.allowing(["logs:PutLogEvents"], ["*"]) }],
        },
      ]),
      ...EXECUTION_ROLES.map((name) => [
        roleArn(name),
        {
          trust: seen(
            policies.executionTrust(callers, [functionRole("revoke"), functionRole("sweep")]),
          ),
          boundary: seen(policies.boundary("test", ACCOUNT)),
          policies: [{ name: "ceiling", document: policies.ceiling("dynamodb:UpdateItem", true) }],
        },
      ]),
      ...READER_ROLES.map((name) => [
        roleArn(name),
        {
          trust: seen(policies.readerTrust([...callers, functionRole("sweep")])),
          boundary: seen(policies.readerBoundary("test", ACCOUNT)),
          policies: [{ name: "ceiling", document: policies.ceiling("dynamodb:GetItem", false) }],
        },
      ]),
    ]),
    managed: {
      [arn("iam", "policy/vai-test-agent")]: policies.allowing(
        ["lambda:InvokeFunction", "lambda:InvokeFunctionUrl"],
        ["issue", "execute", "delegate"].map((use) => arn("lambda", `function:vai-test-${use}`)),
      ),
      [arn("iam", "policy/vai-test-operator")]: policies.allowing(
        ["lambda:InvokeFunction"],
        [arn("lambda", "function:vai-test-govern"), arn("lambda", "function:vai-test-revoke")],
      ),
      [arn("iam", "policy/vai-test-auditor")]: policies.allowing(
        ["dynamodb:Query", "kms:GetPublicKey"],
        ["*"],
      ),
    },
    registry: seen(await lookAtRegistry(plane)),
    account: seen({ principals: [], policies: new Map() }),
    targetPolicies: {},
    encryption: {},
  };
  return { ...world, stack: seen(stackOf(world)) };
}

/** A template that says what a world holds. */
function stackOf(world: Omit<World, "stack">): StackFacts {
  const resources: [type: string, physicalId: string, Properties: object][] = [
    ...Object.entries(world.functions).map(([name, { setting, concurrency }]) => {
      const { environment } = shownIn(setting);
      const count = concurrency.status === "seen" ? concurrency.value : undefined;
      const Properties = {
        Environment: { Variables: environment },
        ...present({ ReservedConcurrentExecutions: count }),
      };
      return ["AWS::Lambda::Function", name, Properties] as [string, string, object];
    }),
    ...Object.values(world.tables).map(({ name, policy }): [string, string, object] => [
      ...(["AWS::DynamoDB::Table", name] as const),
      { ResourcePolicy: { PolicyDocument: shownIn(policy) } },
    ]),
    [
      ...(["AWS::S3::Bucket", BUCKET] as const),
      {
        ObjectLockConfiguration: {
          Rule: { DefaultRetention: retentionOf(shownIn(world.bucket.lock)) },
        },
      },
    ],
    [
      ...(["AWS::S3::BucketPolicy", "vai-test-BucketPolicy"] as const),
      { Bucket: BUCKET, PolicyDocument: shownIn(world.bucket.policy) },
    ],
    ...Object.values(world.keys).map(({ id, policy }): [string, string, object] => [
      ...(["AWS::KMS::Key", id] as const),
      { KeyPolicy: shownIn(policy) },
    ]),
    ...Object.entries(world.roles).map(([arn, role]): [string, string, object] => [
      ...(["AWS::IAM::Role", arn.slice(arn.indexOf("/") + 1)] as const),
      {
        AssumeRolePolicyDocument: shownIn(role.trust),
        Policies: role.policies.map(({ name, document }) => ({
          ...{ PolicyName: name, PolicyDocument: document },
        })),
        ...(role.boundary.status === "seen" && { PermissionsBoundary: boundaryOf(arn) }),
      },
    ]),
    ...Object.entries(world.managed).map(([arn, PolicyDocument]): [string, string, object] => [
      ...(["AWS::IAM::ManagedPolicy", arn] as const),
      { PolicyDocument },
    ]),
    ["AWS::Lambda::EventSourceMapping", "33333333-3333-4333-8333-333333333333", SOURCE],
    [
      ...(["AWS::IAM::ManagedPolicy", BOUNDARY] as const),
      { PolicyDocument: policies.boundary("test", ACCOUNT) },
    ],
    [
      ...(["AWS::IAM::ManagedPolicy", READER_BOUNDARY] as const),
      { PolicyDocument: policies.readerBoundary("test", ACCOUNT) },
    ],
  ];
  const template = Object.fromEntries(
    resources.map(([Type, , Properties], index) => [`Part${index}`, { Type, Properties }]),
  );
  return {
    id: `arn:aws:cloudformation:${REGION}:${ACCOUNT}:stack/vai-test/44444444`,
    status: "CREATE_COMPLETE",
    template: JSON.stringify({ Resources: template }),
    resources: resources.map(([, physicalId], index) => ({
      ...{ logicalId: `Part${index}`, physicalId },
    })),
  };
}

const retentionOf = ({ mode, days }: Lock) => ({ Mode: mode, Days: days });

function shownIn<T>(found: Seen<T>): T {
  if (found.status !== "seen") throw new Error("the healthy world shows it");
  return found.value;
}

async function lookAtRegistry({ deps: { registry } }: Plane): Promise<RegistryLook> {
  const heads = await registry.readHeads({ known: 0 });
  return { heads, documents: await registry.readDocuments(heads.registry) };
}

function table(
  use: string,
  keys: string[],
  {
    policy = ABSENT,
    stream = "",
    expiry = "",
  }: { policy?: Seen<object>; stream?: string; expiry?: string },
): World["tables"][string] {
  const name = `vai-test-${use}`;
  return {
    name,
    setting: seen({
      arn: arn("dynamodb", `table/${name}`),
      keys,
      isProtected: true,
      stream,
      streamArn: stream === "" ? "" : STREAM,
    }),
    recovery: seen(true),
    expiry: seen(expiry),
    policy,
  };
}

function key(
  id: string,
  use: string,
  signers: string[],
  thumbprint: string,
): World["keys"][string] {
  const own = arn("kms", `key/${id}`);
  return {
    id,
    setting: seen({ arn: own, spec: "ECC_NIST_P256", usage: "SIGN_VERIFY", state: "Enabled" }),
    policy: seen(policies.signingKey(ACCOUNT, signers)),
    grants: seen([]),
    thumbprint: seen(thumbprint),
    alias: `alias/vai-test-${use}`,
    aliased: seen(own),
  };
}

const asText = (document: Seen<object>): Seen<string> =>
  document.status === "seen" ? seen(JSON.stringify(document.value)) : document;
const asPolicy = (name: string, document: Seen<object>): Seen<PolicyText> =>
  document.status === "seen" ? seen({ name, text: JSON.stringify(document.value) }) : document;

/** Reads of a world, in the form in which AWS answers them. */
export const inspectorOf = (world: World): Inspector => ({
  caller: async () => world.caller,
  cut: async () => world.cut,
  function: async (name): Promise<FunctionFacts> => {
    const found = world.functions[name];
    if (found === undefined)
      return {
        ...{ name, setting: ABSENT, urlAuth: ABSENT, policy: ABSENT },
        ...{ concurrency: ABSENT, qualified: ABSENT },
      };
    const { policy, qualified = [] } = found;
    return {
      ...{ ...found, name, qualified: seen(qualified) },
      policy: policy === undefined ? ABSENT : seen(JSON.stringify(policy)),
    };
  },
  sources: async () => world.sources,
  table: async (name): Promise<TableFacts> => {
    const found = world.tables[name];
    return found === undefined
      ? { name, setting: ABSENT, recovery: ABSENT, expiry: ABSENT, policy: ABSENT }
      : { ...found, policy: asText(found.policy) };
  },
  bucket: async (name): Promise<BucketFacts> => {
    const { policy, ...found } = world.bucket;
    return { name, ...found, policy: asText(policy) };
  },
  key: async (id, alias): Promise<KeyFacts> => {
    const found = world.keys[id];
    return found === undefined
      ? {
          ...{ id, alias, setting: ABSENT, policy: ABSENT, grants: ABSENT },
          ...{ thumbprint: ABSENT, aliased: ABSENT },
        }
      : { ...found, alias, policy: asText(found.policy) };
  },
  targetEncryption: async (target) => world.encryption[target] ?? seen([]),
  role: async (roleArnAsked): Promise<RoleFacts> => {
    const found = world.roles[roleArnAsked];
    return found === undefined
      ? { arn: roleArnAsked, trust: ABSENT, boundary: ABSENT, policies: ABSENT, tags: ABSENT }
      : {
          arn: roleArnAsked,
          tags: seen(found.tags ?? []),
          trust: asText(found.trust),
          boundary: asPolicy(found.boundaryArn ?? boundaryOf(roleArnAsked), found.boundary),
          policies: seen(
            found.policies.map(({ name, document }) => ({ name, text: JSON.stringify(document) })),
          ),
        };
  },
  managedPolicy: async (policyArn) => {
    const document = world.managed[policyArn];
    return document === undefined ? ABSENT : asPolicy(policyArn, seen(document));
  },
  registry: async () => world.registry,
  stack: async () => world.stack,
  account: async () => world.account,
  targetPolicy: async (target) => {
    const policy = world.targetPolicies[target];
    return policy === undefined ? ABSENT : seen(JSON.stringify(policy));
  },
});
