import {
  ChainHistorian,
  type ChainStanding,
  chainStanding,
  neverValid,
  standingOffline,
} from "../../audit/chain-standing.ts";
import { untrusted } from "../../audit/trace-text.ts";
import { verifyEvidence } from "../../audit/verify-evidence.ts";
import { systemClock, toInstant, toSeconds } from "../../clock.ts";
import type { ReadBlock } from "../../continuity/block.ts";
import { type Chain, readChain } from "../../continuity/chain.ts";
import { verifyChain } from "../../continuity/verify.ts";
import { readContract } from "../../contract/contract.ts";
import { readJws } from "../../encoding/jws.ts";
import { readBy } from "../../encoding/schema.ts";
import { intentChain } from "../../evidence/chain.ts";
import { isRefusal, type Refusal } from "../../refusal.ts";
import { type TrustPolicy, trustPolicySchema } from "../../trust/policy.ts";
import { anchorAdvice } from "../anchors.ts";
import type { AddCommand } from "../command.ts";
import { addEvidenceOptions, type EvidenceOptions, openEvidence } from "../evidence-at-hand.ts";
import { readJson } from "../files.ts";
import { CommandError, EXIT, type ExitCode, type Io, report } from "../io.ts";
import { vaiLine } from "../self.ts";
import { collect, readThumbprints } from "./verify.ts";

interface Options extends EvidenceOptions {
  readonly thumbprint: readonly string[];
  readonly intent?: string;
  readonly json?: true;
}

const FILE = "JSON with a member chain, as vai delegate wrote it, or the list of blocks itself";

/** `vai chain show`, `vai chain verify`: who designated whom for what, and what that is worth. */
export const chainCommand: AddCommand = (command, io, end) => {
  command
    .command("show")
    .argument("<file>", FILE)
    .option("--json", "print the blocks' claims as JSON")
    .description("tells who designated whom, for what; believes nobody and verifies nothing")
    .action((file: string, options: { json?: true }) => {
      const found = chainOf(file);
      if (isRefusal(found)) throw new CommandError(EXIT.no, neverValidLine(found));
      const { chain } = found;
      report(
        io,
        options.json === true,
        chain.blocks.map(({ digest, claims }) => ({ digest, claims })),
        [...chain.blocks.flatMap(blockLines), `next       ${vaiLine("chain", "verify", file)}`],
      );
    });
  addEvidenceOptions(
    command
      .command("verify")
      .argument("<file>", FILE)
      .option(
        "--thumbprint <thumbprint>",
        "offline: of a key of the plane, that you know from elsewhere; may be repeated; needs no AWS",
        collect,
        [],
      )
      .option("--intent <id>", "the intent (default: that of the contract in the file)"),
  )
    .option("--json", "print the verdict as JSON")
    .description("tells whether a chain is valid, was valid until something ended it, or never was")
    .addHelpText(
      "after",
      "\nWith --thumbprint it shows who designated whom for what, and nothing of what was handed on, ended or revoked since. Without, it reads the plane's evidence, or an export (--from), and tells that too. It judges blocks and keys of the plane: that the contract itself has ended vai trace tells, and that an agent, a key or the plane is stopped vai status; either can be while the chain is valid.\n\nExit codes: 0 valid, 1 never valid, 2 unreadable, 3 it was valid, and something ended it since; or the evidence hangs on no anchor that you named.",
    )
    .action(async (file: string, options: Options) => {
      const found = chainOf(file);
      const isJson = options.json === true;
      if (isRefusal(found)) {
        const standing = neverValid(found);
        report(io, isJson, { ...standing, blocks: [] }, [neverValidLine(found)]);
        return end(EXITS.neverValid);
      }
      const judged =
        options.thumbprint.length > 0
          ? offline(found, options)
          : await byEvidence(io, found, options);
      const { standing, trust } = judged;
      const { blocks } = found.chain;
      const told = blocks.map(({ digest, claims: { depth, agent, cnf } }) => ({
        ...{ digest, depth, agent, jkt: cnf.jkt },
      }));
      const json = { ...standing, ...(trust && { trusted: trust.isTrusted }), blocks: told };
      report(io, isJson, json, [
        ...standingLines(standing, found.chain),
        ...(trust?.isTrusted === false ? [`not trusted: ${trust.why}`] : []),
        ...(judged.next === undefined ? [] : [`next       ${judged.next}`]),
      ]);
      const exit = trust?.isTrusted === false ? EXIT.untrusted : EXIT.done;
      end(standing.verdict === "valid" ? exit : EXITS[standing.verdict]);
    });
};

const EXITS: Readonly<Record<"validThen" | "neverValid", ExitCode>> = {
  validThen: EXIT.untrusted,
  neverValid: EXIT.no,
};

interface Found {
  readonly file: string;
  readonly chain: Chain;
  readonly texts: readonly string[];
  readonly content: unknown;
}

interface Judged {
  readonly standing: ChainStanding;
  /** Whether the evidence hangs on an anchor that the reader named; absent where none was asked. */
  readonly trust?: { readonly isTrusted: boolean; readonly why: string };
  /** Where to read what a verdict about blocks does not say. */
  readonly next?: string;
}

/** @returns why it was never one chain, if it was none. @throws {CommandError} for what holds no chain. */
function chainOf(file: string): Found | Refusal {
  const content = readJson(file);
  const given = Array.isArray(content) ? content : (content as { chain?: unknown } | null)?.chain;
  const chain = readChain(given);
  if (chain === undefined) {
    throw new CommandError(EXIT.unreadable, `${file} holds no chain: nothing was handed on there`);
  }
  if (isRefusal(chain)) return chain;
  return { file, chain, texts: chain.blocks.map(({ jws }) => jws.compact), content };
}

