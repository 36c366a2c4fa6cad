import { utf8Text } from "../encoding/platform.ts";

/** Bytes of the longest line: an item of DynamoDB, and with it a record or a seal, has at most 400 KiB. */
const LONGEST = 1024 * 1024;
const LINE_FEED = 0x0a;

/**
 * The lines of a file, which line feeds alone end: other line separators may stand in a record. A line that is not
 * UTF-8, or longer than any record, is `undefined`: text that was decoded with replacements would be other bytes than
 * those that the file holds and `sha256sum` sees.
 * @param open begins to read the file, piece by piece; again for each iteration.
 */
export const linesOf = (
  open: () => AsyncIterable<Uint8Array>,
): AsyncIterable<string | undefined> => ({
  [Symbol.asyncIterator]: () => readLines(open()),
});

async function* readLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string | undefined> {
  let open: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
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

function textOf(parts: readonly Uint8Array[], length: number): string | undefined {
  const [first] = parts;
  if (first === undefined || length > LONGEST) return undefined;
  return utf8Text(parts.length === 1 ? first : joined(parts, length));
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
