import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  type CutAnswer,
  cutRequest,
  cutSession,
  type Uncut,
} from "../../lib/issuance/cut-session.ts";
import { IssuedSession } from "../../lib/issuance/session.ts";

const NOW = Date.UTC(2026, 4, 5, 4);
const NAME = "vai-0123456789abcdef0123456789";
const SECRET = { accessKeyId: "ASIAFIRST", secretAccessKey: "first secret", sessionToken: "first" };

/** A session that ends 900 s after {@link NOW}, of an identity that ends so many seconds after it. */
const uncut = (seconds: number, roleArn = "arn:aws:iam::111122223333:role/exec"): Uncut => ({
  session: new IssuedSession(SECRET, new Date(NOW + 900_000).toISOString()),
  ...{ sessionName: NAME, roleArn, expiresAt: NOW + seconds * 1000 },
});

const WHOLE = {
  Credentials: {
    ...{ AccessKeyId: "ASIACUT", SecretAccessKey: "cut secret", SessionToken: "cut token" },
    Expiration: new Date(NOW + 20_000),
  },
  SessionInfo: {
    ScopedSessionId: "AROAEXAMPLE:x",
    Arn: `arn:aws:sts::111122223333:assumed-role/exec/${NAME}`,
  },
} as const;

suite("what a cut is asked for", () => {
  test("VAI-116 X-01 all that the session may do but for STS, until the identity ends, under the session's name", () => {
    assert.deepEqual(cutRequest(uncut(20), NOW), {
      Policy:
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"sts:*","Resource":"*"}]}',
      DurationSeconds: 20,
      ScopedSessionDescription: NAME,
    });
  });

  const DURATIONS: readonly (readonly [
    seconds: number,
    later: number,
    asked: number | undefined,
  ])[] = [
    [20, 0, 20],
    [20, 1, 19],
    [20, 999, 19],
    [20, 1_000, 19],
    [20, 19_500, 1],
    [20, 25_000, 1],
    [870, 0, 870],
    [870.001, 0, undefined],
    [900, 0, undefined],
    [3_600, 0, undefined],
  ];
  for (const [seconds, later, asked] of DURATIONS) {
    test(`VAI-116 of a session of 900 s, ${later} ms into an identity of ${seconds} s: ${asked ?? "no"} seconds`, () => {
      const request = cutRequest(uncut(seconds), NOW + later);
      assert.deepEqual(request.DurationSeconds, asked);
      assert.equal("DurationSeconds" in request, asked !== undefined);
    });
  }
});

suite("what a cut is answered", () => {
  test("VAI-116 a whole answer is the cut session, which knows when the first one ends", () => {
    const session = cutSession(uncut(20), WHOLE);
    assert.equal(session.hardExpiry, "2026-05-05T04:00:20.000Z");
    assert.deepEqual(session.cut, {
      scopedSessionId: "AROAEXAMPLE:x",
      sessionExpiry: "2026-05-05T04:15:00.000Z",
    });
    assert.deepEqual(session.reveal(), {
      ...{ accessKeyId: "ASIACUT", secretAccessKey: "cut secret", sessionToken: "cut token" },
    });
  });

  test("VAI-116 it may end with the first session, and a role's path is not in the ARN of its session", () => {
    const Credentials = { ...WHOLE.Credentials, Expiration: new Date(NOW + 900_000) };
    const role = "arn:aws:iam::111122223333:role/team/of/exec";
    assert.ok(cutSession(uncut(900, role), { ...WHOLE, Credentials }).cut);
  });

  test("VAI-116 in another partition the session's ARN is of that one", () => {
    const role = "arn:aws-us-gov:iam::111122223333:role/exec";
    const Arn = `arn:aws-us-gov:sts::111122223333:assumed-role/exec/${NAME}`;
    assert.ok(
      cutSession(uncut(20, role), { ...WHOLE, SessionInfo: { ...WHOLE.SessionInfo, Arn } }).cut,
    );
    assert.throws(() => cutSession(uncut(20, role), WHOLE), { code: "STS_FAILED" });
  });

  const { SessionInfo, Credentials } = WHOLE;
  const without = (name: keyof typeof Credentials): CutAnswer => {
    const { [name]: _, ...Rest } = Credentials;
    return { SessionInfo, Credentials: Rest };
  };
  const ending = (Expiration: Date): CutAnswer => ({
    ...{ SessionInfo, Credentials: { ...Credentials, Expiration } },
  });
  const about = (change: object): CutAnswer => ({
    ...{ Credentials, SessionInfo: { ...SessionInfo, ...change } },
  });
  const NONE: Readonly<Record<string, CutAnswer>> = {
    "no answer": {},
    "no credentials": { SessionInfo },
    "no key id": without("AccessKeyId"),
    "no secret": without("SecretAccessKey"),
    "no token": without("SessionToken"),
    "an empty token": { SessionInfo, Credentials: { ...Credentials, SessionToken: "" } },
    "no end": without("Expiration"),
    "an end that is no time": ending(new Date(Number.NaN)),
    "an end a second after the first session's": ending(new Date(NOW + 901_000)),
    "nothing about the session": { Credentials },
    "no id": { Credentials, SessionInfo: { Arn: SessionInfo.Arn } },
    "no ARN": { Credentials, SessionInfo: { ScopedSessionId: "x" } },
    "another session's ARN": about({ Arn: `${SessionInfo.Arn}0` }),
    "another role's ARN": about({ Arn: SessionInfo.Arn.replace("/exec/", "/exec2/") }),
    "another account's ARN": about({
      Arn: SessionInfo.Arn.replace("111122223333", "444455556666"),
    }),
    "the role's own ARN": about({ Arn: "arn:aws:iam::111122223333:role/exec" }),
  };
  for (const [what, answer] of Object.entries(NONE)) {
    test(`VAI-116 VAI-100 ${what}: no session`, () => {
      assert.throws(() => cutSession(uncut(20), answer), { code: "STS_FAILED" });
    });
  }

  test("USR-16 no refusal holds a word of either session", () => {
    for (const answer of Object.values(NONE)) {
      try {
        cutSession(uncut(20), answer);
      } catch (fault) {
        assert.doesNotMatch(
          `${(fault as Error).stack} ${JSON.stringify(fault)}`,
          /ASIA|secret|token/,
        );
      }
    }
  });
});
