#!/usr/bin/env bats
# Debian's notary 0.7.0, both ways: its client against our server, our client against its server.
bats_require_minimum_version 1.5.0
load ../cli/helper
load ../cli/service
load notary-server

gun=localhost:5000/lab/app

setup() {
	command -v notary >/dev/null || { echo "the peer notary is missing" >&2; return 1; }
	start_service
	digest=$(make_layout "$BATS_TEST_TMPDIR/image")
	echo content >"$BATS_TEST_TMPDIR/file"
	notary=(notary -s "$server" --tlscacert "$ca" -d "$BATS_TEST_TMPDIR/notary")
}

teardown() {
	stop_service
	stop_notary_server
}

sign() {
	pavise sign "$1" --from "oci:$BATS_TEST_TMPDIR/image:12" "${options[@]}" --trust-dir "${2:-$BATS_TEST_TMPDIR/trust}"
}

@test "notary list shows a tag that pavise signed" {
	sign $gun:v1
	run -0 "${notary[@]}" list $gun
	[[ "$output" == *"v1 "*"${digest#sha256:}"*targets* ]]
}

@test "notary lookup follows a second signature" {
	sign $gun:v1
	"${notary[@]}" lookup $gun v1
	make_layout "$BATS_TEST_TMPDIR/other" else >/dev/null
	pavise sign $gun:v1 --from "oci:$BATS_TEST_TMPDIR/other:12" "${options[@]}" --trust-dir "$BATS_TEST_TMPDIR/trust"
	run -0 "${notary[@]}" lookup $gun v1
	[[ "$output" != *"${digest#sha256:}"* ]]
}

@test "notary publishes to our server, pavise verifies it with the root pinned" {
	"${notary[@]}" init -p $gun
	"${notary[@]}" add -p $gun v9 "$BATS_TEST_TMPDIR/file"
	sum=$(sha256sum "$BATS_TEST_TMPDIR/file" | cut -d' ' -f1)
	run -1 --separate-stderr pavise verify $gun:v9 "${options[@]}" --trust-dir "$BATS_TEST_TMPDIR/reader"
	root=$(sed -n 's/.*its key is \([0-9a-f]\{64\}\).*/\1/p' <<<"$stderr")
	run -0 pavise verify --json $gun:v9 "${options[@]}" --trust-dir "$BATS_TEST_TMPDIR/reader" --pin "$root"
	[[ "$output" == *"\"digest\":\"sha256:$sum\""* ]]
}

@test "notary rotates the snapshot key to our server, adds, removes, and deletes the repository" {
	"${notary[@]}" init -p $gun
	"${notary[@]}" key rotate $gun snapshot -r
	"${notary[@]}" add -p $gun v1 "$BATS_TEST_TMPDIR/file"
	"${notary[@]}" add -p $gun v2 "$BATS_TEST_TMPDIR/file"
	pavise verify $gun:v2 "${options[@]}" --trust-dir "$BATS_TEST_TMPDIR/reader" --tofu
	"${notary[@]}" remove -p $gun v2
	run -1 pavise verify $gun:v2 "${options[@]}" --trust-dir "$BATS_TEST_TMPDIR/reader"
	[[ "$output" == *"no valid trust data for tag v2"* ]]
	"${notary[@]}" key rotate $gun timestamp -r
	pavise verify $gun:v1 "${options[@]}" --trust-dir "$BATS_TEST_TMPDIR/reader"
	"${notary[@]}" delete --remote $gun
	run -1 pavise verify $gun:v1 "${options[@]}" --trust-dir "$BATS_TEST_TMPDIR/reader"
	[[ "$output" == *"has no trust data for $gun"* ]]
}

@test "notary rotates the root key: a reader that knows the old root follows" {
	"${notary[@]}" init -p $gun
	"${notary[@]}" add -p $gun v1 "$BATS_TEST_TMPDIR/file"
	pavise verify $gun:v1 "${options[@]}" --trust-dir "$BATS_TEST_TMPDIR/reader" --tofu
	echo yes | "${notary[@]}" key rotate $gun root
	"${notary[@]}" add -p $gun v2 "$BATS_TEST_TMPDIR/file"
	pavise verify $gun:v2 "${options[@]}" --trust-dir "$BATS_TEST_TMPDIR/reader"
}

@test "keys made by pavise sign for notary in the same trust directory" {
	sign $gun:v1
	shared=(notary -s "$server" --tlscacert "$ca" -d "$BATS_TEST_TMPDIR/trust")
	run -0 "${shared[@]}" key list
	[[ "$output" == *root* && "$output" == *targets* ]]
	"${shared[@]}" add -p $gun v2 "$BATS_TEST_TMPDIR/file"
	run -0 "${notary[@]}" list $gun
	[[ "$output" == *"v1 "* && "$output" == *"v2 "* ]]
}

@test "a delegate whose key pavise made signs into targets/releases" {
	sign $gun:v1
	pavise key generate alice --trust-dir "$BATS_TEST_TMPDIR/alice" --output "$BATS_TEST_TMPDIR/alice.pem"
	shared=(notary -s "$server" --tlscacert "$ca" -d "$BATS_TEST_TMPDIR/trust")
	"${shared[@]}" delegation add -p $gun targets/releases "$BATS_TEST_TMPDIR/alice.pem" --all-paths
	pavise sign $gun:v3 --from "oci:$BATS_TEST_TMPDIR/image:12" "${options[@]}" --trust-dir "$BATS_TEST_TMPDIR/alice" --tofu
	run -0 "${notary[@]}" list $gun
	[[ "$output" == *"v3 "*targets/releases* ]]
	run -0 pavise verify --json $gun:v3 "${options[@]}" --trust-dir "$BATS_TEST_TMPDIR/reader" --tofu
	[[ "$output" == *'"roles":[{"name":"targets/releases"'* ]]
}

@test "pavise verifies what notary published to notary-server, by tofu and by pin" {
	start_notary_server
	"${notary[@]}" init -p $gun
	"${notary[@]}" add -p $gun v1 "$BATS_TEST_TMPDIR/file"
	run -0 pavise verify $gun:v1 "${options[@]}" --trust-dir "$BATS_TEST_TMPDIR/reader" --tofu
	[[ "$output" == "sha256:$(sha256sum "$BATS_TEST_TMPDIR/file" | cut -d' ' -f1)"* ]]
	root=$(pavise inspect --json $gun "${options[@]}" --trust-dir "$BATS_TEST_TMPDIR/reader" |
		python3 -c 'import json, sys; print(json.load(sys.stdin)["roles"][0]["keys"][0]["id"])')
	pavise verify $gun:v1 "${options[@]}" --trust-dir "$BATS_TEST_TMPDIR/pinned" --pin "$root"
	run -1 pavise verify $gun:v1 "${options[@]}" --trust-dir "$BATS_TEST_TMPDIR/wrong" --pin "${root//[0-9]/0}"
	[[ "$output" == *"which is not the pinned one"* ]]
}

@test "pavise signs on notary-server, first and again, and notary lists both tags" {
	start_notary_server
	sign $gun:v1
	sign $gun:v2
	run -0 "${notary[@]}" list $gun
	[[ "$output" == *"v1 "*"${digest#sha256:}"* && "$output" == *"v2 "* ]]
}
