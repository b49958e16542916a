#!/usr/bin/env bats
# Leaving a server whose keys stay behind: Debian's notary-server is the old side, its notary the
# client that knows nothing of it, ours the new side.
bats_require_minimum_version 1.5.0
load ../cli/helper
load ../cli/service
load notary-server
load ../fault/liar

gun=localhost:5000/lab/app

setup() {
	command -v notary-server >/dev/null || { echo "the peer notary-server is missing" >&2; return 1; }
	data=$BATS_TEST_TMPDIR/service
	owner=$BATS_TEST_TMPDIR/owner
	start_service # makes the certificates that the old side uses too
	stop_service
	start_notary_server
	old=$server
	echo one >"$BATS_TEST_TMPDIR/one"
	echo two >"$BATS_TEST_TMPDIR/two"
}

teardown() {
	stop_service
	stop_notary_server
	stop_liar
	"$PAVISE_SOURCE/tests/postgres" stop "$BATS_TEST_TMPDIR" 2>/dev/null || true
}

# at SERVER DIRECTORY COMMAND...: Debian's notary.
at() {
	local where=$1 directory=$2
	shift 2
	notary -s "$where" --tlscacert "$ca" -d "$directory" "$@"
}

# fill GUN: two delegations, signed tags, rotated keys; early and late have seen it then and now.
fill() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=signer \
		-keyout "$BATS_TEST_TMPDIR/signer.key" -out "$BATS_TEST_TMPDIR/signer.crt" 2>/dev/null
	at "$old" "$owner" init -p "$1"
	at "$old" "$owner" add -p "$1" v1 "$BATS_TEST_TMPDIR/one"
	at "$old" "$BATS_TEST_TMPDIR/early" list "$1"
	at "$old" "$owner" key rotate "$1" snapshot -r
	at "$old" "$owner" delegation add -p "$1" targets/releases "$BATS_TEST_TMPDIR/signer.crt" --all-paths
	at "$old" "$owner" delegation add -p "$1" targets/qa "$BATS_TEST_TMPDIR/signer.crt" --all-paths
	at "$old" "$owner" key import "$BATS_TEST_TMPDIR/signer.key" --role signer
	at "$old" "$owner" add -p "$1" v2 "$BATS_TEST_TMPDIR/two" -r targets/releases
	at "$old" "$owner" add -p "$1" v3 "$BATS_TEST_TMPDIR/two" -r targets/qa
	at "$old" "$owner" key rotate "$1" targets
	at "$old" "$owner" key rotate "$1" root <<<yes
	at "$old" "$BATS_TEST_TMPDIR/late" list "$1"
}

bring() {
	pavise adopt --data "$data" --old-tlscacert "$ca" "$@" "$old" "${guns[@]:-$gun}"
}

name_keys() {
	pavise adopt --server "$server" --tlscacert "$ca" --old-tlscacert "$ca" --trust-dir "$owner" "$@" \
		"$old" "${guns[@]:-$gun}"
}

# get SERVER NAME: a file as it is served.
get() {
	curl -sf --cacert "$ca" "$1/v2/$gun/_trust/tuf/$2.json"
}

# sees DIRECTORY TAG FILE: notary finds FILE under TAG at the new server.
sees() {
	local sum
	sum=$(sha256sum "$3" | cut -d' ' -f1)
	run -0 at "$server" "$1" lookup $gun "$2"
	[[ "$output" == *"$sum"* ]]
}

# everybody_sees TAG FILE: who knew the oldest root, who knew the newest, and who knew nothing.
everybody_sees() {
	sees "$BATS_TEST_TMPDIR/early" "$@"
	sees "$BATS_TEST_TMPDIR/late" "$@"
	sees "$BATS_TEST_TMPDIR/fresh" "$@"
}

