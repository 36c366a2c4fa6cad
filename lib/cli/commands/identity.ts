import { type IdentityStory, identityStory } from "../../audit/identity.ts";
import { identityLines } from "../../audit/identity-text.ts";
import { plain } from "../../audit/plain-text.ts";
import type { AddCommand } from "../command.ts";
import {
  addEvidenceOptions,
  type EvidenceAtHand,
  type EvidenceOptions,
  integrityExit,
  openEvidence,
  tracedChain,
} from "../evidence-at-hand.ts";
import { CommandError, EXIT, report } from "../io.ts";
import { vaiLine } from "../self.ts";

interface Options extends EvidenceOptions {
  readonly json?: true;
}

/** `vai identity`: what evidence answers about one identity. */
export const identityCommand: AddCommand = (command, io, end) => {
  addEvidenceOptions(
    command.argument(
      "<id>",
      "identityId, as vai status, vai trace and the answer to a request tell it",
    ),
  )
    .option("--json", "print the answers as JSON")
    .addHelpText(
      "after",
      "\nTold from verified evidence, never from State. Exit codes: 0 told, 1 a defect (it is named) or no such identity, 2 unreadable, 3 --from without --anchor: consistent, not trusted.",
    )
    .action(async (id: string, options: Options) => {
      const story = await storyOf(await openEvidence(io, options), id);
      report(io, options.json === true, story, identityLines(story));
      end(integrityExit(story.integrity));
    });
};

/** Chains that are looked at: an index of which anybody has made more is no index any more. */
const MOST = 8;

/** The first chain whose verified records speak of it: whoever writes the table can have the index name others. */
async function storyOf(evidence: EvidenceAtHand, id: string): Promise<IdentityStory> {
  const chains = await evidence.chainsOf(id);
  const defects: string[] = [];
  for (const chainId of chains.slice(0, MOST)) {
    const trace = await tracedChain(evidence, chainId);
    const story = trace && identityStory(trace, id);
    if (story !== undefined) return story;
    const defect = trace?.integrity.firstDefect;
    if (defect) defects.push(`${plain(defect.chainId)} record ${defect.seq} ${plain(defect.what)}`);
  }
  const [defect] = defects;
  throw new CommandError(
    EXIT.no,
    defect === undefined ? unknown(id) : `nothing that holds speaks of ${plain(id)}: ${defect}`,
  );
}

const unknown = (id: string): string =>
  `no evidence speaks of the identity ${plain(id)}: is the id right, and the plane? One that was issued just now is found some seconds later; of an intent, ${vaiLine("trace", "INTENT")} lists its identities`;
