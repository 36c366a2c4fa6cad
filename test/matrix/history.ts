import type { EvidenceRecord } from "../../lib/evidence/record.ts";
import type { Observation } from "./observation.ts";

/** A record with the place in the feed of the call that made it durable; none: no call of this batch did. */
export interface Durable {
  readonly record: EvidenceRecord;
  readonly at: number | undefined;
}

/** What evidence says of one identity. */
export interface SeenIdentity {
  readonly id: string;
  readonly chainId: string;
  readonly contractDigest: string;
  readonly actor: string | undefined;
  /** Digests of the chain that it was issued under. */
  readonly blocks: readonly string[];
  readonly sessionName: string;
  readonly issued: Durable;
  readonly records: readonly Durable[];
}

/** Evidence and feed put together: which call made which record durable. */
export class History {
  readonly records: readonly Durable[];
  readonly identities: readonly SeenIdentity[];
  readonly #bySession: ReadonlyMap<string, SeenIdentity>;

  constructor({ feed, chains }: Observation) {
    const durable = new Map<string, number>();
    for (const { records, error, seq } of feed) {
      if (error !== undefined) continue;
      // The first that succeeded: what came with its token later changed nothing.
      for (const key of records) if (!durable.has(key)) durable.set(key, seq);
    }
    this.records = [...chains.values()].flat().map(({ record }) => ({
      record,
      at: durable.get(`${record.chain.id}#${record.chain.seq}`),
    }));
    const issued = this.records.filter(({ record }) => record.event.type === "IdentityIssued");
    this.identities = issued.map((each) => this.#identity(each));
    this.#bySession = new Map(this.identities.map((each) => [each.sessionName, each]));
  }

  ofSession(name: string | undefined): SeenIdentity | undefined {
    return name === undefined ? undefined : this.#bySession.get(name);
  }

  ofType(type: string): readonly Durable[] {
    return this.records.filter(({ record }) => record.event.type === type);
  }

  #identity(issued: Durable): SeenIdentity {
    const { record } = issued;
    const id = record.identity?.id ?? "";
    return {
      ...{ id, issued, chainId: record.chain.id, actor: record.actor?.id },
      blocks: record.continuity?.blocks ?? [],
      contractDigest: record.contract?.digest ?? "",
      sessionName: String(record.detail["sessionName"]),
      records: this.records.filter(({ record: other }) => other.identity?.id === id),
    };
  }
}

/** The claims of a command's JWS, unverified: evidence that holds it was. */
export function claimsOf(command: unknown): Readonly<Record<string, unknown>> {
  const payload = String(command).split(".")[1];
  if (payload === undefined) return {};
  return JSON.parse(Buffer.from(payload, "base64url").toString("utf8")) as Record<string, unknown>;
}

/** Whether a denial, by the claims of its command, is of an identity. */
export function covers(claims: Readonly<Record<string, unknown>>, identity: SeenIdentity): boolean {
  switch (claims["do"]) {
    case "revokeIdentity":
      return claims["identityId"] === identity.id;
    case "revokeContract":
    case "attest":
      return claims["contractDigest"] === identity.contractDigest;
    case "supersede":
      return claims["chainId"] === identity.chainId;
    case "withdraw":
      return identity.blocks.some((block) =>
        (claims["ended"] as readonly string[]).includes(block),
      );
    case "haltActor":
      return claims["actorId"] === identity.actor;
    case "haltPlane":
      return true;
    default:
      return false;
  }
}
