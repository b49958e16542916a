#!/usr/bin/env python3
"""Each rule of publishing and each answer on the wire, asked of two servers.

  wire.py OURS THEIRS CA CASE    exit status 0 if both answer as the case says
  wire.py --list

A case is a function (server, gun) → one or more answers. Both servers must give the same status
and the same body, unless its decorator says how ours differs, and why."""
import json
import os
import sys

from wire_peer import FUTURE, PAST, Key, Repository, canonical, file, meta

CASES = {}


def case(ours=None, code=None, name=None, message=None, sentences_differ=False):
    """ours: what our answer has to be where it differs on purpose: (status, text in the body).
    code, name, message: what both must say. sentences_differ: only Msg does."""
    def keep(function):
        CASES[function.__name__.replace("_", "-")] = function
        function.says = (ours, code, name, message, sentences_differ)
        return function
    return keep


# --- steps of 1.3 -----------------------------------------------------------------------------

@case()
def a_good_publish(server, gun):
    return Repository(server, gun).make().publish()


@case()
def a_good_publish_with_the_snapshot_key_on_the_server(server, gun):
    return Repository(server, gun, server_snapshot=True).make().publish()


@case(code="NO_FILENAME")
def a_part_without_a_file_name(server, gun):
    return server.upload(gun, [(None, b"{}")])


@case(code="NO_FILENAME")
def a_part_with_an_empty_file_name(server, gun):
    return server.upload(gun, [("", b"{}")])


@case(code="INVALID_ROLE")
def a_part_of_no_role(server, gun):
    return server.upload(gun, [("foo", b"{}")])


@case(code="INVALID_ROLE")
def a_delegation_in_capitals(server, gun):
    return server.upload(gun, [("targets/Releases", b"{}")])


@case(code="INVALID_ROLE")
def a_delegation_that_climbs(server, gun):
    return server.upload(gun, [("targets/../root", b"{}")])


@case(code="INVALID_ROLE")
def a_role_name_of_256_bytes(server, gun):
    return server.upload(gun, [("targets/" + "a" * 248, b"{}")])


@case(code="MALFORMED_JSON")
def a_part_that_is_no_json(server, gun):
    return server.upload(gun, [("root", b"{]")])


@case(code="MALFORMED_JSON")
def an_empty_part(server, gun):
    return server.upload(gun, [("root", b"")])


@case(code="INVALID_ROLE")
def the_role_is_looked_at_before_the_json(server, gun):
    return server.upload(gun, [("foo", b"{]")])


@case(code="MALFORMED_JSON")
def the_first_bad_part_is_the_one_that_is_told(server, gun):
    return server.upload(gun, [("root", b"{]"), ("foo", b"{}")])


@case(code="MALFORMED_UPLOAD")
def a_body_that_is_not_multipart(server, gun):
    return server.ask("POST", f"/v2/{gun}/_trust/tuf/", b"{}", {"Content-Type": "application/json"})


@case(code="MALFORMED_UPLOAD")
def a_multipart_body_without_a_boundary(server, gun):
    return server.ask("POST", f"/v2/{gun}/_trust/tuf/", b"{}", {"Content-Type": "multipart/form-data"})


@case(code="MALFORMED_JSON")
def a_body_cut_inside_a_part(server, gun):
    body = (b'--x\r\nContent-Disposition: form-data; name="files"; filename="root"\r\n\r\n{"signed"')
    return server.ask("POST", f"/v2/{gun}/_trust/tuf/", body,
                      {"Content-Type": "multipart/form-data; boundary=x"})


@case()
def a_json_suffix_of_a_file_name_is_dropped(server, gun):
    r = Repository(server, gun).make()
    return server.upload(gun, [(n + ".json", d) for n, d in r.files.items()])


@case()
def the_last_of_two_parts_of_a_role_counts(server, gun):
    r = Repository(server, gun).make()
    return server.upload(gun, [("root", b"{}"), *r.files.items()])


@case()
def an_uploaded_timestamp_is_passed_over(server, gun):
    r = Repository(server, gun).make()
    return r.publish(extra=[("timestamp", b'{"signed":{},"signatures":[]}')])


# --- root -------------------------------------------------------------------------------------

@case(code="INVALID_UPDATE", name="ErrValidation",
      message="no pre-existing root and no root provided in update.")
