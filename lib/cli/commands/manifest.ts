import { stat } from "node:fs/promises";
import {
  type Comparison,
  compareManifests,
  hashesAt,
  incomparable,
  type Lost,
} from "../../audit/compare.ts";
import { openFolder } from "../../audit/folder.ts";
import { type Manifest, readManifest } from "../../audit/manifest.ts";
import { plain } from "../../audit/plain-text.ts";
import type { Export } from "../../audit/read-export.ts";
import type { Read } from "../../encoding/strict-json.ts";
import type { AddCommand } from "../command.ts";
import { readText } from "../files.ts";
import { CommandError, EXIT, type ExitCode, report } from "../io.ts";
import { counted } from "../plural.ts";
import { vaiLine } from "../self.ts";

/** `vai manifest compare`: whether what was exported once is still there. */
export const manifestCommand: AddCommand = (manifest, io, end) => {
  manifest
    .command("compare")
    .argument("<earlier>", "an export's folder, or its manifest.json alone")
    .argument("<later>", "a later export's folder; of a manifest.json alone less can be said")
    .option("--json", "print JSON")
    .description("says whether every chain of an earlier export is still whole in a later one")
    .addHelpText(
      "after",
      "\nExit codes: 0 nothing is lost, 1 a chain is gone, shorter or rewritten, 2 unreadable or not comparable, 3 nothing is lost as far as two manifests alone can say.\nManifests are not signed: verify the later export too.",
    )
    .action(async (earlier: string, later: string, options: { readonly json?: true }) => {
      const [before, after] = [await open(earlier), await open(later)];
      const problem = incomparable(before.manifest, after.manifest);
      if (problem !== undefined)
        throw new CommandError(EXIT.unreadable, `${later} ${plain(problem)}`);
      const ends = after.records && (await hashesAt(before.manifest.chains, after.records));
      const found = compareManifests(before.manifest, after.manifest, ends);
      report(io, options.json === true, { plane: after.manifest.plane, ...found }, [
        ...describe(found),
        ...(after.records ? [`next       ${vaiLine("verify", later, "--help")}`] : []),
      ]);
      end(exitCodeOf(found));
    });
};

interface Opened {
  readonly manifest: Manifest;
  readonly records?: Export["records"];
}

async function open(path: string): Promise<Opened> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (isFolder) {
    const { manifest, records } = readOr(path, await openFolder(path));
    return { manifest, records };
  }
  return { manifest: readOr(path, readManifest(readText(path))) };
}

function readOr<T>(path: string, read: Read<T>): T {
  if (read.ok) return read.value;
  throw new CommandError(EXIT.unreadable, `${path}: ${read.pointer} ${read.detail}`);
}

function exitCodeOf({ lost, unseen }: Comparison): ExitCode {
  if (lost.length > 0) return EXIT.no;
  return unseen.length > 0 ? EXIT.untrusted : EXIT.done;
}

/** Chains that are listed by name. */
const SHOWN = 20;

const WORDS: Readonly<Record<Lost["what"], (lost: Lost) => string>> = {
  gone: ({ seq }) => `is gone: it had ${counted(seq, "record")}`,
  shorter: ({ seq, now }) => `is shorter: it ended with record ${seq}, now with ${now}`,
  rewritten: ({ seq }) => `is rewritten: its record ${seq} was another one`,
};

function describe({ lost, unseen, same, grown, added }: Comparison): string[] {
  const kept = `${counted(same, "chain")} as before, ${grown} grown, ${added} new`;
  const more = lost.length - SHOWN;
  const lines = lost
    .slice(0, SHOWN)
    .map((each) => `${plain(each.chainId)} ${WORDS[each.what](each)}`);
  if (lost.length > 0) {
    return [
      `LOST: ${counted(lost.length, "chain")} of the earlier export`,
      ...lines,
      ...(more > 0 ? [`and ${more} more: --json lists all`] : []),
      kept,
    ];
  }
  return unseen.length === 0
    ? [`nothing is lost: ${kept}`]
    : [
        `nothing is lost as far as the manifests say: ${kept}`,
        `${counted(unseen.length, "chain")} grew, and whether the earlier end is still in it only the later export's folder shows`,
      ];
}
