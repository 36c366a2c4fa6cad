import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { LocalAwsError } from "../machine/errors.ts";
import { readIfThere, writeWhole } from "../machine/files.ts";
import { fromRoot, type StateFolder } from "../machine/paths.ts";
import { ACCOUNT, type AwsCredentials, REGION } from "../machine/start-processes.ts";
import { PLANE_STACK, SAMPLES_STACK, type StackOutputs } from "./deploy.ts";
import { DELEGATE_KEYS, KEY_NAMES, type KeyName, type MadeKey } from "./keys.ts";

/** One row of the plane's output `Actions`: an action with the roles that run and read it. */
export interface DeployedAction {
  readonly action: string;
  readonly executionRoleArn: string;
  readonly readerRoleArn: string;
}

/** Names of the people and services in the local trust policy. */
export const NAMES = {
  issuer: "governance.local",
  decider: "policy.local",
  operator: "operator.local",
  operator2: "operator2.local",
  signaller: "signaller.local",
  approver: "approver.local",
  approver2: "approver2.local",
  auditor: "auditor.local",
  evaluator: "evaluator.local",
  evaluatorHuman: "evaluator-human.local",
  evaluatorRisk: "evaluator-risk.local",
  evaluatorPolicy: "evaluator-policy.local",
  delegates: ["spiffe://example.org/agent/refunds", "spiffe://example.org/agent/refunds-eu"],
} as const;

/** The IAM users of a local deployment. */
export type LocalUser = "deployer" | "agent" | "operator" | "auditor";

/** `outputs.json`: all that a client in any language needs (wire format, "Local deployment"). */
export interface LocalOutputs {
  readonly endpoint: string;
  readonly region: string;
  readonly account: string;
  readonly plane: string;
  readonly functions: {
    readonly issue: string;
    readonly execute: string;
    readonly delegate: string;
    readonly govern: string;
    readonly revoke: string;
    readonly sweep: string;
  };
  readonly functionUrls: Readonly<Record<"issue" | "execute" | "delegate", string>>;
  readonly tables: { readonly evidence: string; readonly state: string; readonly registry: string };
  readonly buckets: { readonly breakGlass: string };
  readonly evidenceKeyId: string;
  readonly planeKeyId: string;
  /** Thumbprint of the key that signs trust policies. */
  readonly anchor: string;
  readonly credentials: Readonly<Record<LocalUser, AwsCredentials>>;
  /** Private JWK files, paths relative to the repository's root. */
  readonly keys: Readonly<Record<(typeof KEY_NAMES)[number], string>> & {
    readonly delegates: readonly string[];
  };
  readonly names: typeof NAMES;
  readonly policy: { readonly id: string; readonly version: string; readonly digest: string };
  readonly samples: {
    readonly table: string;
    readonly function: string;
    readonly newVersion: string;
    /** A function that pays: invoked by its alias, it keeps one item a client token and its counts in the table. */
    readonly payments: {
      readonly function: string;
      readonly alias: string;
      readonly table: string;
    };
    readonly bucket: string;
    readonly parameter: string;
    /** Ids of two instances. */
    readonly instances: readonly string[];
    readonly service: { readonly cluster: string; readonly name: string };
  };
}

/** What the outputs are made of. */
export interface OutputParts {
  readonly endpoint: string;
  readonly stacks: StackOutputs;
  /** Ids of the sample instances, which are in no stack here. */
  readonly instances: readonly string[];
  readonly credentials: LocalOutputs["credentials"];
  readonly keys: Readonly<Record<KeyName, MadeKey>>;
  readonly policy: LocalOutputs["policy"];
}

