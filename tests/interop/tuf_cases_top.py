"""Root, timestamp, snapshot, targets: requests, trust, expiry, rollback."""
import concurrent.futures
import json

from tuf_client import case, same
from tuf_repository import TOP, Key, date


# --- basic ----------------------------------------------------------------------------------------


@case("basic")
def a_refresh_asks_for_four_files_in_order(client, repo):
    same(client.init(), 0)
    same(repo.asked, [])
    same(client.refresh(), 0)
    same(repo.asked, [("root", 2), ("timestamp", None), ("snapshot", 1), ("targets", 1)])


@case("basic")
def what_is_trusted_are_the_bytes_that_came(client, repo):
    repo.published["timestamp"][0] += b" \n\n"
    client.init()
    same(client.refresh(), 0)
    for role in TOP:
        same((client.metadata / f"{role}.json").read_bytes(), repo.published[role][0])


@case("basic")
def a_download_refreshes_first(client, repo):
    client.init()
    same(client.download("not there"), 1)
    same(repo.asked, [("root", 2), ("timestamp", None), ("snapshot", 1), ("targets", 1)])
    same(client.trusted(), dict.fromkeys(TOP, 1))


@case("basic", ("without version", "version"), ("not signed by its key", None))
def a_bad_first_root_is_refused_unasked(client, repo, without):
    root = json.loads(repo.published["root"][0])
    if without:
        del root["signed"][without]
    else:
        root["signatures"][0]["sig"] = Key().sign(b"something else")
    client.init(json.dumps(root).encode())
    same(client.refresh(), 1)
    same(repo.asked, [])


@case("basic", ("root", {"root": 1}), ("timestamp", {"root": 2}),
      ("snapshot", {"root": 2, "timestamp": 2}),
      ("targets", {"root": 2, "timestamp": 2, "snapshot": 2}))
def a_role_without_its_signature_stops_the_refresh(client, repo, expected):
    role = TOP[len(expected) if expected["root"] > 1 else 0]
    repo.signers[role].popitem()
    repo.publish("root", "targets", "snapshot", "timestamp")
    client.init()
    same(client.refresh(), 1)
    same(client.trusted(), expected)


@case("basic", ("root", {"root": 1}), ("snapshot", {"root": 2, "timestamp": 2}),
      ("targets", {"root": 2, "timestamp": 2, "snapshot": 2}))
def a_version_other_than_asked_is_refused(client, repo, expected):
    role = {1: "root", 2: "snapshot", 3: "targets"}[len(expected)]
    repo.signed[role]["version"] += 1
    repo.publish("root", "targets", "snapshot", "timestamp")
    client.init()
    same(client.refresh(), 1)
    same(client.trusted(), expected)


@case("basic")
def a_changed_timestamp_of_one_version_is_passed_over(client, repo):
    client.init()
    same(client.refresh(), 0)
    repo.signed["timestamp"]["meta"]["snapshot.json"]["version"] = 100
    repo.published["timestamp"].clear()
    repo.publish("timestamp", bump=False)
    same(client.refresh(), 0)
    same(repo.asked[-1], ("timestamp", None))
    kept = json.loads((client.metadata / "timestamp.json").read_bytes())
    same(kept["signed"]["meta"]["snapshot.json"]["version"], 1)


@case("basic")
def hashes_of_metadata_are_held_against_the_files(client, repo):
    repo.with_hashes = True
    repo.publish_all()
    client.init()
    same(client.refresh(), 0)
    repo.publish("targets")
    repo.signed["snapshot"]["meta"]["targets.json"]["hashes"]["sha256"] = "46" * 32
    repo.publish("snapshot", "timestamp")
    same(client.refresh(), 1)
    same(client.trusted(), {"root": 1, "timestamp": 3, "snapshot": 3, "targets": 2})


@case("basic", ("too small", -1), ("too large", 1))
def a_length_of_metadata_is_held_against_the_file(client, repo, off):
    repo.with_hashes = True
    repo.publish("targets", "snapshot")
    repo.signed["timestamp"]["meta"]["snapshot.json"]["length"] += off
    repo.publish("timestamp")
    client.init()
    same(client.refresh(), 1)
    same(client.trusted(), {"root": 1, "timestamp": 2})


@case("basic")
def a_targets_version_that_no_snapshot_names_is_not_asked_for(client, repo):
    client.init()
    same(client.refresh(), 0)
    repo.publish("targets")
    same(client.refresh(), 0)
    same(client.version("targets"), 1)
    same(repo.asked[-1], ("timestamp", None))


