import type { S3Client } from "@aws-sdk/client-s3";
import type { Faults } from "./faults.ts";
import { onlyMembers } from "./memory-dynamo.ts";

interface Version {
  readonly key: string;
  readonly id: string;
  /** `undefined`: a delete marker. */
  readonly body: string | undefined;
}

interface Asked {
  readonly Key: string;
  readonly Body: string;
  readonly IfNoneMatch?: string;
  readonly VersionId: string;
  readonly Prefix: string;
  readonly Delimiter?: string;
  readonly KeyMarker?: string;
}

const touching = (sk: string, isWrite: boolean) => ({
  touches: [{ table: "bucket", pk: "bucket", sk, isWrite }],
});

/** A versioned bucket that lets an object be put only if absent, as S3 keeps, lists and answers it. */
export class MemoryBucket {
  /** Groups and keys of a page: few, so that lists are read in several. */
  page = 2;
  /** In the order of their puts. */
  readonly versions: Version[] = [];
  readonly #faults: Faults;

  constructor(faults: Faults) {
    this.#faults = faults;
  }

  client(): S3Client {
    const send = (command: { input: unknown; constructor: { name: string } }): Promise<unknown> => {
      const asked = command.input as Asked;
      switch (command.constructor.name) {
        case "GetObjectCommand":
          return this.#faults.through(
            "breakGlass:read",
            () => this.#get(asked),
            touching(asked.Key, false),
          );
        case "ListObjectVersionsCommand":
          return this.#faults.through(
            "breakGlass:read",
            () => this.#list(asked),
            // Whatever is put anywhere may be on it.
            { touches: [{ table: "bucket", pk: "bucket", isWrite: false }] },
          );
        case "PutObjectCommand":
          return this.#faults.through("breakGlass:write", () => this.#put(asked), {
            ...touching(asked.Key, true),
            writes: eventTypesIn(asked.Body),
          });
        default:
          throw new Error(`the fake has no ${command.constructor.name}`);
      }
    };
    return onlyMembers<S3Client>("S3Client", { send });
  }

  /** Everything as it is now, to be put back. */
  saved(): () => void {
    const { length } = this.versions;
    return () => {
      this.versions.length = length;
    };
  }

  /** Keys that have objects, markers or not. */
  keys(): string[] {
    return [...new Set(this.versions.map(({ key }) => key))].sort();
  }

  /** As if somebody with the right to had put or deleted it. */
  plant(key: string, body: string | undefined): void {
    this.versions.push({ key, id: `version-${this.versions.length + 1}`, body });
  }

  #get({ Key, VersionId }: Asked): object {
    const found = this.versions.find(({ key, id }) => key === Key && id === VersionId);
    if (found?.body === undefined) throw named("NoSuchVersion");
    const { body } = found;
    return { Body: { transformToString: async () => body } };
  }

  #put({ Key, Body, IfNoneMatch }: Asked): object {
    // What the bucket's policy demands of the plane.
    if (IfNoneMatch !== "*") throw named("AccessDenied");
    if (this.versions.findLast(({ key }) => key === Key)?.body !== undefined) {
      throw named("PreconditionFailed");
    }
    this.plant(Key, Body);
    return {};
  }

  #list({ Prefix, Delimiter, KeyMarker = "" }: Asked): object {
    const keys = this.keys().filter((key) => key.startsWith(Prefix));
    const groupOf = (key: string): string => {
      const end = Delimiter === undefined ? -1 : key.indexOf(Delimiter, Prefix.length);
      return end < 0 ? key : key.slice(0, end + 1);
    };
    const groups = [...new Set(keys.map(groupOf))].filter((group) => group > KeyMarker);
    const page = groups.slice(0, this.page);
    const last = page.at(-1);
    const isTruncated = groups.length > page.length;
    return {
      CommonPrefixes: page.filter((each) => !keys.includes(each)).map((each) => ({ Prefix: each })),
      // By key, of each the newest first.
      Versions: page.flatMap((each) =>
        this.versions
          .filter(({ key, body }) => key === each && body !== undefined)
          .map(({ key, id }) => ({ Key: key, VersionId: id }))
          .reverse(),
      ),
      IsTruncated: isTruncated,
      ...(isTruncated && { NextKeyMarker: last }),
    };
  }
}

/** Of the records of a transaction that is spooled. */
function eventTypesIn(body: string): string[] {
  const records = [...body.matchAll(/"record":("(?:[^"\\]|\\.)*")/g)];
  return records.map(([, text = ""]) => JSON.parse(JSON.parse(text)).event.type);
}

const named = (name: string): Error => Object.assign(new Error(name), { name });
