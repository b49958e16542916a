#!/usr/bin/env bats
# Docker's own clients, every one that is found, against our server: `docker trust` and
# DOCKER_CONTENT_TRUST=1 with a real engine and a real registry (trust.md section 11, item 10).
bats_require_minimum_version 1.5.0
load ../cli/helper
load ../cli/service
load docker

setup() {
	require_engine
	mapfile -t clients < <(docker_clients)
	[ "${#clients[@]}" -gt 0 ]
	start_service
	space=$registry/test$BATS_TEST_NUMBER
}

teardown() {
	stop_service
	stop_process "$BATS_TEST_TMPDIR/tokens"
	stop_process "$BATS_TEST_TMPDIR/notary-server"
}

# use CLIENT: from now on `docker` is this one, with a configuration of its own.
use() {
	client=$1
	major=$(client_major "$1")
	docker_home "$BATS_TEST_TMPDIR/config$major" "$server" "$ca"
	repo=$space/app$major
}

trusted() {
	DOCKER_CONTENT_TRUST=1 "$client" "$@"
}

# signed_repository: $repo with signer alice and tag 1.
signed_repository() {
	cd "$BATS_TEST_TMPDIR"
	rm -f alice.pub
	docker trust key generate alice
	docker trust signer add --key alice.pub alice "$repo"
	load_image "$client" "$repo:1" "one of $major"
	docker trust sign "$repo:1"
}

# forget: removes the images of $repo from the engine.
forget() {
	local ids
	ids=$(docker images -q "$repo" | sort -u)
	# shellcheck disable=SC2086  # a list of ids
	[ -z "$ids" ] || docker rmi -f $ids >/dev/null
}

@test "docker trust says the same to our server as to Debian's notary-server, step by step" {
	start_notary_memory "$BATS_TEST_TMPDIR/notary-server" "${ca%/*}/server.crt" "${ca%/*}/server.key"
	for client in "${clients[@]}"; do
		major=$(client_major "$client")
		for kind in ours theirs; do
			name=$kind$major
			[ $kind = ours ] && url=$server || url=$notary_server
			docker_home "$BATS_TEST_TMPDIR/$name.config" "$url" "$ca"
			for tag in 1 2 10; do load_image "$client" "$registry/$name/app:$tag" $tag; done
			docker tag "$registry/$name/app:1" "$registry/$name/plain:1"
			"$PAVISE_SOURCE/tests/interop/docker-scenario" "$BATS_TEST_TMPDIR/$name" "$registry" \
				"$client" "$client" trust
		done
		diff "$BATS_TEST_TMPDIR/theirs$major/record" "$BATS_TEST_TMPDIR/ours$major/record"
		grep -q '^== .* sign: status 0' "$BATS_TEST_TMPDIR/ours$major/record"
		grep -q '^O|Successfully signed REGISTRY/app:1' "$BATS_TEST_TMPDIR/ours$major/record"
	done
}

@test "docker trust inspect shows signers, tags and keys that pavise shows" {
	for client in "${clients[@]}"; do
		use "$client"
		signed_repository
		digest=$(docker trust inspect "$repo:1" | jq -r '.[0].SignedTags[0].Digest')
		[ "$(docker trust inspect "$repo" | jq -c '[.[0].SignedTags[] | .SignedTag, .Signers]')" = '["1",["alice"]]' ]
		run -0 docker trust inspect --pretty "$repo"
		[[ "$output" == *"SIGNED TAG   DIGEST"*"1            $digest   alice"* ]]
		run -0 pavise verify --json "$repo:1" "${options[@]}" --trust-dir "$BATS_TEST_TMPDIR/reader$major" --tofu
		[[ "$output" == *"\"digest\":\"sha256:$digest\""*'"name":"targets/releases"'*'"name":"targets/alice"'* ]]
	done
}

