import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { sessionName } from "../../lib/authority/derive/session-name.ts";

suite("VAI-150 session names", () => {
  test("VAI-150 the vector of the wire format", () => {
    assert.equal(
      sessionName("0198c7d2-0000-7000-8000-000000000005"),
      "vai-81c488ff6e802244f0c567dc41",
    );
  });

  test("VAI-150 ids that are equal in their first 64 characters have different names", () => {
    const beginning = "x".repeat(64);
    assert.notEqual(sessionName(`${beginning}1`), sessionName(`${beginning}2`));
  });

  test("VAI-150 is a RoleSessionName and a SourceIdentity for any id", () => {
    for (const id of ["", "ä", "a b", "x".repeat(5000)])
      assert.match(sessionName(id), /^vai-[0-9a-f]{26}$/);
  });
});
