import type { Answer } from "./answer.ts";
import type { IssueDeps, PlaneDeps } from "./deps.ts";
import { type Failure, isFailure, type Judgement } from "./judgement.ts";

/** What one use of the plane does on the common way. */
interface Course<Verified extends object, Deps extends PlaneDeps, Answered> {
  /** The stages before anybody is named. */
  readonly verify: (judgement: Judgement<Deps>) => Promise<Verified | Failure>;
  /** The rest, for a verified executor. */
  readonly serve: (judgement: Judgement<Deps>, verified: Verified) => Promise<Answered>;
  /** A refusal that accuses nobody. */
  readonly refuse: (judgement: Judgement<Deps>, failure: Failure) => Promise<Answered>;
}

/** The way of every signed request: who speaks, then what is asked. Never throws: a fault ends in a refusal. */
export async function runCourse<
  Verified extends object,
  Deps extends PlaneDeps = IssueDeps,
  Answered = Answer,
>(
  judgement: Judgement<Deps>,
  { verify, serve, refuse }: Course<Verified, Deps, Answered>,
): Promise<Answered> {
  try {
    const verified = await verify(judgement);
    return isFailure(verified)
      ? await refuse(judgement, verified)
      : await serve(judgement, verified);
  } catch (fault) {
    return refuse(judgement, judgement.faulted(fault));
  }
}
