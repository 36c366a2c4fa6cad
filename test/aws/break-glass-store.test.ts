import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { S3Client } from "@aws-sdk/client-s3";
import { S3BreakGlassStore } from "../../lib/aws/ports/break-glass/store.ts";
import { Fault } from "../../lib/refusal.ts";
import { Faults } from "../support/faults.ts";
import { MemoryBucket } from "../support/memory-bucket.ts";
import { onlyMembers } from "../support/memory-dynamo.ts";

const storeOf = (bucket: MemoryBucket) => new S3BreakGlassStore(() => bucket.client(), "bucket");
const newBucket = () => new MemoryBucket(new Faults());

/** A store whose bucket answers as it is told, and what it was asked. */
function told(answer: (asked: Readonly<Record<string, unknown>>, time: number) => unknown) {
  const asked: Readonly<Record<string, unknown>>[] = [];
  const send = async (command: { input: Record<string, unknown> }): Promise<unknown> => {
    asked.push(command.input);
    const said = answer(command.input, asked.length);
    if (said instanceof Error) throw said;
    return said;
  };
  const client = onlyMembers<S3Client>("S3Client", { send });
  return { store: new S3BreakGlassStore(() => client, "bucket"), asked };
}
const named = (name: string) => Object.assign(new Error(name), { name });

suite("VAI-125 VAI-126 the bucket of emergencies", () => {
  test("VAI-126 an object is put once, with a checksum and only if absent, and read as it was put", async () => {
    const { store, asked } = told(() => ({}));
    assert.equal(await store.putIfAbsent("break-glass/a", "{}"), true);
    assert.deepEqual(asked, [
      {
        ...{ Bucket: "bucket", Key: "break-glass/a", Body: "{}", IfNoneMatch: "*" },
        ...{ ContentType: "application/json", ChecksumAlgorithm: "SHA256" },
      },
    ]);
    const bucket = newBucket();
    const own = storeOf(bucket);
    assert.deepEqual(await own.read("break-glass/a"), []);
    assert.equal(await own.putIfAbsent("break-glass/a", "one"), true);
    assert.equal(await own.putIfAbsent("break-glass/a", "two"), false);
    assert.deepEqual(await own.read("break-glass/a"), ["one"]);
  });

  test("VAI-126 a delete marker hides nothing, and every version is read, of that key alone", async () => {
    const bucket = newBucket();
    bucket.page = 10;
    bucket.plant("break-glass/a", "one");
    bucket.plant("break-glass/a", undefined);
    bucket.plant("break-glass/ab", "another");
    bucket.plant("break-glass/a", "two");
    const store = storeOf(bucket);
    assert.deepEqual(await store.read("break-glass/a"), ["two", "one"]);
  });

  test("VAI-126 an object with more versions than a page is nobody's to judge", async () => {
    const { store } = told(() => ({ IsTruncated: true, NextKeyMarker: "break-glass/a" }));
    await assert.rejects(store.read("break-glass/a"), Fault);
  });

  test("VAI-126 a put beside another's is tried again, and given up as a fault", async () => {
    const busy = told((_, time) => (time < 3 ? named("ConditionalRequestConflict") : {}));
    assert.equal(await busy.store.putIfAbsent("break-glass/a", "{}"), true);
    for (const name of ["ConditionalRequestConflict", "AccessDenied", "TimeoutError"]) {
      const { store } = told(() => named(name));
      await assert.rejects(store.putIfAbsent("break-glass/a", "{}"), {
        code: "DEPENDENCY_UNAVAILABLE",
      });
    }
  });

  test("VAI-125 names and keys are listed to their end, in order, each once", async () => {
    const bucket = newBucket();
    const keys = ["a/1", "a/2", "a/3", "a/4", "a/5", "b/1", "c/1", "d"].map((key) => `p/${key}`);
    for (const key of [...keys].reverse()) bucket.plant(key, "{}");
    bucket.plant("p/a/2", "again");
    const store = storeOf(bucket);
    assert.deepEqual(await store.names("p/"), ["a", "b", "c"]);
    assert.deepEqual(await store.keys("p/a/", ""), keys.slice(0, 5));
    assert.deepEqual(await store.keys("p/a/", "p/a/2"), keys.slice(2, 5));
    assert.deepEqual(await store.keys("q/", ""), []);
  });
});
