import * as z from "zod";
import { canonicalize } from "../encoding/canonical-json.ts";
import { type Digest, sha256Digest } from "../encoding/digest.ts";

/**
 * What the plane refuses whatever its trust policy allows (PROTOCOL.md §6). This version writes only the empty
 * document and reads only it: restrictions that it does not understand must stop everything, not nothing.
 */
const schema = z.strictObject({
  halts: z.array(z.never()),
  revokedKeys: z.array(z.never()),
  quarantines: z.array(z.never()),
  reviews: z.array(z.never()),
});
export type Restrictions = z.infer<typeof schema>;

export const NO_RESTRICTIONS: Restrictions = {
  halts: [],
  revokedKeys: [],
  quarantines: [],
  reviews: [],
};

export const restrictionsText = (restrictions: Restrictions): string => canonicalize(restrictions);

/** A stored restrictions document with its digest; `undefined` when this version cannot judge by it. */
export function readRestrictions(
  text: string,
): { restrictions: Restrictions; digest: Digest } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const read = schema.safeParse(value);
  if (!read.success || restrictionsText(read.data) !== text) return undefined;
  return { restrictions: read.data, digest: sha256Digest(text) };
}
