import { toInstant, toSeconds } from "../../lib/clock.ts";
import { documentDigest } from "../../lib/encoding/canonical-json.ts";
import { type Digest, sha256Digest } from "../../lib/encoding/digest.ts";
import { forge, type SignedChange } from "./forge.ts";
import { KEYS } from "./keys.ts";
import { type Change, changed } from "./mutate.ts";
import { PLANE } from "./trust.ts";

export const FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:checkout";

/** An assumption of a contract: the alias `live` of the function is at version 6. */
export const LIVE_IS_6 = {
  name: "live-is-6",
  read: "lambda:GetAlias",
  resource: FUNCTION,
  parameters: { alias: "live" },
  path: "/FunctionVersion",
  expect: { exact: "6" },
  maxAgeSeconds: 60,
  recheck: true,
};
export const TABLE = "arn:aws:dynamodb:us-east-1:000000000000:table/settings";
export const ACTOR = "spiffe://example.org/agent/coordinator";

/** What the valid request does: shift traffic of an alias, or set an attribute of an item. */
type Base = "alias" | "item";

const STEPS = {
  alias: {
    type: "aws",
    id: "shift",
    actions: ["lambda:UpdateAlias"],
    resources: [FUNCTION],
    parameters: {
      alias: { exact: "live" },
      version: { exact: "7" },
      percent: { range: { min: 0, max: 10 } },
    },
    limits: { calls: 1, totals: { percent: 10 } },
  },
  item: {
    type: "aws",
    id: "set",
    actions: ["dynamodb:UpdateItem"],
    resources: [TABLE],
    parameters: {
      "key/pk": { exact: "svc-a" },
      "set/weight": { range: { min: 0, max: 10 } },
    },
  },
} as const;

const OPERATIONS = {
  alias: {
    action: "lambda:UpdateAlias",
    resource: FUNCTION,
    parameters: { alias: "live", version: "7", percent: 10 },
  },
  item: {
    action: "dynamodb:UpdateItem",
    resource: TABLE,
    parameters: { "key/pk": "svc-a", "set/weight": 7 },
  },
} as const;

/** How one request differs from the valid one, part by part; each part is linked and signed after its change. */
export interface Mutation {
  readonly base?: Base;
  readonly intent?: Change;
  readonly context?: Change;
  readonly decision?: SignedChange;
  readonly contract?: SignedChange;
  /** Changes of the proof as the event carries it, after everything is signed. */
  readonly proof?: Change;
  readonly request?: SignedChange;
  readonly event?: Change;
}

/** Ids of one intent with its contract; the same ids in another request mean the same intent. */
export interface Ids {
  readonly intent: string;
  readonly contract: string;
  readonly decision: string;
}

/** A contract with its proof, and what a request under it needs to say. */
export interface Governed {
  readonly base: Base;
  readonly ids: Ids;
  readonly chainId: string;
  readonly contract: unknown;
  readonly contractDigest: Digest;
  readonly proof: unknown;
}

