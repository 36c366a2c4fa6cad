import { replaceFile, writtenLine } from "./files.ts";

/**
 * Keeps the event that is about to be sent, where a person asked for that. It holds the operation as it was signed:
 * an object's body, a parameter's value, in clear. @returns what to say of it. @throws {CommandError}.
 */
export function keepEvent(file: string | undefined, event: unknown): string[] {
  if (file === undefined) return [];
  const isReplaced = replaceFile(file, `${JSON.stringify(event)}\n`);
  return [`event      ${writtenLine(file, isReplaced)}`];
}
