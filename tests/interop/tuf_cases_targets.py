"""Targets, delegations, and the names both may have."""
import hashlib
import urllib.parse

from tuf_client import case, same
from tuf_repository import TOP


# --- file download --------------------------------------------------------------------------------


@case("file download", ("file", "file.txt"), ("in a folder", "path/to/a/file.txt"))
def a_target_is_downloaded(client, repo, name):
    repo.add_file("targets", name, b"content")
    repo.publish_all()
    client.init()
    same(client.refresh(), 0)
    same(client.got(), [])
    same(client.download(name), 0)
    same(client.got(), [b"content"])


@case("file download")
def other_content_is_not_taken(client, repo):
    repo.add_file("targets", "one", b"content of one")
    repo.add_file("targets", "two", b"content of two")
    repo.publish_all()
    client.init()
    same(client.download("one"), 0)
    repo.files["one"] = repo.files["two"] = b"something else"
    same(client.download("one"), 0)  # is there already
    same(client.download("two"), 1)
    same(client.got(), [b"content of one"])
    same([path.name for path in client.targets.iterdir()], ["one"])


@case("file download", ("longer", b"content and more"), ("shorter", b"cont"), ("empty", b""),
      ("of the same length", b"CONTENT"))
def a_target_other_than_signed_leaves_nothing_behind(client, repo, served):
    repo.add_file("targets", "file", b"content")
    repo.publish_all()
    repo.files["file"] = served
    client.init()
    same(client.download("file"), 1)
    same(list(client.targets.iterdir()), [])


@case("file download")
def each_new_content_replaces_the_one_before(client, repo):
    client.init()
    for i in range(5):
        repo.add_file("targets", "file", b"content %d" % i)
        repo.publish_all()
        same(client.download("file"), 0)
        same(client.got(), [b"content %d" % i])
        repo.files["file"] = b"something else"
        repo.publish_all()
        same(client.download("file"), 0)
        same(client.got(), [b"content %d" % i])


@case("file download", ("sha256", ["sha256"]), ("sha512", ["sha512"]),
      ("both", ["sha256", "sha512"]))
def hashes_of_targets(client, repo, names):
    repo.add_file("targets", "file", b"content", names)
    repo.publish_all()
    client.init()
    same(client.download("file"), 0)
    same(client.got(), [b"content"])
    same(len(repo.asked_files), 1)
    assert repo.asked_files[0][1] in repo.signed["targets"]["targets"]["file"]["hashes"].values()


@case("file download", ("alone", False), ("one of two wrong", True))
def a_hash_that_cannot_be_checked_or_is_wrong(client, repo, beside):
    repo.add_file("targets", "file", b"content", ["sha256", "sha512"])
    table = repo.signed["targets"]["targets"]["file"]["hashes"]
    if beside:
        table["sha512"] = "46" * 64
    else:
        repo.signed["targets"]["targets"]["file"]["hashes"] = {"new-hash": table["sha512"]}
    repo.publish_all()
    client.init()
    same(client.download("file"), 1)
    same(client.got(), [])


@case("file download")
def what_is_there_is_not_fetched_again(client, repo):
    repo.add_file("targets", "file", b"content")
    repo.publish_all()
    client.init()
    same(client.download("file", "file"), 0)
    same(client.download("file"), 0)
    same(len(repo.asked_files), 1)
    next(client.targets.iterdir()).write_bytes(b"CONTENT")
    same(client.download("file"), 0)
    same((len(repo.asked_files), client.got()), (2, [b"content"]))


@case("file download")
def several_targets_in_order_until_one_fails(client, repo):
    for name in ("one", "two", "three"):
        repo.add_file("targets", name, name.encode())
    repo.publish_all()
    repo.files["two"] = b"?"
    client.init()
    same(client.download("one", "two", "three"), 1)
    same([name for name, _ in repo.asked_files], ["one", "two"])
    same(client.got(), [b"one"])
    same(len(repo.asked), 4)


