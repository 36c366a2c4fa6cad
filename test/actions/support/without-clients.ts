import { registerHooks } from "node:module";
import { ENV } from "../../../lib/config.ts";
import { KEYS } from "../../support/keys.ts";

/** Run as a program: prints what actions and reads do where no file of their SDK clients can be loaded. */
const SDK = /\/sdk\.ts$/;
const CLIENT = /\/node_modules\/@aws-sdk\/client-([a-z0-9-]+)\//;
const loaded: string[] = [];
registerHooks({
  resolve(specifier, context, next) {
    if (SDK.test(specifier)) throw new Error("the file is not there");
    return next(specifier, context);
  },
  load(url, context, next) {
    const [, client] = CLIENT.exec(url) ?? [];
    if (client !== undefined) loaded.push(client);
    return next(url, context);
  },
});

const { CATALOGUE } = await import("../../../lib/actions/catalogue.ts");
const { READS } = await import("../../../lib/actions/reads.ts");
const loadedAtStart = [...loaded];
const { NOTHING_READ } = await import("../../../lib/actions/descriptor.ts");
const { readBack, runBoundedCall } = await import("../../../lib/execution/run.ts");
const { entitledTo } = await import("../../support/entitled.ts");
const { issuedSession } = await import("../../../lib/issuance/assume-role.ts");
const { issueDependencies } = await import("../../../lib/aws/function/dependencies.ts");

const CREDENTIALS = {
  ...{ accessKeyId: "ASIAEXAMPLEISSUED001", secretAccessKey: "secret", sessionToken: "token" },
};
const PLACE = { account: "000000000000", region: "us-east-1", endpoint: "http://127.0.0.1:1" };
const settings = { ...PLACE, credentials: CREDENTIALS, timeoutMilliseconds: 1_000 };
const PARAMETERS: Readonly<Record<string, Readonly<Record<string, string | number>>>> = {
  "dynamodb:UpdateItem": { "key/pk": "svc-a", "set/weight": 3 },
  "ecs:UpdateService": { desiredCount: 2 },
  "lambda:InvokeFunction": { "payload/clientToken": "ref-1" },
  "lambda:UpdateAlias": { alias: "live", version: "7", percent: 10 },
  "s3:PutObject": { body: "{}" },
  "ssm:PutParameter": { value: "10" },
  "lambda:GetAlias": { alias: "live" },
  "dynamodb:GetItem": { "key/pk": "svc-a" },
};

const code = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "none",
    (error: unknown) => String((error as { code?: unknown }).code),
  );

/** One after the other, by name. */
async function each<Item, Value>(
  items: readonly Item[],
  nameOf: (item: Item) => string,
  answerOf: (item: Item) => Promise<Value>,
): Promise<Record<string, Value>> {
  const found: Record<string, Value> = {};
  for (const item of items) found[nameOf(item)] = await answerOf(item);
  return found;
}

const session = issuedSession({
  Credentials: {
    AccessKeyId: CREDENTIALS.accessKeyId,
    SecretAccessKey: CREDENTIALS.secretAccessKey,
    SessionToken: CREDENTIALS.sessionToken,
    Expiration: new Date(Date.now() + 900_000),
  },
});
const operationOf = ({ action, target }: (typeof CATALOGUE)[number]) => ({
  ...{ action, resource: target.example, parameters: PARAMETERS[action] ?? {} },
});
const deps = issueDependencies("issue", {
  ...Object.fromEntries(Object.values(ENV).map((name) => [name, "x"])),
  [ENV.plane]: "vai:111122223333:us-east-1:example",
  [ENV.anchors]: JSON.stringify([KEYS.anchor.jwk]),
  [ENV.targets]: "{}",
  [ENV.targetKeys]: "{}",
  [ENV.scopedCredentials]: "true",
  AWS_ENDPOINT_URL: PLACE.endpoint,
});
const families = [...new Set(CATALOGUE.map(({ family }) => family))];
const reading = CATALOGUE.filter(({ preRead }) => preRead !== undefined);

const action = (descriptor: (typeof CATALOGUE)[number]): string => descriptor.action;
console.log(
  JSON.stringify({
    loadedAtStart,
    call: await each(CATALOGUE, action, (descriptor) =>
      runBoundedCall(
        ...([
          descriptor,
          entitledTo(operationOf(descriptor)),
          NOTHING_READ,
          session,
          PLACE,
        ] as const),
      ),
    ),
    readBack: await each(
      CATALOGUE,
      action,
      async (descriptor) => (await readBack(descriptor, operationOf(descriptor), settings)) ?? null,
    ),
    preRead: await each(reading, action, (descriptor) =>
      code(Promise.resolve(descriptor.preRead?.(operationOf(descriptor), settings))),
    ),
    fetch: await each(
      READS,
      ({ read }) => read,
      ({ read, target, fetch }) =>
        code(fetch({ resource: target.example, parameters: PARAMETERS[read] ?? {} }, settings)),
    ),
    family: await each(families, String, (family) =>
      deps.readerCredentials("arn:aws:iam::111122223333:role/reader", family).then(
        () => "none",
        (error: Error & { code?: string }) => `${error.code}: ${error.message}`,
      ),
    ),
  }),
);
