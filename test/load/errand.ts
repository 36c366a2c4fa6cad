import { randomUUID } from "node:crypto";
import { DynamoDBClient, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import type { SignedContract } from "../../lib/client/contract.ts";
import { deliveryKey, openCredentials } from "../../lib/client/credentials.ts";
import { newPrivateJwk, signingKey } from "../../lib/client/keys.ts";
import { contractDigest, executeEvent, issueEvent } from "../../lib/client/request.ts";
import type { Digest } from "../../lib/encoding/digest.ts";
import { signJws } from "../../lib/encoding/jws.ts";
import { intentOf, keyOf } from "../support/local/contracts.ts";
import { approvalOf, attestationOf, type Word } from "../support/local/people.ts";
import type { LocalPlane } from "../support/local/plane.ts";
import { seedItem } from "../support/local/targets.ts";
import { setting, signTerms, type Terms, WEIGHT } from "../support/local/terms.ts";
import type { Delivery } from "./plan.ts";

/** Milliseconds of a contract's window in which it is asked again. */
const FRESH = 300_000;

/** How a request differs from the good one. */
export interface Asking {
  readonly idempotencyKey?: string;
  readonly weight?: number;
  readonly step?: string;
  readonly isForged?: boolean;
}

/** One agent with a key of its own, and its contract about one item. */
export class Errand {
  readonly item = `load-${randomUUID()}`;
  readonly digest: Digest;
  readonly chainId: string;
  readonly #plane: LocalPlane;
  readonly #delivery: Delivery;
  readonly #clock: () => number;
  readonly #key = signingKey(newPrivateJwk());
  readonly #recipient = deliveryKey();
  readonly #signed: SignedContract;
  readonly #begun: number;
  readonly #terms: Terms;

  private constructor(plane: LocalPlane, delivery: Delivery, clock: () => number, terms: Terms) {
    this.#plane = plane;
    this.#terms = terms;
    this.#delivery = delivery;
    this.#clock = clock;
    this.#begun = clock();
    this.#signed = this.#contract();
    this.digest = contractDigest(this.#signed.contract);
    this.chainId = `intent/${intentOf(this.#signed)}`;
  }

  static async begin(
    plane: LocalPlane,
    delivery: Delivery,
    clock: () => number,
    terms: Terms = {},
  ): Promise<Errand> {
    const errand = new Errand(plane, delivery, clock, terms);
    await seedItem(plane, errand.item);
    return errand;
  }

  /** Whether its window has room for more requests. */
  get isFresh(): boolean {
    return this.#clock() - this.#begun < FRESH;
  }

  #contract(): SignedContract {
    const subject = {
      ...{ item: this.item, actor: `spiffe://example.org/agent/${this.item}`, calls: 1 },
      ...{ executor: this.#key.thumbprint, delivery: this.#delivery, now: this.#clock() },
      purpose: "one action of the load run",
    };
    return signTerms(this.#plane, subject, this.#terms);
  }

  /** What people send of the contract to `govern`. */
  registering(): object {
    const { contract, proof } = this.#signed;
    return { op: "register", contract, proof };
  }

  /** @param step whose gate it opens; without, the contract is approved. */
  approving(step?: string): object {
    const approval = approvalOf(this.#spoken(), step);
    return { op: "approve", contractDigest: this.digest, approval };
  }

  attesting(word: Word): object {
    const attestation = attestationOf(this.#spoken(), word);
    return { op: "attest", contractDigest: this.digest, attestation };
  }

  /** The auditor's word on it, once it was used as an emergency. */
  reviewing(): object {
    const iat = Math.floor(this.#clock() / 1000);
    const { plane, names } = this.#plane.outputs;
    const claims = {
      ...{ iss: names.auditor, iat, exp: iat + 300, aud: plane, jti: randomUUID() },
      ...{ do: "reviewBreakGlass", contractDigest: this.digest, finding: "as it had to be" },
      reason: "an action of the load run",
    };
    const command = signJws("vai-command+jwt", claims, keyOf(this.#plane, "auditor"));
    return { op: "command", command };
  }

  #spoken = () => ({
    ...{ plane: this.#plane, contract: this.#signed.contract, now: this.#clock() },
  });

  /** The request for the contract's authority. */
  issuing({ step = "set", isForged = false, ...asking }: Asking = {}): object {
    const key = isForged ? { ...this.#key, sign: () => new Uint8Array(64) } : this.#key;
    const message = { ...this.#message(asking), ...this.#signed, step };
    if (this.#delivery === "credentials") {
      const { deliverTo } = this.#recipient;
      return issueEvent({ ...message, delivery: "credentials", deliverTo }, key);
    }
    const operation = this.#operation(asking.weight);
    return issueEvent({ ...message, delivery: this.#delivery, operation }, key);
  }

  /** The request to redeem a handle. */
  redeeming(handle: string): object {
    const operation = this.#operation();
    const message = { ...this.#message({}), handle, operation, contractDigest: this.digest };
    return executeEvent(message, this.#key);
  }

  /** The operator's command to end an identity. */
  revoking(identityId: string): object {
    const iat = Math.floor(this.#clock() / 1000);
    const { plane, names } = this.#plane.outputs;
    const claims = {
      ...{ iss: names.operator, iat, exp: iat + 300, aud: plane, jti: randomUUID() },
      ...{ do: "revokeIdentity", identityId, reason: "an action of the load run" },
    };
    return { command: signJws("vai-command+jwt", claims, keyOf(this.#plane, "operator")) };
  }

  /** The bounded call, made by whoever the credentials were delivered to, with the SDK's own client. */
  async callWith(credentials: string): Promise<void> {
    const opened = await openCredentials(credentials, this.#recipient.privateKey);
    const { endpoint, region, samples } = this.#plane.outputs;
    const client = new DynamoDBClient({ endpoint, region, credentials: opened, maxAttempts: 3 });
    try {
      await client.send(
        new UpdateItemCommand({
          ...{ TableName: samples.table, Key: { pk: { S: this.item } } },
          UpdateExpression: "SET weight = :weight",
          ExpressionAttributeValues: { ":weight": { N: String(WEIGHT) } },
        }),
      );
    } finally {
      client.destroy();
    }
  }

  #message({ idempotencyKey = randomUUID() }: Asking) {
    const iat = Math.floor(this.#clock() / 1000);
    return { plane: this.#plane.outputs.plane, jti: randomUUID(), iat, idempotencyKey };
  }

  #operation = (weight = WEIGHT) => setting(this.#plane, this.item, weight);
}
