import * as z from "zod";
import { type Digest, sha256Digest } from "../encoding/digest.ts";
import {
  jwkThumbprint,
  type PublicJwk,
  readPublicJwk,
  type VerificationKey,
} from "../encoding/jwk.ts";
import {
  action,
  actorKind,
  digest,
  evaluatorClass,
  label,
  numericDate,
  publicJwk,
  type RiskClass,
  riskClass,
  stepId,
  thumbprint,
} from "../encoding/members.ts";
import { VERBS } from "./verbs.ts";

/** Who may speak in a role: a name, and the keys that it signs with. */
const keys = z.array(publicJwk).min(1);
/** The observer speaks by a plane key: nobody else may be taken for it (PROTOCOL.md §6). */
const partyName = label.refine((name) => name !== "observer", "must be another name than observer");
const party = z.strictObject({ name: partyName, keys });
const risky = z.strictObject({
  ...{ name: partyName, keys, maxRisk: riskClass },
  actions: z.array(action),
});

const planeKey = z
  .strictObject({
    use: z.enum(["evidence", "plane", "checkpoint", "observer"]),
    key: publicJwk,
    notBefore: numericDate,
    notAfter: numericDate.optional(),
    revokedAt: numericDate.optional(),
  })
  .refine(({ use, key }) => (key.kty === "EC") === (use !== "checkpoint"), {
    path: ["key"],
    message: "must be a P-256 key; of use checkpoint an Ed25519 key",
  });

/** Thresholds of one risk class; seconds where the name says so. */
const governanceClass = z.strictObject({
  maxSeconds: z.int().min(1).max(3600),
  contextSeconds: z.int().min(1).max(86_400),
  approvals: z.int().min(0),
  attestations: z.int().min(0),
  classes: z.int().min(0),
  veto: z.array(evaluatorClass),
  credentials: z.boolean(),
  /** From how many rejects on a decision stands no more; absent: 1. */
  rejects: z.int().min(1).optional(),
  /** Of which kinds of actors approvals are asked; absent: of all. */
  approvalFor: z.array(actorKind).optional(),
  /** A contract of the class is bound by registration alone; absent: by its first request too. */
  registered: z.boolean().optional(),
  /** Depth of the deepest block of a chain; absent: {@link maxDepthOf}. */
  maxDepth: z.int().min(0).max(32).optional(),
});

const roleArn = z
  .string()
  .regex(/^arn:aws(-[a-z]+)*:iam::\d{12}:role\/[\w+=,.@/-]+$/, "must be a role ARN");

const MODES = ["enforce", "observe"] as const;

/** Whether an action is only watched: judged and recorded, and never done (VAI-146). */
export const isObserved = (
  governed: { readonly mode?: (typeof MODES)[number] | undefined } | undefined,
): boolean => governed?.mode === "observe";

const governedAction = z
  .strictObject({
    action,
    risk: riskClass,
    /** Absent only in mode `observe`. */
    executionRoleArn: roleArn.optional(),
    readerRoleArn: roleArn,
    /** Absent: enforce. */
    mode: z.enum(MODES).optional(),
  })
  .refine((each) => each.readerRoleArn !== each.executionRoleArn, "must have two different roles")
  .refine((each) => isObserved(each) || each.executionRoleArn !== undefined, {
    path: ["executionRoleArn"],
    message: "is missing; only an action in mode observe has none",
  });

const policyHead = z.strictObject({ id: label, version: label, digest });

const breakGlass = z.strictObject({
  id: stepId,
  actions: z.array(action),
  maxSeconds: z.int().min(1).max(3600),
  approverRoles: z.array(label).min(1),
  reviewHours: z.int().min(1),
  exp: numericDate,
  /** Whether its evidence may be spooled while it cannot be stored; absent: false. */
  spool: z.boolean().optional(),
});

/** An agent that can be told by name or label; what it is told by is this entry, not its own word. */
const agent = z.strictObject({
  name: partyName,
  labels: z
    .array(label)
    .refine((all) => new Set(all).size === all.length, { message: "names a label twice" }),
  jkt: thumbprint,
});

const schema = z
  .strictObject({
    version: z.int().min(1),
    prev: digest,
    plane: label,
    iat: numericDate,
    exp: numericDate,
    planeKeys: z.array(planeKey),
    issuers: z.array(risky),
    deciders: z.array(risky),
    evaluators: z.array(z.strictObject({ name: partyName, class: evaluatorClass, keys })),
    approvers: z.array(z.strictObject({ name: partyName, roles: z.array(label), keys })),
    operators: z.array(
      z.strictObject({
        ...party.shape,
        /** Absent: all of them. A machine that signals has `["signal"]`. */
        may: z.array(z.enum(VERBS)).optional(),
      }),
    ),
    auditors: z.array(party),
    planes: z.array(z.never()),
    /** Absent: none. */
    agents: z.array(agent).optional(),
    policies: z.array(policyHead),
    actions: z.array(governedAction),
    governance: z.strictObject({
      LOW: governanceClass,
      MEDIUM: governanceClass,
      HIGH: governanceClass,
      CRITICAL: governanceClass,
    }),
    breakGlass: z.array(breakGlass),
  })
  .superRefine((policy, context) => {
    if (policy.exp <= policy.iat) {
      context.addIssue({ code: "custom", path: ["exp"], message: "must be after iat" });
    }
    for (const { path, message } of doubles(policy)) {
      context.addIssue({ code: "custom", path, message });
    }
  });

