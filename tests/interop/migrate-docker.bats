#!/usr/bin/env bats
# A Notary deployment on MariaDB is taken over while Docker's own clients, every one that is found, use
# it: unchanged, they pull and sign on, before and after keys are rotated.
bats_require_minimum_version 1.5.0
load ../cli/helper
load ../cli/service
load docker
load deployment

setup() {
	require_engine
	mapfile -t clients < <(docker_clients)
	[ "${#clients[@]}" -gt 0 ]
	data=$BATS_TEST_TMPDIR/service
	deployment=$BATS_TEST_TMPDIR/deployment
	export NOTARY_SIGNER_FIRST=$signer_passphrase
	start_deployment
}

teardown() {
	stop_service
	stop_deployment
}

@test "docker pull and docker trust sign go on after migrating, and after every key is rotated" {
	cd "$BATS_TEST_TMPDIR"
	old_ca=$deployment/pki/ca.crt
	for client in "${clients[@]}"; do
		as publisher "$notary_url" "$old_ca"
		rm -f alice.pub
		docker trust key generate alice
		docker trust signer add --key alice.pub alice "$repo"
		load_image "$client" "$repo:1" "one of $major"
		docker trust sign "$repo:1"
		as reader "$notary_url" "$old_ca"
		pull 1 "one of $major"
	done
	for what in notary-server:notaryserver signer:notarysigner; do
		pavise migrate "${what%:*}" "mysql://notary@127.0.0.1:$mariadb_port/${what#*:}" --data "$data"
	done
	stop_deployment
	start_service "$data"
	for client in "${clients[@]}"; do
		for who in reader newcomer; do
			as $who "$server" "$ca"
			pull 1 "one of $major"
		done
		as publisher "$server" "$ca"
		load_image "$client" "$repo:2" "two of $major"
		docker trust sign "$repo:2"
		notary=(notary -s "$server" --tlscacert "$ca" -d "$DOCKER_CONFIG/trust")
		for role in snapshot timestamp; do "${notary[@]}" key rotate "$repo" $role -r; done
		"${notary[@]}" key rotate "$repo" targets
		"${notary[@]}" key rotate "$repo" root <<<yes
		load_image "$client" "$repo:3" "three of $major"
		docker trust sign "$repo:3"
		for who in reader newcomer; do
			as $who "$server" "$ca"
			for tag in 1:one 2:two 3:three; do pull "${tag%:*}" "${tag#*:} of $major"; done
		done
	done
}