def no_root_at_all(server, gun):
    r = Repository(server, gun).make()
    return r.publish("targets", "snapshot")


@case(code="INVALID_UPDATE", name="ErrBadRoot", sentences_differ=True)
def a_root_that_is_null(server, gun):
    return server.upload(gun, [("root", b"null")])


@case(code="INVALID_UPDATE", name="ErrBadRoot", sentences_differ=True)
def a_root_that_is_empty(server, gun):
    return server.upload(gun, [("root", b"{}")])


@case(code="INVALID_UPDATE", name="ErrBadRoot",
      message="Root modifications must increment the version. Current 1, new 3")
def a_first_root_of_version_3(server, gun):
    r = Repository(server, gun)
    r.versions["root"] = 3
    return r.make().publish()


@case()
def a_first_root_of_version_2(server, gun):
    r = Repository(server, gun)
    r.versions["root"] = 2
    return r.make().publish()


@case(code="INVALID_UPDATE", name="ErrBadRoot",
      message="Root modifications must increment the version. Current 1, new 77")
def a_root_fast_forwarded(server, gun):
    r = Repository(server, gun).begin()
    r.versions.update(root=77, snapshot=2)
    r.root()
    r.snapshot()
    return r.publish("root", "snapshot")


@case(code="VERSION")
def a_root_of_the_same_version(server, gun):
    r = Repository(server, gun).begin()
    r.versions["snapshot"] = 2
    r.root(expires="2101-01-01T00:00:00Z")
    r.snapshot()
    return r.publish("root", "snapshot")


@case(code="INVALID_UPDATE", name="ErrBadRoot",
      message="could not rotate trust to a new trusted root: failed to validate data with current "
              "trusted certificates")
def a_new_root_that_the_old_key_did_not_sign(server, gun):
    r = Repository(server, gun).begin()
    r.root_key = Key(gun)
    r.versions.update(root=2, snapshot=2)
    r.root()
    r.snapshot()
    return r.publish("root", "snapshot")


@case(code="INVALID_UPDATE", name="ErrBadRoot",
      message="could not validate the path to a trusted root: failed to validate integrity of roots")
def a_new_root_that_its_own_key_did_not_sign(server, gun):
    r = Repository(server, gun).begin()
    old, r.root_key = r.root_key, Key(gun)
    r.versions.update(root=2, snapshot=2)
    r.root(signers=[old])
    r.snapshot()
    return r.publish("root", "snapshot")


@case()
def a_root_rotation_that_both_keys_signed(server, gun):
    r = Repository(server, gun).begin()
    old, r.root_key = r.root_key, Key(gun)
    r.versions.update(root=2, snapshot=2)
    r.root(signers=[old, r.root_key])
    r.snapshot()
    return r.publish("root", "snapshot")


UNABLE = "could not validate the path to a trusted root: unable to retrieve valid leaf certificates"


@case(code="INVALID_UPDATE", name="ErrBadRoot", message=UNABLE)
def a_root_certificate_of_another_name(server, gun):
    r = Repository(server, gun)
    r.root_key = Key("somebody/else")
    return r.make().publish()


@case(code="INVALID_UPDATE", name="ErrBadRoot", message=UNABLE)
def a_root_certificate_that_is_an_authority(server, gun):
    r = Repository(server, gun)
    r.root_key = Key(gun, extra=("-addext", "basicConstraints=critical,CA:TRUE"))
    return r.make().publish()


@case(code="INVALID_UPDATE", name="ErrBadRoot", message=UNABLE)
def vulnerable_keys_a_root_certificate_with_sha1(server, gun):
    r = Repository(server, gun)
    r.root_key = Key(gun, extra=("-sha1", "-addext", "basicConstraints=critical,CA:FALSE"))
    return r.make().publish()


@case(code="INVALID_UPDATE", name="ErrBadRoot", message=UNABLE, sentences_differ=True)
def vulnerable_keys_a_root_certificate_with_a_short_rsa_key(server, gun):
    r = Repository(server, gun)
    r.root_key = Key(gun, algorithm=("RSA", "rsa_keygen_bits:1024"))
    return r.make().publish()


@case(code="INVALID_UPDATE", name="ErrBadRoot", message=UNABLE)
def a_root_key_without_a_certificate(server, gun):
    r = Repository(server, gun)
    r.root_key = Key()
    return r.make().publish()


