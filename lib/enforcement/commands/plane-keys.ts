import { toSeconds } from "../../clock.ts";
import { FUNCTION_TIMEOUT_SECONDS } from "../../config.ts";
import { documentDigest } from "../../encoding/canonical-json.ts";
import { jwkThumbprint } from "../../encoding/jwk.ts";
import type { Refusal } from "../../refusal.ts";
import { type TrustPolicy, trustedThumbprints } from "../../trust/policy.ts";
import { planeKeysAt } from "../../trust/read.ts";
import type { PlaneDeps } from "../deps.ts";
import type { TrustSnapshot } from "../read/trust-snapshot.ts";
import { malformed } from "./command.ts";

/** Thumbprints of the keys that the functions sign with. */
export type InUse = Readonly<Record<"evidence" | "plane", string>>;

/** Evidence must stay verifiable for ever: plane keys are only added to or ended, and the ones in use are there. */
export function judgePlaneKeys(
  next: TrustPolicy,
  inForce: TrustSnapshot | undefined,
  keyids: InUse,
): Refusal | undefined {
  for (const use of ["evidence", "plane"] as const) {
    const isNamed = next.planeKeys.some(
      (each) => each.use === use && jwkThumbprint(each.key) === keyids[use],
    );
    if (!isNamed) return notInUse(use, keyids);
  }
  const before = inForce?.published.planeKeys ?? [];
  const lost = before.findIndex((old) => !next.planeKeys.some((each) => continues(each, old)));
  return lost < 0
    ? undefined
    : malformed(
        `drops or alters plane key ${lost} of version ${inForce?.head.version}`,
        "/trustPolicy/planeKeys",
      );
}

const notInUse = (use: keyof InUse, keyids: InUse): Refusal =>
  malformed(
    `must hold the ${use} key ${keyids[use]} that the functions sign with, in force now`,
    "/trustPolicy/planeKeys",
  );

/** Seconds: four times a function's life, so that nothing that a running one seals, or has sealed, is ended by it. */
const END_AHEAD = 4 * FUNCTION_TIMEOUT_SECONDS;

/**
 * The keys in use are good now, and a key ends later than anything that it may have sealed: no read tells which record
 * of all chains is its newest, so an end in the past could make genuine evidence unbelievable for ever (PROTOCOL.md §6).
 */
export function judgeKeyTimes(
  next: TrustPolicy,
  inForce: TrustSnapshot | undefined,
  keyids: InUse,
  now: number,
): Refusal | undefined {
  const seconds = toSeconds(now);
  for (const use of ["evidence", "plane"] as const) {
    const good = planeKeysAt(next, use, seconds);
    if (!good.some(({ key }) => jwkThumbprint(key) === keyids[use])) return notInUse(use, keyids);
  }
  const known = new Map(
    inForce?.published.planeKeys.map(({ key, notAfter }) => [jwkThumbprint(key), notAfter]),
  );
  const early = next.planeKeys.findIndex(
    ({ key, notAfter }) =>
      notAfter !== undefined &&
      notAfter !== known.get(jwkThumbprint(key)) &&
      notAfter < seconds + END_AHEAD,
  );
  return early < 0
    ? undefined
    : malformed(
        `must lie at least ${END_AHEAD} s ahead: ${seconds + END_AHEAD} or later`,
        `/trustPolicy/planeKeys/${early}/notAfter`,
      );
}

/** Whoever says whom to believe is nobody that is believed: an anchor's key has no other role (PROTOCOL.md §6). */
export function judgeAnchors(
  next: TrustPolicy,
  anchors: PlaneDeps["anchors"],
): Refusal | undefined {
  const held = trustedThumbprints(next);
  const anchor = anchors.find(({ thumbprint }) => held.has(thumbprint));
  return anchor === undefined
    ? undefined
    : malformed(`holds the anchor's key ${anchor.thumbprint} in another role`, "/trustPolicy");
}

type PlaneKey = TrustPolicy["planeKeys"][number];

/** The same key in the same use from the same time; an end may be added, a revocation never taken back. */
const continues = (next: PlaneKey, old: PlaneKey): boolean =>
  next.use === old.use &&
  documentDigest(next.key) === documentDigest(old.key) &&
  next.notBefore === old.notBefore &&
  (old.notAfter === undefined || next.notAfter === old.notAfter) &&
  (old.revokedAt === undefined || next.revokedAt === old.revokedAt);
