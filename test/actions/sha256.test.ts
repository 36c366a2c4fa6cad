import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { SigningSha256 } from "../../lib/actions/sha256.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** RFC 4231, test cases 1, 2, 3 and 6: a key, data, and the HMAC. */
const VECTORS = [
  [
    "0b".repeat(20),
    hex(Buffer.from("Hi There")),
    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
  ],
  [
    hex(Buffer.from("Jefe")),
    hex(Buffer.from("what do ya want for nothing?")),
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  ],
  [
    "aa".repeat(20),
    "dd".repeat(50),
    "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
  ],
  [
    "aa".repeat(131),
    hex(Buffer.from("Test Using Larger Than Block-Size Key - Hash Key First")),
    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
  ],
] as const;

test("requests are signed by the HMAC-SHA-256 of RFC 4231", async () => {
  for (const [key, data, expected] of VECTORS) {
    const mac = new SigningSha256(Buffer.from(key, "hex"));
    mac.update(Buffer.from(data, "hex"));
    assert.equal(hex(await mac.digest()), expected);
  }
});

test("it is Node's SHA-256 and HMAC, whatever form key and data have and in however many parts they come", async () => {
  const source = fc.oneof(fc.string({ unit: "binary" }), fc.uint8Array());
  const parts = fc.array(source, { maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(fc.option(source, { nil: undefined }), parts, async (secret, all) => {
      const isKeyed = secret !== undefined && secret !== "";
      const [ours, theirs] = [
        new SigningSha256(secret),
        isKeyed ? createHmac("sha256", secret) : createHash("sha256"),
      ];
      for (const part of all) {
        ours.update(part);
        theirs.update(part);
      }
      assert.equal(hex(await ours.digest()), theirs.digest("hex"));
      ours.reset();
      ours.update("again");
      const again = isKeyed ? createHmac("sha256", secret) : createHash("sha256");
      assert.equal(hex(await ours.digest()), again.update("again").digest("hex"));
    }),
  );
});
