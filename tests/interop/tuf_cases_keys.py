"""Keys, thresholds and their rotation; a repository of files at its own time."""
import base64
import copy
import json
import urllib.parse

from cryptography.hazmat.primitives import serialization
from tuf_client import case, same
from tuf_repository import TOP, Key


# --- keys -----------------------------------------------------------------------------------------


@case("keys")
def fewer_signatures_than_the_threshold(client, repo):
    repo.root["roles"]["snapshot"]["threshold"] = 3
    repo.add_key("snapshot")
    repo.add_key("snapshot")
    repo.publish("root")
    repo.publish_all()
    client.init()
    same(client.refresh(), 0)
    repo.signers["snapshot"].popitem()
    repo.publish_all()
    same(client.refresh(), 1)
    same(client.version("snapshot"), 2)


@case("keys")
def fewer_keys_than_the_threshold(client, repo):
    for _ in range(4):
        repo.add_key("snapshot")
    repo.root["roles"]["snapshot"]["threshold"] = 6
    repo.publish("root", "snapshot", "timestamp")
    client.init()
    same(client.refresh(), 1)
    same((client.version("root"), client.version("snapshot")), (2, None))


def spellings(key):
    """The same public key, written in other ways."""
    public = key.public["keyval"]["public"]
    if key.scheme == "ed25519":
        return [public, public.upper()]
    if key.scheme == "rsassa-pss-sha256":
        return [public, public + "\n", "text before\n" + public]
    point = key.private.public_key().public_bytes(serialization.Encoding.X962,
                                                  serialization.PublicFormat.CompressedPoint)
    head = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200")
    compressed = base64.b64encode(head + point).decode()
    return [public, public + "\n",
            f"-----BEGIN PUBLIC KEY-----\n{compressed}\n-----END PUBLIC KEY-----\n"]


@case("keys", *[(s, s) for s in ("ed25519", "ecdsa-sha2-nistp256", "rsassa-pss-sha256")])
def one_key_under_many_ids_counts_once(client, repo, scheme):
    key = Key(scheme)
    for i, public in enumerate(spellings(key) * 2):
        alias = copy.copy(key)
        alias.public = dict(key.public, number=i, keyval={"public": public})
        repo.add_key("snapshot", key=alias)
    same(len(repo.signers["snapshot"]), 1 + 2 * len(spellings(key)))
    repo.root["roles"]["snapshot"]["threshold"] = 3
    repo.publish("root", "snapshot", "timestamp")
    client.init()
    same(client.refresh(), 1)
    same(client.version("snapshot"), None)
    repo.root["roles"]["snapshot"]["threshold"] = 2
    repo.publish("root")
    same(client.refresh(), 0)


@case("keys")
def keyids_that_stand_twice_in_a_role_count_once(client, repo):
    repo.root["roles"]["snapshot"]["keyids"] *= 3
    repo.root["roles"]["snapshot"]["threshold"] = 2
    repo.publish("root", "snapshot", "timestamp")
    client.init()
    same(client.refresh(), 1)
    same(client.version("snapshot"), None)


@case("keys")
def two_signatures_of_one_keyid_are_refused(client, repo):
    snapshot = json.loads(repo.published["snapshot"].pop())
    snapshot["signatures"] *= 2
    repo.published["snapshot"].append(json.dumps(snapshot).encode())
    client.init()
    same(client.refresh(), 1)
    same(client.version("snapshot"), None)


@case("keys", *[(s, s) for s in ("ed25519", "ecdsa-sha2-nistp256", "rsassa-pss-sha256")])
def a_scheme(client, repo, scheme):
    client.init()
    key = repo.add_key("root", key=Key(scheme))
    repo.root["roles"]["root"]["threshold"] = 2
    repo.publish("root")
    same(client.refresh(), 0)
    same(client.version("root"), 2)
    repo.publish("root")
    root = json.loads(repo.published["root"].pop())
    for signature in root["signatures"]:
        if signature["keyid"] == key.id:
            signature["sig"] = key.sign(b"something else")
    repo.published["root"].append(json.dumps(root).encode())
    same(client.refresh(), 1)
    same(client.version("root"), 2)


@case("keys", ("wrong", None), ("empty", ""), ("no hexadecimal", "signature"))
def a_bad_signature_beside_enough_good_ones(client, repo, text):
    client.init()
    key = repo.add_key("timestamp")
    repo.publish("root", "timestamp")
    timestamp = json.loads(repo.published["timestamp"].pop())
    for signature in timestamp["signatures"]:
        if signature["keyid"] == key.id:
            signature["sig"] = key.sign(b"something else") if text is None else text
    timestamp["signatures"].append({"keyid": "of somebody else", "sig": "00"})
    repo.published["timestamp"].append(json.dumps(timestamp).encode())
    same(client.refresh(), 0)
    same(client.version("timestamp"), 2)


