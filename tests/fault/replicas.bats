#!/usr/bin/env bats
# Two services on one PostgreSQL and one signer: publishers race through both, and each part dies in
# mid-publish. Nothing half-published is ever visible, nothing accepted is lost, and the service goes
# on by itself.
bats_require_minimum_version 1.5.0
load ../cli/helper
load ../cli/service

gun=localhost:5000/lab/app

setup() {
	export PAVISE_AUDIT=$BATS_TEST_TMPDIR/audit
	make_layout "$BATS_TEST_TMPDIR/image" >/dev/null
	database=$("$PAVISE_SOURCE/tests/postgres" start "$BATS_TEST_TMPDIR")
	start_signer
	service_arguments=(--store "$database" "${signer_options[@]}")
	start_replica 1
	start_replica 2
	sign 1 v0
}

teardown() {
	kill "${replica_pids[@]}" 2>/dev/null || true
	stop_signer
	"$PAVISE_SOURCE/tests/postgres" stop "$BATS_TEST_TMPDIR"
}

# launch_replica N [COMMAND...]: on the port it had before, if it was there. Both have one certificate.
launch_replica() {
	local n=$1 data=$BATS_TEST_TMPDIR/replica
	shift
	service_arguments=(--store "$database" "${signer_options[@]}")
	[ "$n" -eq 1 ] || service_arguments+=(--tls-cert "$data.1/tls/server.crt" --tls-key "$data.1/tls/server.key")
	mkdir -p "$data.$n"
	: >"$data.$n/out"
	"$@" pavise serve --listen "${replica_addresses[$n]:-127.0.0.1:0}" --data "$data.$n" "${service_arguments[@]}" \
		>"$data.$n/out" 2>>"$data.$n/log" 3>&- &
	replica_pids[n]=$!
}

await_replica() {
	local data=$BATS_TEST_TMPDIR/replica
	wait_for "$data.$1/out" '^ready https://' || { cat "$data.$1/log"; return 1; }
	replica_addresses[$1]=$(sed -n 's,^ready https://,,p' "$data.$1/out")
	ca=$data.1/tls/ca.crt
}

start_replica() {
	launch_replica "$@"
	await_replica "$1"
}

kill_replica() {
	kill -9 "${replica_pids[$1]}"
	wait "${replica_pids[$1]}" 2>/dev/null || true
}

at() { options=(--server "https://${replica_addresses[$1]}" --tlscacert "$ca"); }

# sign REPLICA TAG [TRUST-DIR]
sign() {
	at "$1"
	pavise sign "$gun:$2" --from "oci:$BATS_TEST_TMPDIR/image:12" "${options[@]}" --trust-dir "${3:-$BATS_TEST_TMPDIR/trust}"
}

# tags REPLICA: what somebody sees who knows nothing yet: the whole chain is verified.
tags() {
	at "$1"
	rm -rf "$BATS_TEST_TMPDIR/reader"
	pavise inspect --json $gun "${options[@]}" --trust-dir "$BATS_TEST_TMPDIR/reader" --tofu | python3 -c '
import json, sys
print("\n".join(t["name"] for t in json.load(sys.stdin)["tags"]))'
}

query() { psql -X -q -A -t "$database" -c "$1"; }

# Every row of the feed is one whole publish: a timestamp, and ids without a gap.
check_feed() {
	[ "$(query 'SELECT count(*) = max(id) FROM trust_changes')" = t ]
	[ "$(query "SELECT count(*) FROM trust_changes c WHERE deletion = 0 AND NOT EXISTS
		(SELECT 1 FROM trust_files f WHERE f.gun = c.gun AND f.role = 'timestamp' AND f.version = c.version)")" = 0 ]
	[ "$(query "SELECT count(DISTINCT version) = count(*) FROM trust_changes WHERE deletion = 0")" = t ]
}

