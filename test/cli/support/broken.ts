import type { Broken } from "./break.ts";
import { BROKEN_BUCKET } from "./broken-bucket.ts";
import { BROKEN_FUNCTIONS } from "./broken-functions.ts";
import { BROKEN_KEYS } from "./broken-keys.ts";
import { BROKEN_OTHERS } from "./broken-others.ts";
import { BROKEN_ROLES } from "./broken-roles.ts";
import { BROKEN_TABLES } from "./broken-tables.ts";
import { OPENED } from "./opened.ts";

const under = (id: string, broken: readonly Broken[]) => broken.map((each) => ({ id, ...each }));

/** Every one of these must be named by the doctor. */
export const BROKEN: readonly (Broken & { readonly id: string })[] = [
  ...under("USR-12", BROKEN_FUNCTIONS),
  ...under("VAI-91", BROKEN_TABLES),
  ...under("VAI-126", BROKEN_BUCKET),
  ...under("VAI-91", BROKEN_KEYS),
  ...under("VAI-46", BROKEN_ROLES),
  ...under("VAI-15", BROKEN_OTHERS),
  ...under("USR-12", OPENED),
];