@case()
def a_root_certificate_for_a_prefix(server, gun):
    r = Repository(server, gun)
    r.root_key = Key(gun[:4] + "*")
    return r.make().publish()


@case(code="INVALID_UPDATE", name="ErrBadRoot", message="no  timestamp keys exist on the server")
def a_timestamp_key_that_the_server_lacks(server, gun):
    r = Repository(server, gun)
    r.timestamp_key = Key()
    return r.make().publish()


@case(code="INVALID_UPDATE", name="ErrBadRoot", sentences_differ=True)
def freeze_a_root_that_is_expired(server, gun):
    r = Repository(server, gun)
    r.root(expires=PAST)
    r.targets()
    r.snapshot()
    return r.publish()


@case(code="INVALID_UPDATE", name="ErrBadRoot", sentences_differ=True)
def a_root_with_bytes_after_it(server, gun):
    r = Repository(server, gun).make()
    r.files["root"] += b"{}"
    return r.publish()


# --- targets and delegations ------------------------------------------------------------------

@case(code="INVALID_UPDATE", name="ErrValidation", message="targets must be loaded first")
def a_first_publish_without_targets(server, gun):
    r = Repository(server, gun, server_snapshot=True)
    r.root()
    return r.publish()


@case(code="INVALID_UPDATE", name="ErrBadTargets", sentences_differ=True)
def arbitrary_software_targets_by_a_foreign_key(server, gun):
    r = Repository(server, gun)
    r.root()
    r.targets(signers=[Key()])
    r.snapshot()
    return r.publish()


@case(code="INVALID_UPDATE", name="ErrBadTargets", sentences_differ=True)
def targets_without_a_signature(server, gun):
    r = Repository(server, gun)
    r.root()
    r.targets(signers=[])
    r.snapshot()
    return r.publish()


@case(code="INVALID_UPDATE", name="ErrBadTargets", sentences_differ=True)
def wrong_software_targets_that_were_changed_after_signing(server, gun):
    r = Repository(server, gun)
    r.root()
    r.targets(targets={"v1": meta(b"good")})
    r.files["targets"] = r.files["targets"].replace(b'"v1"', b'"v2"')
    r.snapshot()
    return r.publish()


@case(code="INVALID_UPDATE", name="ErrBadTargets", sentences_differ=True)
def freeze_targets_that_are_expired(server, gun):
    r = Repository(server, gun)
    r.root()
    r.targets(expires=PAST)
    r.snapshot()
    return r.publish()


@case(code="INVALID_UPDATE", name="ErrBadTargets", sentences_differ=True)
def targets_of_another_type(server, gun):
    r = Repository(server, gun)
    r.root()
    r.targets(_type="Snapshot")
    r.snapshot()
    return r.publish()


@case(code="INVALID_UPDATE", name="ErrBadTargets", sentences_differ=True)
def targets_with_bytes_after_them(server, gun):
    r = Repository(server, gun)
    r.root()
    r.targets()
    r.files["targets"] += b"{}"
    r.snapshot()
    return r.publish()


@case(code="INVALID_UPDATE", name="ErrBadTargets", sentences_differ=True)
def targets_of_version_0(server, gun):
    r = Repository(server, gun)
    r.root()
    r.targets(version=0)
    r.snapshot()
    return r.publish()


@case(code="VERSION")
def rollback_targets_of_a_version_that_is_stored(server, gun):
    r = Repository(server, gun).begin()
    r.versions.update(snapshot=2)
    r.targets(targets={"v1": meta(b"x")})
    r.snapshot()
    return r.publish("targets", "snapshot")


def delegated(server, gun, role="targets/releases", **change):
    r = Repository(server, gun)
    delegate = Key()
    r.root()
    r.targets(delegations={"keys": {delegate.id: delegate.public},
                           "roles": [{"keyids": [delegate.id], "name": role, "paths": [""],
                                      "threshold": 1}]})
    return r, delegate


@case()
def a_delegation(server, gun):
    r, delegate = delegated(server, gun)
    r.targets("targets/releases", signers=[delegate])
    r.snapshot()
    return r.publish()