# while_reading COMMAND...: readers ask both replicas all the time and must always see a whole state.
while_reading() {
	touch "$BATS_TEST_TMPDIR/reading"
	(
		while [ -e "$BATS_TEST_TMPDIR/reading" ]; do
			for n in 1 2; do
				out=$(pavise verify $gun:v0 --server "https://${replica_addresses[$n]}" --tlscacert "$ca" \
					--trust-dir "$BATS_TEST_TMPDIR/watcher.$n" --tofu 2>&1) || status=$?
				# Gone for a moment is no lie (status 3); anything else is.
				[ "${status:-0}" -eq 0 ] || [ "$status" -eq 3 ] || { echo "$out" >>"$BATS_TEST_TMPDIR/lies"; }
				status=0
				rm -rf "$BATS_TEST_TMPDIR/watcher.$n"
			done
		done
	) 3>&- &
	watcher=$!
	"$@"
	rm "$BATS_TEST_TMPDIR/reading"
	wait "$watcher"
	[ ! -e "$BATS_TEST_TMPDIR/lies" ] || { cat "$BATS_TEST_TMPDIR/lies"; return 1; }
}

# race ROUNDS: four publishers with the same keys, two through each replica.
race() {
	local round n
	for n in 1 2 3 4; do cp -r "$BATS_TEST_TMPDIR/trust" "$BATS_TEST_TMPDIR/trust$n"; done
	for round in $(seq "$1"); do
		pids=()
		for n in 1 2 3 4; do
			sign $((n % 2 + 1)) "r$round-$n" "$BATS_TEST_TMPDIR/trust$n" >/dev/null 2>"$BATS_TEST_TMPDIR/err$n" 3>&- &
			pids+=($!)
		done
		for pid in "${pids[@]}"; do wait "$pid" || { cat "$BATS_TEST_TMPDIR"/err?; return 1; }; done
	done
}

@test "publishers that race through both replicas all succeed, and all see all" {
	while_reading race 4
	[ "$(tags 1 | grep -c '^r')" -eq 16 ]
	[ "$(tags 1)" = "$(tags 2)" ]
	check_feed
}

@test "what one replica publishes the other shows, also when it answered from memory before" {
	for round in $(seq 10); do
		sign $((round % 2 + 1)) "s$round" >/dev/null
		for n in 1 2; do
			for try in $(seq 100); do
				tags $n | grep -qx "s$round" && break
				[ "$try" -lt 100 ]
				sleep 0.05
			done
		done
	done
	at 1
	curl -sSf --cacert "$ca" -X DELETE "https://${replica_addresses[1]}/v2/$gun/_trust/tuf/"
	for try in $(seq 100); do
		code=$(curl -sS -o /dev/null -w '%{http_code}' --cacert "$ca" "https://${replica_addresses[2]}/v2/$gun/_trust/tuf/timestamp.json")
		[ "$code" != 404 ] || break
		sleep 0.05
	done
	[ "$code" = 404 ]
	[ -z "$(find "$BATS_TEST_TMPDIR/keys" -name '*.key')" ]
}

# accepted NAME PID: waits for a publisher; if it was told that it succeeded, its tag must be there.
accepted() {
	wait "$2" && echo "$1" >>"$BATS_TEST_TMPDIR/accepted"
	return 0
}

check_accepted() {
	tags "$1" >"$BATS_TEST_TMPDIR/tags"
	touch "$BATS_TEST_TMPDIR/accepted"
	while read -r name; do
		grep -qx "$name" "$BATS_TEST_TMPDIR/tags" || { echo "lost: $name"; return 1; }
	done <"$BATS_TEST_TMPDIR/accepted"
}

replica_dies() {
	local round
	for round in 1 2 3 4 5 6; do
		sign 2 "r$round" >/dev/null 2>&1 3>&- &
		client=$!
		sleep "0.0$((round * 3 % 10))"
		kill_replica 2
		accepted "r$round" "$client"
		sign 1 "other$round" >/dev/null # the other one goes on at once
		start_replica 2
		sign 2 "again$round" >/dev/null
		check_accepted 1
	done
}

@test "kill -9 of one replica in mid-publish: the other goes on, nothing accepted is lost" {
	while_reading replica_dies
	[ "$(tags 1 | grep -cE '^(other|again)')" -eq 12 ]
	check_feed
}

signer_dies() {
	local round
	for round in 1 2 3 4; do
		sign $((round % 2 + 1)) "r$round" >/dev/null 2>&1 3>&- &
		client=$!
		sleep "0.0$((round * 3 % 10))"
		stop_signer -9
		accepted "r$round" "$client"
		start_signer
		published=no # a service tries a lost signer again after a second
		for try in $(seq 50); do
			sign $((round % 2 + 1)) "again$round" >/dev/null 2>&1 && { published=yes; break; }
			sleep 0.2
		done
		[ "$published" = yes ]
		check_accepted $((round % 2 + 1))
	done
}