@test "push, pull, run, create and build with content trust: signed, unsigned, retagged" {
	for client in "${clients[@]}"; do
		use "$client"
		load_image "$client" "$repo:1" "one of $major"
		run -0 trusted push "$repo:1"
		[[ "$output" == *"Finished initializing \"$repo\""*"Successfully signed $repo:1"* ]]
		load_image "$client" "$repo:unsigned" "unsigned of $major"
		docker push "$repo:unsigned"
		forget

		run -0 trusted pull "$repo:1"
		[[ "$output" == *"Pull (1 of 1): $repo:1@sha256:"*"Tagging $repo@sha256:"* ]]
		run -1 trusted pull "$repo:unsigned"
		[[ "$output" == *"o valid trust data for unsigned"* ]]
		run -1 trusted pull "$space/nothing$major:1"
		[[ "$output" == *"remote trust data does not exist for $space/nothing$major: ${server#https://} does not have trust data for $space/nothing$major"* ]]

		run -0 trusted run --rm "$repo:1"
		[[ "$output" == *"one of $major" ]]
		run -125 trusted run --rm "$repo:unsigned"
		[[ "$output" == *"o valid trust data for unsigned"* ]]
		run -0 trusted create "$repo:1"
		docker rm "${lines[-1]}"

		# A tag that the registry moved meanwhile: what was signed is what is pulled.
		docker pull "$repo:unsigned"
		docker tag "$repo:unsigned" "$repo:1"
		docker push "$repo:1"
		forget
		run -0 trusted run --rm "$repo:1"
		[[ "$output" == *"one of $major" ]]
		forget
		run -0 docker run --rm "$repo:1"
		[[ "$output" == *"unsigned of $major" ]]
		forget

		mkdir -p "$BATS_TEST_TMPDIR/context$major"
		printf 'FROM %s:1\nLABEL built=yes\n' "$repo" >"$BATS_TEST_TMPDIR/context$major/Dockerfile"
		run -0 env DOCKER_BUILDKIT=0 DOCKER_CONTENT_TRUST=1 "$client" build -t "$repo:built" "$BATS_TEST_TMPDIR/context$major"
		[[ "$output" == *"FROM $repo@sha256:"* ]]
		run -0 docker run --rm "$repo:built"
		[[ "$output" == *"one of $major" ]]
		printf 'FROM %s:unsigned\n' "$repo" >"$BATS_TEST_TMPDIR/context$major/Dockerfile"
		run -1 env DOCKER_BUILDKIT=0 DOCKER_CONTENT_TRUST=1 "$client" build "$BATS_TEST_TMPDIR/context$major"
		[[ "$output" == *"o valid trust data for unsigned"* ]]
	done
}

@test "what docker trust revoked cannot be pulled; what another client signed can" {
	for client in "${clients[@]}"; do
		use "$client"
		signed_repository
		for other in "${clients[@]}"; do
			docker_home "$BATS_TEST_TMPDIR/reader$major-$(client_major "$other")" "$server" "$ca"
			DOCKER_CONTENT_TRUST=1 "$other" pull "$repo:1"
		done
		use "$client"
		docker trust revoke -y "$repo:1"
		run -1 trusted pull "$repo:1"
		[[ "$output" == *"o valid trust data for 1"* ]]
		docker trust sign --local "$repo:1"
		trusted pull "$repo:1"
	done
}

@test "clients that know the old keys pull after every key was rotated at our server" {
	for client in "${clients[@]}"; do
		use "$client"
		signed_repository
		publisher=$DOCKER_CONFIG
		notary=(notary -s "$server" --tlscacert "$ca" -d "$publisher/trust")
		docker_home "$BATS_TEST_TMPDIR/reader$major" "$server" "$ca"
		trusted pull "$repo:1"
		"${notary[@]}" key rotate "$repo" snapshot -r
		"${notary[@]}" key rotate "$repo" timestamp -r
		trusted pull "$repo:1"
		echo yes | "${notary[@]}" key rotate "$repo" root
		"${notary[@]}" key rotate "$repo" targets
		docker_home "$publisher" "$server" "$ca"
		load_image "$client" "$repo:2" "two of $major"
		docker trust sign "$repo:2"
		docker_home "$BATS_TEST_TMPDIR/reader$major" "$server" "$ca"
		forget
		trusted pull "$repo:1"
		run -0 trusted run --rm "$repo:2"
		[[ "$output" == *"two of $major" ]]
	done
}

