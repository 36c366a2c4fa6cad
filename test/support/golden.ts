import { sha256Digest } from "../../lib/encoding/digest.ts";
import { digestOfEvent } from "../../lib/enforcement/read/event.ts";
import type { EvidenceRow } from "../../lib/evidence/row.ts";
import type { Course, Player } from "../enforcement/courses.ts";
import type { AssumedRole } from "./memory-sts.ts";
import { newPlane, type Plane } from "./plane.ts";

/** Everything that a course says and leaves: its answers, what STS and target were asked, each row and record. */
export interface Played {
  readonly answers: unknown;
  readonly assumed: unknown;
  readonly called: unknown;
  readonly written: unknown;
}

/**
 * Plays a course on a plane that is the same in every run. What holds signature bytes, or a hash of them, is told by
 * what it is of, if it is that: a digest that is of something else stays, and differs from run to run.
 */
export async function play(course: Course): Promise<Played> {
  const plane = await newPlane({ isGolden: true });
  const known = new Map<string, number>();
  const forget = (): void => {
    for (const chainId of plane.chains()) known.set(chainId, plane.rows(chainId).length);
  };
  forget();
  const events: unknown[] = [];
  const answers: unknown[] = [];
  const through =
    (serve: (event: unknown) => Promise<unknown>) =>
    async (event: unknown): Promise<unknown> => {
      events.push(event);
      const answer = await serve(event);
      answers.push(answer);
      return answer;
    };
  const player: Player = {
    plane,
    issue: through((event) => plane.issue(event)),
    execute: through((event) => plane.execute(event)),
    govern: through((event) => plane.govern(event)),
    delegate: through((event) => plane.delegate(event)),
    revoke: through((event) => plane.revoke(event)),
    sweep: async () => {
      answers.push(await plane.sweep());
    },
    forget,
  };
  await course(player);
  const rows = plane
    .chains()
    .flatMap((chainId) => plane.rows(chainId).slice(known.get(chainId) ?? 0));
  const told = new Map([
    ...rows.map(({ chainId, seq, recordHash }): [string, string] => [
      recordHash,
      `hash of ${chainId}#${seq}`,
    ]),
    ...events.map((event, index): [string, string] => [
      digestOfEvent(event),
      `digest of event ${index + 1}`,
    ]),
  ]);
  return plain(
    {
      answers,
      assumed: [...plane.sts.readers, ...plane.sts.executions].map(assumption),
      ...(plane.sts.cuts.length > 0 && { cut: plane.sts.cuts.map(({ asked }) => asked) }),
      called: plane.targets.calls,
      written: rows.map((row) => written(plane, row)),
    },
    told,
  ) as Played;
}

/** What STS was asked; the session policy as what it says, its text being nothing but that. */
function assumption({ Policy, ...input }: AssumedRole): object {
  const policy: unknown = JSON.parse(Policy);
  return { ...input, Policy: JSON.stringify(policy) === Policy ? policy : Policy };
}

/** A row as it is stored and queried, with the record in it; hashes and seal are judged, then left out. */
function written(plane: Plane, { record: text, recordHash, prev, seal, ...row }: EvidenceRow) {
  const record = plane.records(row.chainId)[row.seq - 1];
  if (record === undefined || JSON.stringify(JSON.parse(text)) !== text)
    throw new Error(`${row.chainId}#${row.seq} is not the record that its chain opens with`);
  if (recordHash !== sha256Digest(text) || prev !== record.chain.prev)
    throw new Error(`${row.chainId}#${row.seq}: its hashes are not its record's`);
  if ((seal !== undefined) !== (row.sealSeq === row.seq))
    throw new Error(`${row.chainId}#${row.seq}: its seal stands elsewhere`);
  const { prev: _, ...chain } = record.chain;
  return { row, record: { ...record, chain } };
}

/** A check in one line: forty of them stand in many records. */
function checkIn(value: unknown): string | undefined {
  const { name, result, ...others } = Object(value) as Record<string, unknown>;
  const isCheck = typeof name === "string" && typeof result === "string";
  return isCheck && Object.keys(others).length === 0 ? `${name}: ${result}` : undefined;
}

const JWS = /^(eyJ[\w-]+)\.([\w-]+)\.[\w-]+$/;
const JWE = /^eyJ[\w-]+\.[\w-]*\.[\w-]+\.[\w-]+\.[\w-]+$/;
/** One of sixteen chains of a day, picked by a digest that holds a signature. */
const NAMELESS = /^(unattributed\/[\d-]+\/)[0-9a-f]$/;

/** Without signature bytes, and the members in one order. */
function plain(value: unknown, told: ReadonlyMap<string, string>): unknown {
  if (typeof value === "string") return plainText(value, told);
  if (Array.isArray(value)) return value.map((each) => checkIn(each) ?? plain(each, told));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, each]) => each !== undefined)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([name, each]) => [name, plain(each, told)]),
  );
}

function plainText(text: string, told: ReadonlyMap<string, string>): unknown {
  const known = told.get(text);
  if (known !== undefined) return known.replace(/(unattributed\/[\d-]+\/)[0-9a-f]#/, "$1*#");
  if (JWE.test(text)) return "JWE";
  const [, header, claims] = JWS.exec(text) ?? [];
  if (header === undefined || claims === undefined) return text.replace(NAMELESS, "$1*");
  return { jws: plain(decoded(header), told), claims: plain(decoded(claims), told) };
}

const decoded = (part: string): unknown =>
  JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
