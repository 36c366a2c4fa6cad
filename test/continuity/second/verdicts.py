"""
What a second implementation says of the cases that are data: JSON on standard input, verdicts on standard output.
Written from PROTOCOL.md for Python's standard library alone; it shares no line with `lib/`.
"""

import json
import sys

import chain
import narrowing
from jws import Jws, Refused, public_jwk, thumbprint
from statement import statement, statement_digest, statement_of_block


def problem(judge, *of):
    """What a check says: nothing, or code and pointer."""
    try:
        judge(*of)
    except Refused as refused:
        return {"code": refused.code, "pointer": refused.pointer}
    return None


def plane_checks(blocks, given):
    """By name, in the order in which a plane judges a chain."""
    root, last = blocks[0], blocks[-1]
    contract = Jws(given["contract"], "vai-contract+jwt", "/contract", "CONTRACT_MALFORMED")
    keys = {
        thumbprint(each["key"]): each for each in given["planeKeys"] if each["use"] == "plane"
    }

    def unless(holds, code, place):
        if not holds:
            raise Refused(code, place)

    def key_of(block):
        entry = keys.get(block.jws.header["kid"])
        iat = block.claims["iat"]
        is_good = entry and entry["notBefore"] <= iat < entry.get("notAfter", iat + 1)
        return entry["key"] if is_good else None

    def known_root():
        unless(root.claims["iss"] == given["plane"], "CHAIN_ROOT_UNKNOWN", "/chain/0/iss")
        unless(root.jws.header["kid"] in keys, "CHAIN_ROOT_UNKNOWN", "/chain/0")

    def approvals():
        for block in blocks[1:]:
            count = len(block.claims.get("approvals", []))
            unless(count >= given["approvals"], "HUMAN_SIGNATURE_MISSING", f"{block.at}/approvals")

    def narrow():
        chain.judge_root(root, contract.payload)
        chain.judge_steps(blocks)

    def audience():
        for block in blocks:
            unless(block.claims["aud"] == given["plane"], "AUDIENCE_MISMATCH", f"{block.at}/aud")

    def recorded():
        for block in blocks:
            unless(block.digest not in given["unrecorded"], "CHAIN_BROKEN", block.at)

    def labels():
        carried = {each["jkt"]: set(each["labels"]) for each in given["agents"]}
        for parent, block in chain.pairs(blocks):
            own = carried.get(block.claims["cnf"]["jkt"], set())
            asked = set(parent.claims["delegation"]["labels"])
            unless(asked <= own, "EXECUTOR_MISMATCH", f"{block.at}/cnf/jkt")

    own_code = "DELEGATOR" if given["use"] in ("delegate", "withdraw") else "EXECUTOR"
    return {
        "chainRoot": known_root,
        "chainContract": lambda: unless(
            root.claims["contractDigest"] == contract.digest,
            "CHAIN_BROKEN",
            "/chain/0/contractDigest",
        ),
        "chainSignatures": lambda: chain.judge_signatures(blocks, key_of),
        "chainApprovals": approvals,
        "chainNarrowing": narrow,
        "chainAudience": audience,
        "chainRecorded": recorded,
        "chainLabels": labels,
        "chainExecutor": lambda: unless(
            given["signer"] == last.claims["cnf"]["jkt"], f"{own_code}_MISMATCH", "/request"
        ),
    }


def at_plane(blocks, given):
    for name, check in plane_checks(blocks, given).items():
        found = problem(check)
        if found:
            return {"check": name, **found}
    return None


def offline(blocks, given):
    def key_of(block):
        known = block.jws.header["kid"] in given["thumbprints"]
        key = public_jwk(block.jws.header["jwk"]) if known else None
        return key if key and thumbprint(key) == block.jws.header["kid"] else None

    found = [
        problem(chain.judge_signatures, blocks, key_of),
        problem(chain.judge_steps, blocks),
        problem(chain.judge_windows, blocks, given["at"]),
    ]
    return [each["code"] for each in found if each]


def carried(block):
    """Thumbprint of the key that a block carries, if it is one."""
    key = public_jwk(block.jws.header["jwk"])
    return key and thumbprint(key)


def of_chain(given):
    try:
        blocks = chain.read_chain(given["chain"])
    except Refused as refused:
        found = {"code": refused.code, "pointer": refused.pointer}
        return {"plane": {"check": "parse", **found}, "offline": [refused.code], "digests": []}
    return {
        "plane": at_plane(blocks, given),
        "offline": offline(blocks, given),
        "digests": [
            {
                "block": block.digest,
                "key": carried(block),
                **({"request": block.request.digest} if block.request else {}),
                **({"statement": statement_of_block(block, parent)} if parent else {}),
            }
            for parent, block in zip([None, *blocks], blocks)
        ],
    }


def of_pair(judge):
    def told(pair):
        found = judge(pair["child"], pair["parent"])
        return {"code": found[0], "pointer": found[1]} if found else {}

    return told


def main():
    asked = json.load(sys.stdin)
    judges = {
        "constraints": narrowing.constraint_narrows,
        "steps": narrowing.step_narrows,
        "lists": narrowing.steps_narrow,
        "delegation": narrowing.delegation_narrows,
    }
    verdicts = {name: list(map(of_pair(judge), asked[name])) for name, judge in judges.items()}
    verdicts["chains"] = list(map(of_chain, asked["chains"]))
    verdicts["statements"] = [
        {"text": statement(**each), "digest": statement_digest(**each)} for each in asked["statements"]
    ]
    json.dump(verdicts, sys.stdout)


main()
