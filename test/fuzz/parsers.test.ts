import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { PARSER_FUZZERS } from "./parsers.ts";

/** Ids of what each shows, by fuzzer: the whole is `npm run fuzz -- NAME --minutes 10`. */
const IDS = {
  contract: "VAI-62 VAI-37",
  decision: "VAI-62 VAI-35",
  command: "VAI-62 VAI-112",
  cosignature: "VAI-62 VAI-112",
  attestation: "VAI-62 VAI-60",
  approval: "VAI-62 VAI-61 ADV-48",
  delegation: "VAI-62 POC-06 POC-15",
  withdrawal: "VAI-62 POC-28",
  chained: "VAI-62 POC-03",
  restrictions: "VAI-62",
  mark: "VAI-62",
  eventbridge: "VAI-62 VAI-112",
  url: "VAI-62 USR-16",
  policy: "VAI-62",
} as const satisfies Record<keyof typeof PARSER_FUZZERS, string>;

suite("whatever comes from outside or lies in a table", () => {
  for (const [name, fuzzer] of Object.entries(PARSER_FUZZERS)) {
    const ids = IDS[name as keyof typeof IDS];
    test(`${ids} ${name}: coded refusals alone, and nothing is changed by them (short form of npm run fuzz -- ${name})`, async () => {
      const { inputs, failureCount, failures } = await fuzzer.run(1, 150);
      assert.deepEqual([inputs, failureCount, failures], [150, 0, []]);
    });
  }
});
