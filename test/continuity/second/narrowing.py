"""What is no wider than what (PROTOCOL.md §2, "narrows"; §8), and if it is, how and where."""

from jws import jcs, token

REMOVED, LOOSENED = "CONSTRAINT_REMOVED", "ATTENUATION_VIOLATION"
KINDS = ("exact", "oneOf", "notOneOf", "range", "prefix", "absent", "all")


def kind_of(constraint):
    return next(iter(constraint), "")


def leaves(constraint):
    if "all" in constraint:
        return [leaf for clause in constraint["all"] for leaf in leaves(clause)]
    return [constraint]


def accepts(leaf, value):
    """Whether a value meets a constraint; a value of another type never does."""
    kind, body = kind_of(leaf), next(iter(leaf.values()), None)
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if kind == "exact":
        return jcs(body) == jcs(value)
    if kind in ("oneOf", "notOneOf"):
        is_listed = jcs(value) in map(jcs, body)
        return is_listed if kind == "oneOf" else not is_listed and type(body[0]) is type(value)
    if kind == "range":
        return is_number and body.get("min", value) <= value <= body.get("max", value)
    return kind == "prefix" and isinstance(value, str) and value.startswith(body)


def leaf_narrows(child, parent):
    kind, own = kind_of(parent), kind_of(child)
    if kind not in KINDS:
        return False
    if kind == "absent":
        return own == "absent"
    if kind == "exact":
        return own == "exact" and accepts(parent, child["exact"])
    if own == "exact":
        return accepts(parent, child["exact"])
    if own == "oneOf":
        return all(accepts(parent, value) for value in child["oneOf"])
    if own != kind:
        return False
    if own == "notOneOf":
        listed = set(map(jcs, child[own]))
        return all(jcs(value) in listed for value in parent[own])
    if own == "prefix":
        return child[own].startswith(parent[own])
    inner, outer = child[own], parent[own]
    return not missing_bound(inner, outer) and all(
        bound not in outer or is_tight(inner[bound], outer[bound])
        for bound, is_tight in (("min", int.__ge__), ("max", int.__le__))
    )


def missing_bound(inner, outer):
    return next((bound for bound in ("min", "max") if bound in outer and bound not in inner), None)


def spelt(leaf):
    """Lists say the same in any order."""
    kind, body = kind_of(leaf), next(iter(leaf.values()), None)
    return kind + jcs(sorted(set(map(jcs, body))) if kind in ("oneOf", "notOneOf") else body)


def covers(child, clause):
    """Whether some clause of the child narrows a leaf; stating a clause again does."""
    if kind_of(clause) not in KINDS:
        return False
    own = leaves(child)
    if "all" not in child:
        return leaf_narrows(child, clause)
    return any(spelt(leaf) == spelt(clause) for leaf in own) or (
        kind_of(clause) not in ("exact", "absent")
        and any(leaf_narrows(leaf, clause) for leaf in own)
    )


def constraint_narrows(child, parent):
    """None, or code and pointer."""
    wider = next((clause for clause in leaves(parent) if not covers(child, clause)), None)
    if wider is None:
        return None
    if "all" in child:
        kinds = {kind_of(leaf) for leaf in leaves(child)}
        speaks = kinds & {kind_of(wider), "exact", "oneOf"}
        return (LOOSENED if speaks else REMOVED, "")
    own = kind_of(child)
    if own == "exact":
        return (LOOSENED, "/exact")
    if own == "oneOf":
        values = child["oneOf"]
        bad = next((at for at, value in enumerate(values) if not accepts(wider, value)), None)
        return (LOOSENED, "/oneOf" if bad is None else f"/oneOf/{bad}")
    if own != kind_of(wider):
        return (REMOVED, "")
    if own != "range":
        return (LOOSENED, f"/{own}")
    missing = missing_bound(child[own], wider[own])
    if missing:
        return (REMOVED, f"/range/{missing}")
    low = wider[own].get("min")
    return (LOOSENED, "/range/min" if low is not None and child[own]["min"] < low else "/range/max")


def by_units(names):
    return sorted(names, key=lambda name: name.encode("utf-16-be"))


def foreign(child, parent, member):
    bad = next((at for at, each in enumerate(child[member]) if each not in parent[member]), None)
    return None if bad is None else (LOOSENED, f"/{member}/{bad}")


def parameters_narrow(child, parent):
    if parent == "unbounded":
        return None
    if child == "unbounded":
        return (REMOVED if parent else LOOSENED, "/parameters")
    for name in by_units(parent):
        place = f"/parameters/{token(name)}"
        if name not in child:
            return (REMOVED, place)
        found = constraint_narrows(child[name], parent[name])
        if found:
            return (found[0], place + found[1])
    extra = next((name for name in by_units(child) if name not in parent), None)
    return None if extra is None else (LOOSENED, f"/parameters/{token(extra)}")


def totals_narrow(child, parent):
    limits = child.get("limits")
    totals = (limits or {}).get("totals")
    for name, most in sorted(parent.get("limits", {}).get("totals", {}).items()):
        place = f"/limits/totals/{token(name)}"
        if totals is None:
            place = "/limits" if limits is None else "/limits/totals"
        if name not in (totals or {}):
            return (REMOVED, place)
        if totals[name] > most:
            return (LOOSENED, place)
    return None


def calls(step):
    return step.get("limits", {}).get("calls", 1)


def gate(step):
    return step.get("gate", "none")


def step_narrows(child, parent):
    found = foreign(child, parent, "actions") or foreign(child, parent, "resources")
    found = found or parameters_narrow(child["parameters"], parent["parameters"])
    if found or calls(child) > calls(parent):
        return found or (LOOSENED, "/limits/calls")
    found = totals_narrow(child, parent)
    if found or gate(parent) not in (gate(child), "none"):
        return found or (LOOSENED, "/gate")
    is_behind = set(parent.get("after", [])) <= set(child.get("after", []))
    return None if is_behind else (LOOSENED, "/after")


STEPS = "/authorization_details"


def steps_narrow(children, parents):
    for undoing in (step for step in parents if gate(step) == "rollback"):
        at = next((at for at, each in enumerate(children) if each["id"] == undoing["id"]), None)
        if at is None:
            return (REMOVED, STEPS)
        if step_narrows(children[at], undoing) or step_narrows(undoing, children[at]):
            return (REMOVED, f"{STEPS}/{at}")
    for at, child in enumerate(children):
        parent = next((step for step in parents if step["id"] == child["id"]), None)
        found = (LOOSENED, "/id") if parent is None else step_narrows(child, parent)
        if found:
            return (found[0], f"{STEPS}/{at}{found[1]}")
    return None


def delegation_narrows(child, parent):
    if child["maxDepth"] > parent["maxDepth"]:
        return (LOOSENED, "/maxDepth")
    if child["retain"] and not parent["retain"]:
        return (LOOSENED, "/retain")
    if not set(parent["labels"]) <= set(child["labels"]):
        return (LOOSENED, "/labels")
    return foreign(child, parent, "planes")


def held_narrows(child, parent):
    """A whole block under its parent."""
    if child["exp"] > parent["exp"]:
        return (LOOSENED, "/exp")
    found = steps_narrow(child["authorization_details"], parent["authorization_details"])
    found = found or foreign(child, parent, "deliveries")
    if found:
        return found
    found = delegation_narrows(child["delegation"], parent["delegation"])
    if found:
        return (found[0], "/delegation" + found[1])
    is_kept = child["retain"] and not parent["delegation"]["retain"]
    return (LOOSENED, "/retain") if is_kept else None
