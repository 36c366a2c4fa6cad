import type { Mutation } from "./governed.ts";
import { namedPrivateJwk } from "./named-key.ts";

/** A contract that delivers a handle, and a request for one. */
export const HANDLE: Mutation = {
  contract: { set: { "/deliveries": ["handle"] } },
  request: { set: { "/delivery": "handle" } },
};

/** Whoever opens delivered credentials. */
export const RECIPIENT = namedPrivateJwk("recipient", "ES256");
const { d: _, ...DELIVER_TO } = RECIPIENT;

/** A contract that delivers credentials, and a request for them: no operation, and a key to encrypt to. */
export const CREDENTIALS: Mutation = {
  base: "item",
  contract: {
    set: { "/deliveries": ["credentials"], "/authorization_details/0/parameters": "unbounded" },
  },
  request: {
    set: { "/delivery": "credentials", "/deliverTo": DELIVER_TO },
    remove: ["/operation"],
  },
};
