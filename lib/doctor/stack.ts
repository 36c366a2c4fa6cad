import type { Seen } from "../aws/inspect/look.ts";
import type { StackFacts } from "../aws/inspect/stack.ts";
import type { TableFacts } from "../aws/inspect/tables.ts";
import { about, type Finding } from "./finding.ts";
import { UnresolvedError } from "./written/template.ts";
import { type Written, writtenBy } from "./written/written.ts";

/** What the stack wrote, as far as it could be told. */
export interface StackFindings {
  readonly findings: readonly Finding[];
  readonly written: Written | undefined;
}

const NOT_COMPARED = "documents could not be compared, each as a whole, with what the stack wrote";

/** What every document is compared with. Where that cannot be read nothing is called in order for it. */
export function checkStack(
  name: string,
  stack: Seen<StackFacts>,
  tables: readonly TableFacts[],
): StackFindings {
  const subject = about(`stack ${name}`);
  const unseen = (why: string): StackFindings => ({
    findings: [subject.unseen(`${why}: ${NOT_COMPARED}`)],
    written: undefined,
  });
  if (stack.status === "unseen") return unseen(stack.why);
  if (stack.status === "absent") return unseen("there is no such stack");
  try {
    const written = writtenBy(stack.value, streamsOf(tables));
    return { findings: [subject.ok("documents are compared with its template")], written };
  } catch (error) {
    if (!(error instanceof UnresolvedError)) throw error;
    return unseen(`${error.message}, which this version cannot tell`);
  }
}

const streamsOf = (tables: readonly TableFacts[]): ReadonlyMap<string, string> =>
  new Map(
    tables.flatMap(({ name, setting }) =>
      setting.status === "seen" && setting.value.streamArn !== ""
        ? [[name, setting.value.streamArn] as const]
        : [],
    ),
  );
