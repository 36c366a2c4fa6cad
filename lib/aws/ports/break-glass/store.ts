import type { ListObjectVersionsCommandOutput, S3Client } from "@aws-sdk/client-s3";
import type { BreakGlassStore } from "../../../lifecycle/ports.ts";
import { Fault } from "../../../refusal.ts";
import { errorName, orFault } from "../faults.ts";

const loadSdk = () => import("./sdk.ts");
export type Sdk = Awaited<ReturnType<typeof loadSdk>>;

/** What S3 says where there is an object already, and where somebody is putting one just now (S3 guide, "Conditional writes"). */
const THERE = "PreconditionFailed";
const BUSY = "ConditionalRequestConflict";
/** Tries of a put beside somebody else's: the other one is there, or has failed, by the next. */
const TRIES = 3;

type Page = Pick<
  ListObjectVersionsCommandOutput,
  "CommonPrefixes" | "IsTruncated" | "NextKeyMarker" | "Versions"
>;

/**
 * The bucket of emergencies: Object Lock keeps what is put there, the bucket's policy lets it be put once. The client is
 * made when it is needed first: nothing else pays for it.
 */
export class S3BreakGlassStore implements BreakGlassStore {
  readonly #clientBy: (sdk: Sdk) => S3Client;
  readonly #bucket: string;
  #client: S3Client | undefined;

  constructor(clientBy: (sdk: Sdk) => S3Client, bucket: string) {
    this.#clientBy = clientBy;
    this.#bucket = bucket;
  }

  /** All versions: a delete marker over an object, which only an administrator could set, hides nothing. */
  async read(key: string): Promise<readonly string[]> {
    const { Versions = [], IsTruncated, NextKeyMarker } = await this.#list({ Prefix: key });
    if (IsTruncated === true && NextKeyMarker === key) {
      throw new Fault("DEPENDENCY_UNAVAILABLE", `${key} has more versions than are read`);
    }
    const own = Versions.filter(({ Key }) => Key === key);
    return Promise.all(own.map(({ VersionId }) => this.#get(key, VersionId)));
  }

  async putIfAbsent(key: string, text: string): Promise<boolean> {
    const { PutObjectCommand } = await loadSdk();
    const put = {
      ...{ Bucket: this.#bucket, Key: key, Body: text, ContentType: "application/json" },
      // S3 demands one where an object is locked as it is put (S3 API reference, PutObject).
      ChecksumAlgorithm: "SHA256" as const,
    };
    for (let attempt = 1; ; attempt++) {
      try {
        await (await this.#s3()).send(new PutObjectCommand({ ...put, IfNoneMatch: "*" }));
        return true;
      } catch (error) {
        const name = errorName(error);
        if (name === THERE) return false;
        if (name !== BUSY || attempt === TRIES) {
          throw new Fault("DEPENDENCY_UNAVAILABLE", `s3:PutObject failed: ${name}`, error);
        }
      }
    }
  }

  async names(under: string): Promise<readonly string[]> {
    const pages = await this.#pages({ Prefix: under, Delimiter: "/" });
    return pages
      .flatMap(({ CommonPrefixes = [] }) => CommonPrefixes)
      .map(({ Prefix = "" }) => Prefix.slice(under.length, -1));
  }

  async keys(under: string, behind: string): Promise<readonly string[]> {
    const pages = await this.#pages({ Prefix: under }, behind);
    const keys = pages.flatMap(({ Versions = [] }) => Versions).map(({ Key = "" }) => Key);
    return [...new Set(keys)];
  }

  async #pages(
    what: { readonly Prefix: string; readonly Delimiter?: string },
    behind?: string,
  ): Promise<readonly Page[]> {
    const pages: Page[] = [];
    for (let more = true, after = behind; more; ) {
      const page = await this.#list({ ...what, ...(after !== undefined && { KeyMarker: after }) });
      pages.push(page);
      after = page.NextKeyMarker;
      more = page.IsTruncated === true && after !== undefined;
    }
    return pages;
  }

  async #s3(): Promise<S3Client> {
    this.#client ??= this.#clientBy(await loadSdk());
    return this.#client;
  }

  #list(what: {
    readonly Prefix: string;
    readonly Delimiter?: string;
    readonly KeyMarker?: string;
  }): Promise<Page> {
    return orFault("DEPENDENCY_UNAVAILABLE", "s3:ListBucketVersions", async () => {
      const { ListObjectVersionsCommand } = await loadSdk();
      const command = new ListObjectVersionsCommand({ Bucket: this.#bucket, ...what });
      return (await this.#s3()).send(command);
    });
  }

  #get(key: string, version: string | undefined): Promise<string> {
    return orFault("DEPENDENCY_UNAVAILABLE", "s3:GetObjectVersion", async () => {
      const { GetObjectCommand } = await loadSdk();
      const command = new GetObjectCommand({ Bucket: this.#bucket, Key: key, VersionId: version });
      const { Body } = await (await this.#s3()).send(command);
      return (await Body?.transformToString("utf-8")) ?? "";
    });
  }
}
