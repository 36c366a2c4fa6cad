import type { AttributeValue } from "@aws-sdk/client-dynamodb";

export type Item = Readonly<Record<string, AttributeValue>>;

/** Bytes of overhead of a list or map, and of each of its elements. */
const NESTED = 3;
const ELEMENT = 1;

/**
 * Bytes of an item as DynamoDB bills it: names and values of all attributes (developer guide, "DynamoDB item sizes and
 * formats"). Of numbers AWS says only "approximately": half a byte a significant digit, and one.
 */
export const itemSize = (item: Item): number =>
  Object.entries(item).reduce((sum, [name, value]) => sum + utf8(name) + valueSize(value), 0);

function valueSize(value: AttributeValue): number {
  if (value.S !== undefined) return utf8(value.S);
  if (value.N !== undefined) return numberSize(value.N);
  if (value.B !== undefined) return value.B.length;
  if (value.SS !== undefined) return sum(value.SS.map(utf8));
  if (value.NS !== undefined) return sum(value.NS.map(numberSize));
  if (value.BS !== undefined) return sum(value.BS.map(({ length }) => length));
  if (value.L !== undefined) return NESTED + sum(value.L.map((each) => ELEMENT + valueSize(each)));
  if (value.M !== undefined) {
    return NESTED + itemSize(value.M) + ELEMENT * Object.keys(value.M).length;
  }
  return 1; // BOOL and NULL
}

function numberSize(text: string): number {
  const [mantissa = ""] = text.toLowerCase().split("e");
  const digits = mantissa.replace(/[-+.]/g, "").replace(/^0+|0+$/g, "");
  return Math.ceil(digits.length / 2) + 1 + (text.startsWith("-") ? 1 : 0);
}

const utf8 = (text: string): number => Buffer.byteLength(text, "utf8");
const sum = (sizes: readonly number[]): number => sizes.reduce((all, size) => all + size, 0);
