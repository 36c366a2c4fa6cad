import { documentDigest } from "../../lib/encoding/canonical-json.ts";
import { sha256Digest } from "../../lib/encoding/digest.ts";
import { contractView } from "../../lib/evidence/intent-state.ts";
import { digestOf } from "./delegating.ts";
import { FUNCTION, type Governed, type Mutation } from "./governed.ts";
import { INVOKING } from "./invoking.ts";
import type { KeyName } from "./keys.ts";
import type { Change } from "./mutate.ts";
import { newPlane, type Plane } from "./plane.ts";

/** What refunds and payments are asked of. */
const TARGETS = { refund: `${FUNCTION}-refunds:live`, pay: `${FUNCTION}-payments:live` } as const;
export type Kind = keyof typeof TARGETS;

/** Either of at most so much, in as many calls as a story has, in euros. */
export const stepOf = (kind: Kind, max: number) => ({
  ...{ type: "aws", id: kind, actions: ["lambda:InvokeFunction"], resources: [TARGETS[kind]] },
  parameters: {
    "payload/amount": { range: { min: 1, max } },
    "payload/clientToken": { prefix: `${kind}-` },
    "payload/currency": { exact: "EUR" },
  },
  limits: { calls: 8, totals: { "payload/amount": max } },
});

/** A plane in front of functions that count what they did, by client token: what was refused is not in there. */
export class Counting {
  readonly plane: Plane;
  readonly governed: Governed;
  /** Amounts that were really moved, by client token. */
  readonly moved = new Map<string, number>();
  #tokens = 0;

  constructor(plane: Plane, governed: Governed) {
    this.plane = plane;
    this.governed = governed;
    plane.targets.instead = ({ input }) => {
      const payload = String((input as { readonly Payload?: unknown }).Payload);
      const { amount, clientToken } = JSON.parse(payload);
      this.moved.set(clientToken, this.moved.get(clientToken) ?? amount);
      const digest = sha256Digest(payload);
      return {
        status: "succeeded",
        response: { statusCode: 200, executedVersion: "3", digest },
      };
    };
  }

  /** What a request must leave as it is when it is refused. */
  witness(): string {
    const { plane, governed } = this;
    const { tree } = contractView(plane.state(governed.chainId), governed.contractDigest);
    const { executions, calls, retryKeys } = plane.effects();
    const issued = plane.types(governed.chainId).filter((type) => type === "IdentityIssued");
    const seen = { moved: this.moved, executions, calls, retryKeys, issued, tree };
    return JSON.stringify(seen, (_, value) => (value instanceof Map ? [...value] : value));
  }

  /** What somebody sends who asks for an amount under a chain; none: under the contract. */
  asks(
    by: KeyName,
    chain: readonly unknown[],
    amount: number,
    { kind = "refund", currency = "EUR", event }: Asking = {},
  ): unknown {
    this.#tokens += 1;
    const operation = {
      ...{ action: "lambda:InvokeFunction", resource: TARGETS[kind] },
      parameters: {
        "payload/amount": amount,
        "payload/clientToken": `${kind}-${this.#tokens}`,
        "payload/currency": currency,
      },
    };
    return this.plane.event(this.governed, {
      request: {
        signedBy: by,
        set: {
          ...(chain.length > 0 && { "/chainDigest": digestOf(chain.at(-1)) }),
          ...{ "/step": kind, "/operation": operation },
        },
      },
      event: { ...event, set: { ...(chain.length > 0 && { "/chain": chain }), ...event?.set } },
    });
  }
}

/** How a request differs from one for a refund in euros. */
interface Asking {
  readonly kind?: Kind;
  readonly currency?: string;
  readonly event?: Change;
}

/** A contract of refunds and payments up to a thousand that may be handed on, kept or not. */
export async function counting(policy: Change = {}, proof?: ProofOf): Promise<Counting> {
  const plane = await newPlane({ policy: { set: { ...INVOKING.set, ...policy.set } } });
  const steps = [stepOf("refund", 1000), stepOf("pay", 1000)];
  const mutation: Mutation = {
    intent: {
      set: { "/action": "lambda:InvokeFunction", "/target": Object.values(TARGETS) },
    },
    decision: {
      set: {
        "/boundary/authorization_details": steps,
        "/governanceDigest": documentDigest(plane.policy.governance),
      },
    },
    contract: {
      set: { "/authorization_details": steps, "/delegation": { maxDepth: 4, retain: true } },
    },
  };
  const governed = plane.contract(mutation);
  return new Counting(plane, proof === undefined ? governed : proof(plane, governed));
}

/** A contract with more in its proof. */
type ProofOf = (plane: Plane, governed: Governed) => Governed;
