import type { AwsCredentials, ClientSettings } from "../actions/client-settings.ts";
import type { ActionDescriptor } from "../actions/descriptor.ts";
import type { TargetRead } from "../actions/read.ts";
import type { TargetKeys } from "../actions/target-keys.ts";
import type { Clock } from "../clock.ts";
import type { PlaneId } from "../config.ts";
import type { Digest } from "../encoding/digest.ts";
import type { VerificationKey } from "../encoding/jwk.ts";
import type { DigestSigner } from "../encoding/jws.ts";
import { present } from "../encoding/present.ts";
import type { EvidenceSigner, EvidenceStore, RefusalCounter } from "../evidence/ports.ts";
import type { AssumeRole } from "../issuance/assume-role.ts";
import type { CutSession } from "../issuance/cut-session.ts";
import type {
  AskIam,
  AskPeople,
  BreakGlassStore,
  DenialStore,
  OpenStore,
  RevokedStore,
  RolePolicies,
  WakeSweep,
} from "../lifecycle/ports.ts";
import type { RegistryStore } from "./read/registry-port.ts";
import type { TrustSnapshot } from "./read/trust-snapshot.ts";

/** What a process keeps between invocations. Nothing hangs on it but speed and cost. */
export interface Memory {
  trust?: TrustSnapshot;
  /** When the Registry last said that this trust is in force; milliseconds. */
  trustSeenAt?: number;
  swept?: Seen;
  /** Transactions of emergencies that `sweep` has seen in the spool and stored, by chain. */
  spools?: ReadonlyMap<string, number>;
  /** Handles that it signed last, by identity: a resent request costs no signature. */
  readonly handles?: Map<string, string>;
  /** Whether targets lie under a key, by what was looked at, as they were seen last. */
  readonly keyLooks: Map<string, KeyLook>;
}

/** What `sweep` has seen of the Registry's head, and done about it; times in milliseconds. */
interface Seen {
  readonly recordHash: Digest;
  readonly since: number;
  /** When open identities were looked for by their records. */
  readonly lookedAt: number;
  /** Chains that its last run did not come to. */
  readonly left: readonly string[];
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
  /** Uses under break-glass, and evidence that is spooled for them. */
  readonly breakGlass: BreakGlassStore;
  /** What this process verified last: while the Registry is unchanged, no document is read again. */
  readonly memory: Memory;
}

/** What `delegate` needs: by what a contract is judged, and no way to any session. */
export interface DelegateDeps
  extends PlaneDeps,
    Pick<IssueDeps, "descriptorOf" | "readOf" | "isOpened"> {}

/** What commands need besides: where a denial is committed. */
export interface CommandDeps extends PlaneDeps {
  readonly denials: DenialStore;
  /** What is open, to say how much of it a halt covers. */
  readonly open: OpenStore;
  readonly wakeSweep: WakeSweep;
  /** What comes of work within so many milliseconds; `undefined` when it takes longer, and then nobody waits for it. */
  readonly within: <T>(milliseconds: number, work: Promise<T>) => Promise<T | undefined>;
}

/** What `govern` needs besides: by what a contract is judged that is bound without a request. */
export interface GovernDeps
  extends CommandDeps,
    Pick<IssueDeps, "descriptorOf" | "readOf" | "isOpened" | "askPeople"> {}

/** What ends authority needs besides: where IAM is told. */
export interface RevokeDeps extends CommandDeps {
  readonly revoked: RevokedStore;
  readonly rolePolicies: RolePolicies;
  /** Whether IAM has heard; `undefined` where STS cannot tell, and then there is no point `session`. */
  readonly askIam: AskIam | undefined;
}

/** What `sweep` needs: what is due, and the readers by which it sees a target. */
export interface SweepDeps
  extends RevokeDeps,
    Pick<IssueDeps, "descriptorOf" | "readerCredentials" | "targetEndpoint"> {}

export interface IssueDeps extends PlaneDeps {
  /** Tells people what a contract waits for; absent in `execute`, which asks nobody. */
  readonly askPeople?: AskPeople;
  /** Where the plane commits a denial of its own. */
  readonly denials: Pick<DenialStore, "mark">;
  /** The catalogue of bounded actions. */
  readonly descriptorOf: (action: string) => ActionDescriptor | undefined;
  /** The reads that assumptions may name. */
  readonly readOf: (read: string) => TargetRead | undefined;
  /** Keys of targets that are encrypted. */
  readonly targetKeys: TargetKeys;
  /** Whether the deployment lets a family of actions work on a target. */
  readonly isOpened: (family: string, resource: string) => boolean;
  readonly assumeRole: AssumeRole;
  /** Cuts what is delivered to the window; `undefined` where STS cannot, and then the session itself leaves. */
  readonly cutSession: CutSession | undefined;
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
}: Pick<IssueDeps, "plane" | "targetEndpoint">): Omit<
  ClientSettings,
  "credentials" | "timeoutMilliseconds"
> => ({
  region: plane.region,
  account: plane.account,
  ...present({ endpoint: targetEndpoint }),
});
