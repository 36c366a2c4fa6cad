import * as z from "zod";
import { readContract } from "../contract/contract.ts";
import { readJws } from "../encoding/jws.ts";
import { readBy } from "../encoding/schema.ts";
import { isRefusal } from "../refusal.ts";
import type { Operation } from "../request/request.ts";
import { chainAtHand, claimsWithin } from "./chain-at-hand.ts";
import { readJson, writeNew } from "./files.ts";
import { CommandError, EXIT } from "./io.ts";
import type { ContractFile } from "./operation.ts";
import { vaiLine } from "./self.ts";

const schema = z.object({
  handle: z.string(),
  contract: z.string(),
  chain: z.array(z.string()).optional(),
  step: z.string(),
  operation: z
    .object({
      action: z.string(),
      resource: z.string(),
      parameters: z.record(z.string(), z.union([z.string(), z.int(), z.boolean()])),
    })
    .optional(),
});

/** What `vai execute` needs: the handle, and what may be asked under it. None of it is worth anything without the key. */
export interface HandleFile extends Pick<ContractFile, "claims" | "blocks"> {
  readonly handle: string;
  readonly contract: string;
  readonly step: string;
  /** The one operation that the handle was asked for, if it was asked for one. */
  readonly operation?: Operation | undefined;
}

/** A file of `vai issue --delivery handle`. */
export function readHandleFile(file: string): HandleFile {
  const read = readBy(schema, readJson(file));
  if (!read.ok || !readJws(read.value.handle, "vai-identity+jwt").ok) {
    throw new CommandError(
      EXIT.unreadable,
      `${file} holds no handle; make one with: ${vaiLine("issue", "CONTRACT", "--delivery", "handle", "--out", "FILE")}`,
    );
  }
  const contract = readContract(read.value.contract);
  if (isRefusal(contract))
    throw new CommandError(EXIT.unreadable, `${file}: ${contract.code} ${contract.detail}`);
  const { chain, ...rest } = read.value;
  const atHand = chainAtHand(file, contract, chain);
  return { ...rest, claims: claimsWithin(contract.claims, atHand), blocks: atHand.blocks };
}

/** Keeps the handle of an answer beside what was asked for. `event` is the one that was sent. */
export function writeHandleFile(file: string, handle: string, event: unknown): void {
  const { contract, chain, request } = event as Readonly<Record<string, unknown>>;
  const read = readJws(request, "vai-request+jwt");
  const { step, operation } = (read.ok ? read.value.payload : {}) as Readonly<
    Record<string, unknown>
  >;
  writeNew(file, `${JSON.stringify({ handle, contract, chain, step, operation }, null, 2)}\n`);
}