@case("keys", ("type", {"keytype": "sphincs", "scheme": "sphincs-shake-128s", "keyval": {"p": 1}}),
      ("scheme", {"keytype": "rsa", "scheme": "rsa-new", "keyval": {"public": "PEM"}}))
def a_key_of_an_unknown_kind_cannot_sign_and_does_not_hinder(client, repo, public):
    repo.root["keys"]["strange"] = public
    repo.root["roles"]["timestamp"]["keyids"].append("strange")
    repo.publish("root")
    client.init()
    same(client.refresh(), 0)
    repo.root["roles"]["timestamp"]["threshold"] = 2
    repo.publish("root", "timestamp")
    same(client.refresh(), 1)

# --- key rotations --------------------------------------------------------------------------------


# Versions of root: keys, threshold, who signs; and whether the last is accepted.
ROOTS = {
    "1 of 1": ([((1,), 1, (1,)), ((2,), 1, (2, 1)), ((2,), 1, (2,))], True),
    "1 of 1, others sign too": ([((1,), 1, (3, 1, 4)), ((2,), 1, (3, 2, 1, 4)),
                                 ((2,), 1, (3, 2, 4))], True),
    "1 of 1, old key missing": ([((1,), 1, (1,)), ((2,), 1, (2, 3, 4))], False),
    "1 of 1, new key missing": ([((1,), 1, (1,)), ((2,), 1, (1, 3, 4))], False),
    "1 of 1, twice": ([((1,), 1, (1,)), ((2,), 1, (2, 1)), ((3,), 1, (3, 2))], True),
    "3 of 5, others each time": ([((0, 1, 2, 3, 4), 3, s) for s in
                                  ((0, 2, 4), (0, 4, 1), (0, 1, 3), (1, 2, 3))], True),
    "3 of 5, one is new": ([((0, 1, 2, 3, 4), 3, (0, 2, 4)), ((0, 1, 3, 4, 5), 3, (0, 4, 1))], True),
    "3 of 5, one is new and signs": ([((0, 1, 2, 3, 4), 3, (0, 2, 4)),
                                      ((0, 1, 3, 4, 5), 3, (0, 2, 4, 5)),
                                      ((0, 1, 3, 4, 5), 3, (0, 4, 5))], True),
    "3 of 5, all are new": ([((0, 1, 2, 3, 4), 3, (0, 2, 4)),
                             ((5, 6, 7, 8, 9), 3, (0, 2, 4, 5, 6, 7)),
                             ((5, 6, 7, 8, 9), 3, (5, 6, 7))], True),
    "3 of 5, too few new": ([((0, 1, 2, 3, 4), 3, (0, 2, 4)), ((0, 1, 3, 4, 5), 3, (0, 2, 4))],
                            False),
    "3 of 5, too few old": ([((0, 1, 2, 3, 4), 3, (0, 2, 4)), ((0, 1, 3, 4, 5), 3, (0, 4, 5))],
                            False),
    "threshold up": ([((1, 2, 3), 1, (1,)), ((1, 2, 3), 2, (1, 2))], True),
    "threshold up, new one not met": ([((1, 2, 3), 1, (1,)), ((1, 2, 3), 2, (2,))], False),
    "threshold and keys up": ([((1,), 1, (1,)), ((1, 2), 2, (1, 2))], True),
    "threshold down": ([((1, 2, 3), 2, (1, 2)), ((1, 2, 3), 1, (1, 2)), ((1, 2, 3), 1, (1,))], True),
    "threshold down, old one not met": ([((1, 2, 3), 2, (1, 2)), ((1, 2, 3), 1, (1,))], False),
}
# What timestamp, snapshot and targets become: keys, threshold, who signs; whether it is accepted.
OTHERS = {
    "1 of 1": ((2,), 1, (2,), True),
    "1 of 1, others sign too": ((1,), 1, (3, 1, 4), True),
    "1 of 1, new key missing": ((2,), 1, (1, 3, 4), False),
    "3 of 5, one of another": ((0, 1, 3, 4, 5), 3, (0, 2, 4), False),
    "3 of 5, only two": ((0, 1, 3, 4, 5), 3, (0, 4), False),
    "3 of 5, a": ((0, 1, 2, 3, 4), 3, (0, 2, 4), True),
    "3 of 5, b": ((0, 1, 2, 3, 4), 3, (0, 4, 1), True),
    "3 of 5, c": ((0, 1, 2, 3, 4), 3, (0, 1, 3), True),
    "3 of 5, d": ((0, 1, 2, 3, 4), 3, (1, 2, 3), True),
    "3 of 5, e": ((0, 1, 2, 3, 4), 3, (2, 3, 4), True),
}


