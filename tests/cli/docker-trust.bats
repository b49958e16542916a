# The plugin docker-trust without Docker: its contract with the docker client, its messages, and
# engines that lie. Beside the real clients and engine it is in tests/interop/docker-trust.bats.
bats_require_minimum_version 1.5.0
load helper
load service

setup() {
	cd "$BATS_TEST_TMPDIR"
	export DOCKER_CONFIG=$BATS_TEST_TMPDIR/config PAVISE_AUDIT=$BATS_TEST_TMPDIR/audit.jsonl
	mkdir "$DOCKER_CONFIG"
	trust=("$PAVISE_BIN/docker-trust" trust)
	repo=127.0.0.1:5/app
}

teardown() {
	stop_service
	[ -z "${engine_pid:-}" ] || kill "$engine_pid" 2>/dev/null || true
}

with_service() {
	start_service
	mkdir -p "$DOCKER_CONFIG/tls/${server#https://}"
	cp "$ca" "$DOCKER_CONFIG/tls/${server#https://}/ca.crt"
	export DOCKER_CONTENT_TRUST_SERVER=$server
}

# engine MODE
engine() {
	[ -z "${engine_pid:-}" ] || kill "$engine_pid"
	rm -f engine.sock engine.out
	"$PAVISE_SOURCE/tests/cli/fake-engine" engine.sock "$1" >engine.out 2>&1 3>&- &
	engine_pid=$!
	wait_for engine.out '^ready$'
	export DOCKER_HOST=unix://$PWD/engine.sock
}

@test "docker asks a plugin what it is, and gets the answer of the contract" {
	run -0 --separate-stderr "$PAVISE_BIN/docker-trust" docker-cli-plugin-metadata
	[ "$(jq -r '.SchemaVersion, .Vendor, .ShortDescription' <<<"$output" | paste -sd'|')" = "0.1.0|Pavise|Manage trust on Docker images" ]
	[ "$(jq -r .Version <<<"$output")" = "$(pavise --version | cut -d' ' -f2)" ]
	[ -z "$stderr" ]
}

@test "the plugin holds keys and links no HTTP" {
	[ -z "$(ldd "$PAVISE_BIN/docker-trust" | grep -E 'curl|sqlite|microhttpd|gnutls')" ]
}

@test "run by hand, by docker, and asked for help" {
	run -0 "$PAVISE_BIN/docker-trust" --help
	[[ "$output" == "Usage:  docker trust COMMAND"* ]]
	by_hand=$output
	run -0 "${trust[@]}" --help
	[ "$output" = "$by_hand" ]
	run -0 "${trust[@]}" help signer add
	[[ "$output" == "Usage:  docker trust signer add OPTIONS NAME REPOSITORY"* ]]
	run -0 "$PAVISE_BIN/docker-trust" --config "$DOCKER_CONFIG" -D trust sign --help
	[[ "$output" == "Usage:  docker trust sign IMAGE:TAG"* ]]
	run -0 "$PAVISE_BIN/docker-trust" --version
	[[ "$output" == "docker-trust "* ]]
	run -125 "${trust[@]}" revoke --nope x
	[[ "${lines[0]}" == "unknown flag: --nope" ]]
	run -1 "${trust[@]}" sign
	[[ "${lines[0]}" == "docker: 'docker trust sign' requires 1 argument" ]]
}

@test "shells complete commands and flags as docker asks" {
	completes() {
		run -0 "$PAVISE_BIN/docker-trust" __complete trust "$@"
		[ "$(paste -sd' ' <<<"$output")" = "$expected" ] || { echo "$*: $output"; false; }
	}
	expected="key signer sign inspect revoke :4" completes ""
	expected="signer sign :4" completes si
	expected="generate load :4" completes key ""
	expected="remove :4" completes signer r
	expected="--yes :4" completes revoke -
	expected=":4" completes inspect ""
	expected=":0" completes key load ""
}

