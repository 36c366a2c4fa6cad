import { type Digest, sha256Digest } from "../encoding/digest.ts";
import { readPublicJwk, type VerificationKey } from "../encoding/jwk.ts";
import { present } from "../encoding/present.ts";
import { REGISTRY_CHAIN } from "../evidence/chain.ts";
import type { EvidenceRecord } from "../evidence/record.ts";
import { type AnchorProblem, anchorProblem } from "./anchor-problem.ts";
import type { Head } from "./chain-ledger.ts";
import { evidenceKeys } from "./evidence-keys.ts";
import { judgeTransactions } from "./judge.ts";
import type { ReadRecord } from "./read-record.ts";
import { type Succession, succession } from "./succession.ts";
import type { Transaction } from "./transaction.ts";
import { followTrust, type TrustChain } from "./trust-chain.ts";
import { type Unended, UnendedIdentities } from "./unended.ts";
import type { Defect, DefectCode } from "./verdict.ts";
import { RecordVerifier, type Verification } from "./verify.ts";

/** Evidence with everything that is needed to judge it: from an export folder, or read from the table. */
export interface EvidenceSet {
  /** Compact JWS from version 1. */
  readonly trustPolicies: readonly string[];
  /** Public keys that may be anchors; which of them are is said by the verifier's own thumbprints. */
  readonly anchors: readonly unknown[];
  /** Records with their seals, by chain id and number. */
  readonly transactions: AsyncIterable<Transaction> | Iterable<Transaction>;
  readonly plane?: string;
  /** Heads and counts that were noted when the records were read. */
  readonly noted?: {
    readonly chains: readonly Head[];
    readonly records: number;
    /** Absent when nobody counted them for these chains alone. */
    readonly seals?: number;
    readonly trustPolicies: number;
  };
}

export interface EvidenceReport extends Verification {
  /** Whether it hangs on an anchor that the verifier named himself; else it is only consistent in itself. */
  readonly trusted: boolean;
  readonly trustPolicies: number;
  /** Identities that were issued and have no end on record, up to a hundred: no defect, and not to go unsaid. */
  readonly unended: readonly Unended[];
  readonly unendedCount: number;
  /** Why nothing can hang on the given anchors; the defects then follow from that. */
  readonly anchorProblem?: AnchorProblem;
  /**
   * The given anchors were replaced: all of it was judged by them and by the anchors that followed, so it is consistent, and
   * not trusted until the verifier names those too.
   */
  readonly succession?: Succession;
}

/**
 * Verifies a whole export: trust policies from the anchor, evidence keys from these, every seal and record from the
 * keys, and that both tell the same history.
 * @param pinned RFC 7638 thumbprints of the anchors that the verifier believes. Without any, the anchors of the
 * export stand for themselves: then a good verdict says that it is consistent, and nothing about who made it.
 * @param onRecord sees every record that holds under its seal.
 */
export async function verifyEvidence(
  set: EvidenceSet,
  pinned: readonly string[],
  onRecord: (record: ReadRecord) => void = () => {},
): Promise<EvidenceReport> {
  const candidates = anchorsOf(set.anchors);
  const named = pinned.length === 0 ? candidates : anchorsOf(set.anchors, pinned);
  const followed = succession(set.trustPolicies, pinned, candidates);
  const trust = followTrust(set.trustPolicies, followed === undefined ? named : candidates);
  const verifier = new RecordVerifier(trust.plane ?? set.plane, set.noted?.chains);
  for (const defect of trust.defects) verifier.report(defect);
  judgePlane(set.plane, trust.plane, verifier);
  const history = new History(trust, (defect) => verifier.report(defect));
  const unended = new UnendedIdentities();
  for await (const batch of judgeTransactions(set.transactions, evidenceKeys(trust.keys))) {
    for (const read of batch.flatMap((judged) => verifier.take(judged))) {
      history.compare(read.record);
      unended.take(read.record);
      onRecord(read);
    }
  }
  history.end();
  judgeCounts(set, verifier);
  const verification = verifier.finish();
  const problem =
    followed === undefined ? anchorProblem(set.trustPolicies, named, pinned) : undefined;
  return {
    ...verification,
    trusted: pinned.length > 0 && followed === undefined,
    trustPolicies: set.trustPolicies.length,
    unended: unended.list,
    unendedCount: unended.count,
    ...present({ anchorProblem: problem, succession: followed }),
  };
}

function anchorsOf(candidates: readonly unknown[], pinned?: readonly string[]): VerificationKey[] {
  const keys = candidates.map(readPublicJwk).filter((key) => typeof key !== "string");
  return keys.filter(({ thumbprint }) => pinned?.includes(thumbprint) ?? true);
}

/** The trust policies say which plane this is; a manifest that names another one would mislead a reader. */
function judgePlane(
  named: string | undefined,
  plane: string | undefined,
  verifier: RecordVerifier,
): void {
  if (named === undefined || plane === undefined || named === plane) return;
  const what = `belongs to ${plane}, not to ${named} as the manifest says`;
  verifier.report({
    verdict: "tampered",
    code: "EVIDENCE_HASH_MISMATCH",
    chainId: REGISTRY_CHAIN,
    seq: 1,
    what,
  });
}