/** Governance's part: intent, context, decision and contract. `now` in milliseconds. */
export function govern(ids: Ids, now: number, mutation: Mutation = {}): Governed {
  const base = mutation.base ?? "alias";
  const seconds = toSeconds(now);
  const step = STEPS[base];
  const intent = changed(
    {
      id: ids.intent,
      actor: ACTOR,
      action: step.actions[0],
      target: [...step.resources],
      constraints: {},
      metadata: { ticket: "CHG-17" },
    },
    mutation.intent,
    now,
  );
  const context = changed(
    { observedAt: toInstant(now - 5_000), sources: [{ name: "deployments", digest: SOURCE }] },
    mutation.context,
    now,
  );
  const decision = forge(
    "vai-decision+jwt",
    {
      iss: "policy.example",
      iat: seconds - 10,
      jti: ids.decision,
      exp: seconds + 900,
      intentDigest: documentDigest(intent),
      contextDigest: documentDigest(context),
      outcome: "ALLOW",
      policy: { id: "baseline", version: "1", engine: "custom", digest: SOURCE },
      boundary: {
        authorization_details: withStep(step, mutation),
        notAfter: seconds + 600,
        actorId: ACTOR,
      },
    },
    "decider",
    mutation.decision,
    now,
  );
  const contract = forge(
    "vai-contract+jwt",
    {
      ver: 1,
      iss: "governance.example",
      aud: PLANE,
      jti: ids.contract,
      iat: seconds - 10,
      nbf: seconds - 5,
      exp: seconds + 600,
      intent: { id: intent.id, digest: documentDigest(intent) },
      context: { digest: documentDigest(context) },
      decision: { digest: digestOf(decision) },
      actor: { id: ACTOR, kind: "agent" },
      cnf: { jkt: KEYS.agent.thumbprint },
      purpose: "shift 10 % of checkout to version 7",
      risk: "LOW",
      account: "000000000000",
      region: "us-east-1",
      deliveries: ["execute"],
      authorization_details: [step],
    },
    "issuer",
    mutation.contract,
    now,
  );
  const proof = { intent, context, decision, attestations: [], approvals: [] };
  return {
    base,
    ids,
    chainId: `intent/${intentOf(contract) ?? intent.id}`,
    contract,
    contractDigest: digestOf(contract),
    proof: changed(proof as unknown, mutation.proof, now),
  };
}

/** The intent that a contract says it is for, if it can be read. */
function intentOf(contract: unknown): string | undefined {
  try {
    const [, payload = ""] = String(contract).split(".");
    return JSON.parse(Buffer.from(payload, "base64url").toString("utf8")).intent.id;
  } catch {
    return undefined;
  }
}

const SOURCE = `sha256:${"17".repeat(32)}`;

/** A decision usually approves what the contract then says, so a change of the step changes its boundary too. */
function withStep(step: object, { contract, decision }: Mutation): object[] {
  const own = Object.entries(contract?.set ?? {}).filter(([place]) => place.startsWith(PLACE));
  const pinned = Object.keys(decision?.set ?? {}).some((place) => place.startsWith("/boundary"));
  if (pinned || contract?.rewrite !== undefined) return [step];
  const set = Object.fromEntries(own.map(([place, value]) => [place.slice(PLACE.length), value]));
  const details = changed({ list: [step] }, { set: remapped(set) }, 0).list;
  const removed = (contract?.remove ?? [])
    .filter((place) => place.startsWith(PLACE))
    .map((place) => `/list${place.slice(PLACE.length)}`);
  return changed({ list: details }, { remove: removed }, 0).list;
}

const PLACE = "/authorization_details";
const remapped = (set: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(set).map(([place, value]) => [`/list${place}`, value]));

/** The agent's part: the event with its signed request. */
export function eventOf(
  { base, contract, contractDigest, proof }: Governed,
  names: { readonly jti: string; readonly idempotencyKey: string },
  now: number,
  mutation: Mutation = {},
): unknown {
  const request = forge(
    "vai-request+jwt",
    {
      use: "issue",
      ...names,
      iat: toSeconds(now),
      aud: PLANE,
      contractDigest,
      step: STEPS[base].id,
      delivery: "execute",
      operation: OPERATIONS[base],
    },
    "agent",
    mutation.request,
    now,
  );
  return changed({ contract, proof, request } as unknown, mutation.event, now);
}

/** The agent's part once it holds a handle: the event that redeems it. */
export function redemptionOf(
  { base, contractDigest }: Governed,
  handle: unknown,
  names: { readonly jti: string; readonly idempotencyKey: string },
  now: number,
  mutation: Mutation = {},
): unknown {
  const request = forge(
    "vai-request+jwt",
    {
      use: "execute",
      ...names,
      iat: toSeconds(now),
      aud: PLANE,
      contractDigest,
      handleDigest: digestOf(handle),
      operation: OPERATIONS[base],
    },
    "agent",
    mutation.request,
    now,
  );
  return changed({ handle, request } as unknown, mutation.event, now);
}

/** The digest of a compact JWS, over its signing input; of anything else some digest. */
function digestOf(compact: unknown): Digest {
  const text = typeof compact === "string" ? compact : "";
  return sha256Digest(text.slice(0, Math.max(0, text.lastIndexOf("."))));
}
