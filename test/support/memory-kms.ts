import { createECDH, createPublicKey } from "node:crypto";
import type { KMSClient } from "@aws-sdk/client-kms";
import type { PrivateJwk } from "../../lib/client/keys.ts";
import { newPrivateJwk } from "../../lib/client/keys.ts";
import { rawToDer } from "../../lib/encoding/ecdsa.ts";
import { type PublicJwk, readPublicJwk } from "../../lib/encoding/jwk.ts";
import type { Faults } from "./faults.ts";
import { onlyMembers } from "./memory-dynamo.ts";

/** Order of the group of P-256. */
const N = BigInt("0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");

/** A key signs and tells itself, and changes nothing. */
const ALONE = { touches: [] };

/** A KMS P-256 key that signs digests, as `MessageType: DIGEST` does. */
export class MemoryKms {
  readonly jwk: PublicJwk;
  readonly thumbprint: string;
  readonly #faults: Faults;
  readonly #name: "signer" | "planeSigner";
  readonly #secret: bigint;

  /** `name`: what faults call it, as in `signer:sign`. Each has a key of its own unless it is given one. */
  constructor(
    faults: Faults,
    name: "signer" | "planeSigner" = "signer",
    own: PrivateJwk = newPrivateJwk("ES256"),
  ) {
    const { d, ...publicPart } = own;
    const key = readPublicJwk(publicPart);
    if (typeof key === "string") throw new Error(key);
    this.jwk = key.jwk;
    this.thumbprint = key.thumbprint;
    this.#faults = faults;
    this.#name = name;
    this.#secret = toInteger(Buffer.from(d, "base64url"));
  }

  client(): KMSClient {
    const send = (command: { input: unknown; constructor: { name: string } }): Promise<unknown> => {
      const { name } = command.constructor;
      if (name === "GetPublicKeyCommand") {
        return this.#faults.through(
          `${this.#name}:key`,
          () => ({ PublicKey: this.#spki() }),
          ALONE,
        );
      }
      if (name !== "SignCommand") throw new Error(`the fake has no ${name}`);
      const input = command.input as Record<string, unknown>;
      if (input["MessageType"] !== "DIGEST" || input["SigningAlgorithm"] !== "ECDSA_SHA_256") {
        throw new Error("digests are signed with ECDSA_SHA_256 over a DIGEST");
      }
      const digest = input["Message"] as Uint8Array;
      return this.#faults.through(
        `${this.#name}:sign`,
        () => ({ Signature: this.sign(digest) }),
        ALONE,
      );
    };
    return onlyMembers<KMSClient>("KMSClient", { send });
  }

  /** ECDSA over a digest that is already made, which `node:crypto` does not offer; the point is its work. */
  sign(digest: Uint8Array): Buffer {
    const once = createECDH("prime256v1");
    const point = once.generateKeys();
    const k = toInteger(once.getPrivateKey());
    const r = toInteger(point.subarray(1, 33)) % N;
    const s = (inverse(k) * ((toInteger(digest) + r * this.#secret) % N)) % N;
    const raw = Buffer.from(
      r.toString(16).padStart(64, "0") + s.toString(16).padStart(64, "0"),
      "hex",
    );
    const der = rawToDer(raw);
    if (der === undefined || r === 0n || s === 0n) return this.sign(digest);
    return Buffer.from(der);
  }

  #spki(): Buffer {
    return createPublicKey({ key: { ...this.jwk }, format: "jwk" }).export({
      format: "der",
      type: "spki",
    });
  }
}

const toInteger = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString("hex")}`);

/** Modulo N, by the extended Euclidean algorithm. */
function inverse(value: bigint): bigint {
  let [rest, divisor, left, right] = [N, value % N, 0n, 1n];
  while (divisor !== 0n) {
    const quotient = rest / divisor;
    [rest, divisor] = [divisor, rest - quotient * divisor];
    [left, right] = [right, left - quotient * right];
  }
  return ((left % N) + N) % N;
}