def let_sign(repo, role, keys, members, threshold, signers):
    entry = repo.root["roles"][role]
    entry["keyids"], entry["threshold"] = [], threshold
    repo.signers[role].clear()
    for i in members:
        repo.add_key(role, key=keys[i], sign=False)
    for i in signers:
        repo.signers[role][keys[i].id] = keys[i]


@case("key rotations", *ROOTS.items())
def root(client, repo, rotation):
    versions, accepted = rotation
    keys = [Key() for _ in range(10)]
    repo.published["root"].clear()
    repo.root["version"] = 0
    for version in versions:
        let_sign(repo, "root", keys, *version)
        repo.publish("root")
    client.init()
    same(client.refresh(), 0 if accepted else 1)
    kept = repo.published["root"][-1 if accepted else -2]
    same((client.metadata / "root.json").read_bytes(), kept)


@case("key rotations", *OTHERS.items())
def other_roles(client, repo, rotation):
    *version, accepted = rotation
    keys = [Key() for _ in range(10)]
    client.init()
    for role in ("timestamp", "snapshot", "targets"):
        let_sign(repo, role, keys, *version)
        repo.publish("root")
        repo.publish_all()
        same(client.refresh(), 0 if accepted else 1)
        if accepted:
            same((client.metadata / f"{role}.json").read_bytes(), repo.published[role][-1])


@case("key rotations")
def a_key_taken_from_targets_ends_what_it_signed(client, repo):
    client.init()
    same(client.refresh(), 0)
    repo.rotate_key("targets")
    repo.publish("root")
    same(client.refresh(), 1)  # targets version 1 is not signed by the new key
    repo.publish_all()
    same(client.refresh(), 0)

# --- static repositories --------------------------------------------------------------------------


@case("static repositories", ("consistent", True), ("not consistent", False))
def files_of_a_time_long_ago(client, repo, consistent):
    """Written to files once, as a web server has them, and read at their own time."""
    for role in TOP:
        repo.signed[role]["expires"] = "2021-06-01T00:00:00Z"
    repo.root["consistent_snapshot"] = consistent
    repo.root["version"] = 0
    repo.published.clear()
    for role, scheme in (("root", "rsassa-pss-sha256"), ("targets", "ecdsa-sha2-nistp256")):
        repo.root["roles"][role]["keyids"].clear()
        repo.signers[role].clear()
        repo.add_key(role, key=Key(scheme))
    repo.publish("root", "root")
    repo.delegate("targets", "delegated/role", paths=["folder/*"])
    repo.signed["delegated/role"]["expires"] = "2021-06-01T00:00:00Z"
    repo.add_file("delegated/role", "folder/artifact", b"of 2021")
    for role in ("targets", "snapshot", "timestamp"):
        repo.signed[role]["version"] = 0
    repo.publish_all("delegated/role")
    folder = client.folder / "static"
    write_static(repo, folder, consistent)
    repo.fetch = lambda path: read_static(folder, path)
    client.init()
    same(client.refresh(), 1)
    same(client.refresh(at="@2021-05-01 12:00:00"), 0)
    same(client.version("root"), 2)
    same(client.download("folder/artifact", at="@2021-05-02 12:00:00"), 0)
    same(client.got(), [b"of 2021"])
    same(client.download("folder/artifact", at="@2021-06-02 12:00:00"), 1)


def write_static(repo, folder, consistent):
    (folder / "metadata").mkdir(parents=True)
    for role, versions in repo.published.items():
        for number, data in enumerate(versions, 1):
            name = urllib.parse.quote(role, "")
            versioned = role == "root" or (consistent and role != "timestamp")
            (folder / "metadata" / (f"{number}.{name}.json" if versioned else f"{name}.json")
             ).write_bytes(data)
    table = repo.signed["delegated/role"]["targets"]["folder/artifact"]["hashes"]
    name = table["sha256"] + ".artifact" if consistent else "artifact"
    (folder / "targets/folder").mkdir(parents=True)
    (folder / "targets/folder" / name).write_bytes(repo.files["folder/artifact"])


def read_static(folder, path):
    try:
        return 200, (folder / path).read_bytes()
    except OSError:
        return 404, b"not found\n"
