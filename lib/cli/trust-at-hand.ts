import { toSeconds } from "../clock.ts";
import { readBy } from "../encoding/schema.ts";
import { type TrustPolicy, trustPolicyGenesis, trustPolicySchema } from "../trust/policy.ts";
import { pinnedAnchors } from "./anchors.ts";
import { asCaller } from "./calling.ts";
import { type Deployment, placeFor } from "./deployment.ts";
import { CommandError, type Io } from "./io.ts";
import { publishedPolicy } from "./trust-policy.ts";

/** A trust policy to judge a contract by before it is signed, with where it is from; or why there is none. */
export type TrustAtHand =
  | { readonly policy: TrustPolicy; readonly from: string }
  | { readonly unknown: string };

/** What a person gave that may tell it. */
export interface TrustSources {
  /** Content of the file of `--policy`: perhaps the trust policy's draft. */
  readonly draft: unknown;
  readonly profile?: string | undefined;
  /** Milliseconds. */
  readonly now: number;
}

/**
 * The draft that was given, else what the plane has published, where somebody may read that: the local AWS's auditor, or
 * the profile that a person names. Governance signs where there is no AWS, too, so this never fails.
 */
export async function trustAtHand(
  io: Io,
  deployment: Deployment,
  { draft, profile, now }: TrustSources,
): Promise<TrustAtHand> {
  if (isDraft(draft)) return policyOfDraft(draft, deployment.plane, now);
  if (profile === undefined && deployment.credentials?.auditor === undefined) {
    return {
      unknown:
        "nobody was named who may read it: give --policy the trust policy's draft, or --profile",
    };
  }
  return readPublished(io, deployment, profile).catch((error: unknown) => {
    if (error instanceof CommandError) return { unknown: error.message };
    throw error;
  });
}

async function readPublished(
  io: Io,
  deployment: Deployment,
  profile: string | undefined,
): Promise<TrustAtHand> {
  const anchors = pinnedAnchors(deployment, undefined);
  const place = placeFor(deployment, "auditor", profile);
  const published = await asCaller(io, place, () => publishedPolicy(deployment, place, anchors));
  return published === undefined
    ? { unknown: "none is published yet" }
    : { policy: published.policy, from: `version ${published.policy.version} in force` };
}

/** A file of `--policy` may name the decider's policy alone. */
const isDraft = (given: unknown): given is object =>
  typeof given === "object" && given !== null && "governance" in given;

/** A draft lacks what `vai trust publish` adds; nothing of that says who may sign what. */
function policyOfDraft(draft: object, plane: string, now: number): TrustAtHand {
  const iat = toSeconds(now);
  const added = { version: 1, prev: trustPolicyGenesis(plane), plane, iat, exp: iat + 1 };
  const read = readBy(trustPolicySchema, { planeKeys: [], ...draft, ...added });
  return read.ok
    ? { policy: read.value, from: "the draft of --policy" }
    : { unknown: `the file of --policy is no trust policy: ${read.pointer} ${read.detail}` };
}
