"""Which members blocks and the requests in them have, and of which form (PROTOCOL.md §§1, 2, 4, 8)."""

import re
import unicodedata

from jws import LARGEST, Refused, token

MALFORMED = "CHAIN_MALFORMED"


def bad(at, code=MALFORMED):
    raise Refused(code, at)


def text(pattern):
    found = re.compile(pattern, re.DOTALL)

    def read(value, at):
        if not isinstance(value, str) or not found.fullmatch(value):
            bad(at)

    return read


def printable(most, lines):
    """1 to so many characters, none of a control, of none and, unless it says so, of a line separator."""

    def is_good(each):
        kind = unicodedata.category(each)
        return kind[0] != "C" and (lines or kind not in ("Zl", "Zp"))

    def read(value, at):
        if not isinstance(value, str) or not 1 <= len(value) <= most or not all(map(is_good, value)):
            bad(at)

    return read


def integer(least=0, most=LARGEST):
    def read(value, at):
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            bad(at)

    return read


def one_of(*values):
    def read(value, at):
        if not any(type(value) is type(each) and value == each for each in values):
            bad(at)

    return read


def boolean(value, at):
    if not isinstance(value, bool):
        bad(at)


def items(each, least=0, most=None, key=lambda item: item):
    """A list, of which no two have one key."""

    def read(value, at):
        if not isinstance(value, list) or len(value) < least or (most and len(value) > most):
            bad(at)
        for index, item in enumerate(value):
            each(item, f"{at}/{index}")
        if key and len({key(item) for item in value}) != len(value):
            bad(at)

    return read


def members(needed, optional=None):
    """An object with exactly these; what is foreign is told last."""
    optional = optional or {}

    def read(value, at):
        if not isinstance(value, dict):
            bad(at)
        for name, each in {**needed, **optional}.items():
            if name in value:
                each(value[name], f"{at}/{name}")
            elif name in needed:
                bad(f"{at}/{name}")
        extra = next((name for name in value if name not in needed and name not in optional), None)
        if extra is not None:
            bad(f"{at}/{token(extra)}")

    return read


def table(name, each):
    """An object whose members are not known beforehand."""

    def read(value, at):
        if not isinstance(value, dict):
            bad(at)
        for member, body in value.items():
            name(member, f"{at}/{token(member)}")
            each(body, f"{at}/{token(member)}")

    return read


def scalar(value, at):
    if isinstance(value, str) and len(value.encode("utf-16-le")) // 2 > 4096:
        bad(at)
    if not isinstance(value, (str, bool)):
        integer(-LARGEST)(value, at)


def values(value, at):
    items(scalar, 1, key=None)(value, at)
    if len(set(map(type, value))) != 1:
        bad(at)


def bounds(value, at):
    bound = integer(-LARGEST)
    members({}, {"min": bound, "max": bound})(value, at)
    if not value:
        bad(at)


def prefix(value, at):
    scalar(value, at)
    if not isinstance(value, str) or value == "":
        bad(at)


def clauses(value, at):
    items(constraint, 1, key=None)(value, at)
    if len({kind for clause in value for kind in types(clause)}) > 1:
        bad(at)


def types(clause):
    (kind, body), = clause.items()
    if kind == "all":
        return {each for inner in body for each in types(inner)}
    known = {"range": {int}, "prefix": {str}, "absent": set(), "exact": {type(body)}}
    return known[kind] if kind in known else {type(body[0])}


BODIES = {
    "exact": scalar,
    "oneOf": values,
    "notOneOf": values,
    "range": bounds,
    "prefix": prefix,
    "absent": one_of(True),
    "all": clauses,
}


def constraint(value, at):
    if not isinstance(value, dict) or len(value) != 1:
        bad(at)
    (kind, body), = value.items()
    if kind not in BODIES:
        bad(at, "CONSTRAINT_UNKNOWN")
    BODIES[kind](body, f"{at}/{kind}")


def parameters(value, at):
    if value != "unbounded":
        table(printable(256, True), constraint)(value, at)


label = printable(512, False)
digest = text("sha256:[0-9a-f]{64}")
thumb = text("[A-Za-z0-9_-]{43}")
step_id = text("[A-Za-z0-9._-]{1,64}")
date = integer(0, 253402300799)
uuid = text("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
arn = text("(?=.{1,2048}\\Z)arn:[^:]*:[^:]*:[^:]*:[^:]*:.+")

_step = members(
    {
        "type": one_of("aws"),
        "id": step_id,
        "actions": items(text("[a-z0-9-]{1,64}:[A-Za-z0-9]{1,128}"), 1),
        "resources": items(arn, 1),
        "parameters": parameters,
    },
    {
        "limits": members({}, {"calls": integer(1, 16), "totals": table(printable(256, True), integer())}),
        "after": items(step_id, key=None),
        "gate": one_of("none", "approval", "refreshContext", "rollback"),
    },
)


def step(value, at):
    _step(value, at)
    for name in value.get("limits", {}).get("totals", {}):
        if value["parameters"] != "unbounded" and name not in value["parameters"]:
            bad(f"{at}/limits/totals/{token(name)}")


HANDED_ON = {
    "authorization_details": items(step, 1, 16, key=lambda each: each["id"]),
    "deliveries": items(one_of("execute", "handle", "credentials"), 1),
    "exp": date,
    "delegation": members(
        {"maxDepth": integer(0, 32), "retain": boolean, "labels": items(label), "planes": items(label)}
    ),
}

COMMON = {
    "iss": label,
    "aud": label,
    "jti": uuid,
    "iat": date,
    "nbf": date,
    "contractDigest": digest,
    "cnf": members({"jkt": thumb}),
    "agent": label,
    **HANDED_ON,
}


def anything(value, at):
    if not isinstance(value, str):
        bad(at)


APPROVALS = {"approvals": items(anything, 1, key=None)}
root = members({**COMMON, "depth": one_of(0)}, APPROVALS)
later = members(
    {**COMMON, "parent": digest, "depth": integer(1, 32), "retain": boolean, "request": anything},
    APPROVALS,
)

_designate = members({}, {"jkt": thumb, "agent": label, "labels": items(label, 1)})


def designate(value, at):
    _designate(value, at)
    if "labels" in value and len(value) > 1:
        bad(f"{at}/labels")
    if not value.keys() & {"labels", "agent"}:
        bad(f"{at}/agent")


request = members(
    {
        "use": one_of("delegate"),
        "jti": text("[\\x21-\\x7e]{1,256}"),
        "iat": date,
        "aud": label,
        "contractDigest": digest,
        "idempotencyKey": text("[A-Za-z0-9._:-]{1,128}"),
        "designate": designate,
        "retain": boolean,
        "audience": label,
        **HANDED_ON,
    },
    {"chainDigest": digest},
)

approval = members(
    {
        "iss": label,
        "iat": date,
        "exp": date,
        "jti": label,
        "contractDigest": digest,
        "statementDigest": digest,
        "role": label,
    },
    {"step": step_id},
)