@case("file download", *[(name, name) for name in
                         ("..", "../../x", "/etc/x", ".hidden", "a b?c#d%2F", "é/ü", "x" * 300)])
def a_target_may_be_called_anything_and_stays_in_its_folder(client, repo, name):
    repo.add_file("targets", name, b"content")
    repo.publish_all()
    before = sorted(p.name for p in client.folder.iterdir())
    client.init()
    client.download(name)
    found = [path for path in client.targets.rglob("*")]
    if name not in ("..", "../../x"):  # what an HTTP library makes of such a path is its own
        same(client.got(), [b"content"])
        same(len(found), 1)
        assert not found[0].name.startswith("."), found
    assert all(path.parent == client.targets for path in found), found
    after = sorted(p.name for p in client.folder.iterdir() if p.name not in
                   ("initial.json", "metadata"))
    same(after, before)


@case("file download")
def a_link_in_the_place_of_a_target_is_replaced_not_followed(client, repo):
    repo.add_file("targets", "file", b"content")
    repo.publish_all()
    other = client.folder / "other"
    other.write_bytes(b"content")
    (client.targets / "file").symlink_to(other)
    client.init()
    repo.add_file("targets", "file", b"new content")
    repo.publish_all()
    same(client.download("file"), 0)
    same(other.read_bytes(), b"content")
    assert not (client.targets / "file").is_symlink()

# --- quoting --------------------------------------------------------------------------------------


@case("quoting", *[(name, name) for name in
                   ("?", "#", "/delegated", "../delegated", ".", "..", "a%2Fb", "\u00e9 \"", "r" * 255)])
def a_role_may_be_called_anything(client, repo, name):
    repo.delegate("targets", name)
    repo.publish_all(name)
    client.init()
    same(client.download("not there"), 1)
    assert (urllib.parse.quote(name, ""), 1) in repo.asked, repo.asked
    same(client.files(), 5)
    stored = [path for path in client.metadata.rglob("*")
              if path.read_bytes() == repo.published[name][0]]
    same([path.parent for path in stored], [client.metadata])
    asked = len(repo.asked)
    same(client.download("not there"), 1)
    same(len(repo.asked), asked + 2)  # root and timestamp: the role was found in the directory


@case("quoting", *[(name, name) for name in (*TOP, "")])
def no_delegation_is_called_like_a_top_level_role(client, repo, name):
    before = {role: list(files) for role, files in repo.published.items()}
    table = repo.signed["targets"].setdefault("delegations", {"keys": {}, "roles": []})
    table["roles"].append({"name": name, "keyids": [], "threshold": 1, "terminating": False,
                           "paths": ["*"]})
    repo.publish_all()
    client.init()
    same(client.download("file"), 1)
    same((client.metadata / "root.json").read_bytes(), before["root"][0])
    same(client.version("targets"), None)

# --- delegation graphs ----------------------------------------------------------------------------


# (delegations "from>to" in order, more of some: path pattern or terminating; order of visits)
GRAPHS = {
    "one": ("targets>A", {}, "A"),
    "two": ("targets>A targets>B", {}, "A B"),
    "two levels": ("targets>A targets>B B>C", {}, "A B C"),
    "depth first": ("targets>A targets>B A>C A>D", {}, "A C D B"),
    "three levels, depth first": ("targets>A targets>B A>C C>D", {}, "A C D B"),
    "terminating leaves out all others": ("targets>A targets>B A>C A>D", {"A>C": True}, "A C"),
    "terminating keeps what is below": ("targets>A targets>B A>C C>D", {"A>C": True}, "A C D"),
    "terminating at the top": ("targets>A targets>B A>C", {"targets>A": True}, "A C"),
    "paths that do not match": ("targets>A targets>B A>C", {"targets>A": "*.py"}, "B"),
    "paths that do not match below": ("targets>A targets>B A>C C>D", {"A>C": "*.py"}, "A B"),
    "a terminating one that does not match": ("targets>A targets>B", {"targets>A": "*.py"}, "B"),
    "a circle": ("targets>A targets>B B>C C>D D>B", {}, "A B C D"),
    "a role that delegates to itself": ("targets>A A>A targets>B", {}, "A B"),
    "two ways": ("targets>A targets>B B>C A>C", {}, "A C B"),
    "two ways, one by path": ("targets>A targets>B B>C A>C", {"A>C": "*.py"}, "A B C"),
    "a wildcard does not cross a slash": ("targets>A targets>B", {"targets>A": "?is*/path"}, "B"),
}


