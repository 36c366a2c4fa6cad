import type { AwsCredentials, ClientSettings } from "../actions/client-settings.ts";
import type { ActionDescriptor } from "../actions/descriptor.ts";
import type { TargetRead } from "../actions/read.ts";
import type { TargetKeys } from "../actions/target-keys.ts";
import type { Clock } from "../clock.ts";
import type { PlaneId } from "../config.ts";
import type { VerificationKey } from "../encoding/jwk.ts";
import type { DigestSigner } from "../encoding/jws.ts";
import { present } from "../encoding/present.ts";
import type { EvidenceSigner, EvidenceStore, RefusalCounter } from "../evidence/ports.ts";
import type { AssumeRole } from "../issuance/assume-role.ts";
import type { RegistryStore } from "./read/registry-port.ts";
import type { TrustSnapshot } from "./read/trust-snapshot.ts";

/** What a process keeps between invocations. Nothing hangs on it but speed and cost. */
export interface Memory {
  trust?: TrustSnapshot;
  /** When the Registry last said that this trust is in force; milliseconds. */
  trustSeenAt?: number;
  /** Handles that it signed last, by identity: a resent request costs no signature. */
  readonly handles?: Map<string, string>;
  /** Whether targets lie under a key, by what was looked at, as they were seen last. */
  readonly keyLooks: Map<string, KeyLook>;
}

/** What a look at a target's encryption came to; what could not be read counts as no key. */
export interface KeyLook {
  readonly isUnderKey: boolean;
  /** Milliseconds: until when nobody looks again. */
  readonly until: number;
}

/** Everything from outside that a course needs; nothing in these rooms reads a clock, an id or a client elsewhere. */
export interface PlaneDeps {
  readonly plane: PlaneId;
  readonly component: string;
  readonly anchors: readonly VerificationKey[];
  readonly clock: Clock;
  readonly newId: () => string;
  /** Waits; milliseconds. */
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly evidence: EvidenceStore;
  readonly signer: EvidenceSigner;
  /** The plane key, for handles; the trust policy lists it with use `plane`. */
  readonly planeSigner: DigestSigner;
  readonly registry: RegistryStore;
  readonly counter: RefusalCounter;
  /** What this process verified last: while the Registry is unchanged, no document is read again. */
  readonly memory: Memory;
}

export interface IssueDeps extends PlaneDeps {
  /** The catalogue of bounded actions. */
  readonly descriptorOf: (action: string) => ActionDescriptor | undefined;
  /** The reads that assumptions may name. */
  readonly readOf: (read: string) => TargetRead | undefined;
  /** Keys of targets that are encrypted. */
  readonly targetKeys: TargetKeys;
  /** Whether the deployment lets a family of actions work on a target. */
  readonly isOpened: (family: string, resource: string) => boolean;
  readonly assumeRole: AssumeRole;
  /** Credentials of a reader role, cached by the port. @throws {Fault} `DEPENDENCY_UNAVAILABLE`. */
  readonly readerCredentials: (roleArn: string, family: string) => Promise<AwsCredentials>;
  /** Where target clients send; absent on AWS. */
  readonly targetEndpoint?: string;
}

/** One invocation: its id, and when the function will be stopped, in milliseconds since the epoch. */
export interface Invocation {
  readonly requestId: string;
  readonly deadline: number;
}

/** Where clients of targets and reads send. */
export const targetPlace = ({
  plane,
  targetEndpoint,
}: IssueDeps): Omit<ClientSettings, "credentials" | "timeoutMilliseconds"> => ({
  region: plane.region,
  account: plane.account,
  ...present({ endpoint: targetEndpoint }),
});
