import { PAYLOAD_TYPE } from "./seal.ts";

/** Texts of an envelope, each between its quotes. */
export interface SealParts {
  readonly payload: string;
  readonly keyid: string;
  readonly sig: string;
}

/** Bytes of DER: two integers of at most 33 bytes, each with two before it, and two before both. */
export const LONGEST_SIGNATURE = 72;

/** The form in which seals are written: around payload, keyid and signature there is nothing to choose. */
const BEFORE_PAYLOAD = '{"payload":"';
const BEFORE_KEYID = `","payloadType":"${PAYLOAD_TYPE}","signatures":[{"keyid":"`;
const BEFORE_SIG = '","sig":"';
const AFTER_SIG = '"}]}';
const THUMBPRINT = /^[A-Za-z0-9_-]{43}$/;

/** Cuts a seal apart. What is cut out is judged by its own encoding, so nothing can hide in it. */
export function sealParts(text: string): SealParts | undefined {
  const end = text.indexOf('"', BEFORE_PAYLOAD.length);
  const keyid = end + BEFORE_KEYID.length;
  const endOfKeyid = text.indexOf('"', keyid);
  const sig = endOfKeyid + BEFORE_SIG.length;
  const isInForm =
    text.startsWith(BEFORE_PAYLOAD) &&
    text.startsWith(BEFORE_KEYID, end) &&
    text.startsWith(BEFORE_SIG, endOfKeyid) &&
    text.indexOf('"', sig) === text.length - AFTER_SIG.length &&
    text.endsWith(AFTER_SIG) &&
    THUMBPRINT.test(text.slice(keyid, endOfKeyid));
  if (!isInForm) return undefined;
  return {
    payload: text.slice(BEFORE_PAYLOAD.length, end),
    keyid: text.slice(keyid, endOfKeyid),
    sig: text.slice(sig, -AFTER_SIG.length),
  };
}
