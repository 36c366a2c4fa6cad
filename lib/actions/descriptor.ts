import type { Constraint } from "../contract/constraint.ts";
import type { Digest } from "../encoding/digest.ts";
import type { RiskClass } from "../encoding/members.ts";
import type { Refusal } from "../refusal.ts";
import type { Operation } from "../request/request.ts";
import type { CallPlace, ClientSettings } from "./client-settings.ts";
import type { KeyUse } from "./target-keys.ts";

export type { Operation };

/** Constraints of a step by parameter name. */
export type ParameterConstraints = Readonly<Record<string, Constraint>>;

/** A step that leaves the parameters of its calls to whoever calls (PROTOCOL.md §2). */
export type Unbounded = "unbounded";

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** Why a call did not do its work, in the closed list of PROTOCOL.md §4. */
export type ErrorKind = "precondition" | "notFound" | "denied" | "throttled" | "invalid" | "other";

export interface CallError {
  /** The name that AWS gave the error, or ours for what was refused before the call. */
  readonly name: string;
  readonly kind: ErrorKind;
}

/** What a function that was asked answered, as answers and evidence say it (PROTOCOL.md §9): nothing of it but this. */
export interface FunctionAnswer {
  /** 200 to 599, the function's own. */
  readonly statusCode: number;
  /** The version that ran: digits, or `$LATEST` where an alias names that. */
  readonly executedVersion: string;
  /** Over the bytes of the answer. */
  readonly digest: Digest;
  /** The function's own name for what it did: 1 to 128 of `[A-Za-z0-9._:-]`. */
  readonly reference?: string;
}

/**
 * `failed`: surely not applied. `unknown`: it may have been applied; only a read can tell (VAI-74), or for an action
 * without one the target itself, asked again. `response`: what a function answered, where the action asks one.
 */
export type CallOutcome = { readonly response?: FunctionAnswer } & (
  | { readonly status: "succeeded" }
  | { readonly status: "failed" | "unknown"; readonly error: CallError }
);

/** What the reader role saw before the call. With a `problem` the call is not made at all. */
export interface PreRead {
  readonly facts: Readonly<Record<string, string>>;
  readonly problem?: CallError;
}

/** For actions whose call needs nothing read before it. */
export const NOTHING_READ: PreRead = { facts: {} };

/** What exactly will be called, JSON-safe: part of the evidence before the call is made. */
export interface CallDescription {
  readonly api: string;
  readonly input: { readonly [name: string]: Json };
}

export interface ReadBack {
  readonly matches: boolean;
  /** Values as AWS returned them; evidence records hold only their digests (PROTOCOL.md §5). */
  readonly observed: Json;
}

/**
 * One condition that the session policy puts on the action: as a condition of its Allow, and as
 * complement Denies, because an Allow alone does not limit a resource policy that names the session
 * (IAM user guide, policy evaluation logic).
 */
export interface IamBound {
  /** Condition key as IAM spells it. */
  readonly key: string;
  /** Values as IAM compares them; with `like`, a trailing `*` stands for any rest. */
  readonly patterns: readonly string[];
  readonly like: boolean;
  /**
   * Compared as a set (`ForAllValues`), closed against the missing key by a `Null` guard (VAI-149).
   */
  readonly multivalued: boolean;
  /**
   * Whether a request without the key is harmless because the service's default is the allowed
   * value.
   */
  readonly optional: boolean;
}

/**
 * One condition key of a call as the service fills it: IAM's view of the call, not of our policy.
 */
export interface RequestKey {
  readonly name: string;
  readonly values: readonly string[];
  readonly multivalued: boolean;
  readonly optional: boolean;
  /**
   * Parameters whose *values* decide this key; none when names alone, or the call's own shape,
   * decide it.
   */
  readonly boundBy: readonly string[];
}

/** IAM actions of the reader role on what holds a target. */
interface HolderReads {
  readonly actions: readonly string[];
  /** `target`: exact, or as the cloud team opened it. */
  holderOf(target: string): string;
}

/**
 * Everything about one bounded action: what it may be asked, what of that IAM can
 * carry, the one call, and how to tell afterwards what happened. Session policy, enforcement map
 * and adapter read the same one.
 */
