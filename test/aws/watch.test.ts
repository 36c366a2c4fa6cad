import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { serveStream } from "../../lib/aws/function/watch.ts";

const NOW = Date.UTC(2026, 4, 5, 10);

async function serve(event: unknown): Promise<Readonly<Record<string, unknown>>[]> {
  const lines: string[] = [];
  const log = (line: string): void => {
    lines.push(line);
  };
  await serveStream(event, { functionName: "vai-payments-watch" }, { clock: () => NOW, log });
  return lines.map((line) => JSON.parse(line));
}

const removed = (seq: number) => ({
  eventName: "REMOVE",
  dynamodb: {
    Keys: { chainId: { S: "intent/7" }, seq: { N: String(seq) } },
    OldImage: { record: { S: "{}" } },
  },
});

suite("evidence watch function", () => {
  test("ADV-21 each tampered record is one error line that counts once, under the plane", async () => {
    const lines = await serve({ Records: [removed(4), removed(5)] });
    assert.deepEqual(
      lines.map((line) => line["seq"]),
      ["4", "5"],
    );
    const [line] = lines;
    assert.deepEqual(line, {
      level: "ERROR",
      at: "2026-05-05T10:00:00.000Z",
      message: "evidence record removed",
      chainId: "intent/7",
      seq: "4",
      change: "removed",
      attributes: ["record"],
      before: "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
      EvidenceTampered: 1,
      plane: "payments",
      _aws: {
        Timestamp: NOW,
        CloudWatchMetrics: [
          {
            Namespace: "vai",
            Dimensions: [["plane"]],
            Metrics: [{ Name: "EvidenceTampered", Unit: "Count" }],
          },
        ],
      },
    });
  });

  for (const [type, metric] of [
    ["RevocationFailed", "RevocationFailed"],
    ["EscalationRaised", "Escalations"],
    ["ObligationMissed", "DutiesMissed"],
    ["BreakGlassInvoked", "BreakGlassInvoked"],
  ]) {
    test(`VAI-117 VAI-131 a new record ${type} is one error line that says where it stands, and counts once`, async () => {
      const { dynamodb } = removed(4);
      const NewImage = { eventType: { S: type }, record: { S: '{"reason":"secret"}' } };
      const record = { eventName: "INSERT", dynamodb: { Keys: dynamodb.Keys, NewImage } };
      const [line, ...more] = await serve({ Records: [record] });
      assert.deepEqual(more, []);
      const { _aws, at: _, ...said } = line ?? {};
      assert.deepEqual(said, {
        level: "ERROR",
        message: `evidence says ${type}`,
        ...{ chainId: "intent/7", seq: "4", [String(metric)]: 1, plane: "payments" },
      });
      assert.match(JSON.stringify(_aws), new RegExp(`"Name":"${metric}","Unit":"Count"`));
    });
  }

  test("VAI-131 what cannot be read is counted, and what can is still told", async () => {
    const lines = await serve({ Records: [null, removed(4), {}] });
    assert.equal(lines.length, 2);
    assert.equal(lines[0]?.["EvidenceTampered"], 1);
    assert.equal(lines[1]?.["WatchUnreadable"], 2);
    assert.equal(lines[1]?.["level"], "ERROR");
  });

  test("VAI-131 an event that throws when it is looked at does not stop the stream", async () => {
    const hostile = {
      get Records(): never {
        throw new TypeError("looked at");
      },
    };
    const [line, ...more] = await serve(hostile);
    assert.equal(line?.["WatchUnreadable"], 1);
    assert.equal(line?.["error"], "TypeError");
    assert.deepEqual(more, []);
  });

  test("ADV-20 appended records say nothing", async () => {
    assert.deepEqual(await serve({ Records: [{ ...removed(4), eventName: "INSERT" }] }), []);
  });
});
