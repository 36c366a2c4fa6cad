import { createPublicKey } from "node:crypto";
import { GetPublicKeyCommand, type KMSClient, SignCommand } from "@aws-sdk/client-kms";
import { type PublicJwk, readPublicJwk } from "../../encoding/jwk.ts";
import type { EvidenceSigner } from "../../evidence/ports.ts";
import { Fault } from "../../refusal.ts";
import { orFault } from "./faults.ts";

/** Signs with a KMS P-256 key: `ECDSA_SHA_256` over a DIGEST, DER as KMS returns it (PROTOCOL.md §5). */
export class KmsSigner implements EvidenceSigner {
  readonly #client: KMSClient;
  readonly #keyId: string;
  #known: Promise<string> | undefined;

  constructor(client: KMSClient, keyId: string) {
    this.#client = client;
    this.#keyId = keyId;
  }

  /** Asked once a process; a failure is not remembered. */
  keyid(): Promise<string> {
    this.#known ??= kmsPublicKey(this.#client, this.#keyId)
      .then(({ thumbprint }) => thumbprint)
      .catch((fault: unknown) => {
        this.#known = undefined;
        throw fault;
      });
    return this.#known;
  }

  sign(digest: Uint8Array): Promise<Uint8Array> {
    return orFault("EVIDENCE_SIGNER_UNAVAILABLE", "kms:Sign", async () => {
      const { Signature } = await this.#client.send(
        new SignCommand({
          KeyId: this.#keyId,
          Message: digest,
          MessageType: "DIGEST",
          SigningAlgorithm: "ECDSA_SHA_256",
        }),
      );
      if (Signature === undefined)
        throw new Fault("EVIDENCE_SIGNER_UNAVAILABLE", "kms:Sign gave no signature");
      return Signature;
    });
  }
}

/** The public half of a KMS P-256 key, as JWK with its thumbprint. @throws {Fault} `EVIDENCE_SIGNER_UNAVAILABLE`. */
export function kmsPublicKey(
  client: KMSClient,
  keyId: string,
): Promise<{ jwk: PublicJwk; thumbprint: string }> {
  return orFault("EVIDENCE_SIGNER_UNAVAILABLE", "kms:GetPublicKey", async () => {
    const { PublicKey } = await client.send(new GetPublicKeyCommand({ KeyId: keyId }));
    const spki = { key: Buffer.from(PublicKey ?? []), format: "der", type: "spki" } as const;
    const key = readPublicJwk(createPublicKey(spki).export({ format: "jwk" }));
    if (typeof key === "string")
      throw new Fault("EVIDENCE_SIGNER_UNAVAILABLE", `the KMS key ${key}`);
    return { jwk: key.jwk, thumbprint: key.thumbprint };
  });
}
