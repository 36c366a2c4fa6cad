import { toInstant } from "../clock.ts";
import { verifyP256, verifyP256Meanwhile } from "../encoding/platform.ts";
import type { VerifierKeys } from "./evidence-keys.ts";
import type { ReadSeal } from "./read-seal.ts";
import type { Transaction } from "./transaction.ts";

/** A transaction with the judgement of its seal's one signature. */
export interface JudgedTransaction extends Transaction {
  /** What is wrong with the signature: the key, its time, or the signature itself; `undefined` if nothing. */
  readonly forged?: string | undefined;
}

/** Verifies the signature of a transaction's seal. */
export function judgeTransaction(transaction: Transaction, keys: VerifierKeys): JudgedTransaction {
  const { seal } = transaction;
  if (seal === undefined || "problem" in seal) return transaction;
  const problem = keyProblem(seal, keys);
  return { ...transaction, forged: problem ?? (isSigned(seal, keys) ? undefined : BAD_SIGNATURE) };
}

/** Transactions that are judged together, and the characters of their records: all of them are parsed meanwhile. */
const BATCH = 64;
const LARGEST_BATCH = 2 * 1024 * 1024;

/**
 * The same for many transactions, in batches, in their order. Signatures of one batch are verified on other threads,
 * where the platform has some, while the next one is read, so that an export takes little longer than reading it.
 */
export async function* judgeTransactions(
  transactions: AsyncIterable<Transaction> | Iterable<Transaction>,
  keys: VerifierKeys,
): AsyncGenerator<readonly JudgedTransaction[]> {
  let running: Promise<JudgedTransaction[]> = Promise.resolve([]);
  let batch: (JudgedTransaction | Promise<JudgedTransaction>)[] = [];
  let size = 0;
  for await (const transaction of transactions) {
    batch.push(judgeMeanwhile(transaction, keys));
    size += transaction.size;
    if (batch.length < BATCH && size < LARGEST_BATCH) continue;
    const done = running;
    running = Promise.all(batch);
    [batch, size] = [[], 0];
    yield await done;
  }
  yield await running;
  yield await Promise.all(batch);
}

function judgeMeanwhile(
  transaction: Transaction,
  keys: VerifierKeys,
): JudgedTransaction | Promise<JudgedTransaction> {
  const { seal } = transaction;
  if (seal === undefined || "problem" in seal) return transaction;
  const forged = keyProblem(seal, keys);
  const key = keys.get(seal.keyid)?.key.handle;
  if (forged !== undefined || key === undefined) return { ...transaction, forged };
  return verifyP256Meanwhile(key, seal.signed, seal.signature).then((isGood) => ({
    ...transaction,
    forged: isGood ? undefined : BAD_SIGNATURE,
  }));
}

const BAD_SIGNATURE = "has a seal whose signature does not verify";

function isSigned({ keyid, signed, signature }: ReadSeal, keys: VerifierKeys): boolean {
  const key = keys.get(keyid)?.key.handle;
  return key !== undefined && verifyP256(key, signed, signature);
}

function keyProblem({ keyid, statement }: ReadSeal, keys: VerifierKeys): string | undefined {
  const signer = keys.get(keyid);
  // ADV-68: some other good key, even one of the same account, proves nothing.
  if (signer === undefined) {
    return `is sealed by ${keyid}, which is not an evidence key of the plane`;
  }
  const { at } = statement.predicate;
  const second = Date.parse(at) / 1000;
  if (second < signer.notBefore || second >= signer.notAfter) {
    return `has a seal of ${at}, when its key ${keyid} was not in use`;
  }
  // Whoever stole the key can date a seal as he likes: only a checkpoint from before could tell (PROTOCOL.md §5).
  return signer.revokedAt === Infinity
    ? undefined
    : `is sealed by ${keyid}, revoked at ${toInstant(signer.revokedAt * 1000)}; no checkpoint shows that it was there before`;
}