/** A manifest counts what it lists; a count that is off was edited, or its file was. */
function judgeCounts({ noted, trustPolicies }: EvidenceSet, verifier: RecordVerifier): void {
  if (noted === undefined) return;
  const { records, seals } = verifier.counts;
  const lost = noted.trustPolicies - trustPolicies.length;
  const what = `(trust policy version ${trustPolicies.length + 1}) is missing: the manifest counts ${noted.trustPolicies}`;
  if (lost > 0) {
    const seq = trustPolicies.length + 1;
    verifier.report({
      verdict: "truncated",
      code: "EVIDENCE_TRUNCATED",
      chainId: REGISTRY_CHAIN,
      seq,
      what,
    });
  }
  const listed = noted.chains.reduce((sum, { seq }) => sum + seq, 0);
  const isMiscounted =
    (noted.records !== records && listed === records) ||
    // With records missing, that is what is told: their seals went with them.
    (noted.records === records && (noted.seals ?? seals) !== seals);
  if (lost < 0 || isMiscounted) {
    const counted = `${noted.records} records, ${noted.seals ?? seals} seals and ${noted.trustPolicies} trust policies`;
    const count = `is in a folder whose manifest counts ${counted}; there are ${records}, ${seals} and ${trustPolicies.length}`;
    verifier.report({
      verdict: "tampered",
      code: "EVIDENCE_HASH_MISMATCH",
      chainId: REGISTRY_CHAIN,
      seq: 1,
      what: count,
    });
  }
}

/** Holds the records' story of the trust policies against the policies themselves. */
class History {
  readonly #trust: TrustChain;
  readonly #report: (defect: Defect) => void;
  /** Versions, and in which record of `plane/registry` each was published. */
  readonly #published = new Map<number, number>();
  #lastSeq = 0;
  #chainId = "";

  constructor(trust: TrustChain, report: (defect: Defect) => void) {
    this.#trust = trust;
    this.#report = report;
  }

  compare(record: EvidenceRecord): void {
    const { chain, event, trustPolicy } = record;
    const blame = (code: DefectCode, what: string): void =>
      this.#report({
        verdict: code === "EVIDENCE_MISSING" ? "gap" : "tampered",
        code,
        chainId: chain.id,
        seq: chain.seq,
        what,
      });
    if (chain.id < this.#chainId) blame("EVIDENCE_CHAIN_BROKEN", "stands behind a later chain");
    this.#chainId = chain.id;
    if (trustPolicy !== undefined) {
      const problem = this.#policyProblem(trustPolicy.version, trustPolicy.digest);
      if (problem !== undefined) blame(...problem);
    }
    if (chain.id !== REGISTRY_CHAIN) return;
    this.#lastSeq = Math.max(this.#lastSeq, chain.seq);
    if (event.type !== "TrustPolicyPublished") return;
    const problem = this.#publicationProblem(record);
    if (problem !== undefined) blame(...problem);
  }

  /**
   * A policy that is believed but was never published: when a later one was, its record is missing before that one's,
   * else the end of `plane/registry` is gone.
   */
  end(): void {
    const latest = Math.max(0, ...this.#published.keys());
    let before = 0;
    for (const version of this.#trust.digests.keys()) {
      before = this.#published.get(version) ?? before;
      if (this.#published.has(version)) continue;
      const isBefore = version < latest;
      this.#report({
        verdict: isBefore ? "gap" : "truncated",
        code: isBefore ? "EVIDENCE_MISSING" : "EVIDENCE_TRUNCATED",
        chainId: REGISTRY_CHAIN,
        seq: (isBefore ? before : this.#lastSeq) + 1,
        what: `is missing: the publication of trust policy version ${version}`,
      });
    }
  }

  #publicationProblem(record: EvidenceRecord): [DefectCode, string] | undefined {
    const { version, trustPolicyDigest, trustPolicy } = record.detail;
    if (typeof version !== "number" || typeof trustPolicy !== "string") {
      return ["EVIDENCE_HASH_MISMATCH", "publishes no trust policy"];
    }
    this.#published.set(version, record.chain.seq);
    const carried = sha256Digest(trustPolicy.slice(0, trustPolicy.lastIndexOf(".")));
    if (carried !== trustPolicyDigest) {
      return ["EVIDENCE_HASH_MISMATCH", "carries another trust policy than the one that it names"];
    }
    return this.#policyProblem(version, carried);
  }

  #policyProblem(version: number, digest: Digest): [DefectCode, string] | undefined {
    const known = this.#trust.digests.get(version);
    if (known === digest) return undefined;
    return known === undefined
      ? [
          "EVIDENCE_MISSING",
          `speaks of trust policy version ${version}, which is missing or not believed`,
        ]
      : [
          "EVIDENCE_HASH_MISMATCH",
          `speaks of another trust policy version ${version} than trust-policies.jsonl`,
        ];
  }
}