@case(code="INVALID_UPDATE", name="ErrBadTargets", sentences_differ=True)
def extraneous_dependencies_a_delegation_that_nobody_made(server, gun):
    r = Repository(server, gun)
    r.root()
    r.targets()
    r.targets("targets/releases", signers=[Key()])
    r.snapshot()
    return r.publish()


@case(code="INVALID_UPDATE", name="ErrBadTargets", sentences_differ=True)
def a_delegation_by_a_foreign_key(server, gun):
    r, _ = delegated(server, gun)
    r.targets("targets/releases", signers=[Key()])
    r.snapshot()
    return r.publish()


@case(code="INVALID_UPDATE", name="ErrBadTargets", sentences_differ=True)
def a_delegation_whose_parent_is_missing(server, gun):
    r, delegate = delegated(server, gun)
    r.targets("targets/a/b", signers=[delegate])
    r.snapshot()
    return r.publish()


@case()
def targets_outside_a_delegations_paths_are_for_clients_to_hide(server, gun):
    r = Repository(server, gun)
    delegate = Key()
    r.root()
    r.targets(delegations={"keys": {delegate.id: delegate.public},
                           "roles": [{"keyids": [delegate.id], "name": "targets/releases",
                                      "paths": ["only/"], "threshold": 1}]})
    r.targets("targets/releases", signers=[delegate], targets={"v1": meta(b"x")})
    r.snapshot()
    return r.publish()


@case()
def a_delegate_publishes_alone_with_the_snapshot_key_on_the_server(server, gun):
    r = Repository(server, gun, server_snapshot=True)
    delegate = Key()
    r.root()
    r.targets(delegations={"keys": {delegate.id: delegate.public},
                           "roles": [{"keyids": [delegate.id], "name": "targets/releases",
                                      "paths": [""], "threshold": 1}]})
    first = r.publish()
    r.targets("targets/releases", signers=[delegate])
    return first, r.publish("targets/releases")


# --- snapshot ---------------------------------------------------------------------------------

@case(code="INVALID_UPDATE", name="ErrBadHierarchy",
      message="no snapshot was included in update and server does not hold current snapshot key "
              "for repository")
def no_snapshot_and_the_server_has_no_key(server, gun):
    r = Repository(server, gun).make()
    return r.publish("root", "targets")


@case(code="INVALID_UPDATE", name="ErrBadSnapshot", sentences_differ=True)
def a_snapshot_by_a_foreign_key(server, gun):
    r = Repository(server, gun)
    r.root()
    r.targets()
    r.snapshot(signers=[Key()])
    return r.publish()


@case(code="INVALID_UPDATE", name="ErrBadSnapshot", sentences_differ=True)
def freeze_a_snapshot_that_is_expired(server, gun):
    r = Repository(server, gun)
    r.root()
    r.targets()
    r.snapshot(expires=PAST)
    return r.publish()


@case(code="INVALID_UPDATE", name="ErrBadSnapshot", sentences_differ=True)
def mix_and_match_a_snapshot_of_other_targets(server, gun):
    r = Repository(server, gun).make()
    r.targets(targets={"v1": meta(b"x")})
    return r.publish()


@case(code="INVALID_UPDATE", name="ErrBadSnapshot", sentences_differ=True)
def mix_and_match_a_snapshot_of_another_root(server, gun):
    r = Repository(server, gun).make()
    r.root(expires="2101-01-01T00:00:00Z")
    return r.publish()


@case(code="INVALID_UPDATE", name="ErrBadSnapshot", sentences_differ=True)
def a_snapshot_that_does_not_list_a_delegation(server, gun):
    r, delegate = delegated(server, gun)
    r.targets("targets/releases", signers=[delegate])
    r.snapshot(leave_out=["targets/releases"])
    return r.publish()


@case(code="INVALID_UPDATE", name="ErrBadSnapshot", sentences_differ=True)
def a_snapshot_that_does_not_list_the_root(server, gun):
    r = Repository(server, gun).make()
    r.snapshot(leave_out=["root"])
    return r.publish()


@case(code="INVALID_UPDATE", name="ErrBadSnapshot", sentences_differ=True)
def a_snapshot_without_sha256(server, gun):
    r = Repository(server, gun).make()
    listed = {n: meta(r.files[n]) for n in ("root", "targets")}
    del listed["targets"]["hashes"]["sha256"]
    r.snapshot(meta=listed)
    return r.publish()


