import {
  isDocumentProblem,
  readPolicy,
  type Statement,
} from "../authority/evaluate/iam-document.ts";
import { type Finding, type FindingSubject, REPAIR } from "./finding.ts";
import { difference } from "./policies/normal-form.ts";
import type { Call } from "./repair/call.ts";

/**
 * Whether a document is, as a whole, what the stack wrote. What nobody wrote is not compared: it was brought. A found
 * document that cannot be read is left to {@link withPolicies}, which says so.
 * @param what - names the document, as in "its trust policy"
 */
export function compareDocument(
  subject: FindingSubject,
  what: string,
  written: object | undefined,
  found: string,
  repair: readonly Call[],
): readonly Finding[] {
  if (written === undefined) return [];
  const wanted = readPolicy(written);
  if (isDocumentProblem(wanted))
    return [subject.unseen(`the stack's own text of ${what} cannot be judged: ${wanted.problem}`)];
  const there = readPolicy(jsonOf(found));
  if (isDocumentProblem(there))
    return [subject.problem(unread(what, there.problem), REPAIR, repair)];
  const { added, missing } = difference(wanted, there);
  if (added.length === 0 && missing.length === 0) return [];
  const parts = [
    added.length > 0 && `it has ${listed(added)}`,
    missing.length > 0 && `it lacks ${listed(missing)}`,
  ].filter(Boolean);
  return [
    subject.problem(`${what} is not what the stack wrote: ${parts.join("; ")}`, REPAIR, repair),
  ];
}

const unread = (what: string, problem: string): string =>
  `${what} is not what the stack wrote, and cannot be judged: ${problem}`;

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** By their names, else by what they say, so that a person finds them in the document. */
const listed = (statements: readonly Statement[]): string => statements.map(named).join(", ");

const named = (statement: Statement): string => {
  const { Sid, Effect, Action, NotAction } = statement;
  const actions = [Action ?? NotAction ?? []].flat().join(", ");
  return `${Sid === undefined ? "" : `${Sid}, `}${Effect} ${NotAction === undefined ? "" : "all but "}${actions}`;
};
