import type { Clients } from "../deploy/clients.ts";
import type { LocalOutputs, LocalUser } from "../deploy/outputs.ts";
import type { Renderer } from "./render.ts";
import type { StepResult } from "./report.ts";
import type { Vai } from "./vai.ts";

/** A user of the local AWS; each has its own credentials and rights. */
type User = LocalUser;

/** What a step was seen to do; `lines` are shown above the outcome, `detail` behind it. */
export interface Seen<T> {
  readonly seen: string;
  readonly lines?: readonly string[];
  readonly detail?: string;
  readonly value: T;
}

/** One thing to try. It is as expected when `run` resolves with exactly `expected` as `seen`. */
export interface Step<T> extends Omit<StepResult, "seen" | "detail" | "ok" | "skipped"> {
  readonly run: () => Promise<Seen<T>>;
}

/** What a scene plays on: the deployment, its users, the command `vai`, and who watches. */
export interface PlayStage {
  readonly outputs: LocalOutputs;
  /** Absolute path of `outputs.json`. */
  readonly outputsFile: string;
  /** Absolute path of the work folder; commands run in it. */
  readonly work: string;
  readonly vai: Vai;
  readonly as: (user: User) => Clients;
  /** Ends when the person interrupts. */
  readonly signal: AbortSignal;
  /** Whether IAM is enforced here; on an endpoint that a person named it may not be. */
  readonly isEnforced: boolean;
  /** Runs one step, shows it and keeps its result. @throws StepFailed when it cannot be run. */
  step<T>(step: Step<T>): Promise<T>;
}

/** A part of the walkthrough; what it finds out is kept in the results and in the work folder. */
export interface Scene {
  readonly title: string;
  readonly headline: string;
  readonly play: (stage: PlayStage) => Promise<void>;
}

/** A step broke off: what follows cannot be told. */
export class StepFailed extends Error {
  override readonly name = "StepFailed";
}

/** Who watches, where results are collected, and what ends it all. */
export interface Watching {
  readonly renderer: Renderer;
  readonly results: StepResult[];
  readonly signal: AbortSignal;
  /** Whether IAM is enforced; without it, what IAM must deny is skipped and named. */
  readonly isEnforced: boolean;
  /** Milliseconds. */
  readonly clock: () => number;
}

/** AWS's own word; refusals of the plane have codes of their own. */
const isDenialByIam = (expected: string): boolean => expected.startsWith("AccessDenied");

/** Runs steps, shows each, and collects the results. */
export function stepRunner(watching: Watching): PlayStage["step"] {
  const { renderer, results, signal, isEnforced, clock } = watching;
  const start = clock();
  const keep = (result: StepResult) => {
    results.push(result);
    renderer.answered(result);
  };
  return async <T>({ run, ...step }: Step<T>): Promise<T> => {
    renderer.asking(step, (clock() - start) / 1_000);
    if (!isEnforced && isDenialByIam(step.expected)) {
      keep({ ...step, seen: "skipped", skipped: true, ok: false });
      return undefined as T; // nothing is learned from a denial but that it is one
    }
    try {
      const { seen, lines = [], detail, value } = await run();
      renderer.show(lines);
      const more = detail === undefined ? {} : { detail };
      keep({ ...step, seen, ...more, ok: seen === step.expected });
      return value;
    } catch (error) {
      if (signal.aborted) throw error;
      const seen = (error as Error).message;
      keep({ ...step, seen, ok: false });
      throw new StepFailed(`"${step.id}" could not be run`, { cause: error });
    }
  };
}
