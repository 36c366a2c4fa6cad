import { BlockList, isIP } from "node:net";
import { type Operator, pair } from "./operator.ts";

/** An address or a CIDR block, IPv4 or IPv6. */
const within: Operator["compile"] = (text) => {
  const [address = "", length, ...rest] = text.split("/");
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return undefined;
  const longest = version === 4 ? 32 : 128;
  const prefix = length === undefined ? longest : Number(length);
  if (!/^\d{1,3}$/.test(length ?? "0") || prefix > longest) return undefined;
  const block = new BlockList();
  block.addSubnet(address, prefix, familyOf(version));
  return (actual) => {
    const actualVersion = isIP(actual);
    return actualVersion === 0 ? undefined : block.check(actual, familyOf(actualVersion));
  };
};

const familyOf = (version: number): "ipv4" | "ipv6" => (version === 4 ? "ipv4" : "ipv6");

export const ADDRESS_OPERATORS: [string, Operator][] = pair("IpAddress", "NotIpAddress", within);
