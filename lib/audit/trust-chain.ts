import type { Digest } from "../encoding/digest.ts";
import type { VerificationKey } from "../encoding/jwk.ts";
import { type ReadJws, readJws, verifyJws } from "../encoding/jws.ts";
import { readBy } from "../encoding/schema.ts";
import { REGISTRY_CHAIN } from "../evidence/chain.ts";
import { type TrustPolicy, trustPolicyGenesis, trustPolicySchema } from "../trust/policy.ts";
import type { EvidenceKey } from "./evidence-keys.ts";
import type { Defect, DefectCode } from "./verdict.ts";

const isEvidenceKey = ({ use, key }: TrustPolicy["planeKeys"][number]): boolean =>
  use === "evidence" && key.kty === "EC";

interface PolicyLink {
  readonly jws: ReadJws;
  readonly policy: TrustPolicy;
  readonly digest: Digest;
}

/** The trust policies of an export as far as they are believed. */
export interface TrustChain {
  /** Digests of the believed policies by version. */
  readonly digests: ReadonlyMap<number, Digest>;
  /** Union of their keys of use `evidence`. */
  readonly keys: readonly EvidenceKey[];
  readonly plane: string | undefined;
  readonly defects: readonly Defect[];
}

const defect = (version: number, code: DefectCode, what: string): Defect => ({
  verdict: code === "EVIDENCE_MISSING" ? "gap" : "tampered",
  code,
  chainId: REGISTRY_CHAIN,
  seq: version,
  what: `(trust policy version ${version}) ${what}`,
});

/**
 * Follows trust policies back from the last one that an anchor signed: it is believed, and so is the policy that a
 * believed one names as `prev`, down to version 1 and its genesis. Nothing that is only in the export makes itself
 * believed: `anchors` are the keys whose thumbprints the verifier was given.
 * @param lines compact JWS from version 1, in order.
 */
export function followTrust(
  lines: readonly string[],
  anchors: readonly VerificationKey[],
): TrustChain {
  const defects: Defect[] = [];
  const links: PolicyLink[] = [];
  for (const [index, line] of lines.entries()) {
    const link = readLink(line);
    if (typeof link === "string") defects.push(defect(index + 1, "EVIDENCE_CHAIN_BROKEN", link));
    else links.push(link);
  }
  if (lines.length === 0)
    defects.push(defect(1, "EVIDENCE_MISSING", "is missing: there is no trust policy"));
  const believed = believedLinks(links, anchors, defects);
  for (const [index, link] of believed.entries()) {
    const problem = successionProblem(link, believed[index - 1]);
    if (problem !== undefined) defects.push(problem);
  }
  return {
    digests: new Map(believed.map(({ policy, digest }) => [policy.version, digest])),
    keys: believed.flatMap(({ policy }) => policy.planeKeys.filter(isEvidenceKey)),
    plane: believed[0]?.policy.plane,
    defects,
  };
}

function readLink(line: string): PolicyLink | string {
  const jws = readJws(line, "vai-trust-policy+jwt");
  if (!jws.ok) return `${jws.pointer} ${jws.detail}`.trimStart();
  const read = readBy(trustPolicySchema, jws.value.payload);
  if (!read.ok) return `is not a trust policy: ${read.pointer} ${read.detail}`;
  return { jws: jws.value, policy: read.value, digest: jws.value.digest };
}

function believedLinks(
  links: readonly PolicyLink[],
  anchors: readonly VerificationKey[],
  defects: Defect[],
): readonly PolicyLink[] {
  const signed = links.map((link) => judgeSignature(link, anchors));
  for (const [index, { policy }] of links.entries()) {
    if (signed[index] === "bad") {
      defects.push(
        defect(
          policy.version,
          "EVIDENCE_SIGNATURE_INVALID",
          "does not carry a good signature of its anchor",
        ),
      );
    }
  }
  let first = signed.lastIndexOf("good");
  const end = first + 1;
  for (const { policy } of links.slice(end)) {
    defects.push(
      defect(
        policy.version,
        "EVIDENCE_SIGNATURE_INVALID",
        "is not signed by a given anchor whose public key is in the export",
      ),
    );
  }
  // Backwards: each is named by the one after it, or was signed by an anchor itself.
  while (first > 0 && isBelieved(links[first - 1], links[first], signed[first - 1])) first--;
  for (const { policy } of links.slice(0, Math.max(first, 0))) {
    defects.push(
      defect(policy.version, "EVIDENCE_CHAIN_BROKEN", "is not named by the version after it"),
    );
  }
  return end === 0 ? [] : links.slice(first, end);
}

const isBelieved = (
  link: PolicyLink | undefined,
  next: PolicyLink | undefined,
  signed: "good" | "bad" | "unknown" | undefined,
): boolean => signed === "good" || (link !== undefined && next?.policy.prev === link.digest);

/** `unknown`: by another key than the given anchors, for instance by an anchor that was replaced. */
function judgeSignature(
  { jws }: PolicyLink,
  anchors: readonly VerificationKey[],
): "good" | "bad" | "unknown" {
  const anchor = anchors.find(({ thumbprint }) => thumbprint === jws.header.kid);
  if (anchor === undefined) return "unknown";
  return verifyJws(jws, anchor) ? "good" : "bad";
}

/** Version 1 begins at the plane's genesis; every other continues the one before it, on the same plane. */
function successionProblem(
  { policy }: PolicyLink,
  before: PolicyLink | undefined,
): Defect | undefined {
  const { version, plane, prev } = policy;
  if (before === undefined && version !== 1) {
    return defect(
      1,
      "EVIDENCE_MISSING",
      `is missing: the trust policies begin with version ${version}`,
    );
  }
  const [expected, from] =
    before === undefined
      ? [1, trustPolicyGenesis(plane)]
      : [before.policy.version + 1, before.digest];
  if (before !== undefined && before.policy.plane !== plane) {
    return defect(version, "EVIDENCE_CHAIN_BROKEN", `is for ${plane}, not ${before.policy.plane}`);
  }
  if (version > expected) return defect(expected, "EVIDENCE_MISSING", "is missing");
  return version === expected && prev === from
    ? undefined
    : defect(version, "EVIDENCE_CHAIN_BROKEN", "does not continue the version before it");
}
