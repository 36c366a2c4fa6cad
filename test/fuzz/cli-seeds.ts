import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { marshall } from "@aws-sdk/util-dynamodb";
import { exportTo } from "../audit/support/folder.ts";
import { tellStory } from "../audit/support/story.ts";
import { chainOf } from "../support/chain.ts";
import { KEYS } from "../support/keys.ts";
import { TABLES } from "../support/memory-dynamo.ts";
import { newPlane, type Plane } from "../support/plane.ts";
import { PLANE } from "../support/trust.ts";

/** Good files, by name below the folder, and values that command lines name. */
export interface Seeds {
  readonly files: readonly string[];
  readonly named: Readonly<Record<string, string>>;
}

const CALLER = { accessKeyId: "AKIAEXAMPLE", secretAccessKey: "of the caller" };

const DIRECT = {
  base: "item",
  contract: {
    set: { "/deliveries": ["credentials"], "/authorization_details/0/parameters": "unbounded" },
  },
} as const;

const HANDLE = {
  contract: { set: { "/deliveries": ["execute", "handle"] } },
  request: { set: { "/delivery": "handle" } },
} as const;

const DRAFT = {
  purpose: "shift at most 10 % of checkout to version 2",
  actor: { id: "spiffe://example.org/agent/coordinator", kind: "agent" },
  risk: "LOW",
  steps: [
    {
      id: "shift",
      actions: ["lambda:UpdateAlias"],
      resources: ["arn:aws:lambda:us-east-1:000000000000:function:checkout"],
      parameters: {
        alias: { exact: "live" },
        version: { oneOf: ["2", "3"] },
        percent: { all: [{ range: { min: 0, max: 10 } }, { notOneOf: [7] }] },
      },
      limits: { calls: 2, totals: { percent: 15 } },
    },
  ],
  window: { seconds: 600 },
};

/** Writes one good file of every kind that `vai` reads. */
export async function writeSeeds(folder: string, endpoint: string): Promise<Seeds> {
  const plane = await newPlane();
  const files: string[] = [];
  const write = (name: string, value: unknown): void => {
    writeFileSync(join(folder, name), JSON.stringify(value));
    files.push(name);
  };
  const jwk = (key: { readonly privateKey: { export(how: { format: "jwk" }): unknown } }) =>
    key.privateKey.export({ format: "jwk" });
  write("agent.json", jwk(KEYS.agent));
  write("anchor.json", jwk(KEYS.anchor));
  const outputs = deployed(endpoint, folder);
  write("outputs.json", outputs);
  write("cdk.json", { samples: { SampleTable: "s" }, "vai-test": stackOf(outputs) });
  const governed = plane.contract(HANDLE);
  const { contract, proof } = governed;
  write("held.json", { contract, proof });
  const direct = plane.contract(DIRECT);
  write("direct.json", { contract: direct.contract, proof: direct.proof });
  write("event.json", plane.event(governed));
  const { handle } = await plane.grant(HANDLE, governed);
  write("handle.json", { handle, contract, step: "shift" });
  const { contract: handed, chain } = chainOf();
  write("chain.json", { contract: handed.jws.compact, chain });
  const { authorization_details, deliveries, exp, delegation } = handed.claims;
  const designate = { agent: "spiffe://example.org/agent/refunds-1" };
  write("handing.json", { designate, steps: authorization_details, deliveries, exp, delegation });
  write("asked.json", {
    contract: handed.jws.compact,
    asked: {
      ...{ designate, authorization_details, deliveries, exp, retain: false },
      delegation: { maxDepth: 2, retain: false, labels: [], planes: [] },
    },
  });
  write("order.json", { command: plane.command({ do: "resumePlane" }) });
  write("draft.json", DRAFT);
  write("trust.json", draftOf(plane));
  write("policy.json", { id: "baseline", version: "1", digest: `sha256:${"17".repeat(32)}` });
  const story = await tellStory();
  mkdirSync(join(folder, "export"));
  await exportTo(join(folder, "export"), story);
  for (const name of ["manifest.json", "records.jsonl", "seals.jsonl", "trust-policies.jsonl"]) {
    files.push(`export/${name}`);
  }
  const { anchor, identityId: identity } = story;
  return {
    files,
    named: {
      endpoint,
      plane: PLANE,
      anchor: anchor.thumbprint,
      identity,
      digest: `sha256:${"17".repeat(32)}`,
    },
  };
}

