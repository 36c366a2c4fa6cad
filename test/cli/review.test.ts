import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { describe, type TestContext, test } from "node:test";
import { statusLines } from "../../lib/cli/status/lines.ts";
import { reviewsIn } from "../../lib/cli/status/reviews.ts";
import { type Status, type StatusSources, statusOf } from "../../lib/cli/status/status.ts";
import { unlockLines } from "../../lib/cli/unlocks.ts";
import { KEYS } from "../support/keys.ts";
import { approvedEmergency, EMERGENCY } from "../support/people.ts";
import { granted, newPlane, type Plane, refused } from "../support/plane.ts";
import { type Desk, desk } from "./support/plane-endpoint.ts";

/** What an auditor types behind an emergency, and what operators see of it until then. */

const FINDING = ["--finding", "the traffic had to move"];

async function auditing(t: TestContext): Promise<Desk & { readonly own: readonly string[] }> {
  const found = await desk(t);
  await found.plane.publish({ set: { "/breakGlass": [EMERGENCY] } });
  for (const name of ["auditor", "approver"] as const) {
    const jwk = KEYS[name].privateKey.export({ format: "jwk" });
    writeFileSync(found.file(`${name}.json`), JSON.stringify(jwk));
  }
  return { ...found, own: ["--as", "anna", "--key", found.file("auditor.json")] };
}

describe("vai review", () => {
  test("VAI-126 VAI-127 an auditor closes the use that is open; then the next one is granted", async (t) => {
    const { plane, vai, own } = await auditing(t);
    const first = approvedEmergency(plane);
    granted(await plane.ask({}, first));
    const second = approvedEmergency(plane);
    const { code: refusal, unlock = [] } = refused(await plane.ask({}, second));
    assert.equal(refusal, "BREAK_GLASS_REVIEW_OVERDUE");
    const [line = ""] = unlockLines(unlock, "state");
    assert.ok(line.includes(`vai review ${first.contractDigest} --finding TEXT`), line);
    const args = ["review", first.contractDigest, ...FINDING, ...own];
    const { code, out, err } = await vai(args);
    assert.equal(code, 0, out + err);
    assert.match(out, /^reviewed +the use under contract sha256:/);
    const [review] = plane.records("plane/registry").slice(-1);
    assert.equal(review?.event.type, "BreakGlassReviewed");
    const [, claims = ""] = String(review?.detail["command"]).split(".");
    assert.equal(
      JSON.parse(Buffer.from(claims, "base64url").toString()).finding,
      "the traffic had to move",
    );
    granted(await plane.ask({}, approvedEmergency(plane)));
  });

  test("VAI-127 somebody who is no auditor is refused, and the exit code says so", async (t) => {
    const { plane, vai, file } = await auditing(t);
    const used = approvedEmergency(plane);
    granted(await plane.ask({}, used));
    const own = ["--as", "ada", "--key", file("approver.json")];
    const { code, out } = await vai(["review", used.contractDigest, ...FINDING, ...own]);
    assert.equal(code, 1, out);
    assert.match(out, /ACTOR_AUTH_INVALID/);
  });

  test("VAI-127 a saved review sends nothing until somebody sends it", async (t) => {
    const { plane, vai, own, file } = await auditing(t);
    const used = approvedEmergency(plane);
    granted(await plane.ask({}, used));
    const saved = file("review.json");
    const before = plane.types("plane/registry").length;
    const args = ["review", used.contractDigest, ...FINDING, ...own, "--out", saved];
    assert.equal((await vai(args)).code, 0);
    assert.equal(plane.types("plane/registry").length, before);
    const { command } = JSON.parse(readFileSync(saved, "utf8"));
    const done = await plane.govern({ op: "command", command });
    assert.ok(done.ok, JSON.stringify(done));
  });
});

describe("reviews in vai status", () => {
  const seenOn = async (
    { deps: { registry } }: Plane,
    reviews: StatusSources["reviews"],
    now: number,
  ): Promise<Status> => {
    const heads = await registry.readHeads({ known: 0 });
    const documents = await registry.readDocuments(heads.registry);
    const nothing = { views: [], marks: new Map(), refusals: [] };
    return statusOf(
      { ...nothing, registry: { heads, documents }, reviews },
      { plane: "p", now, within: 60 },
    );
  };

  test("VAI-126 VAI-129 a use is listed until it is reviewed, and as overdue once it is late; garbage in its place is counted", async () => {
    const plane = await newPlane({ policy: { set: { "/breakGlass": [EMERGENCY] } } });
    const { breakGlass } = plane.deps;
    const reviews = (now = plane.world.now, closed = 0) =>
      reviewsIn(
        breakGlass,
        { reviews: closed === 0 ? [] : [{ policy: EMERGENCY.id, closed }] } as never,
        now,
      );
    assert.deepEqual(await reviews(), { open: [], unreadable: 0 });
    const used = approvedEmergency(plane);
    granted(await plane.ask({}, used));
    const { open } = await reviews();
    const { policy, contractDigest, incident, isOverdue, intentId, due } = open[0] ?? assert.fail();
    assert.deepEqual(
      { policy, contractDigest, incident, isOverdue, intentId },
      {
        ...{ policy: EMERGENCY.id, contractDigest: used.contractDigest, incident: "INC-17" },
        ...{ isOverdue: false, intentId: used.ids.intent },
      },
    );
    const [line] = statusLines(await seenOn(plane, await reviews(), plane.world.now)).filter(
      (each) => each.startsWith("reviews"),
    );
    assert.ok(line?.includes(`due ${due}`) && line.includes(`vai review ${contractDigest}`), line);
    const late = await reviews(Date.parse(due));
    assert.equal(late.open[0]?.isOverdue, true);
    assert.match(
      statusLines(await seenOn(plane, late, 0)).join("\n"),
      /^reviews +.*OVERDUE since/m,
    );
    assert.deepEqual((await reviews(plane.world.now, 1)).open, []);
    await breakGlass.putIfAbsent(`break-glass/${EMERGENCY.id}/000000001/use`, "garbage");
    const garbage = await reviews(plane.world.now, 1);
    assert.deepEqual(garbage, { open: [], unreadable: 1 });
    assert.equal((await seenOn(plane, garbage, 0)).unreadable, 1);
  });

  test("VAI-129 where nobody could look nothing is said of reviews", async () => {
    const status = await seenOn(await newPlane(), undefined, 0);
    assert.equal("reviews" in status, false);
    assert.doesNotMatch(statusLines(status).join("\n"), /^reviews/m);
  });
});