@test "an adopted repository goes on for old clients, through rotations and publishes, by an unchanged notary" {
	fill $gun
	run -0 bring
	[[ "$output" == *"$gun: brought "*" versions of root among them; root key "* ]]
	[[ "$output" == *"next: start the service"* ]]
	start_service "$data"
	# The bytes are the old server's.
	last=$(get "$old" root | jq .signed.version)
	[ "$last" -eq 4 ] # init, snapshot, targets, root
	for version in $(seq "$last"); do
		cmp <(get "$old" "$version.root") <(get "$server" "$version.root")
	done
	for role in root timestamp snapshot targets targets/releases targets/qa; do
		cmp <(get "$old" $role) <(get "$server" $role)
	done
	everybody_sees v1 "$BATS_TEST_TMPDIR/one"
	run -0 name_keys
	[[ "$output" == *"$gun: root version $((last + 1)) names the timestamp and snapshot keys of $server; all signed tags stay as they are"* ]]
	[[ "$output" == *"export DOCKER_CONTENT_TRUST_SERVER=$server"* ]]
	cmp <(get "$old" targets/qa) <(get "$server" targets/qa)
	# Nobody needs the old one from here on.
	stop_notary_server
	notary_server_pid=
	everybody_sees v1 "$BATS_TEST_TMPDIR/one"
	run -0 at "$server" "$BATS_TEST_TMPDIR/early" list $gun
	[[ "$output" == *"v2 "*"targets/releases"* && "$output" == *"v3 "*"targets/qa"* ]]
	at "$server" "$owner" add -p $gun v4 "$BATS_TEST_TMPDIR/one"
	at "$server" "$owner" add -p $gun v5 "$BATS_TEST_TMPDIR/two" -r targets/qa
	everybody_sees v4 "$BATS_TEST_TMPDIR/one"
	for role in timestamp snapshot; do
		at "$server" "$owner" key rotate $gun $role -r
	done
	at "$server" "$owner" key rotate $gun targets
	at "$server" "$owner" key rotate $gun root <<<yes
	everybody_sees v4 "$BATS_TEST_TMPDIR/one"
	at "$server" "$owner" add -p $gun v6 "$BATS_TEST_TMPDIR/two"
	everybody_sees v6 "$BATS_TEST_TMPDIR/two"
	run -0 pavise verify --json $gun:v6 --server "$server" --tlscacert "$ca" --trust-dir "$BATS_TEST_TMPDIR/late"
}

@test "a repository whose owner keeps the snapshot key goes on with it" {
	at "$old" "$owner" init -p $gun
	at "$old" "$owner" add -p $gun v1 "$BATS_TEST_TMPDIR/one"
	at "$old" "$BATS_TEST_TMPDIR/early" list $gun
	bring
	start_service "$data"
	run -0 name_keys --json
	[ "$(jq -r '[.snapshot_key, .already, .root_version] | join(" ")' <<<"$output")" = "here false 2" ]
	at "$server" "$owner" add -p $gun v2 "$BATS_TEST_TMPDIR/two"
	sees "$BATS_TEST_TMPDIR/early" v2 "$BATS_TEST_TMPDIR/two"
	# The owner's client went on from its own root.
	[ "$(jq .signed.version "$owner/tuf/$gun/metadata/root.json")" -eq 2 ]
}

@test "both halves can be run again, and a dry run changes nothing" {
	fill $gun
	run -0 bring --dry-run
	[[ "$output" == *"$gun: would bring "* ]]
	start_service "$data"
	run -22 get "$server" root
	run -3 name_keys
	[[ "$output" == *"$gun: $server does not have it yet: first run \`pavise adopt --data DIR\` on its machine"* ]]
	stop_service
	bring
	run -0 bring
	[[ "$output" == *"$gun: in the store already"* ]]
	start_service "$data"
	run -0 name_keys --dry-run
	[[ "$output" == *"would name the timestamp and snapshot keys"* ]]
	cmp <(get "$old" root) <(get "$server" root)
	name_keys
	version=$(get "$server" root | jq .signed.version)
	run -0 name_keys
	[[ "$output" == *"$gun: adopted already; root is version $version"* ]]
	[ "$(get "$server" root | jq .signed.version)" -eq "$version" ]
	stop_service
	run -0 bring --json
	[ "$(jq -r '[.already, .adopted] | join(" ")' <<<"$output")" = "true true" ]
}

@test "killed at any time and run again, the result is the same" {
	fill $gun
	for delay in 0.02 0.05 0.1 0.15 0.2 0.3; do
		timeout -s KILL $delay pavise adopt --data "$data" --old-tlscacert "$ca" "$old" $gun >/dev/null 2>&1 || true
	done
	bring
	start_service "$data"
	for delay in 0.02 0.05 0.1 0.15 0.2 0.3; do
		timeout -s KILL $delay pavise adopt --server "$server" --tlscacert "$ca" --old-tlscacert "$ca" \
			--trust-dir "$owner" "$old" $gun >/dev/null 2>&1 || true
	done
	name_keys
	# Whichever attempt succeeded, there was one root too many for none of them.
	[ "$(get "$server" root | jq .signed.version)" -eq "$(($(get "$old" root | jq .signed.version) + 1))" ]
	sees "$BATS_TEST_TMPDIR/early" v1 "$BATS_TEST_TMPDIR/one"
	at "$server" "$owner" add -p $gun v4 "$BATS_TEST_TMPDIR/two"
	sees "$BATS_TEST_TMPDIR/late" v4 "$BATS_TEST_TMPDIR/two"
}