const neverValidLine = ({ code, detail, pointer = "/chain" }: Problem): string =>
  `never valid: ${code}, ${detail} (${pointer})`;
type Problem = Pick<Refusal, "code" | "detail" | "pointer">;

function offline({ chain, texts }: Found, { thumbprint }: Options): Judged {
  const thumbprints = readThumbprints(thumbprint, "--thumbprint");
  const now = toSeconds(systemClock());
  const { problems } = verifyChain(texts, { thumbprints, at: now });
  return { standing: standingOffline(chain, problems, now) };
}

/** @throws {CommandError} where evidence cannot be had, or is not whole: nothing is told by it then. */
async function byEvidence(io: Io, found: Found, options: Options): Promise<Judged> {
  const { chain } = found;
  const { contractDigest } = chain.last.claims;
  const evidence = await openEvidence(io, options);
  const intent = intentOf(found, options);
  const set = await evidence.chain(intentChain(intent));
  const historian = new ChainHistorian(contractDigest);
  const judged = await verifyEvidence(set, evidence.pinned, ({ record }) => historian.take(record));
  if (judged.firstDefect !== undefined) {
    const { chainId, seq, what } = judged.firstDefect;
    const why =
      judged.anchorProblem === undefined
        ? `${chainId} record ${seq} ${what}`
        : anchorAdvice(judged.anchorProblem, evidence.pinned);
    throw new CommandError(EXIT.no, `the evidence is not whole, so nothing is told by it: ${why}`);
  }
  const policy = latestOf(set.trustPolicies);
  if (policy === undefined) throw new CommandError(EXIT.no, "the evidence has no trust policy");
  const now = toSeconds(systemClock());
  const standing = chainStanding(chain, { policy, history: historian, now });
  const where = (["from", "outputs"] as const).flatMap((name) => {
    const given = options[name];
    return given === undefined ? [] : [`--${name}`, given];
  });
  const anchors = options.anchor.flatMap((each) => ["--anchor", each]);
  return {
    standing,
    trust: {
      isTrusted: judged.trusted,
      why: `${untrusted(judged.succession)}, so this is consistency alone`,
    },
    next: vaiLine("trace", intent, ...where, ...anchors),
  };
}

/** The last of those that were just verified; it has every key of the ones before it (PROTOCOL.md §6). */
function latestOf(policies: readonly string[]): TrustPolicy | undefined {
  const read = readJws(policies.at(-1), "vai-trust-policy+jwt");
  const policy = read.ok ? readBy(trustPolicySchema, read.value.payload) : undefined;
  return policy?.ok === true ? policy.value : undefined;
}

/** @throws {CommandError} where nobody says under which intent to look. */
function intentOf({ content, file }: Found, { intent }: Options): string {
  if (intent !== undefined) return intent;
  const read = readContract((content as { contract?: unknown }).contract);
  if (!isRefusal(read)) return read.claims.intent.id;
  throw new CommandError(
    EXIT.unreadable,
    `${file} holds no contract, so give --intent ID; or verify it offline: --thumbprint`,
  );
}

function blockLines({ digest, claims }: ReadBlock): string[] {
  const { depth, agent, cnf, exp, authorization_details, deliveries, delegation } = claims;
  // The root stands for the contract, under whose digest everything else names it; an operator ends it by its depth.
  const named = depth === 0 ? claims.contractDigest : digest;
  const { maxDepth, retain, labels } = delegation;
  const kept = "retain" in claims && claims.retain ? "; whoever handed on keeps its own" : "";
  return [
    `${depth === 0 ? "contract" : `block ${depth}`}`.padEnd(11) + named,
    `  for        ${agent}, key ${cnf.jkt}${kept}`,
    `  until      ${toInstant(exp * 1000)}, by ${deliveries.join(", ")}`,
    ...authorization_details
      .map(({ id, actions, resources, parameters, limits }) =>
        [
          `  step       ${id}: ${actions.join(", ")} on ${resources.join(", ")}`,
          `    ${JSON.stringify({ parameters, limits })}`,
        ].join("\n"),
      )
      .flatMap((text) => text.split("\n")),
    maxDepth > depth
      ? `  hands on   to depth ${maxDepth}${retain ? ", and may keep its own" : ""}${labels.length > 0 ? `, to agents with ${labels.join(", ")}` : ""}`
      : "  hands on   no further",
  ];
}

function standingLines(standing: ChainStanding, { last }: Chain): string[] {
  const { verdict, problem, since, isHead } = standing;
  if (problem !== undefined) return [neverValidLine(problem)];
  const who = `${last.claims.agent}, key ${last.claims.cnf.jkt}`;
  if (verdict === "validThen") {
    return [
      `valid then, and not any more: it designated ${who}`,
      ...since.map(({ what, at, depth }) => `since      ${at}: ${WORDS[what]} (block ${depth})`),
    ];
  }
  return [
    `valid: it designates ${who}, until ${toInstant(last.claims.exp * 1000)}`,
    ...(isHead === undefined
      ? [
          "whether it was handed on, ended or revoked since is for evidence: verify it without --thumbprint",
        ]
      : [
          isHead
            ? `its last block is the one to act, unless its contract has ended (next line), or somebody is stopped (${vaiLine("status")})`
            : "it was handed on since, and nothing was kept: its last block acts no more",
        ]),
  ];
}

const WORDS = {
  rootRevoked: "the key of the plane that signed it is revoked",
  ended: "it was ended",
  over: "its window is over",
} as const;
