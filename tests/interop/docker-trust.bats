#!/usr/bin/env bats
# Our Docker CLI plugin beside Docker's own `docker trust`: the same scenario, the same output; each
# goes on with what the other began; and what a real engine and clients make of it.
#
# docker-trust-28.record is what docker 28.2.2's `docker trust` says in tests/interop/docker-scenario
# to Debian's notary-server 0.7.0. Where such a client is found, it is asked again.
bats_require_minimum_version 1.5.0
load ../cli/helper
load ../cli/service
load docker
load deployment

setup_file() {
	engine_allowed >/dev/null || return 0
	start_docker
	share_deployment
}

teardown_file() {
	[ -z "${deployment:-}" ] || stop_deployment
	stop_docker
}

setup() {
	require_engine
	mapfile -t clients < <(docker_clients)
	[ "${#clients[@]}" -gt 0 ]
	client=${clients[0]}
	# The newest client that has a `docker trust` of its own.
	for path in "${clients[@]}"; do
		[ "$(client_major "$path")" -gt 28 ] || client=$path
	done
	start_service
	trust=("$PAVISE_BIN/docker-trust" trust)
	space=$registry/plugin$BATS_TEST_NUMBER
	repo=$space/app
	cd "$BATS_TEST_TMPDIR"
	docker_home "$BATS_TEST_TMPDIR/config" "$server" "$ca"
	export PAVISE_AUDIT=$BATS_TEST_TMPDIR/audit.jsonl
}

teardown() {
	stop_service
	stop_process "$BATS_TEST_TMPDIR/notary-server"
	stop_process "$BATS_TEST_TMPDIR/closed-registry"
}

theirs() {
	"$client" trust "$@"
}

ours() {
	"${trust[@]}" "$@"
}

pulls() {
	DOCKER_CONTENT_TRUST=1 "$client" pull "$1"
}

other_server() {
	start_notary_memory "$BATS_TEST_TMPDIR/notary-server" "${ca%/*}/server.crt" "${ca%/*}/server.key"
}

# record NAME URL COMMAND…: runs the scenario into $BATS_TEST_TMPDIR/NAME/record.
record() {
	local name=$1 tag
	docker_home "$BATS_TEST_TMPDIR/$name.config" "$2" "$ca"
	shift 2
	for tag in 1 2 10; do load_image "$client" "$registry/$name/app:$tag" $tag; done
	"$client" tag "$registry/$name/app:1" "$registry/$name/plain:1"
	"$PAVISE_SOURCE/tests/interop/docker-scenario" "$BATS_TEST_TMPDIR/$name" "$registry" "$client" "$@"
}

@test "docker-trust says what Docker 28 says, byte for byte, to our server and to Debian's, in memory and on MariaDB" {
	record ours "$server" "${trust[@]}"
	diff "$PAVISE_SOURCE/tests/interop/docker-trust-28.record" ours/record
	other_server
	record debian "$notary_server" "${trust[@]}"
	diff "$PAVISE_SOURCE/tests/interop/docker-trust-28.record" debian/record
	ca=$deployment/pki/ca.crt record mariadb "$notary_url" "${trust[@]}"
	diff "$PAVISE_SOURCE/tests/interop/docker-trust-28.record" mariadb/record
	for client in "${clients[@]}"; do
		[ "$(client_major "$client")" -eq 28 ] || continue
		record real "$server" "$client" trust
		diff "$PAVISE_SOURCE/tests/interop/docker-trust-28.record" real/record
	done
}

@test "inspect of the same repository is the same to the byte, in JSON and in tables" {
	ours key generate alice
	ours signer add --key alice.pub alice "$repo"
	load_image "$client" "$repo:v1.10"
	load_image "$client" "$repo:v1.9" nine
	ours sign "$repo:v1.10"
	theirs sign "$repo:v1.9"
	ours key generate bob
	theirs signer add --key bob.pub bob "$repo"
	for name in "$repo" "$repo:v1.9" "$repo:none"; do
		theirs inspect "$name" >theirs.json
		ours inspect "$name" >ours.json
		cmp theirs.json ours.json
		theirs inspect --pretty "$name" >theirs.txt
		ours inspect --pretty "$name" >ours.txt
		cmp theirs.txt ours.txt
	done
	[ "$(jq -r '.[0].Signers[].Name' ours.json | paste -sd' ')" = "bob alice" ]
}

