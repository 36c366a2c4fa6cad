import { delegationDraft, handedOnBy } from "../../client/delegation.ts";
import type { HandedOnAsk } from "../../client/request.ts";
import { systemClock, toInstant, toSeconds } from "../../clock.ts";
import { MAX_CHAIN_BYTES, readChain } from "../../continuity/chain.ts";
import { heldUnder, judgeHandOn } from "../../continuity/hand-on.ts";
import type { SigningKey } from "../../encoding/jws.ts";
import { present } from "../../encoding/present.ts";
import { readBy } from "../../encoding/schema.ts";
import type { DelegatedAnswer } from "../../enforcement/delegate.ts";
import { isRefusal } from "../../refusal.ts";
import type { DelegateRequest } from "../../request/request.ts";
import { planeRefusalLines, refusalNext } from "../answers.ts";
import { type ChainAtHand, digestsOf } from "../chain-at-hand.ts";
import type { AddCommand } from "../command.ts";
import { type Deployment, OUTPUTS_HELP, readDeployment } from "../deployment.ts";
import { readJson, requireNew, writeNew, writtenLine } from "../files.ts";
import { askPlane, handingAdvice } from "../handing/ask-plane.ts";
import { isAskedFile, readApprovalFile, readAskedFile } from "../handing/asked-file.ts";
import { type Widened, widened, widenedLines } from "../handing/widened.ts";
import { CommandError, EXIT, report } from "../io.ts";
import { nextLine } from "../next-line.ts";
import { type ContractFile, readContractFile } from "../operation.ts";
import { readDelegatedAnswer } from "../read-answer.ts";
import { vaiLine } from "../self.ts";
import { several } from "../voice/options.ts";
import { keyOf } from "./contract.ts";

interface Options {
  readonly draft?: string;
  readonly out?: string;
  readonly ask?: string;
  readonly approval?: readonly string[];
  readonly key?: string;
  readonly idempotencyKey?: string;
  readonly outputs?: string;
  readonly json?: true;
}

/** What is held, and what of it is to be handed on. */
interface Meant extends ChainAtHand, Pick<ContractFile, "contract" | "claims" | "proof"> {
  readonly asked: HandedOnAsk;
}

/** `vai delegate`: hands authority on, as the executor who holds it. */
export const delegateCommand: AddCommand = (command, io, end) => {
  command
    .argument(
      "<file>",
      "what is held: what `vai contract sign` or `vai delegate` wrote; or what --ask wrote",
    )
    .option("--draft <file>", "JSON: designate, steps, and what else is handed on (see below)")
    .option(
      "--out <file>",
      "where contract and chain go, for the new executor; never over another file",
    )
    .option("--ask <file>", "signs and sends nothing: writes what people are to approve first")
    .option("--approval <file>", "what vai approve wrote of it; may be repeated", several, [])
    .option(
      "--key <file>",
      "the private key of whoever hands on, JWK or PEM (default: the local agent's)",
    )
    .option(
      "--idempotency-key <key>",
      "names this delegation; use the same again only to retry it (default: new)",
    )
    .option("--outputs <file>", OUTPUTS_HELP)
    .option("--json", "print the answer as JSON")
    .addHelpText(
      "after",
      '\nThe draft: {"designate": {"jkt", "agent"} or {"agent"} or {"labels"}, "steps": […], "deliveries", "exp", "delegation": {"maxDepth", "retain", "labels", "planes"}, "retain"}. Only designate and steps are needed; what is left out is what is held, but nobody hands on further and nothing is kept. Steps have the ids of those that are held, and are no wider; what is wider is not signed, and it is said where.\n\nWhat --out writes is no secret: it is worth nothing without the new executor\'s key.',
    )
    .action(async (file: string, options: Options) => {
      const deployment = readDeployment(io, options.outputs);
      requireOneWay(options);
      const meant = meantBy(file, options);
      const wider = widerThanHeld(meant, deployment);
      if (wider !== undefined) {
        const refusal = { ok: false, signed: false, ...wider };
        report(io, options.json === true, refusal, widenedLines(wider));
        return end(EXIT.unreadable);
      }
      const { asked, blocks, contract, proof } = meant;
      if (options.ask !== undefined) {
        writeNew(options.ask, `${JSON.stringify(askedFile(meant), null, 2)}\n`);
        const again = present({ outputs: options.outputs });
        report(io, options.json === true, { file: options.ask, asked }, [
          `asked      ${writtenLine(options.ask, false)}; nothing was signed or sent`,
          `next       ${nextLine(["approve", options.ask, "--show"], [], again).line}`,
        ]);
        return end(EXIT.done);
      }
      const key = keyOf(deployment, "agent", options.key);
      requireHolder(meant, key);
      const { idempotencyKey } = options;
      const approvals = (options.approval ?? []).map(readApprovalFile);
      const answer = await askPlane(io, deployment, key, readDelegatedAnswer, (client) =>
        client.delegate({
          ...{ contract, proof, chain: blocks, approvals, ...asked },
          ...present({ idempotencyKey }),
        }),
      );
      if (!answer.ok) {
        report(io, options.json === true, answer, [
          ...planeRefusalLines(answer),
          ...handingAdvice(answer),
          ...refusalNext(answer, options.outputs),
        ]);
        return end(EXIT.no);
      }
      requireContinued(answer, meant);
      const { out = "" } = options;
      writeNew(out, `${JSON.stringify({ contract, chain: answer.chain }, null, 2)}\n`);
      report(io, options.json === true, answer, grantedLines(answer, out));
      end(EXIT.done);
    });
};

