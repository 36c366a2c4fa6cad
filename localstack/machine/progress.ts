/** Takes one line about what is being done now. */
export type Progress = (line: string) => void;

/** Says nothing: the default of the library, and what a pipe gets. */
export const silent: Progress = () => {};

/** Progress lines on standard error when it is a terminal, nothing in a pipe. */
export function terminalProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  return stream.isTTY ? (line) => stream.write(`- ${line}\n`) : silent;
}
