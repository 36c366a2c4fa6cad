/** The part of jose that encrypts: loaded when credentials are delivered. */
export { CompactEncrypt } from "jose";