@case("delegation graphs", *GRAPHS.items())
def order_of_visits(client, repo, graph):
    edges, more, expected = graph
    keys = {}
    roles = []
    for edge in edges.split():
        delegator, role = edge.split(">")
        extra = more.get(edge)
        given = {"terminating": True} if extra is True else {"paths": [extra]} if extra else {}
        keys[role] = repo.delegate(delegator, role, keys.get(role), **given)
        roles.append(role)
    repo.publish_all(*dict.fromkeys(roles))
    client.init()
    same(client.download("missingpath"), 1)
    same(repo.asked[4:], [(role, 1) for role in expected.split()])
    same(client.files(), 4 + len(expected.split()))


def tree(repo):
    repo.delegate("targets", "A", paths=["*.doc", "*.md"])
    repo.delegate("targets", "B", paths=["releases/*/*"])
    repo.delegate("B", "C", paths=["releases/x/*"])
    repo.delegate("B", "D", paths=["releases/y/*.zip"])
    repo.add_file("targets", "top", b"of targets")
    repo.add_file("A", "README.md", b"of A")
    repo.add_file("C", "releases/x/x_v1", b"of C")
    repo.add_file("D", "releases/y/y_v1.zip", b"of D")
    repo.add_file("D", "releases/z/z_v1.zip", b"of D, who may not")
    repo.publish_all("A", "B", "C", "D")


@case("delegation graphs", ("of targets", ("top", "")), ("by a wildcard", ("README.md", "A")),
      ("below a folder", ("releases/x/x_v1", "B C")),
      ("below another folder", ("releases/y/y_v1.zip", "B D")),
      ("not trusted by all above", ("releases/z/z_v1.zip", "B")))
def a_target_in_a_tree(client, repo, parameter):
    path, visits = parameter
    tree(repo)
    client.init()
    found = not path.startswith("releases/z")
    same(client.download(path), 0 if found else 1)
    same(client.got(), [repo.files[path]] if found else [])
    same(repo.asked[4:], [(role, 1) for role in visits.split()])


@case("delegation graphs")
def the_first_delegation_wins(client, repo):
    for role in ("A", "B"):
        repo.delegate("targets", role)
        repo.signed[role]["targets"]["file"] = {"length": 1, "hashes": {"sha256": "00" * 32}}
    repo.add_file("A", "file", b"of A")
    repo.publish_all("A", "B")
    client.init()
    same(client.download("file"), 0)
    same((client.got(), repo.asked[4:]), ([b"of A"], [("A", 1)]))


@case("delegation graphs")
def path_hash_prefixes(client, repo):
    digest = hashlib.sha256(b"file").hexdigest()
    other = "0" if digest[0] != "0" else "1"
    repo.delegate("targets", "A", path_hash_prefixes=[other])
    repo.delegate("targets", "B", path_hash_prefixes=[other, digest[:3]])
    repo.add_file("B", "file", b"of B")
    repo.publish_all("A", "B")
    client.init()
    same(client.download("file"), 0)
    same((client.got(), repo.asked[4:]), ([b"of B"], [("B", 1)]))


@case("delegation graphs", *[(f"{bits} bits", bits) for bits in (1, 4, 8, 9, 16)])
def hash_bins(client, repo, bits):
    number = int.from_bytes(hashlib.sha256(b"file").digest()[:4], "big") >> (32 - bits)
    name = f"bin-{number:0{len(f'{2 ** bits - 1:x}')}x}"
    repo.signed["targets"]["delegations"] = {"keys": {}, "succinct_roles": {
        "keyids": [], "threshold": 1, "bit_length": bits, "name_prefix": "bin"}}
    repo.new_targets(name)
    repo.add_key(name, "targets")
    repo.add_file(name, "file", b"of a bin")
    repo.publish_all(name)
    client.init()
    same(client.download("file"), 0)
    same((client.got(), repo.asked[4:]), ([b"of a bin"], [(name, 1)]))


