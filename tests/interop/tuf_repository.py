"""A TUF 1.0 repository for tests: real keys, real signatures, served over HTTP/1.0.

Everything in it can be spoilt: metadata are plain dictionaries until publish() signs them, and what
is published are plain bytes in `published` that a test may replace."""
import collections
import datetime
import hashlib
import http.server
import json
import threading
import urllib.parse

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

TOP = ("root", "timestamp", "snapshot", "targets")


def canonical(value):
    """OLPC canonical JSON: what is signed."""
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, dict):
        return "{" + ",".join(canonical(k) + ":" + canonical(value[k]) for k in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    return {None: "null", True: "true", False: "false"}.get(value, str(value)) \
        if value is None or isinstance(value, bool) else str(value)


def date(days):
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class Key:
    """A signing key of one of the three schemes of the specification."""

    def __init__(self, scheme="ed25519"):
        self.scheme = scheme
        if scheme == "ed25519":
            self.private, keytype = ed25519.Ed25519PrivateKey.generate(), "ed25519"
            public = self.private.public_key().public_bytes(
                serialization.Encoding.Raw, serialization.PublicFormat.Raw).hex()
        else:
            if scheme == "ecdsa-sha2-nistp256":
                self.private, keytype = ec.generate_private_key(ec.SECP256R1()), "ecdsa"
            else:
                self.private, keytype = rsa.generate_private_key(65537, 2048), "rsa"
            public = self.private.public_key().public_bytes(
                serialization.Encoding.PEM,
                serialization.PublicFormat.SubjectPublicKeyInfo).decode()
        self.public = {"keytype": keytype, "scheme": scheme, "keyval": {"public": public}}

    @property
    def id(self):
        return hashlib.sha256(canonical(self.public).encode()).hexdigest()

    def sign(self, message):
        if self.scheme == "ed25519":
            return self.private.sign(message).hex()
        if self.scheme == "ecdsa-sha2-nistp256":
            return self.private.sign(message, ec.ECDSA(hashes.SHA256())).hex()
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.MAX_LENGTH)
        return self.private.sign(message, pss, hashes.SHA256()).hex()


class Repository:
    def __init__(self):
        self.signed = {}                                 # role → what is to be signed
        self.signers = collections.defaultdict(dict)     # role → {key id: Key}
        self.published = collections.defaultdict(list)   # role → [bytes of version 1, 2, …]
        self.files = {}                                  # target path → bytes served
        self.asked, self.asked_files = [], []            # [(role, version)], [(path, hash)]
        self.with_hashes = False                         # vouch with length and hashes, too
        self.broken = {}                                 # URL name → status to answer with
        self.endless = set()                             # URL names that never end
        for role in TOP:
            self.signed[role] = {"_type": role, "spec_version": "1.0.31", "version": 0,
                                 "expires": date(30)}
        self.root.update(keys={}, consistent_snapshot=True,
                         roles={role: {"keyids": [], "threshold": 1} for role in TOP})
        self.signed["timestamp"]["meta"], self.signed["snapshot"]["meta"] = {}, {}
        self.signed["targets"]["targets"] = {}
        for role in TOP:
            self.add_key(role)
        self.publish("targets", "snapshot", "timestamp", "root")

    @property
    def root(self):
        return self.signed["root"]

    # --- who may sign what ---

    def _delegation(self, role, delegator):
        if delegator == "root":
            return self.root["keys"], self.root["roles"][role]
        delegations = self.signed[delegator]["delegations"]
        entry = delegations.get("succinct_roles") or next(
            r for r in delegations["roles"] if r["name"] == role)
        return delegations["keys"], entry

    def add_key(self, role, delegator="root", key=None, sign=True):
        key = key or Key()
        keys, entry = self._delegation(role, delegator)
        keys[key.id] = key.public
        if key.id not in entry["keyids"]:
            entry["keyids"].append(key.id)
        if sign:
            self.signers[role][key.id] = key
        return key

    def rotate_key(self, role, delegator="root"):
        self._delegation(role, delegator)[1]["keyids"].clear()
        self.signers[role].clear()
        return self.add_key(role, delegator)

    def delegate(self, delegator, role, key=None, **more):
        """A delegation of all paths, unless @more says otherwise."""
        if "path_hash_prefixes" not in more:
            more.setdefault("paths", ["*"])
        table = self.signed[delegator].setdefault("delegations", {"keys": {}, "roles": []})
        table["roles"].append({"name": role, "keyids": [], "threshold": 1,
                               "terminating": False, **more})
        self.new_targets(role)
        return self.add_key(role, delegator, key)

    def new_targets(self, role):
        self.signed.setdefault(role, {"_type": "targets", "spec_version": "1.0.31", "version": 0,
                                      "expires": date(30), "targets": {}})

    def add_file(self, role, path, content, hashes_=("sha256",)):
        self.files[path] = content
        self.signed[role]["targets"][path] = {
            "length": len(content),
            "hashes": {name: hashlib.new(name, content).hexdigest() for name in hashes_}}

    # --- signing ---

    def encode(self, role):
        message = canonical(self.signed[role]).encode()
        signatures = [{"keyid": i, "sig": key.sign(message)}
                      for i, key in self.signers[role].items()]
        return json.dumps({"signatures": signatures, "signed": self.signed[role]}, indent=1).encode()

    def publish(self, *roles, bump=True):
        for role in roles:
            self.signed[role]["version"] += bump
            data = self.encode(role)
            self.published[role].append(data)
            meta = {"version": self.signed[role]["version"]}
            if self.with_hashes:
                meta.update(length=len(data), hashes={"sha256": hashlib.sha256(data).hexdigest()})
            if role == "snapshot":
                self.signed["timestamp"]["meta"]["snapshot.json"] = meta
            elif role not in TOP or role == "targets":
                self.signed["snapshot"]["meta"][role + ".json"] = meta

    def publish_all(self, *roles):
        self.publish(*roles, "targets", "snapshot", "timestamp")

    # --- serving ---

    def fetch(self, path):
        """(status, bytes or None for an endless answer) for a path below the repository's URL."""
        kind, _, name = path.partition("/")
        if name in self.endless:
            return 200, None
        if name in self.broken:
            return self.broken[name], b"broken\n"
        if kind == "metadata":
            return self._fetch_metadata(name.removesuffix(".json"))
        folder, slash, last = name.rpartition("/")
        digest = None
        if self.root["consistent_snapshot"]:
            digest, _, last = last.partition(".")
        target = urllib.parse.unquote(folder + slash + last)
        self.asked_files.append((target, digest))
        if target not in self.files:
            return 404, b"no such target\n"
        return 200, self.files[target]

    def _fetch_metadata(self, name):
        version, _, role = name.partition(".")
        if name == "timestamp" or (not self.root["consistent_snapshot"]
                                   and not name.endswith(".root")):
            version, role = None, name
        self.asked.append((role, int(version) if version else None))
        there = self.published.get(urllib.parse.unquote(role), [])
        number = int(version) if version else len(there)
        if not 1 <= number <= len(there):
            return 404, b"no such version\n"
        return 200, there[number - 1]


class Server(http.server.ThreadingHTTPServer):
    """Serves repositories by name; `get` maps (name, path) to (status, bytes)."""
    daemon_threads = True

    def __init__(self, get):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                name, _, path = self.path.lstrip("/").partition("/")
                status, data = get(name, path)
                self.send_response(status)
                if data is None:
                    self.end_headers()
                    self.never_end()
                    return
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def never_end(self):
                try:
                    while True:
                        self.wfile.write(b" " * 65536)
                except OSError:
                    pass  # the other side had enough

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"