@case(code="INVALID_UPDATE", name="ErrBadSnapshot", sentences_differ=True)
def a_snapshot_with_a_wrong_sha512(server, gun):
    r = Repository(server, gun).make()
    listed = {n: meta(r.files[n]) for n in ("root", "targets")}
    listed["targets"]["hashes"]["sha512"] = meta(b"other")["hashes"]["sha512"]
    r.snapshot(meta=listed)
    return r.publish()


@case(ours=(400, "ErrBadSnapshot"))
def a_wrong_length_in_a_snapshot(server, gun):
    r = Repository(server, gun).make()
    listed = {n: meta(r.files[n]) for n in ("root", "targets")}
    listed["targets"]["length"] += 1000
    r.snapshot(meta=listed)
    return r.publish()


@case(code="INVALID_UPDATE", name="ErrBadSnapshot", sentences_differ=True)
def a_snapshot_with_bytes_after_it(server, gun):
    r = Repository(server, gun).make()
    r.files["snapshot"] += b"{}"
    return r.publish()


@case(code="VERSION")
def rollback_a_snapshot_of_a_version_that_is_stored(server, gun):
    r = Repository(server, gun).begin()
    r.versions["targets"] = 2
    r.targets()
    r.snapshot()
    return r.publish("targets", "snapshot")


@case(code="INVALID_UPDATE", name="ErrBadHierarchy")
def no_part_and_the_server_has_no_snapshot_key(server, gun):
    Repository(server, gun).begin()
    return server.upload(gun, [])


@case()
def no_part_and_the_server_has_the_snapshot_key(server, gun):
    Repository(server, gun, server_snapshot=True).begin()
    return server.upload(gun, [])


@case(code="INVALID_UPDATE", name="ErrValidation",
      message="no pre-existing root and no root provided in update.")
def no_part_for_a_new_repository(server, gun):
    return server.upload(gun, [])


# --- where ours is better, each on purpose (1.8) ----------------------------------------------

@case(ours=(404, "METADATA_NOT_FOUND"))
def the_checksum_of_another_repository_finds_nothing(server, gun):
    import hashlib
    r = Repository(server, gun).begin()
    digest = hashlib.sha256(r.files["targets"]).hexdigest()
    assert server.get(gun, "targets." + digest)[0] == 200
    return server.get("some/other/gun", "root." + digest)


@case(ours=(404, "METADATA_NOT_FOUND"))
def the_checksum_of_another_role_finds_nothing(server, gun):
    import hashlib
    r = Repository(server, gun).begin()
    digest = hashlib.sha256(r.files["root"]).hexdigest()
    assert server.get(gun, "root." + digest)[0] == 200
    return server.get(gun, "targets." + digest)


@case(ours=(404, "METADATA_NOT_FOUND"))
def the_checksum_of_a_deleted_repository_finds_nothing(server, gun):
    import hashlib
    r = Repository(server, gun).begin()
    digest = hashlib.sha256(r.files["root"]).hexdigest()
    assert server.get(gun, "root." + digest)[0] == 200
    assert server.ask("DELETE", f"/v2/{gun}/_trust/tuf/")[0] == 200
    return server.get(gun, "root." + digest)


@case(ours=(400, "ErrBadSnapshot"))
def rollback_a_snapshot_that_moves_back_for_a_role_that_is_not_uploaded(server, gun):
    r = Repository(server, gun).begin()
    old = r.files["targets"]
    r.versions.update(targets=2, snapshot=2)
    r.targets(targets={"v1": meta(b"x")})
    r.snapshot()
    status, _, body = r.publish("targets", "snapshot")
    assert status == 200, body
    r.versions["snapshot"] = 3
    r.files["targets"] = old
    r.snapshot()
    return r.publish("snapshot")


@case(ours=(400, "ErrBadTargets"))
def a_member_twice(server, gun):
    r = Repository(server, gun)
    r.root()
    r.targets()
    r.files["targets"] = r.files["targets"].replace(b'{"signed":', b'{"signed":{},"signed":', 1)
    r.snapshot()
    return r.publish()


@case(ours=(400, "ErrBadTargets"))
def a_member_in_capitals(server, gun):
    r = Repository(server, gun)
    r.root()
    r.targets(Targets={})
    r.snapshot()
    return r.publish()


