import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { DynamoDBClient, QueryCommand } from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import { writeExport } from "../../lib/audit/export.ts";
import { DynamoEvidenceReader } from "../../lib/aws/evidence-reader.ts";
import { run } from "./support/cli.ts";
import { exportTo, temporary } from "./support/folder.ts";
import { PLANE, readerOf } from "./support/plane.ts";
import { INTENT, type Story, tellStory } from "./support/story.ts";

let story: Story;
let place: Awaited<ReturnType<typeof temporary>>;

before(async () => {
  [story, place] = await Promise.all([tellStory(), temporary()]);
});
after(() => place.remove());

const options = { plane: PLANE, createdAt: "2026-05-05T05:00:00.000Z", anchors: [] };

describe("writeExport", () => {
  test("USR-13 writes records by chain and number, policies and a manifest; the same table gives the same bytes", async () => {
    const [one, two] = await Promise.all([
      exportTo(join(place.path, "one"), story),
      exportTo(join(place.path, "two"), { ...story, rows: story.rows.toReversed() }),
    ]);
    assert.deepEqual((await readdir(one)).sort(), [
      "manifest.json",
      "records.jsonl",
      "trust-policies.jsonl",
    ]);
    for (const name of await readdir(one)) {
      assert.equal(
        await readFile(join(one, name), "utf8"),
        await readFile(join(two, name), "utf8"),
      );
    }
    const records = await readFile(join(one, "records.jsonl"), "utf8");
    assert.equal(records, story.rows.map(({ envelope }) => `${envelope}\n`).join(""));
    const { anchors, chains } = JSON.parse(await readFile(join(one, "manifest.json"), "utf8"));
    assert.deepEqual(anchors, [story.anchor.jwk]);
    assert.deepEqual(chains[0], {
      id: `intent/${INTENT}`,
      seq: 16,
      hash: story.rows[15]?.recordHash,
    });
    assert.equal(
      await readFile(join(one, "trust-policies.jsonl"), "utf8"),
      `${story.policy.jws}\n`,
    );
  });

  test("USR-13 refuses a folder that is not empty, and an intent without evidence", async () => {
    const folder = await exportTo(join(place.path, "full"), story);
    const again = await writeExport(folder, readerOf(story.rows), options);
    assert.match("problem" in again ? again.problem : "", /not an empty folder/);
    const nobody = await writeExport(join(place.path, "nobody"), readerOf(story.rows), {
      ...options,
      intent: "none",
    });
    assert.match("problem" in nobody ? nobody.problem : "", /no evidence of the intent/);
  });

  test("USR-13 an export that broke off has no manifest and cannot be read", async () => {
    const folder = join(place.path, "broken");
    const reader = {
      ...readerOf(story.rows),
      // biome-ignore lint/correctness/useYield: it fails before it has anything
      async *chain() {
        throw new Error("the table went away");
      },
    };
    await assert.rejects(writeExport(folder, reader, options), /went away/);
    assert.equal((await run("verify", folder)).code, 2);
  });

  test("VAI-24 an envelope that somebody broke into lines stays one line and is tampered", async () => {
    const rows = story.rows.map((row, index) =>
      index === 2 ? { ...row, envelope: row.envelope.replace(",", ",\n") } : row,
    );
    const folder = await exportTo(join(place.path, "lines"), story, { rows });
    const { out } = await run("verify", folder, "--anchor", story.anchor.thumbprint);
    assert.match(out, /^tampered: intent\/\S+ record 3 is not compact JSON/);
  });

  test("USR-16 ADV-66 an export holds no private key, though the deployment's anchor file does", async () => {
    const folder = await exportTo(join(place.path, "secrets"), story);
    for (const name of await readdir(folder)) {
      assert.doesNotMatch(
        await readFile(join(folder, name), "utf8"),
        /"d":|SecretAccessKey|SessionToken/,
      );
    }
  });
});

describe("DynamoEvidenceReader", () => {
  test("USR-13 finds chains by index, reads them consistently page by page, and never scans", async () => {
    const asked: string[] = [];
    const rows = story.rows.map(({ chainId, seq, envelope, eventType }) => ({
      chainId,
      seq,
      envelope,
      eventType,
    }));
    const client = {
      send: async (command: QueryCommand) => {
        asked.push(command.constructor.name);
        const {
          IndexName,
          ConsistentRead,
          ExclusiveStartKey,
          ExpressionAttributeValues = {},
        } = command.input;
        const [value] = Object.values(ExpressionAttributeValues).map(({ S }) => S);
        assert.equal(ConsistentRead === true, IndexName === undefined);
        const name = IndexName === "byEventType" ? "eventType" : "chainId";
        const found = rows.filter((row) => row[name] === value);
        const from = ExclusiveStartKey === undefined ? 0 : Number(ExclusiveStartKey["at"]?.N);
        const next =
          from + 2 < found.length ? { LastEvaluatedKey: { at: { N: String(from + 2) } } } : {};
        return { Items: found.slice(from, from + 2).map((row) => marshall(row)), ...next };
      },
    };
    const reader = new DynamoEvidenceReader(client as unknown as DynamoDBClient, "evidence");
    assert.deepEqual(
      [...(await reader.chainIds())].sort(),
      [...new Set(rows.map(({ chainId }) => chainId))].sort(),
    );
    const envelopes: string[] = [];
    for await (const row of reader.chain(`intent/${INTENT}`)) envelopes.push(row.envelope);
    assert.deepEqual(
      envelopes,
      story.rows.slice(0, 16).map(({ envelope }) => envelope),
    );
    assert.deepEqual([...new Set(asked)], ["QueryCommand"]);
  });
});
