import type { IdentityStory } from "./identity.ts";
import { plain } from "./plain-text.ts";
import { integrityLine } from "./trace-text.ts";

/** The six answers as lines, for operators, security and governance people (VAI-128, VAI-130). */
export function identityLines(story: IdentityStory): string[] {
  const { identityId, chainId, integrity, contract } = story;
  return [
    `Identity ${plain(identityId)}, on ${plain(chainId)}`,
    integrityLine(integrity),
    "",
    ...paragraph("reason", story.reason),
    ...paragraph("contract", contract === null ? [] : [`${contract.id} ${contract.digest}`]),
    ...paragraph("limits", story.limits),
    ...paragraph("use", story.uses),
    ...paragraph("end", story.end),
    ...paragraph("failures", story.failures),
  ];
}

function paragraph(title: string, sentences: readonly string[]): string[] {
  const told = sentences.length === 0 ? ["none"] : sentences;
  return told.map((sentence, index) => `${(index === 0 ? title : "").padEnd(10)} ${sentence}`);
}
