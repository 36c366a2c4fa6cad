/** Takes one line about what is being done now. */
export type Progress = (line: string) => void;

/** Says nothing: the default of the library. */
export const silent: Progress = () => {};

/**
 * Progress lines on standard error, also where that is no terminal: whoever reads a log of `npm start` waits half a minute
 * for the first line of the walkthrough, and must see that something is done. Standard output holds results alone.
 */
export const shownProgress =
  (stream: NodeJS.WritableStream = process.stderr): Progress =>
  (line) =>
    void stream.write(`- ${line}\n`);
