import type { Clock } from "../../clock.ts";

/** Until when a process may work, in milliseconds since the epoch: the end of the one invocation that it serves. */
export interface Lifetime {
  end: number;
}

/** No end in sight: commands of people, and a function before its first event. */
export const unending = (): Lifetime => ({ end: Number.POSITIVE_INFINITY });

/** Milliseconds kept free behind a try, so that its failure can still be answered. */
const RESERVE = 500;

/**
 * A try that ends after so many milliseconds, whatever its peer does. No option of the SDK looks at the whole: one ends
 * with the head of an answer, another begins anew with each byte, so a peer can have both, one behind the other.
 */
function endingWithin<T>(milliseconds: number, begun: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      // By the name that the SDK gives its own, so that it repeats this one like those.
      reject(Object.assign(new Error("the try took too long"), { name: "TimeoutError" }));
    }, milliseconds);
  });
  return Promise.race([begun, late]).finally(() => clearTimeout(timer));
}

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
 * Lets no try of a client begin that could not end before its process does, and ends each that was begun: a peer that
 * stays silent must cost a request its answer, never its record.
 * @param longest milliseconds that one try may take.
 */
export function boundBy<C extends Client>(
  client: C,
  { lifetime, clock, longest }: { lifetime: Lifetime; clock: Clock; longest: number },
): C {
  const middleware =
    <Args, Result>(next: (args: Args) => Promise<Result>) =>
    (args: Args): Promise<Result> => {
      if (clock() + longest + RESERVE <= lifetime.end) return endingWithin(longest, next(args));
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
