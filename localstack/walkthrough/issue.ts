import { unlockLines } from "../../lib/cli/unlocks.ts";
import type { RefusedAnswer } from "../../lib/enforcement/answer.ts";
import type { PlayStage, Seen } from "./stage.ts";

/** What `vai issue --json` prints, as far as the walkthrough looks at it. */
export type Answer =
  | {
      readonly ok: true;
      readonly deduplicated: boolean;
      readonly identity: { readonly identityId: string; readonly state: string };
      readonly outcome?: {
        readonly status: string;
        readonly readBack?: { readonly matches: boolean };
        readonly rollback?: { readonly status: string };
      };
      readonly handle?: string;
      readonly evidence: { readonly firstSeq: number; readonly lastSeq: number };
    }
  | Pick<RefusedAnswer, "ok" | "code" | "stage" | "detail" | "unlock">;

/** One request of an agent, and how it must end. */
export interface Ask {
  readonly id: string;
  readonly title: string;
  /** What is invoked; `issue` unless it says so. */
  readonly use?: "issue" | "execute";
  /** Arguments of `vai issue` or `vai execute`. */
  readonly args: readonly string[];
  readonly expected: string;
}

/** Asks with `vai` and shows the answer: the refusal's code and stage, or how it went. */
export function ask(
  { vai, step }: PlayStage,
  { id, title, use = "issue", args, expected }: Ask,
): Promise<Answer> {
  const given = [use, ...args, "--json"];
  const run = async () => seenIn(await vai.json<Answer>(given));
  return step({ id, title, command: vai.line(given), expected, run });
}

function seenIn(answer: Answer): Seen<Answer> {
  if (!answer.ok) {
    const { code, stage, detail, unlock } = answer;
    const lines = unlockLines(unlock, stage).map((line) => line.replace(/ +/, ": "));
    return { seen: `${code} at ${stage}`, detail, lines, value: answer };
  }
  const { deduplicated, identity, outcome, evidence } = answer;
  const records = `evidence records ${evidence.firstSeq} to ${evidence.lastSeq} of its intent`;
  if (outcome === undefined && answer.handle !== undefined) {
    return { seen: `a handle, ${identity.state}`, detail: records, value: answer };
  }
  const readBack = outcome?.readBack?.matches === true ? "read back matches" : "not read back";
  const words = [
    ...(deduplicated ? ["deduplicated"] : []),
    ...[outcome?.status ?? "no outcome", readBack, identity.state],
  ];
  return { seen: words.join(", "), detail: records, value: answer };
}

/** What a code means, for whoever got it. */
export function explain({ vai, step }: PlayStage, code: string): Promise<void> {
  const args = ["explain", code];
  return step({
    id: "explain",
    title: "Whoever gets a code can ask what it means and what to do.",
    command: vai.line(args),
    expected: "explained",
    run: async () => {
      const { code: exit, text } = await vai.run(args);
      const isAbout = exit === 0 && text.includes(code);
      const lines = text.split("\n").filter((line) => /^ *(meaning|do) /.test(line));
      return { seen: isAbout ? "explained" : "not explained", lines, value: undefined };
    },
  });
}
