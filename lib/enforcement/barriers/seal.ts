import { toInstant } from "../../clock.ts";
import { jwkThumbprint } from "../../encoding/jwk.ts";
import type { PlacedRecord } from "../../evidence/chain.ts";
import type { EvidenceRow } from "../../evidence/row.ts";
import { sealRecords } from "../../evidence/seal.ts";
import { Fault } from "../../refusal.ts";
import type { TrustPolicy } from "../../trust/policy.ts";
import type { PlaneDeps } from "../deps.ts";

/** Milliseconds since the epoch in which a signature must count. */
export interface Span {
  readonly from: number;
  /** As `from` where it is left out. */
  readonly until?: number | undefined;
}

/**
 * Seals records by the evidence key, if the trust policy names it for all of `span`: what nobody could verify is never
 * written, and no authority hangs on it (PROTOCOL.md §5).
 * @throws {Fault} `EVIDENCE_SIGNER_UNAVAILABLE`.
 */
export async function sealUnder(
  deps: PlaneDeps,
  policy: TrustPolicy,
  records: readonly PlacedRecord[],
  span: Span,
): Promise<EvidenceRow[]> {
  await requireSigner(deps, policy, span);
  return sealRecords(records, deps.signer);
}

/** @throws {Fault} `EVIDENCE_SIGNER_UNAVAILABLE` when the trust policy does not name the key, or not for that long. */
export const requireSigner = (
  { signer }: PlaneDeps,
  policy: TrustPolicy,
  span: Span,
): Promise<void> => requireKey("evidence", signer, policy, span);

/**
 * The same for the plane key: a handle that it signed after its end would be dead at birth, and its use spent.
 * @throws {Fault} `EVIDENCE_SIGNER_UNAVAILABLE`.
 */
export const requirePlaneSigner = (
  { planeSigner }: PlaneDeps,
  policy: TrustPolicy,
  span: Span,
): Promise<void> => requireKey("plane", planeSigner, policy, span);

async function requireKey(
  wanted: PlaneKey["use"],
  signer: { keyid(): Promise<string> },
  policy: TrustPolicy,
  { from, until = from }: Span,
): Promise<void> {
  const keyid = await signer.keyid();
  const named = policy.planeKeys.find(
    ({ use, key }) => use === wanted && jwkThumbprint(key) === keyid,
  );
  const problem = keyProblem(named, from / 1000, until / 1000);
  if (problem === undefined) return;
  throw new Fault(
    "EVIDENCE_SIGNER_UNAVAILABLE",
    `the ${wanted} key ${keyid} ${problem}; publish a trust policy that names it`,
  );
}

type PlaneKey = TrustPolicy["planeKeys"][number];

function keyProblem(named: PlaneKey | undefined, from: number, until: number): string | undefined {
  if (named === undefined) return "is not in the trust policy";
  const { notBefore, notAfter = Number.POSITIVE_INFINITY, revokedAt } = named;
  if (revokedAt !== undefined) return "is revoked";
  if (from < notBefore) return `is not in force before ${toInstant(notBefore * 1000)}`;
  return until < notAfter ? undefined : `is in force only until ${toInstant(notAfter * 1000)}`;
}
