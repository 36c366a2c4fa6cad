import { canonicalize } from "../../../lib/encoding/canonical-json.ts";
import { namedPrivateJwk } from "../../support/named-key.ts";
import { PLANE } from "../../support/trust.ts";
import { mutatedValue } from "../mutations.ts";
import { firstUnmet, plainJws } from "../plain.ts";
import { claimsOf, mutatedSigned, type Signed, sign } from "../signed.ts";
import type { Asked, Subject } from "./subject.ts";

/** A private key that somebody publishes by mistake, where its public half belongs. */
const LEAKED = namedPrivateJwk("leaked", "ES256");
export const LEAKED_SECRET = String((LEAKED as { readonly d: string }).d);

interface Published {
  readonly version: number;
  readonly prev: string;
  readonly plane: string;
  readonly iat: number;
  readonly exp: number;
  readonly planeKeys: readonly { readonly use: string; readonly key: unknown }[];
  readonly issuers: readonly Party[];
  readonly deciders: readonly Party[];
  readonly operators: readonly Party[];
}
interface Party {
  readonly name: string;
  readonly keys: readonly object[];
}

export const policy: Subject = {
  about:
    "trust policies to publish: what is in force afterwards is the anchor's, and continues the last",
  ask(ground, dice): Asked {
    const { plane, others } = ground;
    const claims = claimsOf(plane.nextPolicy().jws) as Record<string, unknown>;
    const good: Signed = { typ: "vai-trust-policy+jwt", claims, signer: "anchor" };
    const leaking = { ...claims, auditors: [{ name: "anna", keys: [LEAKED] }] };
    const mutant = dice.hits(40)
      ? sign({ ...good, claims: leaking })
      : mutatedSigned(good, dice, others);
    const whole = { op: "publishTrustPolicy", trustPolicy: mutant };
    const event = dice.hits(10) ? mutatedValue(whole, dice) : whole;
    const undeserved = (): string | undefined => {
      const { trustPolicy } = event as Record<string, unknown>;
      const read = plainJws(trustPolicy, "vai-trust-policy+jwt", ["anchor", "otherAnchor"]);
      if (read === undefined) return "no anchor has signed this policy";
      const next = read.claims as unknown as Published;
      const now = Math.floor(plane.world.now / 1000);
      const lists = [next.issuers, next.deciders, next.operators];
      const keys = lists.flat().flatMap((party) => party.keys.map((key) => canonicalize(key)));
      const held = new Set(next.planeKeys.map(({ use, key }) => `${use} ${canonicalize(key)}`));
      return firstUnmet({
        "it is the next version": next.version === plane.policy.version + 1,
        "it continues the last": next.prev === plane.policyDigest,
        "it is of this plane": next.plane === PLANE,
        "it is in force": now < next.exp && next.iat < next.exp,
        "each name stands once in its list": lists.every(
          (list) => new Set(list.map(({ name }) => name)).size === list.length,
        ),
        "each key is one party's": new Set(keys).size === keys.length,
        "no key is private": !canonicalize(next).includes('"d":'),
        "it keeps the keys of evidence": plane.policy.planeKeys.every(
          ({ use, key }) => use !== "evidence" || held.has(`${use} ${canonicalize(key)}`),
        ),
      });
    };
    return { to: "govern", event, undeserved };
  },
};
