"""What people sign of a delegation (PROTOCOL.md §8, "People")."""

import re
from datetime import datetime, timezone

from jws import digest_of, jcs
from narrowing import by_units, calls, gate


def said(value):
    """JCS text in printable ASCII: each UTF-16 unit of anything else is an escape."""

    def escaped(found):
        units = found[0].encode("utf-16-be", "surrogatepass").hex()
        return "".join(f"\\u{units[at:at + 4]}" for at in range(0, len(units), 4))

    return re.sub("[^ -~]", escaped, jcs(value))


def instant(seconds):
    return said(datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z"))


def step_lines(step):
    totals = step.get("limits", {}).get("totals", {})
    head = f"step {said(step['id'])} type {said(step['type'])} after {said(step.get('after', []))}"
    yield f"{head} gate {said(gate(step))} calls {calls(step)} totals {said(totals)}"
    yield f"  actions {said(step['actions'])}"
    yield f"  resources {said(step['resources'])}"
    bounds = step["parameters"]
    if bounds == "unbounded":
        yield '  parameters "unbounded"'
        return
    yield f"  parameters {len(bounds)}"
    for name in by_units(bounds):
        yield f"  parameter {said(name)} {said(bounds[name])}"


def statement(claims, resolved):
    giver, taker = resolved["from"], resolved["to"]
    until = f"until {instant(claims['exp'])} retain {said(claims['retain'])}"
    lines = [
        "vai delegation statement 1",
        f"contract {said(claims['contractDigest'])} plane {said(claims['aud'])}",
        f"parent {said(resolved['parent'])}",
        f"from {said(giver['agent'])} key {said(giver['jkt'])}",
        f"to {said(taker['agent'])} key {said(taker['jkt'])} at {said(claims['audience'])}",
        f"{until} deliveries {said(claims['deliveries'])}",
        f"delegation {said(claims['delegation'])}",
        *(line for step in claims["authorization_details"] for line in step_lines(step)),
    ]
    return "".join(f"{line}\n" for line in lines)


def statement_digest(claims, resolved):
    return digest_of(statement(claims, resolved))


def statement_of_block(block, parent):
    """The same, made again from what was recorded; a root has no digest yet when people are asked."""

    def executor(one):
        return {"agent": one.claims["agent"], "jkt": one.claims["cnf"]["jkt"]}

    claims = {**block.claims, "aud": block.claims["iss"], "audience": block.claims["aud"]}
    above = None if parent.claims["depth"] == 0 else parent.digest
    resolved = {"parent": above, "from": executor(parent), "to": executor(block)}
    return statement_digest(claims, resolved)
