#!/usr/bin/env python3
"""Repositories signed with every method of trust.md 2.3, and with what looks like one and is none.

  methods.py --list good|bad        the kinds
  methods.py serve CRT KEY          every kind on a server that judges nothing: prints its URL; a kind's
                                    GUN is localhost:5000/methods/KIND, v1 in its targets, v2 in its targets/releases
  methods.py upload OURS THEIRS CA  every kind sent to both servers, which must answer alike

In a good one every role is signed so, in a bad one only targets."""
import functools
import hashlib
import http.server
import ssl
import sys

import wire
from wire_peer import FUTURE, Key, Repository, Server, file, meta, new_private

GUNS = "localhost:5000/methods/"

P256 = ("EC", "ec_paramgen_curve:P-256")
P521 = ("EC", "ec_paramgen_curve:P-521")
RSA = ("RSA", "rsa_keygen_bits:2048")

# algorithm, method; of keys called pem the public half is spelt so
GOOD = {
    "ecdsa-p-224": (("EC", "ec_paramgen_curve:P-224"), "ecdsa"),
    "ecdsa-p-256": (P256, "ecdsa"),
    "ecdsa-p-384": (("EC", "ec_paramgen_curve:P-384"), "ecdsa"),
    "ecdsa-p-521": (P521, "ecdsa"),
    "eddsa": (("ED25519",), "eddsa"),
    "rsapss": (RSA, "rsapss"),
    "rsapkcs1v15": (RSA, "rsapkcs1v15"),
    "pycrypto-pem": (RSA, "pycrypto-pkcs#1 pss"),
    "in-capitals": (P256, "ECDSA"),
}

# algorithm, method that it says, what it does
BAD = {
    "pkcs1v15-called-pss": (RSA, "rsapss", "rsapkcs1v15"),
    "pss-called-pkcs1v15": (RSA, "rsapkcs1v15", "rsapss"),
    "pss-with-a-short-salt": (RSA, "rsapss", "rsapss with a salt of 20"),
    "pycrypto-with-a-der-key": (RSA, "pycrypto-pkcs#1 pss", "rsapss"),
    "pycrypto-by-a-certificate": (RSA, "pycrypto-pkcs#1 pss", "rsapss"),
    "pss-with-a-key-in-pem": (RSA, "rsapss", "rsapss"),
    "pkcs1v15-with-a-key-in-pem": (RSA, "rsapkcs1v15", "rsapkcs1v15"),
    "ecdsa-with-a-key-in-pem": (P256, "ecdsa", "ecdsa"),
    "ecdsa-in-der": (P256, "ecdsa", "ecdsa as der"),
    "ecdsa-over-sha512": (P521, "ecdsa", "ecdsa over sha512"),
    "ecdsa-called-eddsa": (P256, "eddsa", "ecdsa"),
    "eddsa-called-ecdsa": (("ED25519",), "ecdsa", "eddsa"),
    "of-no-known-method": (P256, "hmac", "ecdsa"),
    "one-bit-off": (P256, "ecdsa", "one bit off"),
}


# RSA keys take long to make, and which it is matters to nobody.
private_of = functools.cache(new_private)


@functools.cache
def keys_of(kind):
    """(root's, that of targets, that of all others)"""
    gun = GUNS + kind
    algorithm, method, does = BAD[kind] if kind in BAD else (*GOOD[kind], None)
    private = private_of(algorithm)
    key = Key(gun if "certificate" in kind else None, algorithm=algorithm, method=method, does=does,
              pem="pem" in kind.split("-"), private=private)
    if kind in BAD:
        return Key(gun), key, Key()
    # Certificates hold neither Ed25519 nor PEM in PEM.
    if kind in ("eddsa", "pycrypto-pem"):
        return Key(gun), key, key
    return Key(gun, algorithm=algorithm, method=method, private=private), key, key


def make(server, kind):
    """A repository of that kind; its timestamp key is the server's."""
    r = Repository(server, GUNS + kind)
    r.root_key, r.targets_key, delegate = keys_of(kind)
    r.snapshot_key = delegate
    r.root()
    r.targets(targets={"v1": meta(b"one\n")},
              delegations={"keys": {delegate.id: delegate.public},
                           "roles": [{"keyids": [delegate.id], "name": "targets/releases",
                                      "paths": [""], "threshold": 1}]})
    r.targets("targets/releases", signers=[delegate], targets={"v2": meta(b"two\n")})
    r.snapshot()
    return r


class Shelf:
    """In the place of a server for one repository: its timestamp key is of the repository's kind, too."""

    def __init__(self, kind):
        self.timestamp_key = keys_of(kind)[2]

    def key(self, gun, role):
        return self.timestamp_key


def shelve(kind):
    """{path: bytes} of all that a client asks for."""
    shelf = Shelf(kind)
    r = make(shelf, kind)
    r.files["timestamp"] = file({"_type": "Timestamp", "expires": FUTURE,
                                 "meta": {"snapshot": meta(r.files["snapshot"])}, "version": 1},
                                [shelf.timestamp_key])
    return {f"/v2/{r.gun}/_trust/tuf/{name}.json": data for role, data in r.files.items()
            for name in (role, "1." + role, role + "." + hashlib.sha256(data).hexdigest())}


def serve(certificate, key):
    paths = {"/v2/": b"{}"}
    for kind in (*GOOD, *BAD):
        paths.update(shelve(kind))

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            data = paths.get(self.path)
            self.send_response(200 if data else 404)
            self.send_header("Content-Length", str(len(data or b"")))
            self.end_headers()
            self.wfile.write(data or b"")

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    print(f"ready https://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


def upload(ours, theirs, ca):
    failed = 0
    for kind in (*GOOD, *BAD):
        a, b = (make(server, kind).publish()
                for server in (Server(ours, ca), Server(theirs, ca)))
        try:
            wire.compare(a, b, (None, None, None, None, True))
            for answer in (a, b):
                detail = (wire.error_of(answer[2]).get("detail") or {}).get("Name")
                expected = (400, "ErrBadTargets") if kind in BAD else (200, None)
                assert (answer[0], detail) == expected, answer
        except AssertionError as error:
            print(f"{kind}: {error}")
            failed = 1
    return failed


if __name__ == "__main__":
    if sys.argv[1] == "--list":
        print("\n".join({"good": GOOD, "bad": BAD}[sys.argv[2]]))
    elif sys.argv[1] == "serve":
        serve(*sys.argv[2:])
    else:
        sys.exit(upload(*sys.argv[2:]))
