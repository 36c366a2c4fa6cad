"""A chain of blocks: read, then judged, by the plane and by whoever has its key's thumbprint alone (PROTOCOL.md §§4, 8)."""

import shape
from jws import Jws, Refused, jcs, public_jwk, thumbprint
from narrowing import LOOSENED, STEPS, held_narrows, steps_narrow

MOST_BLOCKS = 33
MOST_BYTES = 160 * 1024
FRESH = 60
MALFORMED = "CHAIN_MALFORMED"


class Block:
    """Read strictly, with the request that it was signed for."""

    def __init__(self, compact, at):
        self.at = at
        self.jws = Jws(compact, "vai-block+jwt", at, MALFORMED)
        self.claims, self.digest = self.jws.payload, self.jws.digest
        is_root = isinstance(self.claims, dict) and "parent" not in self.claims
        (shape.root if is_root else shape.later)(self.claims, at)
        self.request = None
        if not is_root:
            place = f"{at}/request"
            self.request = Jws(self.claims["request"], "vai-request+jwt", place, MALFORMED)
            shape.request(self.request.payload, place)
        for index, each in enumerate(self.claims.get("approvals", [])):
            place = f"{at}/approvals/{index}"
            shape.approval(Jws(each, "vai-approval+jwt", place, MALFORMED).payload, place)


def read_chain(presented):
    """The blocks, root first; a refusal for whatever is not one chain that links."""
    if not isinstance(presented, list):
        raise Refused(MALFORMED, "/chain")
    for at, each in enumerate(presented):
        if not isinstance(each, str):
            combined = isinstance(each, list)
            raise Refused("CHAINS_COMBINED" if combined else MALFORMED, f"/chain/{at}")
    if len(presented) > MOST_BLOCKS or sum(map(len, presented)) > MOST_BYTES:
        raise Refused("CHAIN_TOO_DEEP", "/chain")
    blocks = [Block(each, f"/chain/{at}") for at, each in enumerate(presented)]
    parents = [block.claims.get("parent") for block in blocks]
    for at, parent in enumerate(parents):
        if parent in parents[:at]:
            raise Refused("CHAINS_COMBINED", f"/chain/{at}")
    if blocks[0].request:
        raise Refused("CHAIN_BROKEN", "/chain/0/parent")
    for parent, block in zip(blocks, blocks[1:]):
        own, before = block.claims, parent.claims
        links = {
            "parent": own.get("parent") == parent.digest,
            "depth": own["depth"] == before["depth"] + 1,
            **{name: own[name] == before[name] for name in ("iss", "contractDigest", "nbf")},
        }
        broken = next((name for name, holds in links.items() if not holds), None)
        if broken:
            raise Refused("CHAIN_BROKEN", f"{block.at}/{broken}")
    return blocks


def pairs(blocks):
    return zip(blocks, blocks[1:])


def judge_signatures(blocks, key_of):
    invalid = "CHAIN_BLOCK_SIGNATURE_INVALID"
    for index, block in enumerate(blocks):
        key = key_of(block)
        carried = block.jws.header["jwk"]
        if key is None or jcs(carried) != jcs(key) or not block.jws.holds_under(key):
            raise Refused(invalid, block.at)
        if index == 0:
            continue
        parent, place = blocks[index - 1], f"{block.at}/request"
        signer = public_jwk(block.request.header["jwk"])
        if signer is None or not block.request.holds_under(signer):
            raise Refused(invalid, place)
        other = other_than_asked(block, parent)
        if other:
            raise Refused(invalid, f"{block.at}/{other}")
        if thumbprint(signer) != parent.claims["cnf"]["jkt"]:
            raise Refused("DELEGATOR_MISMATCH", place)


def other_than_asked(block, parent):
    own, asked = block.claims, block.request.payload
    named, to = asked.get("chainDigest"), asked["designate"]
    unnamed_root = named is None and parent.claims["depth"] == 0

    def same(member):
        return jcs(own[member]) == jcs(asked[member])

    agrees = {
        **{member: same(member) for member in ("contractDigest", "exp", "retain")},
        "iss": asked["aud"] == own["iss"],
        "aud": asked["audience"] == own["aud"],
        "parent": named == own["parent"] or unnamed_root,
        "iat": abs(asked["iat"] - own["iat"]) <= FRESH,
        **{member: same(member) for member in ("authorization_details", "deliveries", "delegation")},
        "cnf": to.get("jkt", own["cnf"]["jkt"]) == own["cnf"]["jkt"],
        "agent": to.get("agent", own["agent"]) == own["agent"],
    }
    return next((member for member, is_so in agrees.items() if not is_so), None)


def judge_steps(blocks):
    for parent, block in pairs(blocks):
        found = held_narrows(block.claims, parent.claims)
        if found:
            raise Refused(found[0], block.at + found[1])
        if block.claims["depth"] > parent.claims["delegation"]["maxDepth"]:
            raise Refused("CHAIN_TOO_DEEP", f"{block.at}/depth")


def judge_windows(blocks, at):
    for block in blocks:
        if at >= block.claims["exp"]:
            raise Refused("CHAIN_EXPIRED", f"{block.at}/exp")


def judge_root(root, contract):
    """A root says what its contract says, defaults written out, and nothing else."""
    defaults = {"maxDepth": 0, "retain": False, "labels": [], "planes": []}
    wanted = {
        **{name: contract[name] for name in ("nbf", "exp")},
        "cnf": {"jkt": contract["cnf"]["jkt"]},
        "agent": contract["actor"]["id"],
        **{name: contract[name] for name in ("authorization_details", "deliveries")},
        "delegation": {**defaults, **contract.get("delegation", {})},
    }
    for member, value in wanted.items():
        if jcs(root.claims[member]) == jcs(value):
            continue
        wider = None
        if member == "authorization_details":
            wider = steps_narrow(root.claims[member], value)
        code, place = wider or (LOOSENED, f"/{member}")
        raise Refused(code, root.at + place)
