import type { AgentOptions, Agent as HttpAgent } from "node:http";
import type { Agent as HttpsAgent } from "node:https";
import { present } from "../encoding/present.ts";
import { Fault } from "../refusal.ts";
import { SigningSha256 } from "./sha256.ts";

/** A temporary credential set, always of a session: without a token it would be a standing key. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

export interface ClientSettings {
  /**
   * The contract's account. Where ARNs carry none (S3) a call must say whose resource it means: the
   * same name could belong to somebody else.
   */
  readonly account: string;
  readonly region: string;
  /** Another endpoint than AWS's own, for a local AWS. */
  readonly endpoint?: string;
  readonly credentials: AwsCredentials;
  /** Milliseconds after which a call is aborted; its outcome is then unknown. */
  readonly timeoutMilliseconds: number;
}

/** Where a call is made: what its description needs besides the operation. */
export type CallPlace = Pick<ClientSettings, "account" | "region">;

/** Attempts of the bounded call: a second one could double the effect (VAI-74, ADV-69). */
export const CALL_ATTEMPTS = 1;
/** Attempts of a read: repeating it changes nothing. */
const READ_ATTEMPTS = 3;

/** What keeps connections, for the handler of an SDK client. */
export interface Agents {
  readonly httpAgent: HttpAgent;
  readonly httpsAgent: HttpsAgent;
}

/**
 * Agents that are made once, when they are first asked for. An ES import of `node:http` would evaluate all its exports,
 * and with that the whole client behind `fetch`: 40 ms of every command that only reads the catalogue.
 */
export function agentsOnce(options: AgentOptions): () => Agents {
  let agents: Agents | undefined;
  return () => {
    if (agents === undefined) {
      const { Agent: Http } = process.getBuiltinModule("node:http");
      const { Agent: Https } = process.getBuiltinModule("node:https");
      agents = { httpAgent: new Http(options), httpsAgent: new Https(options) };
    }
    return agents;
  };
}

/** Connections outlive clients, so that a client per credential set costs no further TLS handshake. */
const agents = agentsOnce({ keepAlive: true });

/**
 * No line of the SDK's own. Without `info` it does not even prepare the input and the output of every call for a log that
 * nobody keeps.
 */
const SILENT = { debug() {}, info: undefined as never, warn() {}, error() {} };

/**
 * What a function's clients would otherwise look for in environment and configuration files, each anew and in vain: the
 * SDK's defaults, said aloud. Nothing around a function decides how it calls.
 */
export const SETTLED = {
  accountIdEndpointMode: "disabled",
  authSchemePreference: [] as string[],
  defaultsMode: "legacy",
  ignoreConfiguredEndpointUrls: true,
  logger: SILENT,
  retryMode: "standard",
  sha256: SigningSha256,
  useDualstackEndpoint: false,
  useFipsEndpoint: false,
  userAgentAppId: "",
} as const;

/**
 * Options of an SDK client that acts with the given credentials and no others.
 * @throws {Fault} `CREDENTIALS_MISSING` before any client exists: the SDK would silently fall back
 *   to the function's own role, its environment or a profile, which is standing authority (VAI-76,
 *   ADV-39).
 */
export function clientOptions(settings: ClientSettings, maxAttempts: number) {
  const { accessKeyId, secretAccessKey, sessionToken } = explicitCredentials(settings.credentials);
  return {
    ...SETTLED,
    region: settings.region,
    ...present({ endpoint: settings.endpoint }),
    credentials: { accessKeyId, secretAccessKey, sessionToken },
    maxAttempts,
    requestHandler: { ...agents() },
  };
}

/** Clients of sessions that somebody still holds, by the credentials themselves: both are forgotten together. */
const readers = new WeakMap<object, Map<string, unknown>>();

/**
 * The client by which a session of a reader role reads, made at its first read. Only reads are repeated by the same
 * session: a bounded call's client is made for the one call.
 * @throws {Fault} `CREDENTIALS_MISSING`.
 */
export function readingClient<Client>(
  service: string,
  settings: ClientSettings,
  make: (options: ReturnType<typeof clientOptions>) => Client,
): Client {
  const options = clientOptions(settings, READ_ATTEMPTS);
  const known = readers.get(settings.credentials) ?? new Map<string, unknown>();
  readers.set(settings.credentials, known);
  const name = JSON.stringify([service, options.region, options.endpoint, options.credentials]);
  const client = (known.get(name) as Client | undefined) ?? make(options);
  known.set(name, client);
  return client;
}

/** The abort signal of one call. */
export const deadline = (settings: ClientSettings): { readonly abortSignal: AbortSignal } => ({
  abortSignal: AbortSignal.timeout(settings.timeoutMilliseconds),
});

/** Untyped on purpose: what the type promises is exactly what must not be believed here. */
function explicitCredentials(given: unknown): AwsCredentials {
  const credentials = (given ?? {}) as Partial<Record<keyof AwsCredentials, unknown>>;
  for (const part of ["accessKeyId", "secretAccessKey", "sessionToken"] as const) {
    const value = credentials[part];
    if (typeof value !== "string" || value.trim() === "") {
      throw new Fault("CREDENTIALS_MISSING", `no issued credentials: ${part} is absent or empty`);
    }
  }
  return credentials as AwsCredentials;
}