@test "an installed plugin finds its parts through docker's directory and a link in the home" {
	with_service
	meson install -C "$PAVISE_BIN/../.." --no-rebuild --quiet --destdir "$PWD/root" >/dev/null
	plugin=$PWD/root/usr/local/libexec/docker/cli-plugins/docker-trust
	[ -x "$plugin" ]
	mkdir "$DOCKER_CONFIG/cli-plugins"
	ln -s "$plugin" "$DOCKER_CONFIG/cli-plugins/docker-trust"
	"$plugin" trust key generate alice
	run -0 "$DOCKER_CONFIG/cli-plugins/docker-trust" trust signer add --key alice.pub alice "$repo"
	[[ "$output" == *"Successfully added signer: alice to $repo"* ]]
}

@test "what an engine pushed is signed: its tag's digest, no other's" {
	with_service
	for mode in good stranger; do
		engine $mode
		"${trust[@]}" sign --local "$repo:1"
		[ "$("${trust[@]}" inspect "$repo" | jq -c '[.[0].SignedTags[] | [.SignedTag, .Digest]]')" = \
			"[[\"1\",\"$(printf '4e%.0s' $(seq 32))\"]]" ]
	done
	run -0 pavise verify --json "$repo:1" "${options[@]}" --trust-dir reader --tofu
	[ "$(jq .size <<<"$output")" = 527 ]
}

@test "credentials of the registry, and no others, go to the engine" {
	with_service
	echo '{"auths":{"127.0.0.1:5":{"auth":"'"$(printf carol:secret | base64)"'"},"other.example":{"auth":"'"$(printf eve:other | base64)"'"}}}' >"$DOCKER_CONFIG/config.json"
	engine good
	run -0 "${trust[@]}" sign "$repo:1"
	[[ "$output" == *"Created signer: carol"* ]]
	grep -qF 'POST /images/127.0.0.1:5/app/push?tag=1 HTTP/1.1 {"username":"carol","password":"secret","serveraddress":"127.0.0.1:5"}' engine.sock.log
	run -1 grep -q eve engine.sock.log
	run -1 grep -rq secret "$PAVISE_AUDIT" "$DOCKER_CONFIG/trust"
}

@test "an engine that lies, breaks off or floods signs nothing" {
	with_service
	declare -A says=(
		[two]="the engine names two digests for 1"
		[silent]="the engine does not say which digest it pushed"
		[error]='denied: \x1b[2Jno'
		[garbage]="the engine's message"
		[long]="a message of the engine is longer than 65536 bytes"
		[over]="the answer is longer than the 33554432 bytes expected"
		[closed]="broke off"
		[denied]='Error response from daemon: authentication\x1b[2J required'
	)
	for mode in "${!says[@]}"; do
		engine "$mode"
		# The end is enough: one mode floods.
		run -1 bash -o pipefail -c '"$@" 2>&1 | tail -c 4096' sign "${trust[@]}" sign "$repo:1"
		echo "$mode: $output"
		[[ "$output" == *"${says[$mode]}"* ]]
		[[ "$output" != *$'\e'* && "$output" != *"Successfully signed"* ]]
		run -1 "${trust[@]}" inspect "$repo:1"
	done
	engine full
	"${trust[@]}" sign "$repo:1" >/dev/null
	engine forge
	run -0 "${trust[@]}" sign --local "$repo:1"
	[[ "$output" != *$'\e'* ]]
	[ "$("${trust[@]}" inspect "$repo:1" | jq -r '.[0].SignedTags[0].Digest')" = "$(printf '4e%.0s' $(seq 32))" ]
}

@test "passphrases do not reach what the plugin starts, credential helpers among it" {
	with_service
	engine good
	mkdir bin
	cat >bin/docker-credential-dump <<-END
		#!/bin/sh
		tr '\\0' '\\n' </proc/\$PPID/environ >>$PWD/dump
		env >>$PWD/dump
		echo "credentials not found in native keychain"
		exit 1
	END
	chmod +x bin/docker-credential-dump
	PATH=$PWD/bin:$PATH
	echo '{"credsStore":"dump"}' >"$DOCKER_CONFIG/config.json"
	"${trust[@]}" sign "$repo:1"
	grep -q '^DOCKER_CONFIG=' dump
	run -1 grep -E "(root|repository) passphrase" dump
}