/** The outputs of a complete deployment. @throws LocalAwsError when a stack lacks an output. */
export function composeOutputs(parts: OutputParts): LocalOutputs {
  const plane = (name: string) => planeOutput(parts.stacks, name);
  const sample = (name: string) => stackOutput(parts.stacks, SAMPLES_STACK, name);
  const fileOf = (name: KeyName) => fromRoot(parts.keys[name].file);
  const keys = KEY_NAMES.map((name) => [name, fileOf(name)] as const);
  return {
    ...{ endpoint: parts.endpoint, region: REGION, account: ACCOUNT, plane: plane("Plane") },
    functions: {
      issue: plane("IssueFunction"),
      execute: plane("ExecuteFunction"),
      delegate: plane("DelegateFunction"),
      govern: plane("GovernFunction"),
      revoke: plane("RevokeFunction"),
      sweep: plane("SweepFunction"),
    },
    functionUrls: {
      issue: plane("IssueUrl"),
      execute: plane("ExecuteUrl"),
      delegate: plane("DelegateUrl"),
    },
    tables: {
      evidence: plane("EvidenceTable"),
      state: plane("StateTable"),
      registry: plane("RegistryTable"),
    },
    buckets: { breakGlass: plane("BreakGlassBucket") },
    evidenceKeyId: plane("EvidenceKeyId"),
    planeKeyId: plane("PlaneKeyId"),
    anchor: parts.keys.anchor.thumbprint,
    credentials: {
      deployer: keyPair(parts.credentials.deployer),
      agent: keyPair(parts.credentials.agent),
      operator: keyPair(parts.credentials.operator),
      auditor: keyPair(parts.credentials.auditor),
    },
    keys: {
      ...(Object.fromEntries(keys) as Record<(typeof KEY_NAMES)[number], string>),
      delegates: DELEGATE_KEYS.map(fileOf),
    },
    names: NAMES,
    policy: parts.policy,
    samples: {
      table: sample("SampleTable"),
      function: sample("SampleFunction"),
      newVersion: sample("SampleNewVersion"),
      payments: {
        function: sample("SamplePayments"),
        alias: sample("SamplePaymentsAlias"),
        table: sample("SamplePaymentsTable"),
      },
      bucket: sample("SampleBucket"),
      parameter: sample("SampleParameter"),
      instances: parts.instances,
      service: { cluster: sample("SampleCluster"), name: sample("SampleService") },
    },
  };
}

/** The actions that the deployed plane can run. @throws LocalAwsError when the output is missing. */
export function deployedActions(stacks: StackOutputs): DeployedAction[] {
  return JSON.parse(planeOutput(stacks, "Actions")) as DeployedAction[];
}

/** One output of the plane's stack. @throws LocalAwsError when it is missing. */
export function planeOutput(stacks: StackOutputs, name: string): string {
  return stackOutput(stacks, PLANE_STACK, name);
}

/** One output of one stack. @throws LocalAwsError that names both when it is missing. */
function stackOutput(stacks: StackOutputs, stack: string, name: string): string {
  const value = stacks[stack]?.[name];
  if (value !== undefined) return value;
  throw new LocalAwsError(
    `The stack ${stack} has no output ${name}. infra/ and localstack/ are of different versions: ` +
      'take both from one commit and run "npm run local:up" again.',
  );
}

/** The outputs that a start wrote, or undefined when there is no complete start. */
export function readOutputs(file: string): LocalOutputs | undefined {
  const text = readIfThere(file);
  return text === undefined ? undefined : (JSON.parse(text) as LocalOutputs);
}

const POLICY_TEXT = `The policy that the local policy engine stands for.
Shifting traffic of the sample service and configuring it is allowed, within the boundary that
each decision states.
`;

/** Writes the small policy document of the local deployment; its digest is over its bytes. */
export function writePolicy(state: StateFolder): LocalOutputs["policy"] {
  writeWhole(state.policy, POLICY_TEXT);
  const digest = createHash("sha256").update(readFileSync(state.policy)).digest("hex");
  return { id: "baseline", version: "1", digest: `sha256:${digest}` };
}

/** The two members alone: the SDK marks objects that it was given. */
const keyPair = ({ accessKeyId, secretAccessKey }: AwsCredentials): AwsCredentials => ({
  accessKeyId,
  secretAccessKey,
});
