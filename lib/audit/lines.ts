import { isUtf8 } from "node:buffer";
import { createReadStream } from "node:fs";

/** Bytes of the longest line: an item of DynamoDB, and with it a record or a seal, has at most 400 KiB. */
const LONGEST = 1024 * 1024;
const LINE_FEED = 0x0a;

/**
 * The lines of a file, which line feeds alone end: other line separators may stand in a record. A line that is not
 * UTF-8, or longer than any record, is `undefined`: text that was decoded with replacements would be other bytes than
 * those that the file holds and `sha256sum` sees.
 */
export const linesOf = (path: string): AsyncIterable<string | undefined> => ({
  [Symbol.asyncIterator]: () => readLines(path),
});

async function* readLines(path: string): AsyncGenerator<string | undefined> {
  let open: Buffer[] = [];
  let length = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    let start = 0;
    let end = chunk.indexOf(LINE_FEED);
    while (end >= 0) {
      open.push(chunk.subarray(start, end));
      yield textOf(open, length + end - start);
      [open, length] = [[], 0];
      start = end + 1;
      end = chunk.indexOf(LINE_FEED, start);
    }
    length += chunk.length - start;
    if (length <= LONGEST) open.push(chunk.subarray(start));
  }
  if (length > 0) yield textOf(open, length);
}

function textOf(parts: readonly Buffer[], length: number): string | undefined {
  const [first] = parts;
  if (first === undefined || length > LONGEST) return undefined;
  const bytes = parts.length === 1 ? first : Buffer.concat(parts);
  return isUtf8(bytes) ? bytes.toString("utf8") : undefined;
}
