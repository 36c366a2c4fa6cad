import { existsSync } from "node:fs";
import type { AnchorProblem } from "../audit/anchor-problem.ts";
import {
  jwkThumbprint,
  type PublicJwk,
  readPublicJwk,
  type VerificationKey,
} from "../encoding/jwk.ts";
import { type Deployment, fromRoot } from "./deployment.ts";
import { CommandError, EXIT } from "./io.ts";
import { publicHalf, readPublicKey } from "./key-file.ts";

export const ANCHOR_KEY_HELP =
  "public key of the plane's anchor, JWK or PEM (default: the deployment's own)";

/**
 * Public keys of a plane's anchors: as given, else as the deployment lists them, else from its key file. Never none.
 * @throws {CommandError} when none is at hand: evidence could not be judged, nor by anybody whom it is given to.
 */
export function anchorKeys(deployment: Deployment, given: string | undefined): PublicJwk[] {
  const found = given === undefined ? keysOf(deployment) : [readPublicKey(given)];
  if (found.length > 0) return found;
  throw new CommandError(
    EXIT.unreadable,
    "the anchor's public key is not at hand, and nothing can be verified without it: give --anchor-key FILE",
  );
}

function keysOf(deployment: Deployment): PublicJwk[] {
  const { anchorKeys: listed = [], path: outputs } = deployment;
  if (listed.length > 0) return listed.map((each) => listedKey(each, outputs));
  const own = deployment.keys?.["anchor"];
  const path = own === undefined ? undefined : fromRoot(own);
  return path !== undefined && existsSync(path) ? [readPublicKey(path)] : [];
}

function listedKey(value: unknown, outputs: string): PublicJwk {
  try {
    return publicHalf(value);
  } catch (error) {
    const why = error instanceof TypeError ? error.message : "cannot be read";
    throw new CommandError(EXIT.unreadable, `${outputs}: anchorKeys ${why}`);
  }
}

/** Thumbprints to judge a plane's own table by: a key file that is not the deployment's anchor must not stand for it. */
export function pinnedBy(
  { anchor, anchorKeys: listed }: Deployment,
  given: string | undefined,
  keys: readonly PublicJwk[],
): readonly string[] {
  const isNamed = given !== undefined || listed !== undefined || anchor === undefined;
  return isNamed ? keys.map(jwkThumbprint) : [anchor];
}

/** Anchors that the tables of a deployment are judged by. @throws {CommandError} when none is at hand. */
export function pinnedAnchors(
  deployment: Deployment,
  given: string | undefined,
): readonly VerificationKey[] {
  const keys = anchorKeys(deployment, given);
  return named(keys, pinnedBy(deployment, given, keys));
}

/** The same for whoever holds an anchor: he believes the deployment's, as far as it tells them, and his own. */
export function anchorsBeside(deployment: Deployment, own: PublicJwk): readonly VerificationKey[] {
  const keys = keysOf(deployment);
  const pinned = [...pinnedBy(deployment, undefined, keys), jwkThumbprint(own)];
  return named([...keys, own], pinned);
}

const named = (keys: readonly PublicJwk[], pinned: readonly string[]): VerificationKey[] =>
  keys
    .map(readPublicJwk)
    .filter((key) => typeof key !== "string")
    .filter(({ thumbprint }) => pinned.includes(thumbprint));

/** A mistyped or old thumbprint looks like a forgery of everything: the reader must think of the simple cause first. */
export function anchorAdvice(problem: AnchorProblem, pinned: readonly string[]): string {
  const anchor = `the anchor ${pinned.join(" or ")}`;
  return problem === "foreign"
    ? `nothing here hangs on ${anchor}: is the thumbprint right? It may be another plane's, or from before the local AWS was started anew. If it is right, this is not that plane's evidence, or its trust policies were replaced`
    : `the public key of ${anchor} is not in the export, so nothing can be verified: export anew, with --anchor-key FILE`;
}
