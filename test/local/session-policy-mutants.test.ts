import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { SessionPolicy } from "../../lib/authority/iam-document.ts";
import type { Clients } from "../../localstack/clients.ts";
import { outcomeOf } from "../support/local-iam.ts";
import { type LocalPlane, localPlane } from "../support/local-plane.ts";
import { policyOf, type Sessions, sessionsOfEverything } from "../support/local-sessions.ts";
import { allowsOf, deniesOf, halfOf, type Mutant, mutantsOf } from "../support/mutate-policy.ts";
import type { Wall } from "./wall/wall.ts";
import { WALLS } from "./wall/walls.ts";

// Each part of a session policy, taken away, is missed by IAM itself: raw clients, a role that may
// do everything, and as session policy the mutant. Allows and Denies hold the same bounds twice, so
// the half that was changed is tried alone: the Allows without the Denies, the Denies in a session
// that is otherwise allowed everything, which is what a resource policy that names it amounts to.

const HOUR = 3_600_000;
/** Windows of ten minutes that contain now, or lie an hour off. */
const WINDOWS = { now: 0, before: HOUR, after: -HOUR } as const;
type Window = keyof typeof WINDOWS;
/** Policies of one form: same statements, so same mutants in the same order. */
type Forms = Readonly<Record<Window, SessionPolicy>>;

/** A call that the policy of a window must deny. */
interface Probe {
  readonly window: Window;
  readonly call: (as: Clients) => Promise<unknown>;
  readonly region?: string;
}

/**
 * Mutants that no call on AWS tells from the whole policy, by the end of their name. The evaluator
 * and containment notice them: test/authority/session-policy-mutants.test.ts.
 */
const UNTRIED: Readonly<Record<string, string>> = {};

const probesOf = ({ bounded, beyond }: Wall): Probe[] => [
  // What a role that may do everything cannot do, no session policy could let through.
  ...Object.values(beyond)
    .filter(({ twin }) => twin === undefined)
    .map((each): Probe => ({ window: "now", ...each })),
  { window: "before", call: bounded },
  { window: "after", call: bounded },
];

async function formsOf(plane: LocalPlane, { scope }: Wall): Promise<Forms> {
  const form = async (offset: number): Promise<SessionPolicy> =>
    (await policyOf(plane, scope, { now: Date.now() + offset })) as SessionPolicy;
  const [now, before, after] = await Promise.all([
    form(WINDOWS.now),
    form(WINDOWS.before),
    form(WINDOWS.after),
  ]);
  return { now, before, after };
}

/** Tries calls under policies; one session for each policy, however many calls. */
class Trial {
  readonly #plane: LocalPlane;
  readonly #sessions: Sessions;
  readonly #known = new Map<string, ReturnType<Sessions["session"]>>();

  constructor(plane: LocalPlane, sessions: Sessions) {
    this.#plane = plane;
    this.#sessions = sessions;
  }

  async denies(
    policy: SessionPolicy,
    { call, region }: Pick<Probe, "call" | "region">,
  ): Promise<boolean> {
    const text = JSON.stringify(policy);
    const session = this.#known.get(text) ?? this.#sessions.session(policy);
    this.#known.set(text, session);
    return (await outcomeOf(call(this.#plane.as(await session, region)))) === "denied";
  }
}

/** The probes that one half of the whole policy denies: those that a mutant of it could let through. */
async function heldBy(
  trial: Trial,
  half: (policy: SessionPolicy) => SessionPolicy,
  forms: Forms,
  probes: readonly Probe[],
): Promise<Probe[]> {
  const held: Probe[] = [];
  for (const probe of probes)
    if (await trial.denies(half(forms[probe.window]), probe)) held.push(probe);
  return held;
}

/** What notices a mutant: a call let through, or the listed call denied. */
type Noticed = "wider" | "narrower" | "not";

for (const [name, build] of Object.entries(WALLS)) {
  test(`VAI-47 VAI-42 IAM notices every mutant of the session policy for ${name}`, async (t: TestContext) => {
    const plane = await localPlane();
    const wall = await build(t, plane);
    const forms = await formsOf(plane, wall);
    const trial = new Trial(plane, await sessionsOfEverything(t, plane));
    const probes = probesOf(wall);
    const held = {
      Allow: await heldBy(trial, allowsOf, forms, probes),
      Deny: await heldBy(trial, deniesOf, forms, probes),
    };
    assert.equal(held.Deny.length, probes.length, "the Denies alone hold every bound");
    assert.ok(!(await trial.denies(forms.now, { call: wall.bounded })), "the listed call");

    const mutants = {
      now: mutantsOf(forms.now),
      before: mutantsOf(forms.before),
      after: mutantsOf(forms.after),
    };
    const judge = async (mutant: Mutant, index: number): Promise<Noticed> => {
      const candidates = held[mutant.effect];
      for (const probe of candidates) {
        const form = mutants[probe.window][index];
        assert.ok(form);
        const half = halfOf(form, form.policy);
        // Without a statement it is no policy, and would let nothing through.
        if (half.Statement.length === 0 || (await trial.denies(half, probe))) continue;
        // The next mutants are of the same statement: what told this one most likely tells them.
        candidates.splice(candidates.indexOf(probe), 1);
        candidates.unshift(probe);
        return "wider";
      }
      return (await trial.denies(mutant.policy, { call: wall.bounded })) ? "narrower" : "not";
    };
    const found: Record<Noticed, string[]> = { wider: [], narrower: [], not: [] };
    for (const [index, mutant] of mutants.now.entries())
      found[await judge(mutant, index)].push(mutant.name);
    t.diagnostic(
      `${mutants.now.length} mutants, ${found.wider.length} let a call through, ` +
        `${found.narrower.length} deny the listed call, ${found.not.length} are not told by a call`,
    );
    assert.deepEqual(
      found.not.filter((each) => !(each in UNTRIED)),
      [],
    );
  });
}
