import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The record that was changed. */
export interface Tampered {
  readonly chainId: string;
  readonly seq: number;
}

const HONEST = '"percent":10';
const FORGED = '"percent":90';

/**
 * Copies an export and changes one byte of the first record that says what would be called with
 * 10 %: to 90 %. Everything else stays as it was, byte for byte.
 *
 * @throws Error when no record says so
 */
export function tamperedCopy(from: string, to: string): Tampered {
  cpSync(from, to, { recursive: true });
  const file = join(to, "records.jsonl");
  const lines = readFileSync(file, "utf8").split("\n");
  const index = lines.findIndex((line) => payloadOf(line).includes(HONEST));
  const line = lines[index];
  if (line === undefined) throw new Error(`${file} has no record with ${HONEST}`);
  const payload = payloadOf(line);
  const forged = Buffer.from(payload.replace(HONEST, FORGED)).toString("base64");
  lines[index] = JSON.stringify({ ...(JSON.parse(line) as object), payload: forged });
  writeFileSync(file, lines.join("\n"));
  const { chain } = (JSON.parse(payload) as Statement).predicate;
  return { chainId: chain.id, seq: chain.seq };
}

interface Statement {
  readonly predicate: { readonly chain: { readonly id: string; readonly seq: number } };
}

function payloadOf(line: string): string {
  if (line === "") return "";
  const { payload } = JSON.parse(line) as { readonly payload: string };
  return Buffer.from(payload, "base64").toString("utf8");
}