export interface ActionDescriptor {
  /** IAM name, exactly as IAM writes it; names compare exactly (ADV-06). */
  readonly action: string;
  /** IAM service prefix: one execution role and one reader role per family. */
  readonly family: string;
  /** Class of the action unless the trust policy gives another. */
  readonly defaultRisk: RiskClass;
  /** The form of an ARN that the action can work on: exact, without wildcard; one form, with or without qualifier. */
  readonly target: { readonly pattern: RegExp; readonly example: string };
  /**
   * What a cloud team may open the action on: an exact target or, where the targets of an action
   * come and go (objects, parameters), a prefix that ends in `*`. A contract never holds a wildcard.
   */
  readonly ceiling: { readonly pattern: RegExp; readonly example: string };
  /**
   * Whether the target's ARN carries account and region. Where it does not (S3), the session policy
   * pins `aws:ResourceAccount`, or a bucket that moved to another account would be reached.
   */
  readonly accountInArn: boolean;
  /**
   * IAM actions of the reader role on the targets, before and after the call. The issued session
   * reads nothing.
   */
  readonly reads: readonly string[];
  /** Reads that IAM cannot bound to a resource; absent for most actions. */
  readonly readsAnywhere?: readonly string[];
  /** Reads of what holds a target, where IAM knows that by an ARN of its own: the bucket of an object. */
  readonly readsHolder?: HolderReads;

  /**
   * Whether IAM's name of the action covers more than the one call that is made here, with no condition key that would
   * tell them apart. Then the enforcement map says that IAM does not hold the action, and whoever holds credentials
   * gets none for it (`DIRECT_MODE_FORBIDDEN`). Absent: the call is all that IAM lets through.
   */
  readonly isWiderInIam?: true;

  /** What its service asks of KMS for a target under a key of the account; absent where it asks nothing. */
  readonly keyUse?: KeyUse;

  /** Whether the action has such a parameter; a constraint on another has no home (VAI-43). */
  knows(parameter: string): boolean;
  /** Whether values of the parameter must not appear in evidence. */
  sensitive(parameter: string): boolean;
  /** Wire.md §9's rules for the action: `PARAMETER_OUT_OF_BOUNDS` with the place, or nothing. */
  judgeParameters(operation: Operation): Refusal | undefined;

  /**
   * The parameter of an operation whose check is a read before the call and not one step with it.
   * Refused at class HIGH and above, where a change in between must not slip through (PROTOCOL.md §9).
   */
  notAtomic?(parameters: Operation["parameters"]): string | undefined;

  /**
   * Whether the session policy of a step with these constraints fully holds this parameter's value.
   */
  carriesInIam(parameter: string, constraints: ParameterConstraints): boolean;
  /** Conditions that IAM can hold for a step with these constraints; for an unbounded step those of every call. */
  iamBounds(constraints: ParameterConstraints | Unbounded): readonly IamBound[];
  /** The condition keys with which AWS will see a call with these parameters; or any call that the action may make. */
  requestKeys(parameters: Operation["parameters"] | Unbounded): readonly RequestKey[];

  /**
   * Loads the part of the code that calls and reads, the SDK client of the family. Whatever needs it loads it; asked
   * early, nobody waits for it later. It must have been loaded before a call is announced (`ExecutionStarted`): what
   * cannot be loaded is then a refusal, and nothing that a started action meets.
   */
  load?(): Promise<unknown>;
  /**
   * Reads by the reader role what the call needs. @throws {Fault} `DEPENDENCY_UNAVAILABLE` when it
   * cannot.
   */
  preRead?(operation: Operation, settings: ClientSettings): Promise<PreRead>;
  /** Holds no value of a sensitive parameter, only its digest and length. */
  describeCall(operation: Operation, preRead: PreRead, place: CallPlace): CallDescription;
  /**
   * The one call: one attempt, SDK retries off, aborted at the timeout. @throws {Fault}
   * `CREDENTIALS_MISSING`.
   */
  call(operation: Operation, preRead: PreRead, settings: ClientSettings): Promise<CallOutcome>;
  /**
   * Reads by the reader role whether the effect is there. @throws {Fault} `DEPENDENCY_UNAVAILABLE`. Absent where nobody
   * can see it: then no contract can promise it (an obligation `readBack` has nobody who holds it), and nothing can be
   * taken back by it.
   */
  readBack?(operation: Operation, settings: ClientSettings): Promise<ReadBack>;
}

/** An action whose effect can be seen. */
export type SeenAction = ActionDescriptor & Required<Pick<ActionDescriptor, "readBack">>;
