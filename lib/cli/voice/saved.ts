import { readJson, writeNew, writtenLine } from "../files.ts";
import { CommandError, EXIT } from "../io.ts";
import { vaiLine } from "../self.ts";

/** What of people's words goes to `govern`, by its command here. */
export type VoiceOp = "approve" | "attest" | "supersede";

export type VoiceEvent = Readonly<Record<string, unknown>> & { readonly op: VoiceOp };

/** Writes what was signed for another machine. @returns what to say of it. @throws {CommandError}. */
export function saveVoice(path: string, event: VoiceEvent): string[] {
  writeNew(path, `${JSON.stringify(event)}\n`);
  return [
    `saved      ${writtenLine(path, false)}; nothing was sent`,
    `next       ${vaiLine(event.op, path, "--send")}`,
  ];
}

/** What was saved, of this very command. @throws {CommandError}. */
export function readVoice(path: string, op: VoiceOp): VoiceEvent {
  const saved = readJson(path);
  if (typeof saved === "object" && saved !== null && "op" in saved && saved.op === op) {
    return saved as VoiceEvent;
  }
  throw new CommandError(
    EXIT.unreadable,
    `${path} is not what ${vaiLine(op, "CONTRACT", "--out", "FILE")} writes`,
  );
}
