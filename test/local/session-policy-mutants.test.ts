import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { SessionPolicy } from "../../lib/authority/evaluate/iam-document.ts";
import type { Clients } from "../../localstack/deploy/clients.ts";
import { permissionOf } from "../support/local/iam.ts";
import { type LocalPlane, localPlane } from "../support/local/plane.ts";
import { policyOf, type Sessions, sessionsOfEverything } from "../support/local/sessions.ts";
import {
  allowsOf,
  deniesOf,
  halfOf,
  type Mutant,
  mutantsOf,
  strangerOf,
} from "../support/mutate-policy.ts";
import type { Wall } from "./wall/wall.ts";
import { WALLS } from "./wall/walls.ts";

// Each part of a session policy, taken away, is missed by IAM itself: raw clients, a role that may
// do everything, and as session policy the mutant. Allows and Denies hold the same bounds twice, so
// the half that was changed is tried alone: the Allows without the Denies, the Denies in a session
// that is otherwise allowed everything, which is what a resource policy that names it amounts to.

const HOUR = 3_600_000;

/**
 * Policies of one form, hence with the same mutants in the same order: the one in force, and those
 * that deny the listed call for its time, its region or the owner of its bucket alone. A call that
 * is elsewhere in truth is mostly on another resource too, which the policy denies as well.
 */
const FORMS = ["now", "before", "after", "abroad", "foreign"] as const;
type Form = (typeof FORMS)[number];
type Forms = Readonly<Partial<Record<Form, SessionPolicy>>> & { readonly now: SessionPolicy };

/** A call that the policy of a form must deny. */
interface Probe {
  readonly what: string;
  readonly form: Form;
  readonly call: (as: Clients) => Promise<unknown>;
  readonly region?: string;
}

/**
 * By wall: mutants that no call on the local AWS tells from the whole policy. An UpdateItem names
 * its key, so AWS never leaves `LeadingKeys` and `Attributes` out; where a call leaves
 * `ReturnValues` out the local AWS fills in the default; and a bucket always has an owner. Of every
 * call but Invoke the local AWS asks by the function's own ARN, which is another resource than the
 * alias, and denied as such. The evaluator and containment notice them
 * (test/authority/session-policy-mutants.test.ts).
 */
const UNTOLD: Readonly<Record<string, readonly string[]>> = {
  "s3:PutObject": ["0 Allow: StringEquals aws:ResourceAccount if it exists"],
  "lambda:InvokeFunction": [
    "0 Allow: Action and everything",
    "1 Deny NotAction: removed",
    "1 Deny NotAction: NotAction and everything",
  ],
  "dynamodb:UpdateItem on a table": [
    "0 Allow: StringEqualsIfExists dynamodb:ReturnValues must exist",
    "6 Deny StringNotEquals dynamodb:ReturnValues Null dynamodb:ReturnValues: Null dynamodb:ReturnValues removed",
  ],
  "dynamodb:UpdateItem of an item": [
    "0 Allow: Null dynamodb:LeadingKeys removed",
    "0 Allow: Null dynamodb:Attributes removed",
    "0 Allow: StringEqualsIfExists dynamodb:ReturnValues must exist",
    "7 Deny Null dynamodb:LeadingKeys: removed",
    "9 Deny Null dynamodb:Attributes: removed",
    "10 Deny StringNotEquals dynamodb:ReturnValues Null dynamodb:ReturnValues: Null dynamodb:ReturnValues removed",
  ],
};

const probesOf = ({ bounded, beyond }: Wall, forms: Forms): Probe[] => [
  // What a role that may do everything cannot do, no session policy could let through.
  ...Object.entries(beyond)
    .filter(([, { twin }]) => twin === undefined)
    .map(([what, each]): Probe => ({ what, form: "now", ...each })),
  ...FORMS.filter((form) => form !== "now" && form in forms).map((form) => ({
    what: form,
    form,
    call: bounded,
  })),
];

const REGION = "aws:RequestedRegion";
const OWNER = "aws:ResourceAccount";

