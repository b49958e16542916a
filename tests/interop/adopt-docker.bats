#!/usr/bin/env bats
# Leaving Debian's notary-server with Docker's own clients, every one that is found: who had pulled
# from the old server goes on pulling from ours, who had signed there goes on signing here.
bats_require_minimum_version 1.5.0
load ../cli/helper
load ../cli/service
load docker

setup() {
	require_engine
	mapfile -t clients < <(docker_clients)
	[ "${#clients[@]}" -gt 0 ]
	data=$BATS_TEST_TMPDIR/service
	start_service # makes the certificates that the old side uses too
	stop_service
	start_notary_memory "$BATS_TEST_TMPDIR/notary-server" "$data/tls/server.crt" "$data/tls/server.key"
	old=$notary_server
}

teardown() {
	stop_service
	stop_process "$BATS_TEST_TMPDIR/notary-server"
}

@test "docker pull and docker trust sign go on after adopting, and after every key is rotated" {
	guns=()
	cd "$BATS_TEST_TMPDIR"
	for client in "${clients[@]}"; do
		as publisher "$old" "$ca"
		rm -f alice.pub
		docker trust key generate alice
		docker trust signer add --key alice.pub alice "$repo"
		load_image "$client" "$repo:1" "one of $major"
		docker trust sign "$repo:1"
		as reader "$old" "$ca"
		pull 1 "one of $major"
		guns+=("$repo")
	done
	pavise adopt --data "$data" --old-tlscacert "$ca" "$old" "${guns[@]}"
	start_service "$data"
	for client in "${clients[@]}"; do
		as publisher "$server" "$ca"
		pavise adopt --server "$server" --tlscacert "$ca" --old-tlscacert "$ca" --trust-dir "$DOCKER_CONFIG/trust" \
			"$old" "$repo"
	done
	stop_process "$BATS_TEST_TMPDIR/notary-server"
	for client in "${clients[@]}"; do
		for who in reader newcomer; do
			as $who "$server" "$ca"
			pull 1 "one of $major"
		done
		as publisher "$server" "$ca"
		load_image "$client" "$repo:2" "two of $major"
		docker trust sign "$repo:2"
		as reader "$server" "$ca"
		pull 2 "two of $major"

		as publisher "$server" "$ca"
		notary=(notary -s "$server" --tlscacert "$ca" -d "$DOCKER_CONFIG/trust")
		"${notary[@]}" key rotate "$repo" snapshot -r
		"${notary[@]}" key rotate "$repo" timestamp -r
		"${notary[@]}" key rotate "$repo" targets
		"${notary[@]}" key rotate "$repo" root <<<yes
		load_image "$client" "$repo:3" "three of $major"
		docker trust sign "$repo:3"
		for who in reader newcomer; do
			as $who "$server" "$ca"
			pull 1 "one of $major"
			pull 3 "three of $major"
		done
	done
}