function draftOf({ policy }: Plane): object {
  const { version: _v, prev: _p, plane: _i, iat: _t, exp: _e, planeKeys: _k, ...draft } = policy;
  return draft;
}

const deployed = (endpoint: string, folder: string) => ({
  endpoint,
  region: "us-east-1",
  plane: PLANE,
  functions: {
    ...{ issue: "plane-issue", execute: "plane-execute", govern: "plane-govern" },
    ...{ revoke: "plane-revoke", sweep: "plane-sweep", delegate: "plane-delegate" },
  },
  functionUrls: { issue: `${endpoint}/issue`, execute: `${endpoint}/execute` },
  tables: { evidence: "evidence", state: "state", registry: "registry" },
  evidenceKeyId: "evidence-key",
  planeKeyId: "plane-key",
  anchor: KEYS.anchor.thumbprint,
  anchorKeys: [KEYS.anchor.jwk],
  credentials: { agent: CALLER, auditor: CALLER, deployer: CALLER, operator: CALLER },
  keys: {
    ...{ agent: join(folder, "agent.json"), issuer: join(folder, "agent.json") },
    ...{ decider: join(folder, "agent.json"), anchor: join(folder, "anchor.json") },
  },
  names: { issuer: "governance.example", decider: "policy.example" },
  policy: { id: "baseline", version: "1", digest: `sha256:${"17".repeat(32)}` },
});

const stackOf = ({ functions, functionUrls, tables, ...rest }: ReturnType<typeof deployed>) => ({
  Plane: rest.plane,
  IssueFunction: functions.issue,
  IssueUrl: functionUrls.issue,
  ExecuteFunction: functions.execute,
  ExecuteUrl: functionUrls.execute,
  GovernFunction: functions.govern,
  RevokeFunction: functions.revoke,
  SweepFunction: functions.sweep,
  EvidenceTable: tables.evidence,
  StateTable: tables.state,
  RegistryTable: tables.registry,
  EvidenceKeyId: rest.evidenceKeyId,
  PlaneKeyId: rest.planeKeyId,
  Anchor: rest.anchor,
  AnchorKeys: JSON.stringify(rest.anchorKeys),
  Retain: "true",
});

/** What functions, tables and keys answer, each to be given to any question. */
export async function answersOf(): Promise<readonly unknown[]> {
  const plane = await newPlane();
  const [done, refused] = [
    await plane.grant(),
    await plane.ask({ request: { set: { "/iat": 1 } } }),
  ];
  const held = await plane.grant(HANDLE);
  const { outcome: _none, ...running } = done;
  const rows = plane.rows("plane/registry").map(({ seq, sealSeq, record, seal }) => ({
    ...{
      chainId: { S: "plane/registry" },
      seq: { N: String(seq) },
      sealSeq: { N: String(sealSeq) },
    },
    ...{ record: { S: record }, ...(seal !== undefined && { seal: { S: seal } }) },
  }));
  const open = heads(plane);
  const revoked = await ordered(plane, {
    ...{ do: "revokeIdentity", identityId: held.identity.identityId },
  });
  plane.faults.plan({ at: "iam:write", how: "denied" });
  const unreached = await ordered(plane, { do: "haltPlane" });
  plane.faults.clear();
  const registry = [...plane.dynamo.table(TABLES.registry).values()].map(wired);
  const spki = (await plane.kms.client().send({
    ...{ input: {}, constructor: { name: "GetPublicKeyCommand" } },
  } as never)) as unknown as { readonly PublicKey: Buffer };
  return [
    ...[done, refused, held, running],
    { ok: true, evidence: { chainId: "plane/registry", seq: 2 } },
    ...[revoked, unreached],
    ...[{ Items: open }, { Responses: { state: heads(plane), registry, evidence: rows } }],
    ...[{ Items: rows }, { Items: [] }, { Responses: { evidence: rows }, UnprocessedKeys: {} }, {}],
    { PublicKey: spki.PublicKey.toString("base64") },
    { Signature: "AAAA" },
  ];
}

const ordered = (plane: Plane, claims: { readonly do: string } & Record<string, unknown>) =>
  plane.revoke({ command: plane.command(claims) });

const wired = (item: object) => marshall(item, { removeUndefinedValues: true });

/** Heads of chains, as State's index has them. */
const heads = (plane: Plane) =>
  [...plane.dynamo.table(TABLES.state)].flatMap(([key, item]) =>
    key.endsWith("|head") ? [wired(item)] : [],
  );
