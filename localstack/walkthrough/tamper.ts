import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The record that was changed. */
export interface Tampered {
  readonly chainId: string;
  readonly seq: number;
}

const HONEST = '"percent":10';
const FORGED = '"percent":90';

/** Number of the first record of an export, from 0, that says what would be called with 10 %; -1 when none does. */
export const saysTenPercent = (records: readonly string[]): number =>
  records.findIndex((record) => record.includes(HONEST));

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
  const index = saysTenPercent(lines);
  const line = lines[index];
  if (line === undefined) throw new Error(`${file} has no record with ${HONEST}`);
  lines[index] = line.replace(HONEST, FORGED);
  writeFileSync(file, lines.join("\n"));
  const { chain } = JSON.parse(line) as EvidenceRecord;
  return { chainId: chain.id, seq: chain.seq };
}

interface EvidenceRecord {
  readonly chain: { readonly id: string; readonly seq: number };
}