/** The signed, versioned statement of whom this trust plane believes (PROTOCOL.md §6). */
export type TrustPolicy = z.infer<typeof schema>;
export type GovernedAction = TrustPolicy["actions"][number];
/** An emergency that governance has foreseen, with bounds of its own (PROTOCOL.md §10, "Break-glass"). */
export type BreakGlassPolicy = TrustPolicy["breakGlass"][number];

/** The execution role of an action that may be done. An observed one gets no session, whether or not it names a role. */
export function enforcedRole(governed: GovernedAction): string {
  const { action, executionRoleArn } = governed;
  if (isObserved(governed) || executionRoleArn === undefined) {
    throw new TypeError(`${action} is only observed: there is no session for it`);
  }
  return executionRoleArn;
}

/** How deep a chain of the class may be, where governance has not said (POC-21). */
const DEFAULT_DEPTH = 8;

/** Depth of the deepest block that a chain of a class may have; 0: nobody delegates. */
export const maxDepthOf = (
  { governance }: Pick<TrustPolicy, "governance">,
  risk: RiskClass,
): number => governance[risk].maxDepth ?? DEFAULT_DEPTH;

/** An agent of the trust policy, by name, labels and key. */
export type KnownAgent = NonNullable<TrustPolicy["agents"]>[number];

/**
 * Every name that a key goes by: the one that it was designated or bound under, and the one that the trust policy gives it
 * now. A halt of either reaches the key; else whoever is renamed, or taken off the list, is out of reach of the other (ADV-64).
 * @param name - the former, if there is one.
 */
export function namesOfKey(
  jkt: string,
  name: string | undefined,
  { agents = [] }: Pick<TrustPolicy, "agents">,
): readonly string[] {
  const listed = agents.find((each) => each.jkt === jkt)?.name;
  return [...new Set([name, listed].filter((each) => each !== undefined))];
}

export const trustPolicySchema: z.ZodType<TrustPolicy> = schema;

/** Version 1's `prev`: bound to the plane, so that no other plane's first policy fits (PROTOCOL.md §6). */
export const trustPolicyGenesis = (plane: string): Digest =>
  sha256Digest(`vai-trust-policy-genesis\0${plane}`);

const LISTS_OF_PARTIES = [
  "issuers",
  "deciders",
  "evaluators",
  "approvers",
  "operators",
  "auditors",
] as const;

type Place = { readonly path: PropertyKey[]; readonly thumbprint: string };

type Keyed = Pick<TrustPolicy, "planeKeys" | (typeof LISTS_OF_PARTIES)[number]>;

function* keyPlaces(policy: Keyed): Generator<Place> {
  for (const [index, { key }] of policy.planeKeys.entries()) {
    yield { path: ["planeKeys", index, "key"], thumbprint: jwkThumbprint(key) };
  }
  for (const list of LISTS_OF_PARTIES) {
    for (const [index, each] of policy[list].entries()) {
      for (const [place, key] of each.keys.entries()) {
        yield { path: [list, index, "keys", place], thumbprint: jwkThumbprint(key) };
      }
    }
  }
}

/** An executor's key has no role of governance: `agents` names keys that may act, every other list keys that may not. */
function* agentPlaces({ agents = [] }: Pick<TrustPolicy, "agents">): Generator<Place> {
  for (const [index, { jkt }] of agents.entries()) {
    yield { path: ["agents", index, "jkt"], thumbprint: jkt };
  }
}

/** One key in two roles could approve its own work; one name twice in a list would have two meanings. */
function* doubles(
  policy: z.output<typeof schema>,
): Generator<{ path: PropertyKey[]; message: string }> {
  const seen = new Set<string>();
  for (const { path, thumbprint } of [...keyPlaces(policy), ...agentPlaces(policy)]) {
    if (seen.has(thumbprint)) yield { path, message: "is a key that occurs twice in the document" };
    seen.add(thumbprint);
  }
  for (const list of LISTS_OF_PARTIES) {
    yield* doubledNames(
      list,
      policy[list].map(({ name }) => name),
    );
  }
  yield* doubledNames(
    "agents",
    (policy.agents ?? []).map(({ name }) => name),
  );
  yield* doubledNames(
    "actions",
    policy.actions.map((each) => each.action),
  );
  yield* doubledNames(
    "policies",
    policy.policies.map(({ id }) => id),
  );
  yield* doubledNames(
    "breakGlass",
    policy.breakGlass.map(({ id }) => id),
  );
}

function* doubledNames(
  list: string,
  names: readonly string[],
): Generator<{ path: PropertyKey[]; message: string }> {
  for (const [index, name] of names.entries()) {
    if (names.indexOf(name) !== index)
      yield { path: [list, index], message: `names "${name}" twice` };
  }
}

const thumbprints = new WeakMap<TrustPolicy, ReadonlySet<string>>();

/** Every thumbprint that the trust policy gives a role of governance: none may be an executor (PROTOCOL.md §6). */
export function trustedThumbprints(policy: TrustPolicy): ReadonlySet<string> {
  const known =
    thumbprints.get(policy) ?? new Set([...keyPlaces(policy)].map((each) => each.thumbprint));
  thumbprints.set(policy, known);
  return known;
}

/** The key of a party by thumbprint, or `undefined`. */
export function partyKey(
  party: { readonly keys: readonly PublicJwk[] },
  thumbprint: string,
): VerificationKey | undefined {
  for (const jwk of party.keys) {
    const key = readPublicJwk(jwk);
    if (typeof key !== "string" && key.thumbprint === thumbprint) return key;
  }
  return undefined;
}
