import { canonicalize } from "../../../lib/encoding/canonical-json.ts";
import { sha256Digest } from "../../../lib/encoding/digest.ts";
import { eventOf, FUNCTION, type Governed } from "../../support/governed.ts";
import { KEYS } from "../../support/keys.ts";
import { PLANE } from "../../support/trust.ts";
import type { Dice } from "../dice.ts";
import type { Ground } from "../ground.ts";
import { firstUnmet, plainJws } from "../plain.ts";
import { claimsOf, mutatedSigned, type Signed, sign } from "../signed.ts";
import type { Asked, Subject } from "./subject.ts";

/** The digest of a compact JWS; of anything else some digest. */
const digestOf = (compact: unknown) => {
  const text = typeof compact === "string" ? compact : "";
  return sha256Digest(text.slice(0, Math.max(0, text.lastIndexOf("."))));
};

/** A request under a contract that nobody has seen, of which `change` replaces a part. */
function asking(ground: Ground, change: Partial<Governed>): unknown {
  const { plane } = ground;
  const { newId, now } = plane.world;
  const names = { jti: newId(), idempotencyKey: `key-${newId()}` };
  return eventOf({ ...plane.contract(), ...change }, names, now);
}

const contractOf = ({ contract }: Governed): Signed => ({
  ...{ typ: "vai-contract+jwt", claims: claimsOf(contract), signer: "issuer" },
});

