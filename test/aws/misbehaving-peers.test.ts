import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { KMSClient } from "@aws-sdk/client-kms";
import { invokeFunction } from "../../lib/aws/people/invoke.ts";
import {
  dependencyOptions,
  functionOptions,
  REQUEST_TIMEOUT,
} from "../../lib/aws/ports/clients.ts";
import { KmsSigner } from "../../lib/aws/ports/kms-signer.ts";
import { boundBy } from "../../lib/aws/ports/lifetime.ts";
import { FUNCTION_TIMEOUT_SECONDS } from "../../lib/config.ts";
import { examine } from "../../lib/doctor/examine.ts";
import { Fault } from "../../lib/refusal.ts";
import { DEPLOYMENT, healthyWorld, inspectorOf } from "../cli/support/healthy.ts";
import {
  FUNCTION_CLIENTS,
  functionAt,
  SESSION_WANTED,
  STEP,
} from "../support/peers/function-clients.ts";
import {
  askPeer,
  drippingBody,
  HANGS,
  LONG,
  PEERS,
  peerThat,
  reset,
  SESSION,
  silent,
} from "../support/peers/peers.ts";
import {
  DOCTOR_CLIENTS,
  OTHER_LOOKS,
  PEOPLE_CLIENTS,
  placeAt,
  seeAt,
} from "../support/peers/people-clients.ts";
import { newPlane } from "../support/plane.ts";

/*
 * Every client of functions and of people's commands against peers that misbehave. An option of the SDK counts as
 * working when such a peer has shown it: a call ends, and as the fault of its dependency. The clients of targets are in
 * `test/actions`; `every-client.test.ts` says that none is missing.
 */

/** All that wait for a peer wait at the same time. */
const TOGETHER = { concurrency: true };

/** Where the SDK finds the credentials of a function: in its process's environment. */
const OWN = {
  AWS_ACCESS_KEY_ID: SESSION.accessKeyId,
  AWS_SECRET_ACCESS_KEY: SESSION.secretAccessKey,
  AWS_SESSION_TOKEN: SESSION.sessionToken,
};

/** Gives the tests of one suite the credentials of a function. */
function asFunction(): void {
  const found = Object.keys(OWN).map((name) => [name, process.env[name]] as const);
  before(() => {
    Object.assign(process.env, OWN);
  });
  after(() => {
    for (const [name, value] of found) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });
}

function faultOf(result: PromiseSettledResult<unknown>): Fault {
  assert.equal(result.status, "rejected");
  assert.ok(result.reason instanceof Fault, String(result.reason));
  return result.reason;
}

/** What the doctor says when AWS did not answer: which look failed, never that something is absent, or in order. */
function isUnseen(result: PromiseSettledResult<unknown>): void {
  const { code, message } = faultOf(result);
  assert.equal(code, "DEPENDENCY_UNAVAILABLE");
  assert.match(message, /^[a-z0-9]+:[A-Z].* failed: \w+$/);
}

for (const [peer, misbehaves] of Object.entries(PEERS)) {
  suite(`VAI-99 a dependency that ${peer}`, TOGETHER, () => {
    asFunction();
    for (const { name, ask, code, once } of [...FUNCTION_CLIENTS, ...PEOPLE_CLIENTS]) {
      const tries = once === true ? " after one try" : "";
      test(`VAI-99 ${name} ends as ${code}${tries}`, { timeout: HANGS }, async (t) => {
        const { result, asked } = await askPeer(misbehaves, t, ask);
        assert.equal(faultOf(result).code, code);
        assert.ok(once === true ? asked.length === 1 : asked.length > 0, `${asked.length} tries`);
      });
    }
    for (const { name, ask } of [...DOCTOR_CLIENTS, ...OTHER_LOOKS]) {
      const title = `VAI-99 the doctor's look at ${name} finds nothing, and says which look failed`;
      test(title, { timeout: HANGS }, async (t) => {
        const { result, asked } = await askPeer(misbehaves, t, ask);
        isUnseen(result);
        assert.ok(asked.length > 0);
      });
    }
  });
}