@test "who does not have the root key cannot adopt, whatever else it has" {
	fill $gun
	bring
	start_service "$data"
	cp -r "$owner" "$BATS_TEST_TMPDIR/partner"
	grep -l '^role: root' "$BATS_TEST_TMPDIR/partner/private/"* | xargs rm
	before=$(get "$server" root | sha256sum)
	owner=$BATS_TEST_TMPDIR/partner run -1 name_keys
	[[ "$output" == *"$gun: its root key "*" is not in "*"/private, and only who has it can name another server's keys"* ]]
	# Nor does it become trusted by looking at it.
	owner=$BATS_TEST_TMPDIR/nobody run -1 name_keys
	[[ "$output" == *"only who has it can name another server's keys"* ]]
	[ ! -e "$BATS_TEST_TMPDIR/nobody/tuf/$gun/metadata/root.json" ]
	[ "$(get "$server" root | sha256sum)" = "$before" ]
}

@test "what was published at the old server meanwhile is not lost in silence" {
	fill $gun
	bring
	at "$old" "$owner" add -p $gun v9 "$BATS_TEST_TMPDIR/two"
	run -1 bring
	[[ "$output" == *"$gun: it is in the store in another state; \`pavise repo delete --remote\` removes it there"* ]]
	start_service "$data"
	run -1 name_keys
	[[ "$output" == *"something was published since its files were brought to $server"* ]]
	pavise repo delete $gun --remote --yes "${options[@]}" --trust-dir "$BATS_TEST_TMPDIR/other"
	stop_service
	bring
	start_service "$data"
	name_keys
	sees "$BATS_TEST_TMPDIR/early" v9 "$BATS_TEST_TMPDIR/two"
}

@test "a running service, a wrong pin, an unknown repository and another one of that name are each told" {
	fill $gun
	start_service "$data"
	run -1 bring
	[[ "$output" == *"$data is in use by a running service: stop it, bring the repositories, start it again"* ]]
	at "$server" "$BATS_TEST_TMPDIR/stranger" init -p $gun
	run -1 name_keys
	[[ "$output" == "pavise adopt: $server: $gun: root is version 1, version "[34]" was accepted before"* ]]
	stop_service
	run -1 bring --pin 0000000000000000000000000000000000000000000000000000000000000000
	guns=($gun-unknown $gun)
	run -1 bring
	[[ "$output" == *"$gun-unknown: "* && "$output" == *"$gun: it is in the store in another state"* ]]
	run -2 pavise adopt "$old" $gun
	[[ "$output" == *"say --data DIR on the new server's machine"* ]]
	run -2 pavise adopt --server "$old" http://127.0.0.1:1 $gun
	[[ "$output" == *"expected https://HOST"* ]]
}

@test "what holds keys loads no database, what writes the database opens no key" {
	[ -z "$(ldd "$PAVISE_BIN/pavise-trust" | grep -E 'sqlite|libpq|curl')" ]
	[ -z "$(ldd "$PAVISE_BIN/pavise-adopt" | grep -E 'curl|microhttpd')" ]
	ldd "$PAVISE_BIN/pavise-adopt" | grep -q sqlite
}

@test "with PostgreSQL one command does both halves, while the service runs" {
	fill $gun
	uri=$("$PAVISE_SOURCE/tests/postgres" start "$BATS_TEST_TMPDIR")
	service_arguments=(--store "$uri")
	start_service "$data"
	run -0 bring --store "$uri" --server "$server" --tlscacert "$ca" --trust-dir "$owner"
	[[ "$output" == *"$gun: brought "* && "$output" == *"$gun: root version 5 names the timestamp and snapshot keys of $server"* ]]
	everybody_sees v1 "$BATS_TEST_TMPDIR/one"
	at "$server" "$owner" add -p $gun v4 "$BATS_TEST_TMPDIR/two"
	everybody_sees v4 "$BATS_TEST_TMPDIR/two"
}

@test "nothing of an old server that lies gets into the store" {
	fill $gun
	at "$old" "$BATS_TEST_TMPDIR/other" init -p $gun-other
	at "$old" "$BATS_TEST_TMPDIR/other" add -p $gun-other v1 "$BATS_TEST_TMPDIR/one"
	mode=$BATS_TEST_TMPDIR/mode
	start_liar "$mode"
	old=${liar[1]}
	while IFS='|' read -r lie sentence; do
		echo "$lie" >"$mode"
		run bring
		echo "$lie: $status: $output"
		[ "$status" -ne 0 ]
		[[ "$output" == "pavise adopt: $gun: $sentence"* ]]
	done <<-LIES
		gun $gun-other|
		swap 2.root 1.root|2.root.json holds version 1
		swap 3.root root|3.root.json holds version 4
		swap targets targets/qa|
		trail|
		endless|
		nested|
	LIES
	start_service "$data"
	run -22 get "$server" root
	stop_service
	echo honest >"$mode"
	bring
}
