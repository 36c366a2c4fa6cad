import { readPublicJwk, type VerificationKey } from "../encoding/jwk.ts";
import { verifyJws } from "../encoding/jws.ts";
import { type Refusal, refuse } from "../refusal.ts";
import type { TrustPolicy } from "../trust/policy.ts";
import { judgeAsked } from "./asked.ts";
import { placeOf, type ReadBlock } from "./block.ts";
import { type Chain, stepsOf } from "./chain.ts";

const invalid = (detail: string, at: string): Refusal =>
  refuse("CHAIN_BLOCK_SIGNATURE_INVALID", detail, at);

/**
 * Whether each block is signed by a key of its plane that was good then, and is as the executor of the block before
 * asked for it.
 * @param keyOf - the key that may have signed a block, by its `kid` and `iat`, or why there is none.
 */
export function judgeSignatures(
  chain: Chain,
  keyOf: (block: ReadBlock) => VerificationKey | string,
): Refusal | undefined {
  const [root] = chain.blocks;
  const problem = judgeSignature(root, keyOf(root), placeOf(0));
  if (problem !== undefined) return problem;
  for (const { block, parent, at } of stepsOf(chain)) {
    const found = judgeSignature(block, keyOf(block), at) ?? judgeAsked(block, parent, at);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The key that a block carries shows that it is whole, never whose it is; another one than its `kid` would show neither. */
function judgeSignature(
  { jws }: ReadBlock,
  key: VerificationKey | string,
  at: string,
): Refusal | undefined {
  if (typeof key === "string") return invalid(key, at);
  if (!isKey(jws.header.jwk, key)) return invalid("the block carries another key than its kid", at);
  return verifyJws(jws, key) ? undefined : invalid("the block's signature does not verify", at);
}

/** Whether a value is exactly the members of a key. */
const isKey = (jwk: unknown, { jwk: own }: VerificationKey): boolean => {
  const { length } = Object.keys(own);
  if (typeof jwk !== "object" || jwk === null || Object.keys(jwk).length !== length) return false;
  return Object.entries(own).every(
    ([name, value]) => (jwk as Record<string, unknown>)[name] === value,
  );
};

type PlaneKey = TrustPolicy["planeKeys"][number] & { readonly verify: VerificationKey };

const planeKeys = new WeakMap<object, ReadonlyMap<string, PlaneKey>>();

/** A plane key by thumbprint, one that is revoked too: what it signed is told apart from what nobody knows. */
export function planeKey(
  policy: Pick<TrustPolicy, "planeKeys">,
  kid: string,
): PlaneKey | undefined {
  const known = planeKeys.get(policy) ?? byThumbprint(policy);
  planeKeys.set(policy, known);
  return known.get(kid);
}

const byThumbprint = (policy: Pick<TrustPolicy, "planeKeys">): ReadonlyMap<string, PlaneKey> =>
  new Map(
    policy.planeKeys.flatMap((each): [string, PlaneKey][] => {
      const verify = each.use === "plane" ? readPublicJwk(each.key) : "";
      return typeof verify === "string" ? [] : [[verify.thumbprint, { ...each, verify }]];
    }),
  );

/** The plane key that signed a block, if it was one at the block's `iat`: `notBefore` ≤ `iat` < `notAfter`. */
export function keyOfPlane(
  policy: Pick<TrustPolicy, "planeKeys">,
  { jws, claims: { iat } }: ReadBlock,
): VerificationKey | string {
  const key = planeKey(policy, jws.header.kid);
  if (key === undefined) return "no key of the plane signed the block";
  const isGood = key.notBefore <= iat && (key.notAfter === undefined || iat < key.notAfter);
  return isGood ? key.verify : "the key that signed the block was not in use then";
}
