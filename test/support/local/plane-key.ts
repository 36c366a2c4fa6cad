import { KmsSigner } from "../../../lib/aws/ports/kms-signer.ts";
import { keyOfSigner } from "../../../lib/client/kms-key.ts";
import { jwkThumbprint } from "../../../lib/encoding/jwk.ts";
import type { KeyPort } from "../../../lib/encoding/jws.ts";
import { forge, type SignedChange } from "../forge.ts";
import { KEYS } from "../keys.ts";
import { type Ending, publishedPolicy } from "./iam.ts";
import type { LocalPlane } from "./plane.ts";
import { functionRole } from "./roles.ts";

/** The plane's own key, in the hands of somebody who runs as function `delegate` does. */
export async function stolenPlaneKey(t: Ending, plane: LocalPlane): Promise<KeyPort> {
  const { kms } = plane.as(await functionRole(t, plane, "vai-local-delegate"));
  const { planeKeys } = await publishedPolicy(plane);
  const own = planeKeys.find(({ use }) => use === "plane");
  if (own === undefined) throw new Error("the trust policy has no key of the plane");
  return keyOfSigner(own.key, new KmsSigner(kms, plane.outputs.planeKeyId));
}

/** A block as whoever has that key can sign it, with a change; by another key where the change says so. */
export async function forgedBlock(
  key: KeyPort,
  claims: object,
  change: SignedChange = {},
  now = Date.now(),
): Promise<string> {
  const asked: Uint8Array[] = [];
  const signing = (sign: (input: Uint8Array) => Uint8Array) =>
    forge("vai-block+jwt", claims, "plane", change, now, {
      ...KEYS,
      plane: { jwk: key.jwk, thumbprint: jwkThumbprint(key.jwk), sign },
    });
  // KMS is asked beside: `forge` does not wait.
  signing((input) => {
    asked.push(input);
    return new Uint8Array(64);
  });
  const [input] = asked;
  const signature = input === undefined ? new Uint8Array(64) : await key.sign(input);
  return String(signing(() => signature));
}
