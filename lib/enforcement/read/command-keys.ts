import type { ReadCommand } from "../../lifecycle/command.ts";
import type { StateKey } from "./state-keys.ts";

/** Who holds a command's `jti`, in its signer's name: another command with it is a replay (PROTOCOL.md §10). */
export const commandKey = ({ claims }: ReadCommand): StateKey => ({
  pk: `command#${claims.iss}#${claims.jti}`,
  sk: "command",
});
