import { Fault, type FaultCode } from "../../refusal.ts";

/** An SDK error's name: all that may leave it; messages can quote input. */
export const errorName = (error: unknown): string =>
  error instanceof Error ? error.name : "UnknownError";

/** Runs a call to a dependency; whatever it throws becomes the fault of that dependency, with its cause. */
export async function orFault<T>(code: FaultCode, api: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw error instanceof Fault
      ? error
      : new Fault(code, `${api} failed: ${errorName(error)}`, error);
  }
}
