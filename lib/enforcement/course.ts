import type { Answer } from "./answer.ts";
import { type Failure, isFailure, type Judgement } from "./judgement.ts";

/** What one use of the plane does on the common way. */
interface Course<Verified extends object> {
  /** The stages before anybody is named. */
  readonly verify: (judgement: Judgement) => Promise<Verified | Failure>;
  /** The rest, for a verified executor. */
  readonly serve: (judgement: Judgement, verified: Verified) => Promise<Answer>;
  /** A refusal that accuses nobody. */
  readonly refuse: (judgement: Judgement, failure: Failure) => Promise<Answer>;
}

/** The way of every signed request: who speaks, then what is asked. Never throws: a fault ends in a refusal. */
export async function runCourse<Verified extends object>(
  judgement: Judgement,
  { verify, serve, refuse }: Course<Verified>,
): Promise<Answer> {
  try {
    const verified = await verify(judgement);
    return isFailure(verified)
      ? await refuse(judgement, verified)
      : await serve(judgement, verified);
  } catch (fault) {
    return refuse(judgement, judgement.faulted(fault));
  }
}
