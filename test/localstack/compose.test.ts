import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { LOCALSTACK_FOLDER } from "../../localstack/machine/paths.ts";

/** The YAML parser that the CDK brings along. */
const { parse } = createRequire(createRequire(import.meta.url).resolve("aws-cdk-lib/package.json"))(
  "yaml",
) as { parse: (text: string) => unknown };

interface Compose {
  readonly services: Readonly<
    Record<
      string,
      {
        readonly image: string;
        readonly ports: readonly string[];
        readonly volumes: readonly string[];
        readonly environment: Readonly<Record<string, string>>;
        readonly privileged?: boolean;
        readonly network_mode?: string;
      }
    >
  >;
  readonly volumes: Readonly<Record<string, unknown>>;
}

test("compose.yaml pins LocalStack's last open release and opens it to this machine alone", () => {
  const text = readFileSync(join(LOCALSTACK_FOLDER, "compose.yaml"), "utf8");
  const { services, volumes } = parse(text) as Compose;
  assert.deepEqual(Object.keys(services), ["localstack"]);
  const { image, ports, volumes: mounted, ...rest } = services["localstack"] ?? assert.fail();
  assert.equal(image, "localstack/localstack:4.14.0");
  assert.deepEqual(ports, ["127.0.0.1:4566:4566"]);
  assert.equal(rest.privileged, undefined);
  assert.equal(rest.network_mode, undefined, "the host's network would open every port");
  const [socket, ...more] = mounted.filter((each) => each.startsWith("/"));
  assert.deepEqual([socket, more], ["/var/run/docker.sock:/var/run/docker.sock", []]);
  assert.deepEqual(Object.keys(volumes), ["cache"]);
  assert.match(text, /# Only for Lambda/);
  assert.match(
    text,
    /AWS_ENDPOINT_URL=http:\/\/127\.0\.0\.1:4566 VAI_ALLOW_UNENFORCED=1 npm start/,
  );
});