/** @throws {CommandError} for options that do not go together. */
function requireOneWay({ out, ask, approval = [] }: Options): void {
  const problem =
    out === undefined && ask === undefined
      ? "give --out FILE for the new executor, or --ask FILE for people who approve it first"
      : out !== undefined && ask !== undefined
        ? "--ask sends nothing, so there is nothing for --out"
        : ask !== undefined && approval.length > 0
          ? "--approval is for what is sent, and --ask sends nothing"
          : undefined;
  if (problem !== undefined) throw new CommandError(EXIT.unreadable, problem);
  requireNew(out ?? ask ?? "");
}

/** @throws {CommandError}. */
function meantBy(file: string, { draft }: Options): Meant {
  if (isAskedFile(readJson(file))) {
    if (draft !== undefined) {
      throw new CommandError(
        EXIT.unreadable,
        `${file} says already what is handed on: leave out --draft`,
      );
    }
    const { contract, proof, asked, chain, blocks } = readAskedFile(file);
    const { claims, jws } = contract;
    return { contract: jws.compact, claims, proof, asked, chain, blocks };
  }
  const held = readContractFile(file);
  if (draft === undefined) {
    throw new CommandError(
      EXIT.unreadable,
      "give --draft FILE: whom you designate, and for which steps",
    );
  }
  const read = readBy(delegationDraft, readJson(draft));
  if (!read.ok) throw new CommandError(EXIT.unreadable, `${draft}: ${read.pointer} ${read.detail}`);
  return { ...held, asked: handedOnBy(read.value, heldUnder(held.claims, held.chain)) };
}

const askedFile = ({ contract, proof, blocks, asked }: Meant): object => ({
  ...{ contract, proof },
  ...(blocks.length > 0 && { chain: blocks }),
  asked,
});

/** Characters that a block has besides what its request says twice; a floor, so that nothing good is refused. */
const BLOCK_AT_LEAST = 1000;

/** What the plane would refuse, told before anything is signed. @throws {CommandError} where no member is meant. */
function widerThanHeld(meant: Meant, { plane }: Deployment): Widened | undefined {
  const { asked, blocks, claims } = meant;
  const held = heldUnder(claims, meant.chain);
  const now = toSeconds(systemClock());
  if (now >= held.exp) {
    throw new CommandError(
      EXIT.no,
      `nothing was signed: what is held ended at ${toInstant(held.exp * 1000)}; ${meant.chain === undefined ? "ask governance for a new contract" : "ask whoever handed it on"}`,
    );
  }
  const bytes = blocks.join("").length + BLOCK_AT_LEAST;
  const refusal = judgeHandOn({ ...asked, audience: plane } as DelegateRequest, {
    ...{ from: held, plane, now },
    bytes: Math.min(bytes, MAX_CHAIN_BYTES),
  });
  if (refusal === undefined) return undefined;
  const found = widened(refusal, asked, held);
  if (found !== undefined) return found;
  const { maxDepth } = held.delegation;
  const why =
    maxDepth === 0
      ? 'nobody may hand this contract on: governance signs one with "delegation" in its draft'
      : `${refusal.detail}. ${vaiLine("explain", refusal.code)} says more`;
  throw new CommandError(EXIT.unreadable, `nothing was signed: ${refusal.code}, ${why}`);
}

/** Whoever signs holds it: another key's request would be refused, and stand on record. @throws {CommandError}. */
function requireHolder({ chain, claims }: Meant, { thumbprint }: SigningKey): void {
  const { jkt } = chain?.last.claims.cnf ?? claims.cnf;
  if (jkt === thumbprint) return;
  const what = chain === undefined ? "the contract" : "the last block of the chain";
  throw new CommandError(
    EXIT.no,
    `nothing was signed: ${what} designates the key ${jkt}, and this one is ${thumbprint}: give --key FILE`,
  );
}

/** What came back is kept only if it goes on from what was sent. @throws {CommandError}. */
function requireContinued({ chain, block }: DelegatedAnswer, meant: Meant): void {
  const read = readChain(chain);
  const sent = digestsOf(meant);
  const isRight =
    read !== undefined &&
    !isRefusal(read) &&
    read.last.digest === block.digest &&
    sent.every((digest, at) => read.blocks[at]?.digest === digest) &&
    read.blocks.length === Math.max(sent.length, 1) + 1;
  if (isRight) return;
  throw new CommandError(
    EXIT.unknown,
    "what came back does not continue what was sent, so it is not kept: ask the plane's operators",
  );
}

const grantedLines = (
  { block, deduplicated, evidence }: DelegatedAnswer,
  out: string,
): string[] => [
  `handed on  to ${block.agent}, key ${block.jkt}, ${deduplicated ? "before" : "now"}`,
  `block      ${block.digest}, depth ${block.depth}`,
  `until      ${block.expiresAt}`,
  `keeps      ${block.retain ? "yes: whoever handed on may go on too" : "no: whoever handed on acts no more"}`,
  `chain      ${writtenLine(out, false)}; give it to the new executor, it is no secret`,
  `evidence   ${evidence.chainId} ${evidence.firstSeq}–${evidence.lastSeq}`,
  `next       ${vaiLine("chain", "show", out)}`,
];
