import { existsSync } from "node:fs";
import { type PublicJwk, readPublicJwk } from "../encoding/jwk.ts";
import { type Deployment, fromRoot } from "./deployment.ts";
import { readJson } from "./files.ts";
import { CommandError, EXIT } from "./io.ts";

export const ANCHOR_KEY_HELP =
  "public JWK of the plane's anchor (default: the deployment's own key file)";

/** The public half of a JWK file, which may hold the private one too: nothing of that is kept. */
function publicHalf(path: string): PublicJwk {
  const value = readJson(path);
  const { d: _private, ...rest } = (
    typeof value === "object" && value !== null ? value : {}
  ) as Record<string, unknown>;
  const key = readPublicJwk(rest);
  if (typeof key === "string") throw new CommandError(EXIT.unreadable, `${path} ${key}`);
  return key.jwk;
}

/** Public keys of a plane's anchors: as given, else from the deployment's key file if it can be read here. */
export function anchorKeys(deployment: Deployment, given: string | undefined): PublicJwk[] {
  if (given !== undefined) return [publicHalf(given)];
  const own = deployment.keys?.["anchor"];
  const path = own === undefined ? undefined : fromRoot(own);
  return path !== undefined && existsSync(path) ? [publicHalf(path)] : [];
}