# go_on FIRST SECOND: FIRST begins a repository, SECOND goes on with the same directory.
go_on() {
	local first=$1 second=$2 of=$space/$1
	rm -f ./*.pub
	"$first" key generate "${first}er"
	"$first" signer add --key "${first}er.pub" "${first}er" "$of"
	load_image "$client" "$of:1" one
	load_image "$client" "$of:2" two
	"$first" sign "$of:1"
	"$second" key generate "${second}er"
	"$second" signer add --key "${second}er.pub" "${second}er" "$of"
	"$second" sign "$of:2"
	"$second" sign "$of:1"
	[ "$("$first" inspect "$of" | jq -c '[.[0].SignedTags[] | [.SignedTag, (.Signers | sort)]]')" = \
		"[[\"1\",[\"ourser\",\"theirser\"]],[\"2\",[\"ourser\",\"theirser\"]]]" ]
	"$second" revoke -y "$of:1"
	run -1 pulls "$of:1"
	[[ "$output" == *"o valid trust data for 1"* ]]
	"$first" sign --local "$of:1"
	pulls "$of:1"
	pulls "$of:2"
}

@test "what Docker began we go on with, and the other way round, in one trust directory" {
	go_on theirs ours
	go_on ours theirs
	other_server
	docker_home "$BATS_TEST_TMPDIR/config2" "$notary_server" "$ca"
	space=$space/debian
	go_on theirs ours
	go_on ours theirs
	docker_home "$BATS_TEST_TMPDIR/config3" "$notary_url" "$deployment/pki/ca.crt"
	space=$space/mariadb
	go_on theirs ours
	go_on ours theirs
}

@test "a repository without signers and without login is signed with its own key" {
	load_image "$client" "$repo:1"
	run -0 ours sign "$repo:1"
	[[ "$output" == *"docker trust: no login at $registry to name a signer after"* ]]
	[[ "$output" == *"Finished initializing \"$repo\""*"Successfully signed $repo:1"* ]]
	pulls "$repo:1"
	[ "$(theirs inspect "$repo:1" | jq -c '.[0].SignedTags[0].Signers')" = '["Repo Admin"]' ]
	grep -q "\"event\":\"sign\",\"reference\":\"$repo:1\"" "$PAVISE_AUDIT"
}

@test "the first signer is named as the registry's login is" {
	htpasswd -Bbn carol secret >htpasswd
	start_docker_registry "$BATS_TEST_TMPDIR/closed-registry" "$BATS_TEST_TMPDIR/htpasswd"
	"$client" login -u carol -p secret "$registry"
	load_image "$client" "$registry/app:1"
	run -0 ours sign "$registry/app:1"
	[[ "$output" == *"Created signer: carol"*"Finished initializing signed repository for $registry/app:1"*"Successfully signed $registry/app:1"* ]]
	[ "$(theirs inspect "$registry/app" | jq -c '.[0].SignedTags[0].Signers')" = '["carol"]' ]
	pulls "$registry/app:1"
	"$client" logout "$registry"
	run -1 ours sign --local "$registry/app:1"
	[[ "$output" == *"no basic auth credentials"* || "$output" == *"authentication required"* ]]
}

@test "without an engine the registry tells the digest, and that is said" {
	load_image "$client" "$repo:1"
	"$client" push "$repo:1"
	size=$(skopeo inspect --tls-verify=false --raw "docker://$repo:1" | wc -c)
	digest=$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$repo:1")
	run -0 --separate-stderr env DOCKER_HOST=unix:///none/docker.sock "${trust[@]}" sign "$repo:1"
	[[ "$stderr" == *"no engine answers: signing what the registry says $repo:1 is: $digest"* ]]
	[ "$(theirs inspect "$repo:1" | jq -r '.[0].SignedTags[0].Digest')" = "${digest#sha256:}" ]
	pulls "$repo:1"
	run -0 pavise verify --json "$repo:1" "${options[@]}" --trust-dir reader --tofu
	[ "$(jq .size <<<"$output")" = "$size" ]
	run -1 env DOCKER_HOST=unix:///none/docker.sock "${trust[@]}" sign "$repo:absent"
	[[ "$output" == *"the registry does not tell what $repo:absent is"* ]]
	# Signing anew needs no engine.
	env DOCKER_HOST=unix:///none/docker.sock "${trust[@]}" sign "$repo:1"
}

@test "signer remove removes: forced, confirmed, not confirmed" {
	for name in alice bob; do
		ours key generate $name
		ours signer add --key $name.pub $name "$repo"
	done
	load_image "$client" "$repo:1"
	ours sign "$repo:1"
	run -0 ours signer remove bob "$repo"
	[[ "$output" == *"Successfully removed bob from $repo"* ]]
	pulls "$repo:1"
	run -0 ours signer remove alice "$repo" </dev/null
	[[ "$output" == *"The signer \"alice\" signed the last released version of $repo. Removing this signer will make $repo unpullable."*"[y/N]"* ]]
	[ "$(theirs inspect "$repo" | jq -r '.[0].Signers[].Name')" = alice ]
	run -0 ours signer remove alice "$repo" <<<y
	[[ "$output" == *"Successfully removed alice from $repo"* ]]
	[ "$(theirs inspect "$repo" | jq -c '.[0].Signers')" = "[]" ]
	ours signer add --key alice.pub alice "$repo"
	ours sign "$repo:1"
	ours signer remove -f alice "$repo"
	[ "$(theirs inspect "$repo" | jq -c '.[0].Signers')" = "[]" ]
}

@test "a root is trusted at first sight, and that is said once" {
	load_image "$client" "$repo:1"
	ours sign "$repo:1"
	root=$(ours inspect "$repo" | jq -r '.[0].AdministrativeKeys[] | select(.Name == "Root").Keys[0].ID')
	docker_home "$BATS_TEST_TMPDIR/reader" "$server" "$ca"
	run -0 --separate-stderr ours inspect "$repo"
	[ "$stderr" = "docker trust: trusting the root of $repo at first sight; its key is $root" ]
	run -0 --separate-stderr ours inspect "$repo"
	[ -z "$stderr" ]
}

@test "docker's global flags: --config, --host, --context; a plugin under another name" {
	load_image "$client" "$repo:1"
	cp -r config flags
	unset DOCKER_CONFIG
	engine=$DOCKER_HOST
	unset DOCKER_HOST
	"$PAVISE_BIN/docker-trust" --config "$PWD/flags" --host "$engine" -D --log-level info trust sign "$repo:1"
	[ -d flags/trust/private ]
	"$client" --config "$PWD/flags" context create lab --docker "host=$engine"
	"$PAVISE_BIN/docker-trust" --config "$PWD/flags" --context lab trust sign --local "$repo:1"
	"$client" --config "$PWD/flags" context use lab
	"$PAVISE_BIN/docker-trust" --config="$PWD/flags" trust sign --local "$repo:1"
	run -1 "$PAVISE_BIN/docker-trust" --config "$PWD/flags" --context none trust sign --local "$repo:1"
	[[ "$output" == *'docker context "none"'* ]]
	run -1 "$PAVISE_BIN/docker-trust" --config "$PWD/flags" --host ssh://somewhere trust sign --local "$repo:1"
	[[ "$output" == *'engine "ssh://somewhere": expected unix:///PATH or tcp://HOST:PORT'* ]]
	run -125 "$PAVISE_BIN/docker-trust" --nope trust inspect "$repo"
	[[ "$output" == *"nope"* ]]

	# A client that has `trust` itself runs the plugin by another name; newer ones by its own.
	mkdir -p flags/cli-plugins
	ln -s "$PAVISE_BIN/docker-trust" flags/cli-plugins/docker-signing
	ln -s "$PAVISE_BIN/docker-trust" flags/cli-plugins/docker-trust
	for path in "${clients[@]}"; do
		[ "$("$path" --config "$PWD/flags" signing inspect "$repo:1" | jq -r '.[0].SignedTags[0].SignedTag')" = 1 ]
		run -0 --separate-stderr env DOCKER_CONFIG="$PWD/flags" "$path" __completeNoDesc signing s
		[ "$(client_major "$path")" -lt 28 ] || [ "$output" = $'signer\nsign\n:4' ]
		run -0 "$path" --config "$PWD/flags" --help
		[[ "$output" == *"signing"*"Manage trust on Docker images"* ]]
		[ "$("$path" --config "$PWD/flags" trust inspect "$repo:1" | jq -r '.[0].SignedTags[0].SignedTag')" = 1 ]
	done
}
