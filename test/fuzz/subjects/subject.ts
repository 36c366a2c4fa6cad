import type { Dice } from "../dice.ts";
import type { FunctionName, Ground } from "../ground.ts";

/** One input on its way to a function. */
export interface Asked {
  readonly to: FunctionName;
  readonly event: unknown;
  /** Put into the tables before it is asked: what somebody who writes them could leave there. */
  readonly edit?: () => void | Promise<void>;
  /** As Lambda hands it over, with its transport around it. */
  readonly isServed?: true;
  /** Codes of the platform that it may bring about. */
  readonly expected?: readonly string[];
  /** Whether a refusal may leave more than its own records: what was edited is dealt with. */
  readonly isDealtWith?: true;
  /** Why a contract should not have been bound by it though it was refused, in the same way; absent: none could be. */
  readonly unbindable?: () => string | undefined;
  /** Why it should not have been accepted, judged by other means than the plane's. */
  readonly undeserved: (answer: object) => string | undefined;
}

/** A parser or verifier, and what it is fed with. */
export interface Subject {
  readonly about: string;
  ask(ground: Ground, dice: Dice): Asked;
}
