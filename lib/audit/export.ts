import { mkdir, readdir, rm, rmdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { sha256Digest } from "../encoding/digest.ts";
import type { PublicJwk } from "../encoding/jwk.ts";
import { present } from "../encoding/present.ts";
import { intentChain, REGISTRY_CHAIN } from "../evidence/chain.ts";
import type { Head } from "./chain-ledger.ts";
import { LineFile } from "./line-file.ts";
import { FILES, type Manifest } from "./manifest.ts";
import { parseJson } from "./parse-json.ts";
import { inside } from "./plain-text.ts";
import type { SealedRow } from "./transaction.ts";

/** A row of the Evidence table, as much of it as an export needs. */
export interface ExportedRow extends SealedRow {
  readonly seq: number;
}

/** Reads the Evidence table for audit. */
export interface EvidenceReader {
  /** Ids of all chains, without order. @throws {Fault} `EVIDENCE_STORE_UNAVAILABLE`. */
  chainIds(): Promise<readonly string[]>;
  /** One chain by number, strongly consistent; nothing when there is no such chain. @throws the same. */
  chain(chainId: string): AsyncIterable<ExportedRow>;
}

export interface ExportOptions {
  readonly plane: string;
  /** RFC 3339, now. */
  readonly createdAt: string;
  /** Only the chain of this intent, and `plane/registry`. */
  readonly intent?: string | undefined;
  /** Public keys of the anchors, for whoever verifies by thumbprint. */
  readonly anchors: readonly PublicJwk[];
  readonly onProgress?: (records: number, chains: number) => void;
}

/** Why nothing was exported: the folder is not empty, or the intent has no chain. */
export interface ExportProblem {
  readonly problem: string;
  /** Which argument is at fault. */
  readonly of: "folder" | "intent";
}

/**
 * Writes the evidence of a plane, or of one intent, as an export folder of PROTOCOL.md §5. The same table gives the same
 * bytes; the manifest comes last, so that an export that broke off cannot be taken for a whole one. One that fails leaves
 * nothing.
 */
export async function writeExport(
  folder: string,
  reader: EvidenceReader,
  options: ExportOptions,
): Promise<Manifest | ExportProblem> {
  if (!(await isFree(folder)))
    return { problem: `${folder} is not an empty folder; choose another one`, of: "folder" };
  const { intent } = options;
  const chainIds =
    intent === undefined
      ? [...(await reader.chainIds())].sort(byCodeUnit)
      : [intentChain(intent), REGISTRY_CHAIN];
  // The first folder that had to be made, if any had.
  const made = await mkdir(folder, { recursive: true, mode: 0o700 });
  const files = new NewFiles(folder, made);
  try {
    const result = await writeFiles(files, reader, chainIds, options);
    if ("problem" in result) await files.remove();
    return result;
  } catch (error) {
    await files.remove();
    throw error;
  }
}

/**
 * The files of one export. What broke off is nobody's evidence, and would stand in the way of the next try, so it goes; what
 * somebody else laid into the folder meanwhile stays.
 */
class NewFiles {
  readonly #folder: string;
  readonly #made: string | undefined;
  readonly #own: string[] = [];

  constructor(folder: string, made: string | undefined) {
    this.#folder = folder;
    this.#made = made;
  }

  /** A path of the folder, whose file is ours once `make` has made it. */
  async add<T>(name: string, make: (path: string) => Promise<T>): Promise<T> {
    const path = join(this.#folder, name);
    const result = await make(path);
    this.#own.push(path);
    return result;
  }

  async remove(): Promise<void> {
    for (const path of this.#own) await rm(path, { force: true });
    if (this.#made === undefined) return;
    // Folders that were made for it, the innermost first; one that is no longer empty is somebody's.
    const first = resolve(this.#made);
    for (let path = resolve(this.#folder); path.startsWith(first); path = dirname(path)) {
      await rmdir(path).catch(() => undefined);
    }
  }
}

async function writeFiles(
  files: NewFiles,
  reader: EvidenceReader,
  chainIds: readonly string[],
  options: ExportOptions,
): Promise<Manifest | ExportProblem> {
  const { intent, plane, createdAt, anchors } = options;
  const written = await writeRecords(files, reader, chainIds, options);
  if (intent !== undefined && !written.chains.some(({ id }) => id === intentChain(intent))) {
    return { problem: `there is no evidence of the intent ${intent}`, of: "intent" };
  }
  const { policies, records, seals, chains } = written;
  const lines = policies.map((jws) => `${jws}\n`).join("");
  await files.add(FILES.trustPolicies, (path) => writeNew(path, lines));
  const manifest: Manifest = {
    version: 1,
    plane,
    createdAt,
    ...present({ intent }),
    records,
    seals,
    trustPolicies: policies.length,
    chains,
    anchors: [...anchors],
  };
  const text = `${JSON.stringify(manifest, null, 2)}\n`;
  await files.add(FILES.manifest, (path) => writeNew(path, text));
  return manifest;
}

/** The order of chains in an export. */
export const byCodeUnit = (left: string, right: string): number =>
  left < right ? -1 : Number(left > right);

/** Evidence names people, targets and limits, and holds whatever a contract spells out: its readers are chosen. */
const OWNER_ONLY = 0o600;

const writeNew = (path: string, text: string): Promise<void> =>
  writeFile(path, text, { flag: "wx", mode: OWNER_ONLY });

async function isFree(folder: string): Promise<boolean> {
  try {
    return (await readdir(folder)).length === 0;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ENOENT";
  }
}

interface Written {
  readonly records: number;
  readonly seals: number;
  readonly chains: Head[];
  readonly policies: readonly string[];
}

async function writeRecords(
  files: NewFiles,
  reader: EvidenceReader,
  chainIds: readonly string[],
  options: ExportOptions,
): Promise<Written> {
  const records = await files.add(FILES.records, LineFile.create);
  try {
    const seals = await files.add(FILES.seals, LineFile.create);
    try {
      const written = await copyChains({ records, seals }, reader, chainIds, options);
      await records.flush();
      await seals.flush();
      return written;
    } finally {
      await seals.close();
    }
  } finally {
    await records.close();
  }
}

async function copyChains(
  out: { readonly records: LineFile; readonly seals: LineFile },
  reader: EvidenceReader,
  chainIds: readonly string[],
  { onProgress }: ExportOptions,
): Promise<Written> {
  const [chains, policies]: [Head[], string[]] = [[], []];
  let [records, seals] = [0, 0];
  for (const id of chainIds) {
    let last: ExportedRow | undefined;
    for await (const row of reader.chain(id)) {
      await out.records.line(row.record);
      records++;
      if (row.seal !== undefined) {
        await out.seals.line(row.seal);
        seals++;
      }
      last = row;
      if (id === REGISTRY_CHAIN) policies.push(...publishedPolicy(row.record));
    }
    if (last !== undefined) chains.push({ id, seq: last.seq, hash: sha256Digest(last.record) });
    onProgress?.(records, chains.length);
  }
  return { records, seals, chains, policies };
}

/** The trust policy that a record of `plane/registry` published, without judging it: that is done on verifying. */
export function publishedPolicy(record: string): string[] {
  const read = parseJson(record);
  const policy = inside(read, "detail", "trustPolicy");
  const isPublished = inside(read, "event", "type") === "TrustPolicyPublished";
  return isPublished && typeof policy === "string" ? [policy] : [];
}
