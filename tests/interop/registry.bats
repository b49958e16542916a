# pavise copy against Debian's docker-registry and beside skopeo.
load ../cli/helper
load registry
bats_require_minimum_version 1.5.0

setup() {
	mkdir "$BATS_TEST_TMPDIR/work"
	cd "$BATS_TEST_TMPDIR/work"
	export TMPDIR="$BATS_TEST_TMPDIR/tmp"
	mkdir "$TMPDIR"
	digest=$("$PAVISE_SOURCE/tests/cli/make-layout" image v1)
}

teardown() {
	stop_started
}

# start_proxy OPTIONS…: sets $proxy, "127.0.0.1:PORT".
start_proxy() {
	: >proxy.port
	"$PAVISE_SOURCE/tests/interop/registry-proxy" "${registry##*:}" proxy.log "$@" >proxy.port 2>proxy.err 3>&- &
	started+=($!)
	wait_for proxy.port '^[0-9]+$'
	proxy="127.0.0.1:$(cat proxy.port)"
}

fails() {
	local expected=$1
	shift
	run --separate-stderr "$@"
	echo "status $status: $stderr"
	[ "$status" -eq "$expected" ]
	[ -z "$output" ]
}

# stored DIGEST: where the registry keeps a blob.
stored() {
	local hex=${1#sha256:}
	echo "$storage/docker/registry/v2/blobs/sha256/${hex:0:2}/$hex/data"
}

flip() {
	python3 -c '
import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[20] ^= 1
open(sys.argv[1], "wb").write(data)' "$1"
}

@test "what we push, skopeo inspects and copies" {
	start_registry
	run --separate-stderr pavise copy oci:image:v1 "docker://$registry/team/app:v1"
	echo "$stderr"
	[ "$status" -eq 0 ]
	[ "$output" = "$digest" ]
	[ "$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$registry/team/app:v1")" = "$digest" ]
	skopeo copy -q --src-tls-verify=false "docker://$registry/team/app:v1" oci:theirs:v1
	diff -r image/blobs theirs/blobs
}

@test "what skopeo pushes, we pull and resolve" {
	start_registry
	skopeo copy -q --dest-tls-verify=false oci:image:v1 "docker://$registry/team/app:v1"
	run --separate-stderr pavise copy "$registry/team/app:v1" oci:ours:v1
	echo "$stderr"
	[ "$output" = "$digest" ]
	diff -r image/blobs ours/blobs
	run --separate-stderr pavise-image resolve "$registry/team/app:v1"
	[ "$output" = "$digest" ]
	run --separate-stderr pavise-image resolve --json "$registry/team/app:v1"
	[ "$output" = '{"digest":"'"$digest"'","size":'"$(stat -c %s "image/blobs/${digest/://}")"',"mediaType":"application/vnd.oci.image.manifest.v1+json"}' ]
}

@test "Docker's schema 2 and manifest lists are kept as they are" {
	start_registry
	skopeo copy -q --format v2s2 --dest-tls-verify=false oci:image:v1 "docker://$registry/a/docker:v1"
	theirs=$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$registry/a/docker:v1")
	run --separate-stderr pavise copy --json "$registry/a/docker:v1" "$registry/b/docker:v1"
	[ "$status" -eq 0 ]
	[[ "$output" == '{"digest":"'"$theirs"'",'*'"application/vnd.docker.distribution.manifest.v2+json"}' ]]
	[ "$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$registry/b/docker:v1")" = "$theirs" ]
}

@test "an index goes there and back; --platform takes one" {
	start_registry
	index=$("$PAVISE_SOURCE/tests/cli/make-layout" both v1 index)
	pavise copy --quiet --all oci:both:v1 "$registry/team/both:v1"
	run --separate-stderr pavise copy --all "$registry/team/both:v1" oci:back:v1
	[ "$output" = "$index" ]
	diff -r both/blobs back/blobs
	run --separate-stderr pavise copy --platform linux/arm64 "$registry/team/both:v1" oci:arm:v1
	[ "$(skopeo inspect --config oci:arm:v1 | jq -r .architecture)" = arm64 ]
}

@test "registry to archives: skopeo reads both" {
	start_registry
	pavise copy --quiet oci:image:v1 "$registry/team/app:v1"
	pavise copy --quiet "$registry/team/app:v1" oci-archive:oci.tar:v1
	[ "$(skopeo inspect --format '{{.Digest}}' oci-archive:oci.tar)" = "$digest" ]
	pavise copy --quiet "$registry/team/app:v1" docker-archive:docker.tar
	[ "$(skopeo inspect --format '{{.Architecture}}' docker-archive:docker.tar)" = amd64 ]
	pavise copy --quiet docker-archive:docker.tar "$registry/team/again:v1"
	pavise copy --quiet "$registry/team/again:v1" oci:again:v1
	[ -z "$(ls -A "$TMPDIR")" ]
	[ -z "$(ls -A | grep pavise-copy)" ]
}

@test "inside one registry blobs are mounted, not moved" {
	start_registry
	pavise copy --quiet oci:image:v1 "$registry/team/app:v1"
	start_proxy
	run --separate-stderr pavise copy "$proxy/team/app:v1" "$proxy/other/app:v2"
	echo "$stderr"
	[ "$output" = "$digest" ]
	grep -q "^POST /v2/other/app/blobs/uploads/?mount=.* 201$" proxy.log
	[ "$(grep -c '^GET .*/blobs/\|^PUT .*/blobs/\|^PATCH' proxy.log)" = 0 ]
	[ "$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$registry/other/app:v2")" = "$digest" ]
}

@test "a second push sends no blob again" {
	start_registry
	pavise copy --quiet oci:image:v1 "$registry/team/app:v1"
	start_proxy
	pavise copy --quiet oci:image:v1 "$proxy/team/app:v2"
	[ "$(grep -c '^HEAD .*/blobs/.* 200$' proxy.log)" = 3 ]
	! grep -q '^PUT .*/blobs/\|^POST' proxy.log
}

@test "a flipped bit in the registry's storage is refused: layer, configuration, manifest" {
	start_registry
	pavise copy --quiet oci:image:v1 "$registry/team/app:v1"
	layer=$(jq -r '.layers[1].digest' "image/blobs/${digest/://}")
	flip "$(stored "$layer")"
	for target in oci:none:v1 oci-archive:none docker-archive:none; do
		fails 1 pavise copy "$registry/team/app:v1" "$target"
		[[ "$stderr" == *"blob $layer was changed: its bytes have the digest sha256:"* ]]
		[ ! -e none ]
		[ -z "$(ls -A | grep pavise-copy)" ]
	done
	flip "$(stored "$layer")"
	pavise copy --quiet "$registry/team/app:v1" oci:good:v1
	flip "$(stored "$digest")"
	fails 1 pavise copy "$registry/team/app@$digest" oci:none:v1
	[[ "$stderr" == *"$registry/team/app: manifest $digest was changed: its bytes have the digest sha256:"* ]]
	fails 1 pavise copy "$registry/team/app:v1" oci:none:v1
	[[ "$stderr" == *"$registry/team/app: the manifest was changed: the registry names $digest, its bytes have the digest sha256:"* ]]
	fails 1 pavise-image resolve "$registry/team/app:v1"
	[ ! -e none ]
}

@test "a flipped bit in a layer of ours never becomes a blob of the registry" {
	start_registry
	layer=$(jq -r '.layers[1].digest' "image/blobs/${digest/://}")
	flip "image/blobs/${layer/://}"
	fails 1 pavise copy oci:image:v1 "$registry/team/app:v1"
	[[ "$stderr" == *"blob $layer was changed"* ]]
	[ ! -e "$(stored "$layer")" ]
	fails 3 pavise-image resolve "$registry/team/app:v1"
	[[ "$stderr" == *"$registry/team/app: no manifest v1 in the registry (MANIFEST_UNKNOWN: manifest unknown)"* ]]
}

@test "--digest and a reference's digest refuse a tag that moved" {
	start_registry
	pavise copy --quiet oci:image:v1 "$registry/team/app:v1"
	other=$("$PAVISE_SOURCE/tests/cli/make-layout" both v1 index)
	fails 3 pavise copy --digest "$other" "$registry/team/app:v1" oci:none:v1
	[[ "$stderr" == *"no manifest $other in the registry"* ]]
	pavise copy --quiet --digest "$digest" "$registry/team/app:v1" oci:good:v1
	fails 1 pavise copy oci:image:v1 "$registry/team/app:v2@$other"
	[[ "$stderr" == *"the destination names another digest than the source has"* ]]
	fails 3 pavise-image resolve "$registry/team/app:v2"
}

@test "a line that breaks again and again costs no byte twice" {
	start_registry
	pavise copy --quiet oci:image:v1 "$registry/team/app:v1"
	start_proxy --cut 60
	run --separate-stderr pavise copy "$proxy/team/app:v1" oci:ours:v1
	echo "$stderr"
	[ "$output" = "$digest" ]
	diff -r image/blobs ours/blobs
	grep -q ' bytes=60- 206$' proxy.log
	grep -q ' bytes=120- 206$' proxy.log
	[ -z "$(ls ours/ingest | grep -v '^lock$')" ]
}

@test "a copy that was killed goes on where it ended" {
	start_registry
	pavise copy --quiet oci:image:v1 "$registry/team/app:v1"
	layer=$(jq -r '.layers[1].digest' "image/blobs/${digest/://}")
	mkdir -p ours/ingest ours/blobs/sha256
	head -c 50 "image/blobs/${layer/://}" >"ours/ingest/${layer/:/-}"
	start_proxy
	run --separate-stderr pavise copy "$proxy/team/app:v1" oci:ours:v1
	[ "$output" = "$digest" ]
	grep -q "/blobs/$layer bytes=50- 206$" proxy.log
	diff -r image/blobs ours/blobs
}

@test "a wrong beginning that was left behind is found by the digest" {
	start_registry
	pavise copy --quiet oci:image:v1 "$registry/team/app:v1"
	layer=$(jq -r '.layers[1].digest' "image/blobs/${digest/://}")
	mkdir -p ours/ingest ours/blobs/sha256
	head -c 50 /dev/zero >"ours/ingest/${layer/:/-}"
	fails 1 pavise copy --quiet "$registry/team/app:v1" oci:ours:v1
	[[ "$stderr" == *"blob $layer was changed"* ]]
	[ ! -e "ours/ingest/${layer/:/-}" ]
	pavise copy --quiet "$registry/team/app:v1" oci:ours:v1
	diff -r image/blobs ours/blobs
}

@test "blobs come several at a time; a bit flipped on the way is refused" {
	start_registry
	pavise copy --quiet oci:image:v1 "$registry/team/app:v1"
	start_proxy --slow 0.5
	pavise copy --quiet "$proxy/team/app:v1" oci:ours:v1
	grep -qx "at once 3" proxy.log
	start_proxy --flip
	fails 1 pavise copy --quiet "$proxy/team/app:v1" oci:none:v1
	[[ "$stderr" == *" was changed: its bytes have the digest sha256:"* ]]
	[ ! -e none ]
}

@test "a registry that demands a password: none, a wrong one, the right one" {
	htpasswd -Bbn user secret >htpasswd
	start_registry "$PWD/htpasswd"
	fails 1 pavise copy oci:image:v1 "$registry/team/app:v1"
	[[ "$stderr" == "pavise copy: http://$registry/v2/: credentials are demanded; log in with \`docker login\`" ]]
	mkdir "$HOME/.docker"
	printf '{"auths":{"%s":{"auth":"%s"}}}' "$registry" "$(printf user:wrong | base64)" >"$HOME/.docker/config.json"
	fails 1 pavise copy oci:image:v1 "$registry/team/app:v1"
	[[ "$stderr" == *"the credentials were refused; log in with \`docker login\`" ]]
	printf '{"auths":{"%s":{"auth":"%s"}}}' "$registry" "$(printf user:secret | base64)" >"$HOME/.docker/config.json"
	pavise copy --quiet oci:image:v1 "$registry/team/app:v1"
	[ "$(skopeo inspect --tls-verify=false --creds user:secret --format '{{.Digest}}' "docker://$registry/team/app:v1")" = "$digest" ]
	pavise copy --quiet "$registry/team/app:v1" oci:ours:v1
	diff -r image/blobs ours/blobs
}

@test "a registry with tokens: none, a wrong password, the right one, another host's realm" {
	start_registry
	start_proxy --token user:secret
	fails 1 pavise copy oci:image:v1 "$proxy/team/app:v1"
	[[ "$stderr" == *"the token service demands credentials; log in with \`docker login\`" ]]
	mkdir "$HOME/.docker"
	printf '{"auths":{"%s":{"auth":"%s"}}}' "$proxy" "$(printf user:wrong | base64)" >"$HOME/.docker/config.json"
	fails 1 pavise copy oci:image:v1 "$proxy/team/app:v1"
	[[ "$stderr" == *"the token service refused the credentials; log in with \`docker login\`" ]]
	printf '{"auths":{"%s":{"auth":"%s"}}}' "$proxy" "$(printf user:secret | base64)" >"$HOME/.docker/config.json"
	pavise copy --quiet oci:image:v1 "$proxy/team/app:v1"
	grep -q '^GET /token?account=user&scope=repository%3Ateam%2Fapp%3Apull%2Cpush&service=test' proxy.log
	[ "$(skopeo inspect --tls-verify=false --format '{{.Digest}}' "docker://$registry/team/app:v1")" = "$digest" ]
	start_proxy --token user:secret --realm https://collector.example/token
	printf '{"auths":{"%s":{"auth":"%s"}}}' "$proxy" "$(printf user:secret | base64)" >"$HOME/.docker/config.json"
	fails 1 pavise copy "$proxy/team/app:v1" oci:none:v1
	[[ "$stderr" == *"its token service 'https://collector.example/token' is another host's: the credentials are not sent there"* ]]
	[ ! -e none ]
}

@test "credentials come from a helper as docker login leaves them" {
	htpasswd -Bbn user secret >htpasswd
	start_registry "$PWD/htpasswd"
	mkdir bin "$HOME/.docker"
	cat >bin/docker-credential-test <<-'END'
		#!/bin/sh
		read -r server
		printf '{"ServerURL":"%s","Username":"user","Secret":"secret"}' "$server"
	END
	chmod +x bin/docker-credential-test
	printf '{"credHelpers":{"%s":"test"}}' "$registry" >"$HOME/.docker/config.json"
	PATH="$PWD/bin:$PATH" run --separate-stderr pavise copy oci:image:v1 "$registry/team/app:v1"
	echo "$stderr"
	[ "$output" = "$digest" ]
}

@test "a registry with TLS: another authority is refused, --tlscacert is believed" {
	openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost \
		-addext subjectAltName=IP:127.0.0.1 2>/dev/null
	start_registry
	kill "${started[0]}"
	wait "${started[0]}" || true
	sed -i "/addr:/a\\  tls: { certificate: $PWD/cert.pem, key: $PWD/key.pem }" "$registry_config"
	restart_registry
	fails 3 pavise copy oci:image:v1 "$registry/team/app:v1"
	run --separate-stderr pavise copy --tlscacert cert.pem oci:image:v1 "$registry/team/app:v1"
	echo "$stderr"
	[ "$output" = "$digest" ]
	run --separate-stderr pavise-image resolve --ca cert.pem "$registry/team/app:v1"
	[ "$output" = "$digest" ]
}