@case(ours=(200, ""))
def an_unknown_member_is_kept_to_the_byte(server, gun):
    r = Repository(server, gun)
    r.root()
    r.targets(x_of_ours={"a": 1})
    r.snapshot()
    answer = r.publish()
    return answer


@case(ours=(200, ""))
def an_upload_that_changes_nothing_makes_no_version(server, gun):
    r = Repository(server, gun, server_snapshot=True).begin()
    before = server.get(gun, "timestamp")[2]
    answer = server.upload(gun, [])
    assert answer[0] == 200
    r.is_same = server.get(gun, "timestamp")[2] == before
    return (200 if r.is_same else 299, {}, b"")


@case(ours=(200, '{"count":'))
def negative_records_from_the_start(server, gun):
    Repository(server, gun).begin()
    try:
        return server.ask("GET", f"/v2/{gun}/_trust/changefeed?records=-1")
    except OSError:  # the memory back end falls over
        return (0, {}, b"")


@case(ours=(200, "UTC"))
def last_modified_is_a_legal_date(server, gun):
    import email.utils
    Repository(server, gun).begin()
    status, headers, _ = server.get(gun, "root")
    date = headers["last-modified"]
    legal = date.endswith(" GMT") and email.utils.parsedate_to_datetime(date) is not None
    return (200, {}, b"not UTC" if legal else b"no")


@case(ours=(200, "same"))
def what_was_uploaded_is_answered_to_the_byte(server, gun):
    r = Repository(server, gun)
    r.root()
    # White space and another order of members: every byte is the publisher's.
    r.targets()
    text = json.loads(r.files["targets"])
    r.files["targets"] = json.dumps({"signatures": text["signatures"], "signed": text["signed"]},
                                    indent=1).encode()
    r.snapshot()
    status, _, body = r.publish()
    same = status == 200 and server.get(gun, "targets")[2] == r.files["targets"]
    return (200, {}, b"same" if same else b"other: " + body)


# --- reads ------------------------------------------------------------------------------------

def read(*requests):
    def function(server, gun):
        Repository(server, gun).begin()
        return tuple(server.ask(method, path.replace("GUN", gun)) for method, path in requests)
    return function


ROUTES = {
    "unknown paths": [("GET", "/"), ("GET", "/v2"), ("GET", "/foo"), ("GET", "/v2/GUN/_trust/foo"),
                      ("GET", "/v2/GUN/_trust/tuf"), ("GET", "/v2/_trust/tuf/root.json"),
                      ("GET", "/v2/a*b/_trust/tuf/root.json"), ("PUT", "/v2/GUN/_trust/tuf/root.json"),
                      ("POST", "/v2/GUN/_trust/tuf"), ("GET", "/v2/GUN/_trust/tuf/"),
                      ("POST", "/v2/"), ("DELETE", "/v2/GUN/_trust/tuf/root.json")],
    "methods that no route has": [("PATCH", "/v2/"), ("OPTIONS", "/v2/GUN/_trust/tuf/")],
    "paths that are not clean": [("GET", "/v2/GUN//x/_trust/tuf/root.json"),
                                 ("GET", "/v2/x/../GUN/_trust/tuf/root.json"),
                                 ("GET", "/v2/./GUN/_trust/tuf/")],
    "metadata by name": [("GET", "/v2/GUN/_trust/tuf/root.json"),
                         ("GET", "/v2/nothing/_trust/tuf/root.json"),
                         ("GET", "/v2/GUN/_trust/tuf/targets/releases.json"),
                         ("GET", "/v2/GUN/_trust/tuf/foo.json")],
    "metadata by version": [("GET", "/v2/GUN/_trust/tuf/1.root.json"),
                            ("GET", "/v2/GUN/_trust/tuf/01.root.json"),
                            ("GET", "/v2/GUN/_trust/tuf/2.root.json"),
                            ("GET", "/v2/GUN/_trust/tuf/0.root.json"),
                            ("GET", "/v2/GUN/_trust/tuf/1.foo.json")],
    "metadata by hash": [("GET", "/v2/GUN/_trust/tuf/root.%s.json" % ("ab" * 32)),
                         ("GET", "/v2/GUN/_trust/tuf/root.%s.json" % ("AB" * 32)),
                         ("GET", "/v2/GUN/_trust/tuf/root.%s.json" % ("ab" * 48)),
                         ("GET", "/v2/GUN/_trust/tuf/root.%s.json" % ("ab" * 64)),
                         ("GET", "/v2/GUN/_trust/tuf/root.abcd.json")],
    "keys": [("GET", "/v2/GUN/_trust/tuf/root.key"), ("POST", "/v2/GUN/_trust/tuf/targets.key"),
             ("DELETE", "/v2/GUN/_trust/tuf/timestamp.key")],
    "the change feed's parameters": [("GET", "/v2/GUN/_trust/changefeed?records=1&change_id=x"),
                                     ("POST", "/v2/GUN/_trust/changefeed?records=1")],
    "health": [("GET", "/_notary_server/health"), ("POST", "/_notary_server/health")],
    "deletion": [("DELETE", "/v2/GUN/_trust/tuf/"), ("GET", "/v2/GUN/_trust/tuf/root.json"),
                 ("DELETE", "/v2/never/_trust/tuf/")],
}

