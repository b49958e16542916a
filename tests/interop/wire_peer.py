"""A publisher in a few lines, by openssl alone: makes Notary v1 metadata, right or wrong on purpose,
and sends it. Used by wire.py against Pavise's server and Debian's notary-server alike."""
import base64
import hashlib
import http.client
import json
import pathlib
import ssl
import subprocess
import tempfile
import urllib.parse


def openssl(*args, data=None):
    return subprocess.run(["openssl", *args], input=data, capture_output=True, check=True).stdout


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def b64(data):
    return base64.b64encode(data).decode()


# How many bytes each of r and s has.
HALVES = {"P-224": 28, "P-256": 32, "P-384": 48, "P-521": 66}


def raw_of_der(der, half):
    """ECDSA's r||s of its DER."""
    out, at = b"", 2 + (der[1] == 0x81)
    for _ in range(2):
        length = der[at + 1]
        out += der[at + 2:at + 2 + length].lstrip(b"\0").rjust(half, b"\0")
        at += 2 + length
    return out


def pss(salt):
    return ("-sigopt", "rsa_padding_mode:pss", "-sigopt", f"rsa_pss_saltlen:{salt}")


def new_private(algorithm):
    """PEM of an `algorithm` as openssl genpkey takes it."""
    options = [word for option in algorithm[1:] for word in ("-pkeyopt", option)]
    return openssl("genpkey", "-algorithm", algorithm[0], *options)


class Key:
    """A new key of that algorithm, or the `private` one; with a certificate for CN `name` if asked. It
    signs by `method` (trust.md 2.3), or says so and does what `does` names; its public half is spelt
    in PEM if asked."""

    USUAL = {"EC": ("ecdsa", "ecdsa"), "RSA": ("rsa", "rsapss"), "ED25519": ("ed25519", "eddsa")}

    def __init__(self, name=None, days="3650", extra=(), algorithm=("EC", "ec_paramgen_curve:P-256"),
                 method=None, does=None, pem=False, private=None):
        keytype, usual = self.USUAL[algorithm[0]]
        self.method = method or usual
        self.does = (does or self.method).lower()
        self.half = HALVES.get(algorithm[-1][-5:])
        self.file = tempfile.NamedTemporaryFile(suffix=".pem")
        self.file.write(private or new_private(algorithm))
        self.file.flush()
        if name:
            keytype += "-x509"
            public = openssl("req", "-x509", "-new", "-key", self.file.name, "-days", days, "-subj",
                             "/CN=" + name.replace("/", "\\/"),
                             *(extra or ("-addext", "basicConstraints=critical,CA:FALSE")))
        elif pem:
            public = openssl("pkey", "-in", self.file.name, "-pubout")
        else:
            public = openssl("pkey", "-in", self.file.name, "-pubout", "-outform", "DER")
            public = public[-32:] if keytype == "ed25519" else public
        self.public = {"keytype": keytype, "keyval": {"private": None, "public": b64(public)}}
        self.id = hashlib.sha256(canonical(self.public)).hexdigest()

    def sign(self, data):
        return {"keyid": self.id, "method": self.method, "sig": b64(self.signature(data))}

    def signature(self, data):
        def digest(*options, name="-sha256"):
            return openssl("dgst", name, "-sign", self.file.name, *options, data=data)

        if self.does == "eddsa":
            with tempfile.NamedTemporaryFile() as message:
                message.write(data)
                message.flush()
                return openssl("pkeyutl", "-sign", "-inkey", self.file.name, "-rawin", "-in",
                               message.name)
        return {
            "ecdsa": lambda: raw_of_der(digest(), self.half),
            "ecdsa as der": digest,
            "ecdsa over sha512": lambda: raw_of_der(digest(name="-sha512"), self.half),
            "rsapkcs1v15": digest,
            "rsapss": lambda: digest(*pss(32)),
            "pycrypto-pkcs#1 pss": lambda: digest(*pss(32)),
            "rsapss with a salt of 20": lambda: digest(*pss(20)),
            "one bit off": lambda: bytes([*raw_of_der(digest(), self.half)[:-1], 0]),
        }[self.does]()


class Given:
    """A public key that somebody else holds."""

    def __init__(self, public):
        self.public = {"keytype": public["keytype"],
                       "keyval": {"private": None, "public": public["keyval"]["public"]}}
        self.id = hashlib.sha256(canonical(self.public)).hexdigest()


