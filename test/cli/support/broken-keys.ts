import {
  addStatement,
  type Broken,
  evidenceKey,
  planeKey,
  put,
  ROOT,
  shown,
  withoutStatement,
  withStatement,
} from "./break.ts";
import { DEPLOYMENT, roleArn } from "./healthy.ts";

export const BROKEN_KEYS: readonly Broken[] = [
  {
    name: "a key that is not there",
    change: (world) => void delete world.keys[DEPLOYMENT.planeKeyId],
    ...{ subject: /^key plane/, text: /no such key/ },
  },
  {
    name: "a disabled key",
    change: (world) => put(shown(evidenceKey(world).setting), { state: "Disabled" }),
    ...{ subject: /^key evidence/, text: /is Disabled/ },
  },
  {
    name: "a key of another spec",
    change: (world) => put(shown(evidenceKey(world).setting), { spec: "RSA_2048" }),
    ...{ subject: /^key evidence/, text: /spec RSA_2048/ },
  },
  {
    name: "an alias that leads to another key",
    change: (world) =>
      put(evidenceKey(world), { aliased: { status: "seen", value: "arn:aws:kms:…:key/other" } }),
    ...{ subject: /^key evidence/, text: /leads to another key/ },
  },
  {
    name: "a key policy that delegates signing to IAM",
    change: (world) => {
      withoutStatement(shown(evidenceKey(world).policy), "NobodyElseSigns");
      addStatement(shown(evidenceKey(world).policy), {
        ...{ Effect: "Allow", Principal: ROOT, Action: "kms:*", Resource: "*" },
      });
    },
    ...{ subject: /^key evidence/, text: /lets others sign: .*administrator/ },
  },
  {
    name: "a key policy that lets administrators make grants",
    change: (world) =>
      addStatement(shown(planeKey(world).policy), {
        ...{ Effect: "Allow", Principal: ROOT, Action: "kms:CreateGrant", Resource: "*" },
      }),
    ...{ subject: /^key plane/, text: /by a grant/ },
  },
  {
    name: "a handle key with which govern signs too",
    change: (world) => {
      const govern = roleArn("vai-test-govern");
      withStatement(shown(planeKey(world).policy), "FunctionsSignDigests", {
        Principal: { AWS: [roleArn("vai-test-issue"), roleArn("vai-test-delegate"), govern] },
      });
      withoutStatement(shown(planeKey(world).policy), "NobodyElseSigns");
    },
    ...{ subject: /^key plane/, text: /lets others sign: .*vai-test-govern/ },
  },
  {
    name: "a key policy that does not pin the message type",
    change: (world) =>
      withStatement(shown(evidenceKey(world).policy), "FunctionsSignDigests", {
        Condition: { StringEquals: { "kms:SigningAlgorithm": "ECDSA_SHA_256" } },
      }),
    ...{ subject: /^key evidence/, text: /does not pin kms:MessageType/ },
  },
  {
    name: "a key policy that stops the functions",
    change: (world) => withoutStatement(shown(planeKey(world).policy), "FunctionsSignDigests"),
    ...{ subject: /^key plane/, text: /does not let issue, delegate sign/ },
  },
  {
    name: "a key that the trust policy does not list",
    change: (world) =>
      put(planeKey(world), { thumbprint: { status: "seen", value: "a".repeat(43) } }),
    ...{ subject: /^trust policy/, text: /does not list the plane key/ },
  },
];
