import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import {
  type ContractDraft,
  contractDraft,
  type SignedContract,
  type Signing,
  signContract,
} from "../../../lib/client/contract.ts";
import { signingKey } from "../../../lib/client/keys.ts";
import type { Digest } from "../../../lib/encoding/digest.ts";
import type { SigningKey } from "../../../lib/encoding/jws.ts";
import type { KeyName } from "../../../localstack/deploy/keys.ts";
import { REPOSITORY_ROOT } from "../../../localstack/machine/paths.ts";
import type { LocalPlane } from "./plane.ts";

/** A private key of the local deployment. */
export function keyOf({ outputs }: LocalPlane, name: KeyName): SigningKey {
  const { delegates, ...single } = outputs.keys;
  const [delegate = "", delegate2 = ""] = delegates;
  const file = resolve(REPOSITORY_ROOT, { ...single, delegate, delegate2 }[name]);
  return signingKey(JSON.parse(readFileSync(file, "utf8")));
}

export const functionArn = ({ outputs }: LocalPlane, name = outputs.samples.function): string =>
  `arn:aws:lambda:${outputs.region}:${outputs.account}:function:${name}`;
/** The sample function that pays, as it is invoked. */
export const paymentsArn = (plane: LocalPlane): string => {
  const { function: name, alias } = plane.outputs.samples.payments;
  return functionArn(plane, `${name}:${alias}`);
};
export const tableArn = ({ outputs }: LocalPlane, name = outputs.samples.table): string =>
  `arn:aws:dynamodb:${outputs.region}:${outputs.account}:table/${name}`;

type Parts = Partial<Omit<ContractDraft, "steps">>;

const draftOf = (step: object, purpose: string, parts: Parts): ContractDraft =>
  contractDraft.parse({
    purpose,
    actor: { id: "spiffe://example.org/agent/coordinator", kind: "agent" },
    risk: "LOW",
    steps: [{ type: "aws", ...step }],
    window: { seconds: 600 },
    ...parts,
  });

/** At most 10 % of the sample service's traffic to its new version, read back. */
export function shiftDraft(plane: LocalPlane, parts: Parts = {}): ContractDraft {
  const step = {
    id: "shift",
    actions: ["lambda:UpdateAlias"],
    resources: [functionArn(plane)],
    parameters: {
      alias: { exact: "live" },
      version: { exact: plane.outputs.samples.newVersion },
      percent: { range: { min: 0, max: 10 } },
    },
    limits: { calls: 1, totals: { percent: 10 } },
  };
  const obligations = [{ kind: "readBack", name: "alias-routing", dueSeconds: 60 }];
  return draftOf(step, "shift 10 % of the sample service", { obligations, ...parts });
}

/** What a contract about one item allows besides the defaults of {@link settingDraft}. */
export interface SettingLimits {
  readonly table?: string;
  readonly calls?: number;
  readonly total?: number;
}

/** Attribute `weight` of one item of the sample table, up to 50. */
export function settingDraft(
  plane: LocalPlane,
  item: string,
  { table, calls = 1, total = 50 }: SettingLimits = {},
  parts: Parts = {},
): ContractDraft {
  const step = {
    id: "set",
    actions: ["dynamodb:UpdateItem"],
    resources: [tableArn(plane, table)],
    parameters: { "key/pk": { exact: item }, "set/weight": { range: { min: 0, max: 50 } } },
    limits: { calls, totals: { "set/weight": total } },
  };
  return draftOf(step, "set the weight of one item", parts);
}

/** Governance's work: a decision and a contract over a draft, for the local agent unless said. */
export function signDraft(
  plane: LocalPlane,
  draft: ContractDraft,
  change: Partial<Signing> = {},
): SignedContract {
  const { names, policy } = plane.outputs;
  return signContract(draft, {
    plane: plane.outputs.plane,
    issuer: { name: names.issuer, key: keyOf(plane, "issuer") },
    decider: { name: names.decider, key: keyOf(plane, "decider") },
    executor: keyOf(plane, "agent").thumbprint,
    policy: { ...policy, digest: policy.digest as Digest },
    now: Date.now(),
    newId: randomUUID,
    ...change,
  });
}

/** The id of the intent that a contract belongs to. */
export const intentOf = ({ proof }: SignedContract): string => (proof.intent as { id: string }).id;