for _name, _requests in ROUTES.items():
    CASES["reads-" + _name.replace(" ", "-").replace("'", "")] = _f = read(*_requests)
    _f.says = (None, None, None, None, False)


# --- comparing --------------------------------------------------------------------------------

def answers(result):
    return result if isinstance(result[0], tuple) else (result,)


def error_of(body):
    try:
        return json.loads(body)["errors"][0]
    except (ValueError, KeyError, TypeError):
        return {}


def check(who, answer, says):
    """What the case says of an answer, whoever gave it."""
    _, code, name, message, _ = says
    error = error_of(answer[2])
    detail = error.get("detail") if isinstance(error.get("detail"), dict) else {}
    if code:
        assert (answer[0], error.get("code")) == (400, code), (who, answer)
        assert len(answer[2]) <= 1024, (who, "a body that clients cut", len(answer[2]))
    if name:
        assert detail.get("Name") == name, (who, answer)
        assert detail["Error"]["Msg"], (who, answer)
    if message and not (who == "theirs" and says[4]):
        assert detail["Error"]["Msg"] == message, (who, detail)
    if name == "ErrBadHierarchy":
        assert detail["Error"]["Missing"] == "snapshot", (who, detail)


def without_sentence(body):
    error = error_of(body)
    if isinstance(error.get("detail"), dict) and "Error" in error["detail"]:
        error["detail"]["Error"].pop("Msg", None)
    return error


def compare(ours, theirs, says):
    assert ours[0] == theirs[0], ("status", ours, theirs)
    if says[4]:
        assert without_sentence(ours[2]) == without_sentence(theirs[2]), (ours, theirs)
    elif not ours[2].startswith(b'{"signed"'):
        assert ours[2] == theirs[2], ("body", ours[2], theirs[2])
    for header in ("cache-control", "location", "pragma"):
        assert ours[1].get(header) == theirs[1].get(header), (header, ours, theirs)
    if ours[0] >= 400 and ours[0] != 405:
        assert ours[1].get("content-type") == theirs[1].get("content-type"), (ours, theirs)
    elif ours[2]:
        assert ours[1].get("content-type", "").startswith("application/json"), ours


def run(name, ours, theirs):
    function, gun = CASES[name], "wire/" + name[:40] + os.urandom(4).hex()
    mine, other = answers(function(ours, gun)), answers(function(theirs, gun))
    if function.says[0]:
        status, text = function.says[0]
        assert mine[-1][0] == status and text in mine[-1][2].decode(), ("ours", mine[-1])
        differs = (other[-1][0], other[-1][2]) != (mine[-1][0], mine[-1][2])
        print("the reference " + ("still differs" if differs else "does the same"))
        return
    for a, b in zip(mine, other, strict=True):
        compare(a, b, function.says)
    check("ours", mine[-1], function.says)
    check("theirs", other[-1], function.says)


def main():
    from wire_peer import Server
    if sys.argv[1] == "--list":
        print("\n".join(CASES))
        return 0
    ours, theirs, ca, names = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
    failed = 0
    for name in names:
        try:
            run(name, Server(ours, ca), Server(theirs, ca))
        except AssertionError as error:
            print(f"{name}: {error}")
            failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main())
