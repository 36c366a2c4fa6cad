/**
 * An error that a person can act on: the message says what is wrong and what to do next.
 * Commands print the message alone; any other error is a defect and keeps its stack.
 */
export class LocalAwsError extends Error {
  override readonly name = "LocalAwsError";
}
