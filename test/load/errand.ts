import { randomUUID } from "node:crypto";
import { DynamoDBClient, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { contractDraft, type SignedContract } from "../../lib/client/contract.ts";
import { deliveryKey, openCredentials } from "../../lib/client/credentials.ts";
import { newPrivateJwk, signingKey } from "../../lib/client/keys.ts";
import { contractDigest, executeEvent, issueEvent } from "../../lib/client/request.ts";
import type { Digest } from "../../lib/encoding/digest.ts";
import { signJws } from "../../lib/encoding/jws.ts";
import { intentOf, keyOf, signDraft, tableArn } from "../support/local/contracts.ts";
import { approvalOf, attestationOf, type Word } from "../support/local/people.ts";
import type { LocalPlane } from "../support/local/plane.ts";
import { seedItem } from "../support/local/targets.ts";
import type { Delivery } from "./plan.ts";

/** Milliseconds of a contract's window in which it is asked again. */
const FRESH = 300_000;

/** What the bounded call sets the item's weight to; before, it is 1. */
export const WEIGHT = 10;
export const BEFORE = 1;
/** Seconds: the window of a contract of class LOW, of class HIGH, and of an emergency. */
const WINDOW = 600;
const HIGH_WINDOW = 300;
const EMERGENCY_WINDOW = 120;

/** What a contract has besides the one step and its window. */
export interface Terms {
  readonly risk?: "LOW" | "HIGH";
  /** Of the step; another step takes its effect back with `isTakenBack`. */
  readonly gate?: "approval";
  readonly isTakenBack?: boolean;
  readonly obligations?: readonly object[];
  readonly isEmergency?: boolean;
  /** Of class HIGH: which thresholds it was decided under. */
  readonly governanceDigest?: Digest;
}

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
    const isDirect = this.#delivery === "credentials";
    const bounded = {
      "key/pk": { exact: this.item },
      "set/weight": { range: { min: 0, max: 50 } },
    };
    const { risk = "LOW", gate, isTakenBack, obligations, isEmergency } = this.#terms;
    const step = {
      ...{ id: "set", actions: ["dynamodb:UpdateItem"], resources: [tableArn(this.#plane)] },
      parameters: isDirect ? "unbounded" : bounded,
      limits: isDirect ? { calls: 1 } : { calls: 1, totals: { "set/weight": 50 } },
    };
    const draft = contractDraft.parse({
      ...{ purpose: "one action of the load run", risk, deliveries: [this.#delivery] },
      actor: { id: `spiffe://example.org/agent/${this.item}`, kind: "agent" },
      steps: [
        { ...step, ...(gate && { gate }) },
        ...(isTakenBack ? [{ ...step, id: "undo", gate: "rollback" }] : []),
      ],
      ...(isTakenBack && {
        rollback: { when: "obligationUnmet", step: "undo", operation: this.#operation(BEFORE) },
      }),
      ...(obligations && { obligations }),
      ...(isEmergency && { breakGlass: { policy: "local", incident: "INC-17" } }),
      window: { seconds: isEmergency ? EMERGENCY_WINDOW : risk === "HIGH" ? HIGH_WINDOW : WINDOW },
    });
    const { governanceDigest } = this.#terms;
    const signing = { executor: this.#key.thumbprint, now: this.#clock(), governanceDigest };
    const signed = signDraft(this.#plane, draft, signing);
    if (!isEmergency) return signed;
    const spoken = { plane: this.#plane, contract: signed.contract, now: this.#clock() };
    const approvals = [approvalOf(spoken, undefined, "incident-commander")];
    return { ...signed, proof: { ...signed.proof, approvals } };
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

  #operation(weight = WEIGHT) {
    const parameters = { "key/pk": this.item, "set/weight": weight };
    return { action: "dynamodb:UpdateItem", resource: tableArn(this.#plane), parameters };
  }
}
