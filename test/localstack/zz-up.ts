import { generateKeyPairSync, createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { startLocalAws } from "../../localstack/local-aws.ts";
const t0 = Date.now();
const up = await startLocalAws({ stateDir: "/tmp/ls/st2", progress: (l) => console.log(((Date.now()-t0)/1000).toFixed(2), l) }, {
  makeKey: async (file) => {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    writeFileSync(file, JSON.stringify(privateKey.export({ format: "jwk" })), { mode: 0o600 });
    const { kty, crv, x, y } = publicKey.export({ format: "jwk" }) as Record<string, string>;
    return { thumbprint: createHash("sha256").update(JSON.stringify({ crv, kty, x, y })).digest("base64url"), publicKey: { kty: kty!, crv: crv!, x: x!, y: y! } };
  },
  publish: async (p) => { console.log("publish", JSON.stringify(p.actions)); },
});
console.log(((Date.now()-t0)/1000).toFixed(2), "up", up);
if (!process.argv[2]) { await up.stop(); console.log(((Date.now()-t0)/1000).toFixed(2), "stopped"); }
