#!/usr/bin/env bats
# Debian's notary 0.7.0, both ways: its client against our server, our client against its server, in
# memory and on MariaDB with notary-signer.
bats_require_minimum_version 1.5.0
load ../cli/helper
load ../cli/service
load notary-server
load deployment

gun=localhost:5000/lab/app$BATS_TEST_NUMBER

setup_file() {
	share_deployment
}

teardown_file() {
	stop_deployment
}

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

# at_debian FUNCTION: at Debian's server in memory, then at the one on MariaDB, with directories that
# know nothing yet.
at_debian() {
	cd "$BATS_TEST_TMPDIR"
	for kind in memory MariaDB; do
		echo "at $kind:"
		[ $kind = MariaDB ] && use_deployment || start_notary_server
		notary=(notary -s "$server" --tlscacert "$ca" -d "$BATS_TEST_TMPDIR/notary")
		rm -rf notary trust reader pinned wrong alice first
		"$1"
	done
}

@test "pavise verifies what notary published to notary-server, by tofu and by pin" {
	one() {
		"${notary[@]}" init -p $gun
		"${notary[@]}" add -p $gun v1 "$BATS_TEST_TMPDIR/file"
		run -0 pavise verify $gun:v1 "${options[@]}" --trust-dir reader --tofu
		[[ "$output" == "sha256:$(sha256sum file | cut -d' ' -f1)"* ]]
		root=$(pavise inspect --json $gun "${options[@]}" --trust-dir reader |
			python3 -c 'import json, sys; print(json.load(sys.stdin)["roles"][0]["keys"][0]["id"])')
		pavise verify $gun:v1 "${options[@]}" --trust-dir pinned --pin "$root"
		run -1 pavise verify $gun:v1 "${options[@]}" --trust-dir wrong --pin "${root//[0-9]/0}"
		[[ "$output" == *"which is not the pinned one"* ]]
	}
	at_debian one
}

# keys_of ROLE: the ids that the root which the server shows names for ROLE.
keys_of() {
	curl -sf --cacert "$ca" "$server/v2/$gun/_trust/tuf/root.json" |
		jq -r ".signed.roles.$1.keyids[]"
}

# read_tag TAG: notary and pavise, who know the first root or nothing, all find it.
read_tag() {
	local dir
	"${notary[@]}" lookup $gun "$1"
	for dir in reader first; do
		pavise verify "$gun:$1" "${options[@]}" --trust-dir $dir --tofu
	done
	rm -rf reader
}

@test "a repository's life by pavise at notary-server: signed, delegated, rotated, revoked, deleted" {
	one() {
		our=("${options[@]}" --trust-dir trust)
		sign $gun:v1
		sign $gun:v2
		run -0 "${notary[@]}" list $gun
		[[ "$output" == *"v1 "*"${digest#sha256:}"* && "$output" == *"v2 "* ]]
		read_tag v1
		pavise key generate alice --trust-dir alice --output alice.pub
		pavise signer add alice $gun --key alice.pub "${our[@]}"
		pavise sign $gun:v3 --from oci:image:12 "${options[@]}" --trust-dir alice --tofu
		run -0 "${notary[@]}" list $gun
		[[ "$output" =~ v3\ +${digest#sha256:}\ .*targets/(alice|releases) ]]
		read_tag v3

		for role in snapshot timestamp; do
			former=$(keys_of $role)
			pavise repo rotate $gun $role --server-managed "${our[@]}"
			[ "$(keys_of $role)" != "$former" ]
			[ $kind = memory ] || [ "$(sql notarysigner <<<"SELECT COUNT(*) FROM private_keys WHERE key_id = '$(keys_of $role)'")" = 1 ]
			read_tag v1
		done
		pavise repo rotate $gun snapshot "${our[@]}"
		for role in targets root; do
			former=$(keys_of $role)
			pavise repo rotate $gun $role "${our[@]}"
			[ "$(keys_of $role)" != "$former" ]
		done
		sign $gun:v4
		for tag in v1 v3 v4; do read_tag $tag; done

		pavise repo witness $gun targets "${our[@]}"
		pavise revoke $gun:v1 "${our[@]}"
		run -1 "${notary[@]}" lookup $gun v1
		run -1 pavise verify $gun:v1 "${options[@]}" --trust-dir first
		pavise signer remove alice $gun --force "${our[@]}"
		run -0 "${notary[@]}" list $gun
		[[ "$output" != *"v3 "* && "$output" == *"v4 "* ]]
		pavise repo delete $gun --remote --yes "${our[@]}"
		rm -rf first
		run -1 pavise verify $gun:v4 "${options[@]}" --trust-dir reader --tofu
		[[ "$output" == *"has no trust data for $gun"* ]]
		sign $gun:v5
		rm -rf notary
		read_tag v5
	}
	at_debian one
}

# feed RECORDS CHANGE-ID
feed() {
	curl -sf --cacert "$ca" "$server/v2/$gun/_trust/changefeed?records=$1&change_id=$2"
}

# pages RECORDS CHANGE-ID WHICH: category and version of every change, one page a line, each from the
# WHICH (first, last) of the page before.
pages() {
	local id=$2 page
	while page=$(feed "$1" "$id") && [ "$(jq .count <<<"$page")" -gt 0 ]; do
		jq -r '[.records[] | "\(.Category) \(.Version)"] | join(", ")' <<<"$page"
		id=$(jq -r ".records | $3.ID" <<<"$page")
	done
}

@test "the change feed of what clients published and deleted is the same as on MariaDB, page by page, both ways" {
	cd "$BATS_TEST_TMPDIR"
	one() { # DIR
		local o=("$PAVISE_BIN/notary/notary" "${notary[@]:1}")
		mkdir "$1"
		"${notary[@]}" init -p $gun
		for i in 1 2; do
			"${notary[@]}" add -p $gun theirs$i file
			"${o[@]}" add -p $gun ours$i file
		done
		"${notary[@]}" delete --remote $gun
		"${o[@]}" add -p $gun again file
		"${o[@]}" delete --remote $gun
		"${notary[@]}" add -p $gun again file
		pages 3 0 last >$1/forward
		pages -3 -1 first >$1/backward
		[ "$(feed -1 -1 | jq -r '.records[0].SHA256')" = \
			"$(curl -sf --cacert "$ca" "$server/v2/$gun/_trust/tuf/timestamp.json" | sha256sum | cut -d' ' -f1)" ]
	}
	one ours
	use_deployment
	rm -rf notary
	notary=(notary -s "$server" --tlscacert "$ca" -d "$BATS_TEST_TMPDIR/notary")
	one MariaDB
	cat ours/forward
	diff MariaDB ours
	[ "$(wc -l <ours/forward)" -ge 3 ]
	[ "$(tr -d '\n' <ours/forward | grep -o deletion | wc -l)" -eq 2 ]
}

@test "the tests that docs/interop.md names are there" {
	named=0
	while read -r file name; do
		grep -qF "@test \"$name\" {" "$PAVISE_SOURCE/tests/interop/$file.bats" || { echo "$file has no test: $name"; return 1; }
		named=$((named + 1))
	done < <(python3 - "$PAVISE_SOURCE/docs/interop.md" <<-'PYTHON'
		import re, sys
		for line in open(sys.argv[1]):
		    for cell in line.split(" | ")[1:] if line.startswith("| ") else []:
		        for entry in re.split(r"; (?=[a-z-]+: )|\|$", cell.strip()):
		            match = re.fullmatch(r"([a-z-]+): (.*?)(?: \|)?", entry.strip())
		            if match:
		                print(*match.groups())
	PYTHON
	)
	[ "$named" -ge 20 ]
}
