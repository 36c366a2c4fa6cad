import { CREDENTIALS, HANDLE } from "../support/deliveries.ts";
import { type Governed, LIVE_IS_6, type Mutation } from "../support/governed.ts";
import { granted, type Plane } from "../support/plane.ts";

/** What a course is played with: events go through it, so that their digests can be told. */
export interface Player {
  readonly plane: Plane;
  issue(event: unknown): Promise<unknown>;
  execute(event: unknown): Promise<unknown>;
  govern(event: unknown): Promise<unknown>;
  /** What was written so far is no part of the course. */
  forget(): void;
}

/** One course of requests, on a plane whose clock, ids and keys are the same in every run. */
export type Course = (player: Player) => Promise<void>;

const OBLIGATION = { kind: "readBack", name: "routing", dueSeconds: 30 };

const contract = (set: Record<string, unknown>): Mutation => ({ contract: { set } });
const BEYOND: Mutation = { request: { set: { "/operation/parameters/percent": 100 } } };

/** One request under a new contract. */
const ask =
  (mutation: Mutation = {}): Course =>
  async ({ plane, issue }) => {
    await issue(plane.event(plane.contract(mutation), mutation));
  };

/** What the world shows to assumptions, one answer after the other. */
const seeing =
  (versions: readonly string[], course: Course): Course =>
  (player) => {
    player.plane.targets.answers.set(
      "lambda:GetAlias",
      versions.map((FunctionVersion) => ({ FunctionVersion })),
    );
    return course(player);
  };

/** A handle is issued, then something is done with it. */
const held =
  (
    redeem: (player: Player, governed: Governed, handle: unknown) => Promise<void>,
    mutation: Mutation = HANDLE,
  ): Course =>
  async (player) => {
    const { plane, issue } = player;
    const governed = plane.contract(mutation);
    const answer = await issue(plane.event(governed, mutation));
    await redeem(player, governed, granted(answer as never).handle);
  };

const redeemed = (mutation: Mutation = {}) =>
  held(async ({ plane, execute }, governed, handle) => {
    plane.world.pass(30);
    await execute(plane.redemption(governed, handle, mutation));
  });

const WITH_CONTEXT: Mutation = {
  ...HANDLE,
  ...contract({ "/deliveries": ["handle"], "/assumptions": [LIVE_IS_6] }),
};

/** Each course is one file of `golden/`, compared member by member. */
export const COURSES: Readonly<Record<string, Course>> = {
  "execute-granted": ask(contract({ "/assumptions": [LIVE_IS_6], "/obligations": [OBLIGATION] })),
  "execute-granted-item": ask({ base: "item" }),
  "execute-granted-again": async ({ plane, issue }) => {
    const event = plane.event(plane.contract());
    await issue(event);
    plane.world.pass(10);
    await issue(event);
  },
  "execute-failed": async (player) => {
    player.plane.targets.instead = () => ({
      status: "failed",
      error: { name: "AccessDeniedException", kind: "denied" },
    });
    await ask()(player);
  },
  "execute-unknown": async (player) => {
    player.plane.faults.plan({ at: "target:call", how: "timeout" });
    await ask()(player);
  },
  "execute-obligation-missed": async (player) => {
    player.plane.faults.plan({ at: "target:readBack" });
    await ask(contract({ "/obligations": [OBLIGATION] }))(player);
  },
  "execute-sts-failed": async (player) => {
    player.plane.faults.plan({ at: "sts" });
    await ask()(player);
  },
  "execute-sts-failed-again": async ({ plane, issue }) => {
    plane.faults.plan({ at: "sts" });
    const event = plane.event(plane.contract());
    await issue(event);
    plane.faults.clear();
    await issue(event);
  },
  "execute-expired": async (player) => {
    const { plane } = player;
    const { assumeRole } = plane.deps;
    plane.deps = {
      ...plane.deps,
      assumeRole: (input) => {
        plane.world.pass(597);
        return assumeRole(input);
      },
    };
    await ask()(player);
  },
  "execute-context-changed": seeing(
    ["6", "7"],
    ask(contract({ "/assumptions": [LIVE_IS_6], "/revokeOn": ["contextChanged"] })),
  ),
  "credentials-issued": ask(CREDENTIALS),
  "handle-issued": held(async () => {}),
  "handle-redeemed": redeemed(),
  "handle-redeemed-with-context": held(async ({ plane, execute }, governed, handle) => {
    await execute(plane.redemption(governed, handle));
  }, WITH_CONTEXT),
  "handle-violated": redeemed(BEYOND),
  "handle-refused-after-sts": seeing(
    ["6", "6", "7"],
    held(async ({ plane, execute }, governed, handle) => {
      await execute(plane.redemption(governed, handle));
    }, WITH_CONTEXT),
  ),
  "handle-of-a-thief": redeemed({ request: { signedBy: "stranger", set: {} } }),
  "refused-malformed": async ({ issue }) => {
    await issue({ contract: 1 });
  },
  "refused-signature": ask({ request: { signature: "flipped" } }),
  "refused-issuer": ask({ contract: { signedBy: "stranger" } }),
  "refused-proof": ask({ decision: { set: { "/outcome": "DENY" } } }),
  "refused-scope": ask(BEYOND),
  "refused-context": seeing(
    ["7"],
    ask(contract({ "/assumptions": [LIVE_IS_6], "/revokeOn": ["contextChanged"] })),
  ),
  "refused-used-up": async ({ plane, issue }) => {
    const governed = plane.contract();
    await issue(plane.event(governed));
    await issue(plane.event(governed));
  },
  "refused-flood": async ({ plane, issue, forget }) => {
    for (let n = 0; n < 23; n++) await plane.issue({ n });
    plane.world.pass(60);
    forget();
    await issue({ later: true });
  },
  "policy-published": async ({ plane, govern }) => {
    const { jws } = plane.nextPolicy({ set: { "/auditors": [] } });
    await govern({ op: "publishTrustPolicy", trustPolicy: jws });
  },
  "policy-refused": async ({ plane, govern }) => {
    const { jws } = plane.nextPolicy({ set: { "/version": 7 } });
    await govern({ op: "publishTrustPolicy", trustPolicy: jws });
  },
};
