import { agentsOnce, SETTLED } from "../../actions/client-settings.ts";

/** Milliseconds: what a call to a dependency may take before it counts as failed. */
const CONNECT_TIMEOUT = 1_000;
export const REQUEST_TIMEOUT = 3_000;

const agents = agentsOnce({ keepAlive: true, maxSockets: 64 });

/** Where clients send and as whom; absent members are the environment's (a function's own role, AWS's endpoints). */
export interface ClientPlace {
  readonly region: string;
  readonly endpoint?: string;
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  /** A profile of the person's AWS configuration, for commands; functions have none. */
  readonly profile?: string;
  /** Milliseconds that a peer there may stay silent: {@link REQUEST_TIMEOUT}, unless somebody must wait longer or shorter. */
  readonly patience?: number;
}

/** Options for clients of the plane's own dependencies. `attempts` includes the first; repeats are of safe calls. */
export const dependencyOptions = (
  { patience = REQUEST_TIMEOUT, ...place }: ClientPlace,
  attempts = 3,
) => ({
  ...place,
  maxAttempts: attempts,
  requestHandler: {
    ...agents(),
    connectionTimeout: CONNECT_TIMEOUT,
    requestTimeout: patience,
    // Without this the SDK only warns, and a silent peer holds a function until Lambda kills it.
    throwOnRequestTimeout: true,
    // A peer that begins to answer and stops: the request's own time no longer runs then.
    socketTimeout: patience,
  },
});

/**
 * The same for a function's own clients, which live as long as it and always act as its role: nothing around them is
 * asked how they should call, and what an operation's call passes through is put together once.
 */
export const functionOptions = (place: ClientPlace, attempts?: number) => ({
  ...SETTLED,
  ...dependencyOptions(place, attempts),
  cacheMiddleware: true,
});
