import * as z from "zod";
import type { HandedOnAsk } from "../../client/request.ts";
import { type ReadContract, readContract } from "../../contract/contract.ts";
import { readBy } from "../../encoding/schema.ts";
import { isRefusal } from "../../refusal.ts";
import { designate, handedOn } from "../../request/request.ts";
import { type ChainAtHand, chainAtHand } from "../chain-at-hand.ts";
import { readJson } from "../files.ts";
import { CommandError, EXIT } from "../io.ts";
import { vaiLine } from "../self.ts";

/** What is to be handed on, from `vai delegate --ask`: nobody has signed it. */
export interface AskedFile extends ChainAtHand {
  readonly contract: ReadContract;
  readonly proof: unknown;
  readonly asked: HandedOnAsk;
}

const schema = z.strictObject({
  contract: z.string(),
  proof: z.unknown().optional(),
  chain: z.array(z.string()).optional(),
  asked: z.strictObject({ designate, ...handedOn, retain: z.boolean() }),
});

/** Whether a file is one of them, by the member that no other has. */
export const isAskedFile = (content: unknown): boolean =>
  typeof content === "object" && content !== null && "asked" in content;

/** @throws {CommandError}. */
export function readAskedFile(file: string): AskedFile {
  const read = readBy(schema, readJson(file));
  if (!read.ok) {
    throw new CommandError(
      EXIT.unreadable,
      `${file}: ${read.pointer} ${read.detail}; ${vaiLine("delegate", "HELD", "--draft", "DRAFT", "--ask", "FILE")} writes it`,
    );
  }
  const { proof, asked } = read.value;
  const contract = readContract(read.value.contract);
  if (isRefusal(contract)) {
    throw new CommandError(EXIT.unreadable, `${file}: ${contract.code} ${contract.detail}`);
  }
  return { contract, proof, asked, ...chainAtHand(file, contract, read.value.chain) };
}

/** What somebody approved, from `vai approve --out`. @throws {CommandError}. */
export function readApprovalFile(file: string): string {
  const read = readBy(z.looseObject({ approval: z.string() }), readJson(file));
  if (read.ok) return read.value.approval;
  throw new CommandError(
    EXIT.unreadable,
    `${file} holds no approval: ${vaiLine("approve", "ASKED", "--out", "FILE")} writes one`,
  );
}