def meta(data):
    return {"hashes": {"sha256": b64(hashlib.sha256(data).digest()),
                       "sha512": b64(hashlib.sha512(data).digest())}, "length": len(data)}


def file(signed, keys):
    """The bytes of a metadata file: exactly as the reference writes them."""
    body = canonical(signed)
    return (b'{"signed":' + body + b',"signatures":' +
            json.dumps([k.sign(body) for k in keys], separators=(",", ":")).encode() + b"}")


FUTURE, PAST = "2100-01-01T00:00:00Z", "2020-01-01T00:00:00Z"


class Server:
    def __init__(self, url, ca):
        self.url = urllib.parse.urlsplit(url)
        self.context = ssl.create_default_context(cafile=ca)

    def ask(self, method, path, body=None, headers=None):
        """(status, headers, body)"""
        connection = http.client.HTTPSConnection(self.url.hostname, self.url.port, timeout=60,
                                                 context=self.context)
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        result = answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        connection.close()
        return result

    def upload(self, gun, parts, boundary="wire"):
        """parts: (role, bytes) …; a role of None: no file name."""
        body = b""
        for role, data in parts:
            name = "" if role is None else f'; filename="{role}"'
            body += (f"--{boundary}\r\nContent-Disposition: form-data; name=\"files\"{name}\r\n"
                     "Content-Type: application/octet-stream\r\n\r\n").encode() + data + b"\r\n"
        body += f"--{boundary}--\r\n".encode()
        return self.ask("POST", f"/v2/{gun}/_trust/tuf/", body,
                        {"Content-Type": f"multipart/form-data; boundary={boundary}"})

    def key(self, gun, role, method="GET"):
        status, _, body = self.ask(method, f"/v2/{gun}/_trust/tuf/{role}.key",
                                   b"" if method == "POST" else None)
        assert status == 200, body
        return Given(json.loads(body))

    def get(self, gun, name):
        return self.ask("GET", f"/v2/{gun}/_trust/tuf/{name}.json")


class Repository:
    """One GUN on one server. Files are made anew by the methods, sent by publish()."""

    def __init__(self, server, gun, server_snapshot=False):
        self.server, self.gun = server, gun
        self.root_key, self.targets_key = Key(gun), Key()
        self.timestamp_key = server.key(gun, "timestamp")
        self.snapshot_key = server.key(gun, "snapshot") if server_snapshot else Key()
        self.server_snapshot = server_snapshot
        self.versions = {"root": 1, "targets": 1, "snapshot": 1}
        self.files = {}

    def keys(self):
        return {"root": [self.root_key], "targets": [self.targets_key],
                "snapshot": [self.snapshot_key], "timestamp": [self.timestamp_key]}

    def root(self, signers=None, roles=None, **change):
        roles = roles or self.keys()
        signed = {"_type": "Root", "consistent_snapshot": False, "expires": FUTURE,
                  "keys": {k.id: k.public for ks in roles.values() for k in ks},
                  "roles": {n: {"keyids": [k.id for k in ks], "threshold": 1}
                            for n, ks in roles.items()},
                  "version": self.versions["root"]}
        signed.update(change)
        self.files["root"] = file(signed, signers if signers is not None else [self.root_key])
        return self.files["root"]

    def targets(self, role="targets", signers=None, targets=None, delegations=None, **change):
        signed = {"_type": "Targets", "delegations": delegations or {"keys": {}, "roles": []},
                  "expires": FUTURE, "targets": targets or {},
                  "version": self.versions.get(role, 1)}
        signed.update(change)
        self.files[role] = file(signed, signers if signers is not None else [self.targets_key])
        return self.files[role]

    def snapshot(self, signers=None, leave_out=(), **change):
        signed = {"_type": "Snapshot", "expires": FUTURE,
                  "meta": {n: meta(d) for n, d in self.files.items()
                           if n != "snapshot" and n not in leave_out},
                  "version": self.versions["snapshot"]}
        signed.update(change)
        self.files["snapshot"] = file(signed, signers if signers is not None else [self.snapshot_key])
        return self.files["snapshot"]

    def make(self):
        self.root()
        self.targets()
        if not self.server_snapshot:
            self.snapshot()
        return self

    def publish(self, *roles, extra=()):
        names = roles or list(self.files)
        return self.server.upload(self.gun, [(n, self.files[n]) for n in names] + list(extra))

    def begin(self):
        """Published once, well."""
        status, _, body = self.make().publish()
        assert status == 200, body
        return self
