import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, beforeEach, suite, test } from "node:test";
import { handler } from "../../infra/sample-payments-handler.ts";

const CREDENTIAL = "c".repeat(48);

interface Asked {
  readonly Item?: Readonly<Record<string, object>>;
  readonly Key?: { readonly pk: { readonly S: string } };
  readonly TransactItems?: readonly { readonly Put?: Asked; readonly Update?: Asked }[];
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>;
}

/** Tables and secrets as the function calls them; what it was asked, and what it does not do. */
const world = {
  items: new Map<string, object>(),
  counts: { asked: 0, done: 0 } as Record<string, number>,
  targets: [] as string[],
  broken: "",
};

const count = ({ ExpressionAttributeNames: names = {} }: Asked): void => {
  const name = names["#n"] ?? "";
  world.counts[name] = (world.counts[name] ?? 0) + 1;
};

function answerTo(operation: string, asked: Asked): [number, object] {
  if (operation === world.broken) return [500, {}];
  if (operation === "GetSecretValue") return [200, { SecretString: CREDENTIAL }];
  if (operation === "UpdateItem") return [200, count(asked) ?? {}];
  if (operation === "GetItem") return [200, { Item: world.items.get(asked.Key?.pk.S ?? "") }];
  const [put, update] = asked.TransactItems ?? [];
  const { S: pk = "" } = (put?.Put?.Item?.["pk"] ?? {}) as { S?: string };
  if (world.items.has(pk)) return [400, { __type: "TransactionCanceledException" }];
  world.items.set(pk, put?.Put?.Item ?? {});
  return [200, count(update?.Update ?? {}) ?? {}];
}

suite("the sample function that pays", () => {
  let server: Server;
  const own = { ...process.env };
  before(async () => {
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const target = String(request.headers["x-amz-target"]);
        world.targets.push(target);
        const asked = JSON.parse(Buffer.concat(chunks).toString()) as Asked;
        const [status, answer] = answerTo(target.replace(/^.*\./, ""), asked);
        response.writeHead(status).end(JSON.stringify(answer));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    Object.assign(process.env, {
      ...{ AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`, AWS_REGION: "us-east-1" },
      ...{ AWS_ACCESS_KEY_ID: "ASIAX", AWS_SECRET_ACCESS_KEY: "x", AWS_SESSION_TOKEN: "x" },
      ...{ TABLE: "t", SECRET: "s" },
    });
  });
  after(() => {
    server.closeAllConnections();
    server.close();
    for (const name of Object.keys(process.env)) if (!(name in own)) delete process.env[name];
    Object.assign(process.env, own);
  });
  beforeEach(() => {
    world.items.clear();
    Object.assign(world, { counts: { asked: 0, done: 0 }, targets: [], broken: "" });
  });

  const GOOD = { clientToken: "ref-1", amount: 80, currency: "EUR" };

  test("POC-24 it pays once for each client token, and says nothing of what it pays by", async () => {
    const first = (await handler(GOOD)) as { statusCode: number; reference: string };
    assert.match(first.reference, /^pay-[0-9a-f]{16}$/);
    assert.deepEqual(first, { statusCode: 200, reference: first.reference });
    assert.deepEqual(await handler({ ...GOOD }), first, "the same request");
    assert.deepEqual(await handler({ ...GOOD, amount: 81 }), { statusCode: 409 });
    assert.deepEqual(world.counts, { asked: 3, done: 1 });
    assert.equal(world.items.size, 1);
    const kept = JSON.stringify([first, ...world.items.values()]);
    assert.ok(!kept.includes(CREDENTIAL));
  });

  for (const [what, event] of Object.entries({
    "no client token": { amount: 1 },
    "a client token of other characters": { ...GOOD, clientToken: "#counts" },
    "no amount": { clientToken: "a" },
    "an amount as text": { ...GOOD, amount: "80" },
    "nothing to pay": { ...GOOD, amount: 0 },
    "a fraction": { ...GOOD, amount: 0.5 },
    "a currency that is none": { ...GOOD, currency: "euro" },
  })) {
    test(`POC-22 ${what} is refused, counted, and pays nothing`, async () => {
      assert.deepEqual(await handler(event), { statusCode: 400 });
      assert.deepEqual(world.counts, { asked: 1, done: 0 });
      assert.ok(!world.targets.includes("secretsmanager.GetSecretValue"));
    });
  }

  for (const broken of ["UpdateItem", "GetSecretValue", "TransactWriteItems"]) {
    test(`ADV-69 where ${broken} fails it breaks off: whether it paid it does not say`, async () => {
      world.broken = broken;
      await assert.rejects(async () => handler(GOOD));
    });
  }
});
