import { type Digest, isDigest } from "../../encoding/digest.ts";
import { present } from "../../encoding/present.ts";
import type { WithdrawnAnswer } from "../../enforcement/delegate.ts";
import { planeRefusalLines, refusalNext } from "../answers.ts";
import { digestsOf } from "../chain-at-hand.ts";
import type { AddCommand } from "../command.ts";
import { OUTPUTS_HELP, readDeployment } from "../deployment.ts";
import { askPlane, handingAdvice } from "../handing/ask-plane.ts";
import { CommandError, EXIT, report } from "../io.ts";
import { type ContractFile, readContractFile } from "../operation.ts";
import { counted } from "../plural.ts";
import { readWithdrawnAnswer } from "../read-answer.ts";
import { vaiLine } from "../self.ts";
import { keyOf } from "./contract.ts";

interface Options {
  readonly block: string;
  readonly key?: string;
  readonly idempotencyKey?: string;
  readonly outputs?: string;
  readonly json?: true;
}

/** `vai withdraw`: ends a block, as an executor above it. */
export const withdrawCommand: AddCommand = (command, io, end) => {
  command
    .argument("<file>", "what was held when it was handed on: contract, and chain if there was one")
    .requiredOption(
      "--block <what>",
      "the block to end: its digest, as vai chain show tells it; or the file that vai delegate wrote",
    )
    .option(
      "--key <file>",
      "the private key of whoever handed on, JWK or PEM (default: the local agent's)",
    )
    .option(
      "--idempotency-key <key>",
      "names this withdrawal; use the same again only to retry it (default: new)",
    )
    .option("--outputs <file>", OUTPUTS_HELP)
    .option("--json", "print the answer as JSON")
    .addHelpText(
      "after",
      "\nIt ends the block and all below it, at once; what was handed on beside it goes on. Whoever takes back gets nothing back: what was handed on, ended or spent stays so. An operator does the same with vai revoke delegation.",
    )
    .action(async (file: string, options: Options) => {
      const deployment = readDeployment(io, options.outputs);
      const held = readContractFile(file);
      const block = blockMeant(options.block, held);
      const key = keyOf(deployment, "agent", options.key);
      const { contract, blocks: chain } = held;
      const { idempotencyKey } = options;
      const answer = await askPlane(io, deployment, key, readWithdrawnAnswer, (client) =>
        client.withdraw({ contract, chain, block, ...present({ idempotencyKey }) }),
      );
      report(
        io,
        options.json === true,
        answer,
        answer.ok
          ? endedLines(answer, block)
          : [
              ...planeRefusalLines(answer),
              ...handingAdvice(answer),
              ...refusalNext(answer, options.outputs),
            ],
      );
      end(answer.ok ? EXIT.done : EXIT.no);
    });
};

/** @throws {CommandError} for what names no block that stands below what is held. */
function blockMeant(given: string, held: ContractFile): Digest {
  if (isDigest(given)) return given;
  if (given.startsWith("sha256:")) {
    throw new CommandError(
      EXIT.unreadable,
      `--block ${given} is no digest: it has 64 hex digits, as ${vaiLine("chain", "show", "FILE")} tells it`,
    );
  }
  const { chain } = readContractFile(given);
  const above = digestsOf(held);
  const isBelow =
    chain !== undefined &&
    chain.blocks.length > Math.max(1, above.length) &&
    above.every((digest, at) => chain.blocks[at]?.digest === digest);
  if (isBelow) return chain.last.digest;
  throw new CommandError(
    EXIT.unreadable,
    `${given} holds no chain that goes on from what is held: give --block DIGEST, as ${vaiLine("chain", "show", "FILE")} tells it`,
  );
}

const endedLines = (
  { ended, deduplicated, evidence }: WithdrawnAnswer,
  block: Digest,
): string[] => [
  `ended      ${counted(ended.length, "block")}, ${deduplicated ? "before" : "now"}: nobody acts under ${ended.length === 1 ? "it" : "them"} any more`,
  ...ended.map((digest) => `block      ${digest}${digest === block ? "" : ", below it"}`),
  `evidence   ${evidence.chainId} ${evidence.firstSeq}–${evidence.lastSeq}`,
];
