import type { RefusedAnswer } from "../../lib/enforcement/answer.ts";
import type { WithdrawnAnswer } from "../../lib/enforcement/delegate.ts";
import type { PlayStage } from "./stage.ts";

interface Asked {
  readonly id: string;
  readonly title: string;
  readonly expected: string;
}

/** Takes back what was handed on, and shows how many blocks that ended; or why not. */
export function withdraw(
  { vai, step }: PlayStage,
  { args, ...rest }: Asked & { readonly args: readonly string[] },
): Promise<void> {
  const given = ["withdraw", ...args, "--json"];
  return step({
    ...rest,
    command: vai.line(given),
    run: async () => {
      const answer = await vai.json<WithdrawnAnswer | RefusedAnswer>(given);
      return answer.ok
        ? {
            seen: `${answer.ended.length} ended`,
            detail: answer.ended.join(", "),
            value: undefined,
          }
        : { seen: `${answer.code} at ${answer.stage}`, detail: answer.detail, value: undefined };
    },
  });
}

/** Who designated whom, as the chain says by itself. */
export function showChain(
  { vai, step }: PlayStage,
  { file, ...rest }: Asked & { readonly file: string },
): Promise<void> {
  const args = ["chain", "show", file];
  return step({
    ...rest,
    command: vai.line(args),
    run: async () => {
      const lines = (await vai.run(args)).text.split("\n");
      const blocks = lines.filter((line) => /^(contract|block)/.test(line)).length;
      const told = lines.filter((line) => !/^(next| {2}until)/.test(line));
      return { seen: `${blocks} blocks`, lines: told, value: undefined };
    },
  });
}

/** What a chain is worth by the plane's evidence, in the words of the command. */
export function verifyChain(
  { vai, step }: PlayStage,
  { file, ...rest }: Asked & { readonly file: string },
): Promise<void> {
  const args = ["chain", "verify", file];
  return step({
    ...rest,
    command: vai.line(args),
    run: async () => {
      const [first = "", ...lines] = (await vai.run(args)).text.split("\n");
      const [seen = "", ...who] = first.split(": ");
      return { seen, detail: who.join(": "), lines, value: undefined };
    },
  });
}

/** Of a trace, in its own words, what was handed on, and what came of it. */
const HANDED = / (DelegationGranted|DelegationRevoked) +ALLOW +/;

/** Who handed on under an intent, to whom, and who took back, as `vai trace` tells it. */
export function traceHandOvers(
  { vai, step }: PlayStage,
  { intent, ...rest }: Asked & { readonly intent: string },
): Promise<void> {
  const args = ["trace", intent];
  return step({
    ...rest,
    command: vai.line(args),
    run: async () => {
      const told = (await vai.run(args)).text.split("\n").filter((line) => HANDED.test(line));
      const ended = told.filter((line) => line.includes(" DelegationRevoked "));
      const lines = told.map((line) => line.split(HANDED).at(-1) ?? "");
      const seen = `${told.length - ended.length} handed on, ${ended.length} ended`;
      return { seen, lines, value: undefined };
    },
  });
}