interface Bound {
  readonly aud: string;
  readonly iss: string;
  readonly nbf: number;
  readonly exp: number;
  readonly cnf: { readonly jkt: string };
  readonly account: string;
  readonly region: string;
  readonly deliveries: readonly string[];
  readonly decision: { readonly digest: string };
  readonly actor: { readonly id: string };
  readonly authorization_details: readonly Step[];
}
interface Step {
  readonly id: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly parameters: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const ISSUERS = { "governance.example": "issuer", "other.example": "otherIssuer" } as const;
const ACTOR = "spiffe://example.org/agent/coordinator";

/** Whether a value meets a constraint (PROTOCOL.md §2), said once more. */
function meets(value: unknown, constraint: Readonly<Record<string, unknown>>): boolean {
  const [[kind, body] = ["", undefined]] = Object.entries(constraint);
  const list = Array.isArray(body) ? body : [];
  const { min = -Infinity, max = Infinity } = (body ?? {}) as { min?: number; max?: number };
  switch (kind) {
    case "exact":
      return value === body;
    case "oneOf":
      return list.includes(value);
    case "notOneOf":
      return value !== undefined && !list.includes(value);
    case "range":
      return typeof value === "number" && min <= value && value <= max;
    case "prefix":
      return typeof value === "string" && value.startsWith(String(body));
    case "all":
      return list.every((each) => meets(value, each));
    default:
      return false;
  }
}

/** Whether an issuer has signed this contract about this decision, whatever it allows. */
function unboundContract(contract: unknown, decision: unknown): string | undefined {
  const read = plainJws(contract, "vai-contract+jwt", Object.values(ISSUERS));
  if (read === undefined) return "nobody who may has signed this contract";
  const { iss, decision: decided, aud } = read.claims as unknown as Bound;
  return firstUnmet({
    "its issuer signed it": ISSUERS[iss as keyof typeof ISSUERS] === read.signer,
    "it is for this plane": aud === PLANE,
    "its decision is this one": decided.digest === digestOf(decision),
  });
}

/** Whether a contract allows the usual request now, to whoever reads it. */
function undeservedContract(
  { plane }: Ground,
  contract: unknown,
  decision: unknown,
): string | undefined {
  const read = plainJws(contract, "vai-contract+jwt", Object.values(ISSUERS));
  if (read === undefined) return "nobody who may has signed this contract";
  const claims = read.claims as unknown as Bound;
  const now = Math.floor(plane.world.now / 1000);
  const step = claims.authorization_details.find(({ id }) => id === "shift");
  const asked: Readonly<Record<string, unknown>> = { alias: "live", version: "7", percent: 10 };
  const isBounded = Object.entries(asked).every(([name, value]) => {
    const bound = step?.parameters[name];
    return bound !== undefined && meets(value, bound);
  });
  return firstUnmet({
    "its issuer signed it": ISSUERS[claims.iss as keyof typeof ISSUERS] === read.signer,
    "it is for this plane": claims.aud === PLANE,
    "it is in its window": claims.nbf <= now && now < claims.exp,
    "it is at most as long as its class": claims.exp - claims.nbf <= 900,
    "its executor asked": claims.cnf.jkt === KEYS.agent.thumbprint,
    "it is about this account": claims.account === "000000000000",
    "it is about this region": claims.region === "us-east-1",
    "it delivers so": claims.deliveries.includes("execute"),
    "its decision is this one": claims.decision.digest === digestOf(decision),
    "its actor is approved": claims.actor.id === ACTOR,
    "its step is the action's": canonicalize(step?.actions ?? []) === '["lambda:UpdateAlias"]',
    "its step is about the target": step?.resources.includes(FUNCTION) === true,
    "its bounds hold what was asked": isBounded,
  });
}

export const contract: Subject = {
  about: "contracts in a request: what is granted is a contract that an issuer signed, as it reads",
  ask(ground, dice): Asked {
    const governed = ground.plane.contract();
    const mutant = mutatedSigned(contractOf(governed), dice, ground.others);
    const event = asking(ground, {
      ...governed,
      contract: mutant,
      contractDigest: digestOf(mutant),
    });
    const { decision } = governed.proof as { readonly decision: unknown };
    const undeserved = () => undeservedContract(ground, mutant, decision);
    const unbindable = () => unboundContract(mutant, decision);
    return { to: "issue", event, undeserved, unbindable };
  },
};

interface Verdict {
  readonly iss: string;
  readonly iat: number;
  readonly exp: number;
  readonly outcome: string;
  readonly intentDigest: string;
  readonly contextDigest: string;
  readonly policy: { readonly id: string; readonly version: string; readonly digest: string };
  readonly boundary: { readonly notAfter: number; readonly actorId: string };
}

/** Whether a decision approves the usual contract. */
function undeservedDecision({ plane }: Ground, mutant: unknown, good: unknown): string | undefined {
  const read = plainJws(mutant, "vai-decision+jwt", ["decider", "otherDecider"]);
  if (read === undefined) return "no decider has signed this decision";
  const claims = read.claims as unknown as Verdict;
  const proper = claimsOf(good) as unknown as Verdict;
  const now = Math.floor(plane.world.now / 1000);
  const [baseline] = plane.policy.policies;
  return firstUnmet({
    "its decider signed it": read.signer === "decider" && claims.iss === "policy.example",
    "it approves": ["ALLOW", "CONSTRAIN"].includes(claims.outcome),
    "it is in its time": now < claims.exp && claims.iat <= now + 60,
    "it is about the intent": claims.intentDigest === proper.intentDigest,
    "it is about the context": claims.contextDigest === proper.contextDigest,
    "its policy is in force":
      claims.policy.id === baseline?.id &&
      claims.policy.version === baseline.version &&
      claims.policy.digest === baseline.digest,
    "its boundary is not over": now < claims.boundary.notAfter,
    "its boundary is the actor's": claims.boundary.actorId === ACTOR,
  });
}

export const decision: Subject = {
  about:
    "decisions in a proof, linked to their contract: what is granted was approved, as it reads",
  ask(ground, dice): Asked {
    const governed = ground.plane.contract();
    const proof = governed.proof as Readonly<Record<string, unknown>>;
    const good: Signed = {
      ...{ typ: "vai-decision+jwt", signer: "decider", claims: claimsOf(proof["decision"]) },
    };
    const mutant = mutatedSigned(good, dice, ground.others);
    const linked = relinked(governed, mutant, dice);
    const event = asking(ground, {
      ...governed,
      contract: linked,
      contractDigest: digestOf(linked),
      proof: { ...proof, decision: mutant },
    });
    const unapproved = () => undeservedDecision(ground, mutant, proof["decision"]);
    const undeserved = () => unapproved() ?? undeservedContract(ground, linked, mutant);
    const unbindable = () => unapproved() ?? unboundContract(linked, mutant);
    return { to: "issue", event, undeserved, unbindable };
  },
};

/** The contract that names a decision: else its digest alone refuses it. Now and then it names another. */
function relinked(governed: Governed, decided: unknown, dice: Dice): unknown {
  if (dice.hits(6)) return governed.contract;
  const good = contractOf(governed);
  return sign({ ...good, claims: { ...good.claims, decision: { digest: digestOf(decided) } } });
}
