import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ChainLedger } from "../../lib/audit/chain-ledger.ts";

describe("ChainLedger", () => {
  test("ADV-07 as many bad records as there are chains: none of them walks all chains", () => {
    let looks = 0;
    const nameOf = (index: number) => `intent/${index}`;
    const noted = Array.from({ length: 2000 }, (_, index) => ({
      get id() {
        looks++;
        return nameOf(index);
      },
      seq: 1,
      hash: "sha256:" as const,
    }));
    const ledger = new ChainLedger(noted);
    for (const index of noted.keys()) {
      const place = { chainId: nameOf(index), seq: 1 };
      assert.ok(ledger.isPlausible(place, true));
      assert.deepEqual(ledger.due(1, undefined), place);
      ledger.skip(place);
    }
    assert.ok(looks < 10 * noted.length, `${looks}`);
  });
});