@case("basic")
def members_that_nobody_defined_are_kept_in_what_is_signed(client, repo):
    key = Key()
    key.public["more"] = {"b": 2, "a": [1, None, True, "\u00e9 \" \\ \n"]}
    repo.root["member"] = "value"
    repo.root["roles"]["root"]["member"] = "value"
    repo.add_key("root", key=key)
    repo.publish("root")
    client.init()
    same(client.refresh(), 0)
    same(client.version("root"), 2)


@case("basic")
def keyid_hash_algorithms_mean_nothing(client, repo):
    key = Key("ecdsa-sha2-nistp256")
    key.public["keyid_hash_algorithms"] = ["md5"]
    repo.root["roles"]["snapshot"]["keyids"].clear()
    repo.signers["snapshot"].clear()
    repo.add_key("snapshot", key=key)
    repo.publish("root", "snapshot", "timestamp")
    client.init()
    same(client.refresh(), 0)
    same(client.version("snapshot"), 2)


@case("basic", *[(role, role) for role in ("timestamp", "snapshot", "targets")])
def a_file_that_is_missing_fails_the_refresh(client, repo, role):
    client.init()
    same(client.refresh(), 0)
    if role == "timestamp":
        repo.published.pop("timestamp")
    elif role == "snapshot":
        repo.signed["timestamp"]["meta"]["snapshot.json"]["version"] += 1
        repo.publish("timestamp")
    else:
        repo.signed["snapshot"]["meta"]["targets.json"]["version"] += 1
        repo.publish("snapshot", "timestamp")
    same(client.refresh(), 1)
    same(repo.asked[-1], (role, None if role == "timestamp" else 2))
    expected = dict.fromkeys(TOP, 1)
    expected.update({"timestamp": {}, "snapshot": {"timestamp": 2},
                     "targets": {"timestamp": 2, "snapshot": 2}}[role])
    same(client.trusted(), expected)


@case("basic")
def a_snapshot_in_the_place_of_a_timestamp_is_refused(client, repo):
    repo.add_key("snapshot", key=next(iter(repo.signers["timestamp"].values())))
    repo.signed["snapshot"]["meta"] = {"snapshot.json": {"version": 1},
                                       "targets.json": {"version": 1}}
    repo.publish("root", "snapshot")
    repo.published["timestamp"].append(repo.published["snapshot"].pop())
    client.init()
    same(client.refresh(), 1)
    same(client.trusted(), {"root": 2})


@case("basic")
def time_is_what_the_system_says(client, repo):
    client.init()
    repo.root["expires"] = date(100)
    repo.publish("root")
    for role in ("timestamp", "snapshot", "targets"):
        repo.signed[role]["expires"] = date(100)
    repo.publish_all()
    same(client.refresh(at=date(60)[:19].replace("T", " ")), 0)
    same(client.refresh(at=date(120)[:19].replace("T", " ")), 1)
    assert "expired" in client.said, client.said


@case("basic")
def without_consistent_snapshots_names_have_no_version(client, repo):
    repo.root["consistent_snapshot"] = False
    repo.publish("root")
    repo.delegate("targets", "A")
    repo.add_file("A", "file", b"content")
    repo.publish_all("A")
    client.init()
    same(client.download("file"), 0)
    same(repo.asked, [("root", 2), ("root", 3), ("timestamp", None), ("snapshot", None),
                      ("targets", None), ("A", None)])
    same(repo.asked_files, [("file", None)])


@case("basic", ("server error", 500), ("redirect to nowhere", 302))
def a_root_that_cannot_be_asked_for_is_not_taken_for_missing(client, repo, status):
    repo.broken["2.root.json"] = status
    client.init()
    same(client.refresh(), 1)
    same(client.trusted(), {"root": 1})


@case("basic", ("2.0.0", "2.0.0"), ("no number", "one"), ("0.9", "0.9"))
def another_major_version_of_the_specification_is_refused(client, repo, version):
    repo.signed["timestamp"]["spec_version"] = version
    repo.publish("timestamp")
    client.init()
    same(client.refresh(), 1)
    same(client.trusted(), {"root": 1})


@case("basic", *[(name, name) for name in
                 ("2.root.json", "timestamp.json", "1.snapshot.json", "2.targets.json", "file")])
