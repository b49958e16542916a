#!/usr/bin/env bats
# What the trust server stores, and what it does not: the same on SQLite and on PostgreSQL.
bats_require_minimum_version 1.5.0
load helper
load service

gun=localhost:5000/lab/app

setup() {
	export PAVISE_AUDIT=$BATS_TEST_TMPDIR/audit
	make_layout "$BATS_TEST_TMPDIR/image" >/dev/null
}

teardown() {
	stop_service
	"$PAVISE_SOURCE/tests/postgres" stop "$BATS_TEST_TMPDIR" 2>/dev/null || true
}

sign() {
	pavise sign "$gun:$1" --from "oci:$BATS_TEST_TMPDIR/image:12" "${options[@]}" --trust-dir "$BATS_TEST_TMPDIR/trust"
}

get() { curl -sS --cacert "$ca" "$server/v2/$gun/_trust/$1"; }
post() { curl -sS -o "$BATS_TEST_TMPDIR/answer" -w '%{http_code}' --cacert "$ca" "$@" "$server/v2/$gun/_trust/tuf/"; }
changes() { get 'changefeed?records=1000' | python3 -c 'import json, sys; print(json.load(sys.stdin)["count"])'; }

unchanged() {
	before=$(get tuf/timestamp.json)
	rows=$(changes)
	"$@"
	[ "$(get tuf/timestamp.json)" = "$before" ]
	[ "$(changes)" = "$rows" ]
}

post_nothing() {
	[ "$(post -H 'Content-Type: multipart/form-data; boundary=x' --data-binary $'--x--\r\n')" = 200 ]
	get tuf/timestamp.json >"$BATS_TEST_TMPDIR/timestamp"
	[ "$(post -F "files=@$BATS_TEST_TMPDIR/timestamp;filename=timestamp")" = 200 ]
}

post_again() {
	get tuf/root.json >"$BATS_TEST_TMPDIR/root"
	get tuf/targets.json >"$BATS_TEST_TMPDIR/targets"
	[ "$(post -F "files=@$BATS_TEST_TMPDIR/root;filename=root" -F "files=@$BATS_TEST_TMPDIR/targets;filename=targets")" = 200 ]
}

post_older() {
	get tuf/1.targets.json >"$BATS_TEST_TMPDIR/targets" || true
	get tuf/2.targets.json >"$BATS_TEST_TMPDIR/targets"
	[ "$(post -F "files=@$BATS_TEST_TMPDIR/targets;filename=targets")" = 400 ]
	grep -q '"VERSION"' "$BATS_TEST_TMPDIR/answer"
}

@test "an upload that changes nothing makes no version and no row in the feed" {
	start_service
	sign v1
	sign v2
	unchanged post_nothing
	unchanged post_again
	unchanged post_older
}

@test "the same on PostgreSQL, whose address may name no other store" {
	service_arguments=(--store "$("$PAVISE_SOURCE/tests/postgres" start "$BATS_TEST_TMPDIR")")
	start_service
	[ ! -e "$BATS_TEST_TMPDIR/service/trust.db" ]
	sign v1
	sign v2
	unchanged post_nothing
	unchanged post_again
	unchanged post_older
	run -0 pavise verify $gun:v2 "${options[@]}" --trust-dir "$BATS_TEST_TMPDIR/reader" --tofu
}

@test "a database that is not there, or an address that is none, stops the start with a sentence" {
	port=$(free_port)
	run -3 timeout 60 pavise serve --listen 127.0.0.1:0 --data "$BATS_TEST_TMPDIR/a" \
		--store "postgresql://user:hidden@127.0.0.1:$port/none"
	[[ "$output" == *"cannot connect to PostgreSQL"* ]]
	[[ "$output" != *hidden* ]]
	run -2 pavise serve --listen 127.0.0.1:0 --data "$BATS_TEST_TMPDIR/a" --store "postgresql://user:hidden@[x/none"
	[[ "$output" == *"no connection URI"* ]]
	[[ "$output" != *hidden* ]]
	run -2 pavise serve --listen 127.0.0.1:0 --data "$BATS_TEST_TMPDIR/a" --store "mysql://user:hidden@host/none"
	[[ "$output" == *"no store is called \"mysql\""* ]]
	[[ "$output" != *hidden* ]]
}