@test "a wrong passphrase signs nothing" {
	with_service
	engine good
	"${trust[@]}" key generate alice
	"${trust[@]}" signer add --key alice.pub alice "$repo"
	run -1 env DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE="another one" "${trust[@]}" sign "$repo:1"
	[[ "$output" == *"failed to sign $repo:1: "*passphrase* ]]
	[ "$("${trust[@]}" inspect "$repo" | jq -c '.[0].SignedTags')" = "[]" ]
	"${trust[@]}" sign "$repo:1"
	run -1 env DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE="another one" "${trust[@]}" revoke "$repo:1"
	[[ "$output" == *"could not remove signature for $repo:1: "*passphrase* ]]
	[ "$("${trust[@]}" inspect "$repo" | jq -r '.[0].SignedTags[0].SignedTag')" = 1 ]
}

@test "an empty passphrase in the environment is none" {
	run -1 setsid env DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE= NOTARY_DELEGATION_PASSPHRASE= "${trust[@]}" key generate alice
	[[ "$output" == *"failed to generate key for alice: "*"DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE"* ]]
	[ ! -e alice.pub ]
	[ -z "$(ls -A "$DOCKER_CONFIG/trust/private" 2>/dev/null)" ]
}

@test "key load: encrypted files of OpenSSL are opened, and what they hold signs" {
	with_service
	engine good
	openssl ecparam -name prime256v1 -genkey -noout -out plain.pem
	openssl ec -in plain.pem -pubout -out dave.pub 2>/dev/null
	openssl pkcs8 -topk8 -v2prf hmacWithSHA1 -in plain.pem -passout "pass:repository passphrase" -out encrypted.pem
	chmod 600 encrypted.pem
	"${trust[@]}" key load encrypted.pem --name dave
	"${trust[@]}" signer add --key dave.pub dave "$repo"
	"${trust[@]}" sign "$repo:1"
	[ "$("${trust[@]}" inspect "$repo" | jq -c '.[0].SignedTags[0].Signers')" = '["dave"]' ]
	run -1 env DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE="another one" "${trust[@]}" key load encrypted.pem --name erin
	[[ "$output" == *"error importing key from encrypted.pem: cannot load key from provided file encrypted.pem: could not decrypt key"* ]]
}

@test "delegations without a key here: refused, and targets is left alone" {
	with_service
	engine good
	"${trust[@]}" key generate alice
	"${trust[@]}" signer add --key alice.pub alice "$repo"
	rm "$DOCKER_CONFIG"/trust/private/"$("${trust[@]}" inspect "$repo" | jq -r '.[0].Signers[0].Keys[0].ID')".key
	run -1 "${trust[@]}" sign "$repo:1"
	[[ "$output" == *"failed to sign $repo:1: no valid signing keys for delegation roles"* ]]
	[ "$("${trust[@]}" inspect "$repo" | jq -c '.[0].SignedTags')" = "[]" ]
}

@test "server gone: inspect serves the cache and says so; sign fails; nothing known is an error" {
	with_service
	engine good
	"${trust[@]}" sign "$repo:1"
	"${trust[@]}" inspect "$repo:1"
	stop_service
	run -0 --separate-stderr "${trust[@]}" inspect "$repo:1"
	[ "$(jq -r '.[0].SignedTags[0].SignedTag' <<<"$output")" = 1 ]
	[[ "$stderr" == *"using cached trust data - this might not be the latest version available remotely"* ]]
	run -1 "${trust[@]}" sign "$repo:1"
	[[ "$output" == *"failed to sign $repo:1: "* ]]
	run -1 --separate-stderr "${trust[@]}" inspect "$repo-other"
	[ "$output" = "[]" ]
	[[ "$stderr" == *"no signatures or cannot access $repo-other" ]]
}
