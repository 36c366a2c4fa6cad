import type { About } from "../evidence/record.ts";
import type { Refusal, StageName } from "../refusal.ts";

/** One check of a stage; or, without a name, what is verified about the request from there on. */
interface Step {
  readonly name?: string;
  readonly run: (subject: never, judgement: never) => unknown;
}

/** A refusal that belongs to a later stage than the check that met it. */
export interface Misplaced {
  readonly stage: StageName;
  readonly refusal: Refusal;
}

/** What a check says: nothing when it holds, more of the subject when it found it, or why not. */
type Said<More> = More | Refusal | Misplaced;

interface Learning {
  readonly about: About;
  learn(more: About): void;
}

/**
 * A stage as whoever runs it sees it: what it takes, what it finds, and by what at least it judges. Whoever has more can
 * run it too.
 */
export interface Judging<In extends object, Out extends object, J> {
  readonly name: StageName;
  readonly steps: readonly Step[];
  readonly names: readonly string[];
  /** Types alone: never there. */
  readonly finds?: (subject: In) => Out;
  readonly needs?: (judgement: J) => void;
}

/** The same of a stage that asks somebody; never taken for one that does not. */
export interface Looking<In extends object, Out extends object, J> {
  readonly name: StageName;
  readonly steps: readonly Step[];
  readonly names: readonly string[];
  /** Types alone: never there. */
  readonly findsLater?: (subject: In) => Out;
  readonly needs?: (judgement: J) => void;
}

const namesOf = (steps: readonly Step[]): string[] =>
  steps.flatMap(({ name }) => (name === undefined ? [] : [name]));

/**
 * A stage of a request as one table of named checks (PROTOCOL.md §4). A check either only judges, or also finds something
 * that the later ones need; the subject grows with it, so what was judged is there, and nothing is found twice.
 * Order and names of everything that is judged follow from these tables alone.
 */
export class Stage<In extends object, Out extends object, J extends Learning> {
  readonly name: StageName;
  readonly steps: readonly Step[];
  declare readonly finds?: (subject: In) => Out;
  declare readonly needs?: (judgement: J) => void;

  constructor(name: StageName, steps: readonly Step[] = []) {
    this.name = name;
    this.steps = steps;
  }

  get names(): readonly string[] {
    return namesOf(this.steps);
  }

  check(
    name: string,
    judge: (subject: Out, judgement: J) => Refusal | undefined,
  ): Stage<In, Out, J> {
    return new Stage(this.name, [...this.steps, { name, run: judge }]);
  }

  /** The checks of another table of the same stage, over the same subject. */
  include<Part extends object, Found extends object>(
    other: Judging<Part, Found, J>,
  ): Stage<In, Out & Found, J> {
    return new Stage(this.name, [...this.steps, ...other.steps]);
  }

  /** What is verified from here on, and may stand in evidence. */
  learn(more: (subject: Out, known: About) => About): Stage<In, Out, J> {
    const run = (subject: Out, judgement: J): void =>
      judgement.learn(more(subject, judgement.about));
    return new Stage(this.name, [...this.steps, { run }]);
  }

  /** A check that finds something. */
  take<More extends object>(
    name: string,
    find: (subject: Out, judgement: J) => Said<More>,
  ): Stage<In, Out & More, J> {
    return new Stage(this.name, [...this.steps, { name, run: find }]);
  }

  /** A check that has to ask somebody. */
  look<More extends object>(
    name: string,
    find: (subject: Out, judgement: J) => Promise<Said<More>>,
  ): AskingStage<In, Out & More, J> {
    return new AskingStage(this.name, [...this.steps, { name, run: find }]);
  }
}

/** A stage that asks somebody: it is judged over time. */
export class AskingStage<In extends object, Out extends object, J extends Learning> {
  readonly name: StageName;
  readonly steps: readonly Step[];
  declare readonly findsLater?: (subject: In) => Out;
  declare readonly needs?: (judgement: J) => void;

  constructor(name: StageName, steps: readonly Step[]) {
    this.name = name;
    this.steps = steps;
  }

  get names(): readonly string[] {
    return namesOf(this.steps);
  }

  look<More extends object>(
    name: string,
    find: (subject: Out, judgement: J) => Promise<Said<More>>,
  ): AskingStage<In, Out & More, J> {
    return new AskingStage(this.name, [...this.steps, { name, run: find }]);
  }
}

/** An empty stage over a subject, to be filled. */
export const stage = <Subject extends object, J extends Learning>(
  name: StageName,
): Stage<Subject, Subject, J> => new Stage(name);

/** A stage that is a place and not a table: a barrier, STS, the call. It fails where it stands. */
export const point = (name: StageName, check: string): Point => ({ name, names: [check] });

export interface Point {
  readonly name: StageName;
  readonly names: readonly string[];
}

/** Every table and point that a request passes, in order. */
export type Order = readonly Point[];
