import type { Clock } from "../../clock.ts";

/** Until when a process may work, in milliseconds since the epoch: the end of the one invocation that it serves. */
export interface Lifetime {
  end: number;
}

/** No end in sight: commands of people, and a function before its first event. */
export const unending = (): Lifetime => ({ end: Number.POSITIVE_INFINITY });

/** Milliseconds kept free behind a try, so that its failure can still be answered. */
const RESERVE = 500;

/** A client of the AWS SDK, as far as its tries are looked at here. */
interface Client {
  readonly middlewareStack: {
    add(
      middleware: never,
      options: { step: "finalizeRequest"; priority: "low"; name: string },
    ): void;
  };
}

/**
 * Lets no try of a client begin that could not end before its process does: a peer that stays silent must cost a request
 * its answer, never its record.
 * @param longest milliseconds that one try may take.
 */
export function boundBy<C extends Client>(
  client: C,
  { lifetime, clock, longest }: { lifetime: Lifetime; clock: Clock; longest: number },
): C {
  const middleware =
    <Args, Result>(next: (args: Args) => Promise<Result>) =>
    (args: Args): Promise<Result> => {
      if (clock() + longest + RESERVE <= lifetime.end) return next(args);
      const late = new Error("no try is begun that could not end before the function does");
      return Promise.reject(Object.assign(late, { name: "FunctionEnds" }));
    };
  // Behind the SDK's own retries, so that each of them is looked at.
  client.middlewareStack.add(middleware as never, {
    step: "finalizeRequest",
    priority: "low",
    name: "lifetime",
  });
  return client;
}