# self_signed NAME SUBJECT-ALTERNATIVE: NAME.key and NAME.crt in $BATS_TEST_TMPDIR/tokens.
self_signed() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=$1" \
		-addext "subjectAltName=$2" -keyout "$BATS_TEST_TMPDIR/tokens/$1.key" \
		-out "$BATS_TEST_TMPDIR/tokens/$1.crt" 2>/dev/null
}

# start_with_tokens: our server, which believes a token service that knows alice.
start_with_tokens() {
	local dir=$BATS_TEST_TMPDIR/tokens data=$BATS_TEST_TMPDIR/guarded
	mkdir -p "$dir" "$data"
	self_signed signer DNS:signer
	self_signed tls IP:127.0.0.1
	: >"$dir/port"
	"$PAVISE_SOURCE/tests/interop/token-server" "$dir" --tls >"$dir/port" 2>"$dir/log" 3>&- &
	echo $! >"$dir/pid"
	wait_for "$dir/port" '^[0-9]+$'
	tokens=127.0.0.1:$(cat "$dir/port")
	cat >"$data/service.yaml" <<-YAML
		auth:
		  type: token
		  realm: https://$tokens/token
		  service: notary-test
		  issuer: token-test
		  rootcertbundle: $dir/signer.crt
	YAML
	stop_service
	: >"$data/out"
	pavise serve --config "$data/service.yaml" --listen 127.0.0.1:0 --data "$data" >"$data/out" 2>"$data/log" 3>&- &
	service_pid=$!
	wait_for "$data/out" '^ready https://'
	server=$(sed -n 's/^ready //p' "$data/out")
	ca=$data/tls/ca.crt
}

# token_home DIR [USER:PASSWORD]
token_home() {
	docker_home "$1" "$server" "$ca"
	cat "$BATS_TEST_TMPDIR/tokens/tls.crt" >>"$1/tls/${server#https://}/ca.crt"
	mkdir -p "$1/tls/$tokens"
	cp "$BATS_TEST_TMPDIR/tokens/tls.crt" "$1/tls/$tokens/ca.crt"
	[ -z "${2:-}" ] || echo '{"auths":{"'"$registry"'":{"auth":"'"$(printf %s "$2" | base64)"'"}}}' >"$1/config.json"
}

@test "tokens: the registry's login publishes, everybody reads, others are refused" {
	start_with_tokens
	for client in "${clients[@]}"; do
		for kind in theirs ours; do
			trust=("$client" trust)
			[ $kind = theirs ] || trust=("$PAVISE_BIN/docker-trust" trust)
			name=$kind$(client_major "$client")
			repo=$space/$name
			token_home "$BATS_TEST_TMPDIR/$name" alice:secret
			load_image "$client" "$repo:1" "$name"
			run -0 "${trust[@]}" sign "$repo:1"
			[[ "$output" == *"Created signer: alice"*"Successfully signed $repo:1"* ]]
			token_home "$BATS_TEST_TMPDIR/$name-anonymous"
			trusted pull "$repo:1"
			[ "$("${trust[@]}" inspect "$repo:1" | jq -c '.[0].SignedTags[0].Signers')" = '["alice"]' ]
			cp -r "$BATS_TEST_TMPDIR/$name/trust/private" "$DOCKER_CONFIG/trust/"
			run -1 "${trust[@]}" revoke -y "$repo:1"
			[[ "$output" == *"could not remove signature for $repo:1: "* ]]
			trusted pull "$repo:1"
			token_home "$BATS_TEST_TMPDIR/$name-stranger" mallory:secret
			run -1 "${trust[@]}" signer add --key "$BATS_TEST_TMPDIR/tokens/signer.crt" mallory "$repo-new"
			[[ "$output" == *"ailed to add signer to: $repo-new"* ]]
		done
	done
}
