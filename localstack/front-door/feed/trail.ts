import { createWriteStream, renameSync, rmSync, type WriteStream } from "node:fs";
import { sessionNameOf } from "./caller.ts";
import type { CloudTrailEvent } from "./cloudtrail-event.ts";

/** Events kept in memory; older ones are only in the file. */
const KEPT_EVENTS = 20_000;
/** Bytes at which the file is set aside and a new one begun; one old file is kept. */
const LARGEST_FILE = 64 * 1024 * 1024;

/** An event with its place in the feed: 1, 2, … without gaps since the start. */
export interface Numbered {
  readonly seq: number;
  readonly event: CloudTrailEvent;
}

/** Which part of the feed is wanted. */
export interface TrailQuery {
  /** Only calls of the assumed-role session with this name. */
  readonly session?: string | undefined;
  /** Only events after this one; default 0, all. */
  readonly since?: number | undefined;
  /** At most so many; default 1,000. */
  readonly limit?: number | undefined;
}

/** A part of the feed, oldest first. */
export interface TrailPage {
  readonly events: readonly Numbered[];
  /** Ask with `since` set to this for what follows. */
  readonly next: number;
  /** The oldest event that is still in memory; what is older was forgotten, and a gap is seen so. */
  readonly oldest: number;
}

/** The feed of all calls: a bounded number of events in memory, and every one as a line of a file. */
export class Trail {
  readonly #events: Numbered[] = [];
  readonly #keep: number;
  readonly #file: string | undefined;
  #stream: WriteStream | undefined;
  #written = 0;
  #last = 0;

  /** @param file where the lines go; without it they are only in memory */
  constructor(file?: string, keep = KEPT_EVENTS) {
    this.#file = file;
    this.#keep = keep;
  }

  record(event: CloudTrailEvent): void {
    this.#last += 1;
    this.#events.push({ seq: this.#last, event });
    // In steps: dropping one at a time would move the whole list at each call.
    if (this.#events.length > this.#keep * 1.1) {
      this.#events.splice(0, this.#events.length - this.#keep);
    }
    this.#write(`${JSON.stringify(event)}\n`);
  }

  read({ session, since = 0, limit = 1_000 }: TrailQuery = {}): TrailPage {
    const events: Numbered[] = [];
    let next = Math.max(since, 0);
    for (const numbered of this.#events) {
      if (numbered.seq <= since) continue;
      if (events.length === limit) break;
      next = numbered.seq;
      if (session === undefined || sessionOf(numbered.event) === session) events.push(numbered);
    }
    return { events, next, oldest: this.#events[0]?.seq ?? this.#last + 1 };
  }

  #write(line: string): void {
    if (this.#file === undefined) return;
    if (this.#stream === undefined || this.#written > LARGEST_FILE) this.#open(this.#file);
    this.#written += Buffer.byteLength(line);
    this.#stream?.write(line);
  }

  #open(file: string): void {
    if (this.#stream !== undefined) {
      this.#stream.end();
      rmSync(`${file}.1`, { force: true });
      renameSync(file, `${file}.1`);
    }
    // Whoever cannot write the file still has the feed in memory; a full disk must not end the door.
    this.#stream = createWriteStream(file, { flags: "a", mode: 0o600 }).on("error", () => {});
    this.#written = 0;
  }
}

const sessionOf = ({ userIdentity }: CloudTrailEvent): string | undefined =>
  sessionNameOf(userIdentity.arn);