suite("VAI-99 what follows from a peer that misbehaves", () => {
  asFunction();

  test("VAI-99 a doctor to whom one service does not answer says so, whatever else it has found", async (t) => {
    const plane = await newPlane();
    const healthy = inspectorOf(await healthyWorld(plane));
    for (const { look } of DOCTOR_CLIENTS) {
      const service = await peerThat(reset, t);
      const see = { ...healthy, [look]: seeAt(service.endpoint, LONG)[look] };
      const [result] = await Promise.allSettled([examine(DEPLOYMENT, see, () => plane.world.now)]);
      isUnseen(result);
      assert.ok(service.asked.length > 0, look);
    }
  });

  test("VAI-99 every try of a transaction whose answer is lost carries the same token", async (t) => {
    const table = await peerThat(reset, t);
    await assert.rejects(functionAt(table.endpoint, LONG).evidence.append(STEP));
    const tokens = table.asked.map((body) => JSON.parse(body).ClientRequestToken);
    assert.equal(tokens.length, 3);
    assert.match(tokens[0], /^\S{16,}$/);
    assert.equal(new Set(tokens).size, 1);
  });

  test("VAI-99 a person waits for a function longer than it may run, and not without end", {
    timeout: HANGS,
  }, async (t) => {
    const lambda = await peerThat(silent, t);
    const { patience: _, ...place } = placeAt(lambda.endpoint, LONG);
    t.mock.timers.enable({ apis: ["setTimeout"] });
    let code = "none yet";
    const call = invokeFunction(place, "issue", {}).catch((fault: { readonly code: string }) => {
      code = fault.code;
    });
    while (lambda.asked.length === 0) await turn();
    t.mock.timers.tick(FUNCTION_TIMEOUT_SECONDS * 1_000);
    await turn();
    assert.equal(code, "none yet");
    t.mock.timers.tick(FUNCTION_TIMEOUT_SECONDS * 1_000);
    await call;
    assert.equal(code, "DEPENDENCY_UNAVAILABLE");
  });

  test("VAI-99 where nobody says how long, functions and people wait for the product's own time", () => {
    for (const options of [dependencyOptions, functionOptions]) {
      const { requestHandler, ...rest } = options({ region: "us-east-1" });
      const { requestTimeout, socketTimeout, throwOnRequestTimeout } = requestHandler;
      assert.deepEqual([requestTimeout, socketTimeout], [REQUEST_TIMEOUT, REQUEST_TIMEOUT]);
      assert.equal(throwOnRequestTimeout, true);
      assert.ok(!("patience" in rest));
    }
  });
});

suite("VAI-103 no try begins that could not end before its function does", () => {
  asFunction();

  test("VAI-103 no try of a call is sent when less is left than it may take, and each repeat is looked at", async (t) => {
    const kms = await peerThat(reset, t);
    for (const [left, sent] of [
      [10_000, 3],
      [1_499, 0],
      [1_501, 1],
    ] as const) {
      const before = kms.asked.length;
      // The clock moves by the length of a try whenever somebody looks.
      let now = 0;
      const clock = (): number => {
        const seen = now;
        now += 1_000;
        return seen;
      };
      const client = boundBy(new KMSClient(functionOptions(placeAt(kms.endpoint, LONG))), {
        ...{ lifetime: { end: left }, clock, longest: 1_000 },
      });
      await assert.rejects(new KmsSigner(client, "key").sign(new Uint8Array(32)), {
        code: "EVIDENCE_SIGNER_UNAVAILABLE",
      });
      assert.equal(kms.asked.length - before, sent, `${left} ms left`);
    }
  });

  test("VAI-103 a try whose peer answers byte by byte, without an end, ends when its time is over", async (t) => {
    const { result, asked } = await askPeer(drippingBody, t, (endpoint, patience) => {
      const { assumeRole } = functionAt(endpoint, patience);
      const tooLate = new Promise((resolve) => setTimeout(resolve, 2 * patience, "too late"));
      return Promise.race([assumeRole(SESSION_WANTED), tooLate]);
    });
    assert.equal(faultOf(result).code, "STS_FAILED");
    assert.equal(asked.length, 1);
  });

  test("VAI-103 a try that was ended is repeated as those are that the SDK ends", async (t) => {
    const kms = await peerThat(silent, t);
    let tries = 0;
    const clock = (): number => {
      tries += 1;
      return 0;
    };
    const client = boundBy(new KMSClient(functionOptions(placeAt(kms.endpoint, LONG))), {
      ...{ lifetime: { end: 10_000 }, clock, longest: 10 },
    });
    await assert.rejects(new KmsSigner(client, "key").sign(new Uint8Array(32)), {
      message: "kms:Sign failed: TimeoutError",
    });
    assert.equal(tries, 3);
  });
});
