"""Signatures with nothing but Python's integers: ES256 (FIPS 186-5 §6.4.2) and Ed25519 (RFC 8032 §5.1.7)."""

import hashlib

# P-256 (SP 800-186 §3.2.1.3)
P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)


def _double(point):
    x, y, z = point
    if y == 0 or z == 0:
        return (0, 1, 0)
    square = y * y % P
    s = 4 * x * square % P
    m = 3 * (x - z * z) * (x + z * z) % P
    nx = (m * m - 2 * s) % P
    return (nx, (m * (s - nx) - 8 * square * square) % P, 2 * y * z % P)


def _add(one, other):
    if one[2] == 0:
        return other
    if other[2] == 0:
        return one
    z1, z2 = one[2] * one[2] % P, other[2] * other[2] % P
    u1, u2 = one[0] * z2 % P, other[0] * z1 % P
    s1, s2 = one[1] * z2 * other[2] % P, other[1] * z1 * one[2] % P
    if u1 == u2:
        return _double(one) if s1 == s2 else (0, 1, 0)
    h, r = (u2 - u1) % P, (s2 - s1) % P
    hh = h * h % P
    hhh, v = h * hh % P, u1 * hh % P
    x = (r * r - hhh - 2 * v) % P
    return (x, (r * (v - x) - s1 * hhh) % P, h * one[2] * other[2] % P)


def is_on_p256(x, y):
    return x < P and y < P and (y * y - (x * x * x - 3 * x + B)) % P == 0


def verify_p256(x, y, message, signature):
    if len(signature) != 64:
        return False
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if not (0 < r < N and 0 < s < N):
        return False
    e = int.from_bytes(hashlib.sha256(message).digest(), "big")
    w = pow(s, -1, N)
    u, v = e * w % N, r * w % N
    g, q = (*G, 1), (x, y, 1)
    both, found = _add(g, q), (0, 1, 0)
    for bit in range(255, -1, -1):
        found = _double(found)
        of_u, of_v = u >> bit & 1, v >> bit & 1
        if of_u or of_v:
            found = _add(found, both if of_u and of_v else g if of_u else q)
    if found[2] == 0:
        return False
    inverse = pow(found[2], -1, P)
    return found[0] * inverse * inverse % P % N == r


# Ed25519
Q = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, Q) % Q
ROOT = pow(2, (Q - 1) // 4, Q)


def _recovered(text):
    y = int.from_bytes(text, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    if y >= Q:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, -1, Q) % Q
    x = pow(square, (Q + 3) // 8, Q)
    if (x * x - square) % Q:
        x = x * ROOT % Q
    if (x * x - square) % Q or (x == 0 and sign):
        return None
    x = Q - x if x & 1 != sign else x
    return (x, y, 1, x * y % Q)


def _plus(one, other):
    a = (one[1] - one[0]) * (other[1] - other[0]) % Q
    b = (one[1] + one[0]) * (other[1] + other[0]) % Q
    c, d = 2 * one[3] * other[3] * D % Q, 2 * one[2] * other[2] % Q
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % Q, g * h % Q, f * g % Q, e * h % Q)


def _times(number, point):
    found = (0, 1, 1, 0)
    while number:
        if number & 1:
            found = _plus(found, point)
        point, number = _plus(point, point), number >> 1
    return found


def _is_same(one, other):
    return (one[0] * other[2] - other[0] * one[2]) % Q == 0 and (
        one[1] * other[2] - other[1] * one[2]
    ) % Q == 0


BASE = _recovered((4 * pow(5, -1, Q) % Q).to_bytes(32, "little"))


def is_good_ed25519(text):
    """A point of the curve, and not of small order."""
    point = _recovered(text)
    return point is not None and not _is_same(_times(8, point), (0, 1, 1, 0))


def verify_ed25519(key, message, signature):
    point = _recovered(key)
    if point is None or len(signature) != 64:
        return False
    first, s = _recovered(signature[:32]), int.from_bytes(signature[32:], "little")
    if first is None or s >= L:
        return False
    digest = hashlib.sha512(signature[:32] + key + message).digest()
    k = int.from_bytes(digest, "little") % L
    return _is_same(_times(s, BASE), _plus(first, _times(k, point)))
