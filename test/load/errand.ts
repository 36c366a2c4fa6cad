import { randomUUID } from "node:crypto";
import { DynamoDBClient, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { contractDraft, type SignedContract } from "../../lib/client/contract.ts";
import { deliveryKey, openCredentials } from "../../lib/client/credentials.ts";
import { newPrivateJwk, signingKey } from "../../lib/client/keys.ts";
import { contractDigest, executeEvent, issueEvent } from "../../lib/client/request.ts";
import type { Digest } from "../../lib/encoding/digest.ts";
import { signJws } from "../../lib/encoding/jws.ts";
import { intentOf, keyOf, signDraft, tableArn } from "../support/local/contracts.ts";
import type { LocalPlane } from "../support/local/plane.ts";
import { seedItem } from "../support/local/targets.ts";
import type { Delivery } from "./plan.ts";

/** Milliseconds of a contract's window in which it is asked again. */
const FRESH = 300_000;

/** What the bounded call sets the item's weight to; before, it is 1. */
export const WEIGHT = 10;
const WINDOW = 600;

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

  private constructor(plane: LocalPlane, delivery: Delivery, clock: () => number) {
    this.#plane = plane;
    this.#delivery = delivery;
    this.#clock = clock;
    this.#begun = clock();
    this.#signed = this.#contract();
    this.digest = contractDigest(this.#signed.contract);
    this.chainId = `intent/${intentOf(this.#signed)}`;
  }

  static async begin(plane: LocalPlane, delivery: Delivery, clock: () => number): Promise<Errand> {
    const errand = new Errand(plane, delivery, clock);
    await seedItem(plane, errand.item);
    return errand;
  }

  /** Whether its window has room for more requests. */
  get isFresh(): boolean {
    return this.#clock() - this.#begun < FRESH;
  }

  #contract(): SignedContract {
    const isDirect = this.#delivery === "credentials";
    const bounded = {
      "key/pk": { exact: this.item },
      "set/weight": { range: { min: 0, max: 50 } },
    };
    const draft = contractDraft.parse({
      ...{ purpose: "one action of the load run", risk: "LOW", deliveries: [this.#delivery] },
      actor: { id: `spiffe://example.org/agent/${this.item}`, kind: "agent" },
      steps: [
        {
          ...{ id: "set", actions: ["dynamodb:UpdateItem"], resources: [tableArn(this.#plane)] },
          parameters: isDirect ? "unbounded" : bounded,
          limits: isDirect ? { calls: 1 } : { calls: 1, totals: { "set/weight": 50 } },
        },
      ],
      window: { seconds: WINDOW },
    });
    return signDraft(this.#plane, draft, { executor: this.#key.thumbprint, now: this.#clock() });
  }

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

  #operation(weight = WEIGHT) {
    const parameters = { "key/pk": this.item, "set/weight": weight };
    return { action: "dynamodb:UpdateItem", resource: tableArn(this.#plane), parameters };
  }
}
