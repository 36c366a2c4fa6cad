import { newPrivateJwk, signingKey } from "../../client/keys.ts";
import { jwkThumbprint, type PublicJwk } from "../../encoding/jwk.ts";
import { asCaller } from "../calling.ts";
import type { AddCommand } from "../command.ts";
import { writeNew } from "../files.ts";
import { CommandError, EXIT, report } from "../io.ts";
import { regionOfKey } from "../key-arn.ts";

/** `vai keys new`: a private key in a file of its own. */
export const keysCommand: AddCommand = (keys, io) => {
  keys
    .command("new")
    .argument(
      "<file>",
      "where the private JWK goes; readable by its owner alone, never over another file",
    )
    .option("--alg <algorithm>", "ES256 (P-256) or EdDSA (Ed25519)", "ES256")
    .option("--json", "print JSON")
    .description("makes a private key and prints its public part and thumbprint")
    .action((file: string, options: { alg: string; json?: true }) => {
      if (options.alg !== "ES256" && options.alg !== "EdDSA") {
        throw new CommandError(EXIT.unreadable, `--alg ${options.alg}: use ES256 or EdDSA`);
      }
      const jwk = newPrivateJwk(options.alg);
      writeNew(file, `${JSON.stringify(jwk, null, 2)}\n`);
      const { thumbprint, jwk: publicKey } = signingKey(jwk);
      report(io, options.json === true, { file, thumbprint, publicKey }, [
        `private key   ${file}`,
        ...publicLines(publicKey),
      ]);
    });
  keys
    .command("kms")
    .argument("<arn>", "ARN of a KMS key: ECC_NIST_P256, SIGN_VERIFY")
    .option("--json", "print JSON")
    .description("prints the public part and thumbprint of a KMS key, such as an anchor's")
    .action(async (arn: string, options: { json?: true }) => {
      const { kmsPublicJwk } = await import("../../aws/people/plane-access.ts");
      const place = { region: regionOfKey(arn) };
      const publicKey = await asCaller(io, place, () => kmsPublicJwk(place, arn));
      const thumbprint = jwkThumbprint(publicKey);
      report(io, options.json === true, { thumbprint, publicKey }, publicLines(publicKey));
    });
};

const publicLines = (publicKey: PublicJwk): string[] => [
  `thumbprint    ${jwkThumbprint(publicKey)}`,
  `public key    ${JSON.stringify(publicKey)}`,
];
