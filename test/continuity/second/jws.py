"""Compact JWS as the plane reads them: strictly, in one form (PROTOCOL.md §1)."""

import base64
import hashlib
import json

from curves import is_good_ed25519, is_on_p256, verify_ed25519, verify_p256

MOST_BYTES = 64 * 1024
DEEPEST = 16
LONGEST_LIST = 256
LARGEST = 2**53 - 1
FORBIDDEN = {"__proto__", "constructor", "prototype"}


class Refused(Exception):
    """A code and a JSON pointer."""

    def __init__(self, code, pointer):
        super().__init__(f"{code} {pointer}")
        self.code, self.pointer = code, pointer


def token(name):
    return str(name).replace("~", "~0").replace("/", "~1")


def from_base64url(text):
    """The bytes, or None for any other spelling of them."""
    try:
        found = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (ValueError, UnicodeEncodeError):
        return None
    return found if to_base64url(found) == text else None


def to_base64url(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def digest_of(text):
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def jcs(value):
    """RFC 8785, of values without fractions."""
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(f"{jcs(name)}:{jcs(value[name])}" for name in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(jcs, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _once(pairs):
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a member stands twice")
    return dict(pairs)


def _lone(text):
    return any("\ud800" <= each <= "\udfff" for each in text)


def _limits(value, at, depth, code):
    if isinstance(value, str) and _lone(value):
        raise Refused(code, at)
    if isinstance(value, float) and not value.is_integer():
        raise Refused(code, at)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) > LARGEST:
        raise Refused(code, at)
    if not isinstance(value, (dict, list)):
        return
    if depth > DEEPEST or (isinstance(value, list) and len(value) > LONGEST_LIST):
        raise Refused(code, at)
    for name, each in value.items() if isinstance(value, dict) else enumerate(value):
        place = f"{at}/{token(name)}"
        if name in FORBIDDEN:
            raise Refused(code, place)
        _limits(each, place, depth + 1, code)


def strict_json(octets, at, code):
    """A payload in its one form, or a refusal with the place."""
    try:
        text = octets.decode()
        value = json.loads(text)
    except ValueError:
        raise Refused(code, at) from None
    _limits(value, at, 1, code)
    # What stands twice is not written twice, so it shows here as well.
    if jcs(value) != text:
        raise Refused(code, at)
    return value


class Jws:
    """One that was read; nobody is believed yet."""

    def __init__(self, compact, typ, at, code):
        if not isinstance(compact, str) or len(compact) > MOST_BYTES:
            raise Refused(code, at)
        parts = compact.split(".")
        octets = [from_base64url(part) for part in parts]
        if len(parts) != 3 or "" in parts or None in octets:
            raise Refused(code, at)
        self.header = _header(octets[0], typ, at, code)
        self.payload = strict_json(octets[1], at, code)
        self.signature = octets[2]
        self.input = compact[: compact.rindex(".")]
        self.digest = digest_of(self.input)

    def holds_under(self, jwk):
        """Whether header and key agree, and the signature holds under it."""
        alg = "ES256" if jwk["kty"] == "EC" else "EdDSA"
        if self.header["alg"] != alg or self.header["kid"] != thumbprint(jwk):
            return False
        key, message = jcs(jwk), self.input.encode()
        named = (key, message, self.signature)
        if named not in _known:
            _known[named] = _verify(jwk, message, self.signature)
        return _known[named]


_known = {}


def _verify(jwk, message, signature):
    x = from_base64url(jwk["x"])
    if jwk["kty"] == "OKP":
        return verify_ed25519(x, message, signature)
    y = from_base64url(jwk["y"])
    return verify_p256(int.from_bytes(x, "big"), int.from_bytes(y, "big"), message, signature)


def _header(octets, typ, at, code):
    carries = typ in ("vai-request+jwt", "vai-block+jwt")
    try:
        header = json.loads(octets.decode(), object_pairs_hook=_once)
    except ValueError:
        raise Refused(code, at) from None
    members = {"alg", "kid", "typ"} | ({"jwk"} if carries else set())
    if not isinstance(header, dict) or set(header) != members or header["typ"] != typ:
        raise Refused(code, at)
    if not isinstance(header["alg"], str) or not isinstance(header["kid"], str):
        raise Refused(code, at)
    return header


def thumbprint(jwk):
    """RFC 7638."""
    return to_base64url(hashlib.sha256(jcs(jwk).encode()).digest())


def public_jwk(value):
    """A public key of one of the two curves with exactly its members, or None."""
    if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
        return None
    curve = (value.get("kty"), value.get("crv"))
    members = {("EC", "P-256"): {"kty", "crv", "x", "y"}, ("OKP", "Ed25519"): {"kty", "crv", "x"}}
    if set(value) != members.get(curve):
        return None
    points = [from_base64url(value[name]) for name in ("x", "y") if name in value]
    if any(point is None or len(point) != 32 for point in points):
        return None
    if value["kty"] == "OKP":
        return value if is_good_ed25519(points[0]) else None
    return value if is_on_p256(*(int.from_bytes(each, "big") for each in points)) else None
