import { type Broken, put, shown, withoutStatement, withStatement } from "./break.ts";
import type { World } from "./healthy.ts";

const OF = /^bucket vai-test-glass$/;
const setBucket = (change: object) => (world: World) => put(world.bucket, change);
const policyOf = ({ bucket }: World): object => shown(bucket.policy);
const ABSENT = { status: "absent" };

/** What opens the bucket of emergencies, or lets what is put there go. */
export const BROKEN_BUCKET: readonly Broken[] = [
  {
    name: "a bucket of emergencies that is not there",
    change: setBucket({ isVersioned: ABSENT, lock: ABSENT, policy: ABSENT }),
    ...{ subject: OF, text: /no such bucket: no emergency can be used/ },
  },
  {
    name: "a bucket of emergencies without versions",
    change: setBucket({ isVersioned: { status: "seen", value: false } }),
    ...{ subject: OF, text: /keeps no versions/ },
  },
  {
    name: "a bucket of emergencies that locks nothing",
    change: setBucket({ lock: ABSENT }),
    ...{ subject: OF, text: /locks nothing/ },
  },
  {
    name: "a lock of the bucket of emergencies that somebody can take away",
    change: (world) => put(shown(world.bucket.lock), { mode: "GOVERNANCE" }),
    ...{ subject: OF, text: /by GOVERNANCE, 400 days, not COMPLIANCE, 400 days/ },
  },
  {
    name: "a lock of the bucket of emergencies that ends early",
    change: (world) => put(shown(world.bucket.lock), { days: 1 }),
    ...{ subject: OF, text: /by COMPLIANCE, 1 days, not COMPLIANCE, 400 days/ },
  },
  {
    name: "a bucket of emergencies without a policy",
    change: setBucket({ policy: ABSENT }),
    ...{ subject: OF, text: /has no policy: whoever has S3 rights/ },
  },
  {
    name: "a bucket of emergencies into which anybody puts",
    change: (world) => withoutStatement(policyOf(world), "OnlyThePlanePuts"),
    ...{ subject: OF, text: /it lacks OnlyThePlanePuts, Deny s3:PutObject/ },
  },
  {
    name: "a bucket of emergencies whose objects are put over",
    change: (world) => withStatement(policyOf(world), "OnlyIfAbsent", { Condition: {} }),
    ...{ subject: OF, text: /it lacks OnlyIfAbsent, Deny s3:PutObject/ },
  },
];