@case("delegation graphs")
def a_cached_role_is_verified_against_its_current_delegator(client, repo):
    """The role stays at its version and the delegator changes the key: the old file must go."""
    repo.delegate("targets", "A")
    repo.add_file("A", "file", b"of A")
    repo.publish_all("A")
    client.init()
    same(client.download("file"), 0)
    repo.rotate_key("A", "targets")
    repo.publish_all()
    same(client.download("file"), 1)  # neither the cache nor the server has it by the new key
    same(repo.asked[-1], ("A", 1))
    repo.published["A"][0] = repo.encode("A")  # the same version, signed by the new key
    same(client.download("file"), 0)
    same(repo.asked[-1], ("A", 1))
    asked = len(repo.asked)
    same(client.download("file"), 0)
    same(len(repo.asked), asked + 2)


@case("delegation graphs")
def a_role_on_two_ways_is_verified_on_each_within_one_run(client, repo):
    """C is delegated to by A with its key and by B with another: only the way through A holds."""
    repo.delegate("targets", "A", paths=["a"])
    repo.delegate("targets", "B", paths=["b"])
    repo.delegate("A", "C", paths=["*"])
    repo.delegate("B", "C", paths=["*"])
    repo.signers["C"].popitem()  # B's key does not sign
    repo.add_file("C", "a", b"through A")
    repo.add_file("C", "b", b"through B")
    repo.publish_all("A", "B", "C")
    client.init()
    same(client.download("a", "b"), 1)
    same(client.got(), [b"through A"])
    same(client.download("b"), 1)  # nor from the directory
    same(client.got(), [b"through A"])
    same(client.download("a"), 0)


@case("delegation graphs")
def a_role_that_is_not_in_the_snapshot(client, repo):
    repo.delegate("targets", "A")
    repo.delegate("targets", "B")
    repo.add_file("B", "file", b"of B")
    repo.publish("A", "B", "targets")
    del repo.signed["snapshot"]["meta"]["A.json"]
    repo.publish("snapshot", "timestamp")
    client.init()
    same(client.download("file"), 1)  # A might have had another word: B's does not count
    same((client.got(), repo.asked[4:]), ([], []))


@case("delegation graphs")
def a_delegation_without_paths_is_for_nothing(client, repo):
    repo.delegate("targets", "A", paths=[])
    repo.delegate("targets", "B")
    del repo.signed["targets"]["delegations"]["roles"][1]["paths"]
    repo.add_file("A", "file", b"of A")
    repo.add_file("B", "file", b"of B")
    repo.publish_all("A", "B")
    client.init()
    same(client.download("file"), 1)
    same(repo.asked[4:], [])


@case("delegation graphs")
def a_threshold_of_a_delegation(client, repo):
    repo.delegate("targets", "A")
    repo.add_key("A", "targets")
    repo.signed["targets"]["delegations"]["roles"][0]["threshold"] = 2
    repo.add_file("A", "file", b"of A")
    repo.publish_all("A")
    client.init()
    same(client.download("file"), 0)
    repo.signers["A"].popitem()
    repo.publish_all("A")
    same(client.download("file"), 1)


@case("delegation graphs", ("within the limit", 0), ("beyond", 1))
def a_chain_of_256_roles(client, repo, more):
    delegator, last = "targets", 256 + more
    names = [f"r{i}" for i in range(1, last + 1)]
    for name in names:
        repo.delegate(delegator, name)
        delegator = name
    repo.add_file(names[-1], "file", b"at the end")
    repo.publish_all(*names)
    client.init()
    same(client.download("file"), more)
    same(repo.asked[-1], ("r256", 1))