async function formsOf(plane: LocalPlane, { scope }: Wall): Promise<Forms> {
  const signedAt = async (offset: number): Promise<SessionPolicy> =>
    (await policyOf(plane, scope, { now: Date.now() + offset })) as SessionPolicy;
  const [now, before, after] = await Promise.all([signedAt(0), signedAt(HOUR), signedAt(-HOUR)]);
  const { region, account } = plane.outputs;
  const abroad = replaced(now, `"${REGION}":"${region}"`, `"${REGION}":"eu-west-1"`);
  const foreign = replaced(now, `"${OWNER}":"${account}"`, `"${OWNER}":"999999999999"`);
  assert.ok(abroad);
  return { now, before, after, abroad, ...(foreign !== undefined && { foreign }) };
}

function replaced(policy: SessionPolicy, own: string, other: string): SessionPolicy | undefined {
  const text = JSON.stringify(policy);
  return text.includes(own)
    ? (JSON.parse(text.replaceAll(own, other)) as SessionPolicy)
    : undefined;
}

/** The mutants of every form, with what is at home as the stranger of a policy that is elsewhere. */
function mutantsByForm(plane: LocalPlane, forms: Forms): ReadonlyMap<Form, Mutant[]> {
  const home: Readonly<Record<string, string>> = {
    [REGION]: plane.outputs.region,
    [OWNER]: plane.outputs.account,
  };
  const stranger = (key: string): string => home[key] ?? strangerOf(key);
  return new Map(
    FORMS.map((form) => {
      const policy = forms[form];
      const isHome = form !== "abroad" && form !== "foreign";
      return [form, policy ? mutantsOf(policy, isHome ? strangerOf : stranger) : []];
    }),
  );
}

/** Tries calls under policies; one session for each policy, however many calls. */
class Trial {
  readonly #plane: LocalPlane;
  readonly #sessions: Sessions;
  readonly #clients = new Map<string, Promise<Clients>>();

  constructor(plane: LocalPlane, sessions: Sessions) {
    this.#plane = plane;
    this.#sessions = sessions;
  }

  async denies(
    policy: SessionPolicy,
    { call, region }: Pick<Probe, "call" | "region">,
  ): Promise<boolean> {
    const as = await this.#under(policy, region);
    return (await permissionOf(call(as))) === "denied";
  }

  #under(policy: SessionPolicy, region?: string): Promise<Clients> {
    const asked = JSON.stringify([policy, region]);
    const clients =
      this.#clients.get(asked) ??
      this.#sessions.session(policy).then((session) => this.#plane.as(session, region));
    this.#clients.set(asked, clients);
    return clients;
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
    if (await trial.denies(half(forms[probe.form] ?? forms.now), probe)) held.push(probe);
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
    const probes = probesOf(wall, forms);
    const held = {
      Allow: await heldBy(trial, allowsOf, forms, probes),
      Deny: await heldBy(trial, deniesOf, forms, probes),
    };
    const open = probes.filter((probe) => !held.Deny.includes(probe)).map(({ what }) => what);
    assert.deepEqual(open, [], "the Denies alone hold every bound");
    assert.ok(!(await trial.denies(forms.now, { call: wall.bounded })), "the listed call");

    const mutants = mutantsByForm(plane, forms);
    const all = mutants.get("now") ?? [];
    const judge = async (mutant: Mutant, index: number): Promise<Noticed> => {
      if (await trial.denies(mutant.policy, { call: wall.bounded })) return "narrower";
      const candidates = held[mutant.effect];
      for (const probe of candidates) {
        const form = mutants.get(probe.form)?.[index];
        assert.ok(form);
        const half = halfOf(form, form.policy);
        // Without a statement it is no policy, and would let nothing through.
        if (half.Statement.length === 0 || (await trial.denies(half, probe))) continue;
        // The next mutants are of the same statement: what told this one most likely tells them.
        candidates.splice(candidates.indexOf(probe), 1);
        candidates.unshift(probe);
        return "wider";
      }
      return "not";
    };
    const found: Record<Noticed, string[]> = { wider: [], narrower: [], not: [] };
    for (const [index, mutant] of all.entries())
      found[await judge(mutant, index)].push(mutant.name);
    t.diagnostic(
      `${all.length} mutants, ${found.wider.length} let a call through, ` +
        `${found.narrower.length} deny the listed call, ${found.not.length} are not told by a call`,
    );
    assert.deepEqual(found.not, UNTOLD[name] ?? []);
  });
}