def an_answer_without_end_is_ended(client, repo, name):
    repo.with_hashes = name == "2.targets.json"  # its length is signed; others have a limit
    repo.root["consistent_snapshot"] = name != "file"
    repo.publish("root", bump=False)
    repo.published["root"] = repo.published["root"][1:]
    repo.add_file("targets", "file", b"content")
    if name in ("2.targets.json", "file"):
        repo.publish_all()
    repo.endless.add(name)
    client.init()
    same(client.download("file"), 1)
    assert "longer than" in client.said, client.said
    same(client.got(), [])


@case("basic")
def a_server_that_is_gone_is_a_failure(client, repo):
    client.init()
    client.url = "http://127.0.0.1:9/nothing"
    same(client.refresh(), 1)


@case("basic")
def a_wrong_command_line_is_told_apart(client, repo):
    same(client.run("--metadata-dir", client.metadata, "upgrade"), 2)
    same(client.run("refresh"), 2)
    same(client.run("--metadata-dir", client.metadata, "refresh"), 2)
    same(client.run("--metadata-dir", client.metadata, "--metadata-url", client.url, "download"), 2)
    same(client.run("--metadata-dir", client.metadata, "init"), 2)
    same(repo.asked, [])


@case("basic")
def a_second_init_keeps_what_else_is_trusted(client, repo):
    client.init()
    same(client.refresh(), 0)
    same(client.init(), 0)
    same(client.trusted(), dict.fromkeys(TOP, 1))


@case("basic")
def damaged_files_in_the_directory_are_fetched_anew(client, repo):
    client.init()
    same(client.refresh(), 0)
    for role in ("timestamp", "snapshot", "targets"):
        (client.metadata / f"{role}.json").write_bytes(b'{"signed":')
    same(client.refresh(), 0)
    for role in TOP:
        same((client.metadata / f"{role}.json").read_bytes(), repo.published[role][0])

@case("basic")
def several_clients_on_one_directory_wait_for_each_other(client, repo):
    repo.add_file("targets", "file", b"content")
    repo.publish_all()
    client.init()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        same([done.result() for done in [pool.submit(client.download, "file") for _ in range(8)]],
             [0] * 8)
    same(client.got(), [b"content"])
    same(repo.asked.count(("snapshot", 2)), 1)


# --- expiration -----------------------------------------------------------------------------------


@case("expiration")
def an_expired_root_is_kept_and_nothing_follows(client, repo):
    client.init()
    same(client.refresh(), 0)
    repo.publish("root")
    repo.root["expires"] = date(-1)
    repo.publish("root")
    repo.publish_all()
    same(client.refresh(), 1)
    same(client.trusted(), {"root": 3, "timestamp": 1, "snapshot": 1, "targets": 1})


@case("expiration")
def an_expired_root_on_the_way_or_in_the_directory_is_no_hindrance(client, repo):
    repo.root["expires"] = date(-1)
    repo.publish("root", bump=False)
    repo.published["root"] = [repo.published["root"][1]]
    repo.publish("root")
    repo.root["expires"] = date(1)
    repo.publish("root")
    client.init()
    same(client.refresh(), 0)
    same(client.version("root"), 3)


@case("expiration", ("timestamp", (1, 1, 1)), ("snapshot", (2, 1, 1)), ("targets", (2, 2, 1)))
def an_expired_role_is_not_taken(client, repo, expected):
    role = ("timestamp", "snapshot", "targets")[expected.index(1)]
    client.init()
    same(client.refresh(), 0)
    repo.signed[role]["expires"] = date(-5)
    repo.publish_all()
    same(client.refresh(), 1)
    same(client.trusted(), {"root": 1, "timestamp": expected[0], "snapshot": expected[1],
                            "targets": expected[2]})


@case("expiration")
def an_expired_delegated_role_is_not_taken(client, repo):
    repo.delegate("targets", "A")
    repo.add_file("A", "file", b"content")
    repo.signed["A"]["expires"] = date(-1)
    repo.publish_all("A")
    client.init()
    same(client.download("file"), 1)
    same((client.got(), client.files()), ([], 4))


@case("expiration")
def expired_local_files_serve_to_compare_versions(client, repo):
    repo.signed["timestamp"]["expires"] = date(7)
    repo.publish("timestamp")
    client.init()
    same(client.refresh(), 0)
    repo.signed["timestamp"]["expires"] = date(21)
    repo.publish_all()
    later = date(18)[:19].replace("T", " ")
    same(client.refresh(at=later), 0)
    same(client.trusted(), {"root": 1, "timestamp": 3, "snapshot": 2, "targets": 2})