@test "kill -9 of the signer in mid-publish: both replicas find it again by themselves" {
	while_reading signer_dies
	[ "$(tags 1 | grep -c '^again')" -eq 4 ]
	check_feed
}

database_restarts() {
	local round
	for round in 1 2 3 4 5 6; do
		sign $((round % 2 + 1)) "r$round" >/dev/null 2>&1 3>&- &
		client=$!
		sleep "0.0$((round * 3 % 10))"
		"$PAVISE_SOURCE/tests/postgres" restart "$BATS_TEST_TMPDIR"
		accepted "r$round" "$client"
		for n in 1 2; do sign $n "again$round-$n" >/dev/null; done
		check_accepted 1
		check_accepted 2
	done
}

@test "PostgreSQL crashes and restarts in mid-publish: nothing is half there, nothing accepted is lost" {
	while_reading database_restarts
	[ "$(tags 1 | grep -c '^again')" -eq 12 ]
	check_feed
}

@test "kill -9 of publishers: the repository stays readable and can be published" {
	for pause in 0.01 0.02 0.04 0.08 0.12; do
		pavise sign "$gun:p$pause" --from "oci:$BATS_TEST_TMPDIR/image:12" --server "https://${replica_addresses[1]}" \
			--tlscacert "$ca" --trust-dir "$BATS_TEST_TMPDIR/trust" >/dev/null 2>&1 3>&- &
		sleep $pause
		kill -9 $! 2>/dev/null || true
		wait $! || true
		tags 2 | grep -qx v0
	done
	sign 2 last
	tags 1 | grep -qx last
	check_feed
}

@test "a repository that is published and deleted through two replicas at once is whole or not there" {
	for round in $(seq 8); do
		rm -rf "$BATS_TEST_TMPDIR/fresh"
		sign 1 "d$round" "$BATS_TEST_TMPDIR/trust" >/dev/null 2>&1 3>&- &
		client=$!
		sleep "0.0$((round * 3 % 10))"
		curl -sS --cacert "$ca" -X DELETE "https://${replica_addresses[2]}/v2/$gun/_trust/tuf/"
		wait "$client" || true
		# A root with the keys that are left, or nothing: never a timestamp without its root.
		[ "$(query "SELECT count(*) FROM trust_repositories r WHERE NOT EXISTS
			(SELECT 1 FROM trust_files f WHERE f.gun = r.gun AND f.role = 'root')")" = 0 ]
		[ "$(query "SELECT count(*) FROM trust_files f WHERE NOT EXISTS (SELECT 1 FROM trust_repositories r WHERE r.gun = f.gun)")" = 0 ]
	done
}

@test "a timestamp that runs out is signed anew by one replica, once and without errors" {
	for name in one two three; do
		(gun=localhost:5000/lab/$name && sign 1 v1 "$BATS_TEST_TMPDIR/trust-$name") >/dev/null
	done
	before=$(query 'SELECT count(*) FROM trust_changes')
	for n in 1 2; do
		kill "${replica_pids[$n]}"
		wait "${replica_pids[$n]}"
		: >"$BATS_TEST_TMPDIR/replica.$n/log"
	done
	# Ten days later both start at once: a timestamp lives fourteen.
	later=("$PAVISE_SOURCE/tests/at-time" +10d)
	launch_replica 1 "${later[@]}"
	launch_replica 2 "${later[@]}"
	await_replica 1
	await_replica 2
	for try in $(seq 200); do
		[ "$(query 'SELECT count(*) FROM trust_changes')" -lt $((before + 4)) ] || break
		sleep 0.1
	done
	sleep 2
	[ "$(query 'SELECT count(*) FROM trust_changes')" -eq $((before + 4)) ]
	[ "$(query "SELECT count(*) FROM trust_files WHERE role = 'timestamp' AND version = 2")" -eq 4 ]
	run ! grep -E 'WARNING|cannot' "$BATS_TEST_TMPDIR"/replica.?/log
}