@case("expiration")
def an_expired_timestamp_of_the_same_version_does_not_serve(client, repo):
    repo.signed["timestamp"]["expires"] = date(7)
    repo.publish("timestamp")
    client.init()
    same(client.refresh(), 0)
    same(client.refresh(at=date(8)[:19].replace("T", " ")), 1)

# --- rollback -------------------------------------------------------------------------------------


@case("rollback")
def an_older_timestamp(client, repo):
    repo.publish("timestamp")
    client.init()
    same(client.refresh(), 0)
    repo.published["timestamp"].pop()
    same(client.refresh(), 1)
    same(client.version("timestamp"), 2)
    same(repo.asked[-1], ("timestamp", None))


@case("rollback", ("plain", False), ("with hashes", True))
def an_older_snapshot_in_a_newer_timestamp(client, repo, with_hashes):
    repo.with_hashes = with_hashes
    client.init()
    repo.publish_all()
    same(client.refresh(), 0)
    repo.signed["snapshot"]["version"] = 1
    repo.publish("snapshot", "timestamp", bump=False)
    repo.publish("timestamp")
    same(client.refresh(), 1)
    same((client.version("timestamp"), client.version("snapshot")), (2, 2))
    same(repo.asked[-1], ("timestamp", None))


@case("rollback")
def an_older_snapshot_under_the_number_of_the_newer(client, repo):
    repo.publish_all()
    client.init()
    same(client.refresh(), 0)
    repo.published["snapshot"][1] = repo.published["snapshot"][0]
    same(client.refresh(), 0)  # nothing to be asked
    same((client.version("snapshot"), repo.asked[-1]), (2, ("timestamp", None)))
    (client.metadata / "snapshot.json").unlink()
    same(client.refresh(), 1)


@case("rollback", ("plain", False), ("with hashes", True))
def older_targets_in_a_newer_snapshot(client, repo, with_hashes):
    repo.with_hashes = with_hashes
    repo.publish_all()
    client.init()
    same(client.refresh(), 0)
    repo.signed["targets"]["version"] = 1
    repo.publish("targets", bump=False)
    repo.publish("snapshot", "timestamp")
    same(client.refresh(), 1)
    same(client.trusted(), {"root": 1, "timestamp": 3, "snapshot": 2, "targets": 2})


@case("rollback", ("older", True), ("gone", False))
def a_delegated_role_that_is(client, repo, older):
    repo.delegate("targets", "A")
    repo.publish("A")
    repo.publish_all("A")
    client.init()
    same(client.refresh(), 0)
    if older:
        repo.signed["snapshot"]["meta"]["A.json"]["version"] = 1
    else:
        del repo.signed["snapshot"]["meta"]["A.json"]
    repo.publish("snapshot", "timestamp")
    same(client.refresh(), 1)
    same((client.version("timestamp"), client.version("snapshot")), (3, 2))


@case("rollback", *[(role, role) for role in ("timestamp", "snapshot", "targets")])
def after_new_keys_a_version_that_ran_ahead_is_forgotten(client, repo, role):
    client.init()
    for name in ("targets", "snapshot", "timestamp"):
        if name == role:
            repo.signed[name]["version"] = 99998
            repo.published[name] = [b""] * 99998
        repo.publish(name)
    same(client.refresh(), 0)
    same(client.version(role), 99999)
    # New keys for who vouched: nothing of the old ones holds any more.
    repo.rotate_key("timestamp" if role == "timestamp" else "snapshot")
    if role == "snapshot":
        repo.rotate_key("timestamp")
    repo.publish("root")
    repo.signed[role]["version"] = 0
    repo.published[role].clear()
    for name in ("targets", "snapshot", "timestamp"):
        repo.publish(name)
    same(client.refresh(), 0)
    same(client.version(role), 1)


@case("rollback")
def without_new_keys_it_is_not(client, repo):
    client.init()
    repo.signed["timestamp"]["version"] = 98
    repo.publish("timestamp")
    same(client.refresh(), 0)
    repo.signed["timestamp"]["version"] = 1
    repo.publish("root", "timestamp")
    same(client.refresh(), 1)
    same((client.version("root"), client.version("timestamp")), (2, 99))


@case("rollback")
def a_snapshot_of_another_version_than_signed(client, repo):
    repo.signed["snapshot"]["version"] = 2
    repo.published["snapshot"][0] = repo.encode("snapshot")
    client.init()
    same(client.refresh(), 1)
    same(client.trusted(), {"root": 1, "timestamp": 1})
    same(repo.asked[-1], ("snapshot", 1))
