# pavise copy without a network: layouts and archives, and what is refused.
load helper
bats_require_minimum_version 1.5.0

setup() {
	mkdir "$BATS_TEST_TMPDIR/work"
	cd "$BATS_TEST_TMPDIR/work"
	digest=$("$PAVISE_SOURCE/tests/cli/make-layout" image v1)
	manifest="image/blobs/${digest/://}"
}

# layer_of MANIFEST INDEX: the path of a layer's blob in ./image.
layer_of() {
	python3 -c '
import json, sys
print("image/blobs/" + json.load(open(sys.argv[1]))["layers"][int(sys.argv[2])]["digest"].replace(":", "/"))' "$@"
}

# flip FILE [OFFSET]: changes one bit, not the length.
flip() {
	python3 -c '
import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[int(sys.argv[2])] ^= 1
open(sys.argv[1], "wb").write(data)' "$1" "${2:-20}"
}

fails() {
	local expected=$1
	shift
	run --separate-stderr "$@"
	echo "status $status: $stderr"
	[ "$status" -eq "$expected" ]
	[ -z "$output" ]
}

@test "layout to layout keeps every digest" {
	run --separate-stderr pavise copy oci:image:v1 oci:other:v2
	[ "$status" -eq 0 ]
	[ "$output" = "$digest" ]
	diff -r image/blobs other/blobs
	[ "$(skopeo inspect --format '{{.Digest}}' oci:other:v2)" = "$digest" ]
}

@test "--json says digest, size and media type" {
	run --separate-stderr pavise copy --json oci:image:v1 oci:other:v2
	[ "$output" = '{"digest":"'"$digest"'","size":'"$(stat -c %s "$manifest")"',"mediaType":"application/vnd.oci.image.manifest.v1+json"}' ]
}

@test "layout to OCI archive and back keeps every digest; the same bytes twice" {
	pavise copy --quiet oci:image:v1 oci-archive:one.tar:v1
	pavise copy --quiet oci:image:v1 oci-archive:two.tar:v1
	cmp one.tar two.tar
	run --separate-stderr pavise copy oci-archive:one.tar oci:back:v1
	[ "$output" = "$digest" ]
	diff -r image/blobs back/blobs
	[ "$(skopeo inspect --format '{{.Digest}}' oci-archive:one.tar)" = "$digest" ]
}

@test "layout to docker archive keeps the configuration and the tars" {
	pavise copy --quiet oci:image:v1 docker-archive:image.tar:registry.example/a/b:v1
	config=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["config"]["digest"][7:])' "$manifest")
	[ "$(tar -xOf image.tar manifest.json | jq -r '.[0].Config, .[0].RepoTags[0]')" = "$config.json
registry.example/a/b:v1" ]
	tar -tf image.tar | grep -qx "$config.json"
	skopeo copy -q docker-archive:image.tar oci:by-skopeo:x
	run --separate-stderr pavise copy docker-archive:image.tar oci:back:v1
	[ "$status" -eq 0 ]
	cmp "image/blobs/sha256/$config" "back/blobs/sha256/$config"
}

@test "an archive on standard input" {
	pavise copy --quiet oci:image:v1 oci-archive:one.tar:v1
	run --separate-stderr pavise copy - oci:back:v1 <one.tar
	[ "$output" = "$digest" ]
	pavise copy --quiet oci:image:v1 docker-archive:two.tar
	run --separate-stderr bash -c 'cat two.tar | pavise copy - oci:docker:v1'
	[ "$status" -eq 0 ]
}

@test "sha512 digests survive archives, whose names are longer than a tar header has room for" {
	long=$("$PAVISE_SOURCE/tests/cli/make-layout" long v1 sha512)
	pavise copy --quiet oci:long:v1 oci-archive:long.tar:v1
	tar -tf long.tar | grep -qx "blobs/${long/://}"
	run --separate-stderr pavise copy oci-archive:long.tar oci:back:v1
	[ "$output" = "$long" ]
	diff -r long/blobs/sha512 back/blobs/sha512
	pavise copy --quiet oci:long:v1 docker-archive:docker.tar
	run --separate-stderr pavise copy docker-archive:docker.tar oci:again:v1
	[ "$status" -eq 0 ]
}

@test "an index is copied whole; --platform takes one of it" {
	index=$("$PAVISE_SOURCE/tests/cli/make-layout" both v1 index)
	run --separate-stderr pavise copy oci:both:v1 oci:whole:v1
	[ "$output" = "$index" ]
	diff -r both/blobs whole/blobs
	run --separate-stderr pavise copy --platform linux/arm64 oci:both:v1 oci:arm:v1
	[ "$status" -eq 0 ]
	[ "$output" != "$index" ]
	[ "$(jq -r .architecture "arm/blobs/$(jq -r .config.digest "arm/blobs/${output/://}" | tr : /)")" = arm64 ]
	fails 3 pavise copy --platform linux/s390x oci:both:v1 oci:none:v1
	[[ "$stderr" == *"no image for linux/s390x in the index; it has: linux/amd64, linux/arm64"* ]]
	[ ! -e none ]
	fails 2 pavise copy --platform amd64 oci:both:v1 oci:none:v1
	[[ "$stderr" == *"platform 'amd64': not os/architecture[/variant]"* ]]
	fails 2 pavise copy --all oci:both:v1 docker-archive:none.tar
	[[ "$stderr" == *"a docker archive holds one platform only: --all cannot be kept"* ]]
}

@test "--digest refuses another manifest" {
	other="sha256:$(printf '%064d' 0)"
	pavise copy --quiet --digest "$digest" oci:image:v1 oci:good:v1
	fails 1 pavise copy --digest "$other" oci:image:v1 oci:none:v1
	[[ "$stderr" == *"the source names the manifest $digest, not $other"* ]]
	[ ! -e none ]
	pavise copy --quiet oci:image:v1 oci-archive:image.tar
	pavise copy --quiet --digest "$digest" oci-archive:image.tar oci:good2:v1
	fails 1 pavise copy --digest "$other" oci-archive:image.tar oci:none:v1
	fails 1 pavise copy --digest "$other" "docker://localhost:1/a@$digest" oci:none:v1
	[ ! -e none ]
	fails 1 pavise copy --digest sha256:12 oci:image:v1 oci:none:v1
	[[ "$stderr" == *"--digest: "* ]]
}

@test "a flipped bit in the manifest is refused and nothing written" {
	flip "$manifest"
	for target in oci:none:v1 oci-archive:none docker-archive:none; do
		fails 1 pavise copy oci:image:v1 "$target"
		[[ "$stderr" == *"manifest $digest was changed: its bytes have the digest sha256:"* ]]
		[ ! -e none ]
	done
	[ "$(ls -A)" = image ]
}

@test "a flipped bit in a layer is refused and nothing written" {
	layer=$(layer_of "$manifest" 1)
	flip "$layer" 8
	for target in oci:none:v1 oci-archive:none docker-archive:none; do
		fails 1 pavise copy oci:image:v1 "$target"
		[[ "$stderr" == *"blob sha256:${layer##*/} was changed: its bytes have the digest sha256:"* ]]
		[ ! -e none ]
	done
	[ "$(ls -A)" = image ]
}

@test "a flipped bit in the configuration is refused" {
	config=$(jq -r .config.digest "$manifest")
	flip "image/blobs/${config/://}"
	fails 1 pavise copy oci:image:v1 oci:none:v1
	[[ "$stderr" == *"blob $config was changed"* ]]
	[ ! -e none ]
}

@test "a truncated layer is refused" {
	layer=$(layer_of "$manifest" 1)
	truncate -s -1 "$layer"
	fails 1 pavise copy oci:image:v1 oci:none:v1
	[[ "$stderr" == *"bytes, its descriptor says "* ]]
	[ ! -e none ]
}

@test "a flipped bit inside archives is refused" {
	layer=$(layer_of "$manifest" 1)
	pavise copy --quiet oci:image:v1 oci-archive:image.tar
	at=$(python3 -c '
import sys
print(open("image.tar", "rb").read().index(open(sys.argv[1], "rb").read()) + 8)' "$layer")
	flip image.tar "$at"
	fails 1 pavise copy oci-archive:image.tar oci:none:v1
	[[ "$stderr" == *"blob sha256:${layer##*/} was changed"* ]]
	pavise copy --quiet oci:image:v1 docker-archive:docker.tar
	at=$(python3 -c 'print(open("docker.tar", "rb").read().index(b"amd64amd64"))')
	flip docker.tar "$at"
	fails 1 pavise copy docker-archive:docker.tar oci:none:v1
	[[ "$stderr" == *"was changed: its bytes have the digest sha256:"* ]]
	[ ! -e none ]
}

@test "a refused copy leaves an existing layout and archive as they were" {
	"$PAVISE_SOURCE/tests/cli/make-layout" other v1 sha512 >before
	cp other/index.json index.json
	echo old >old.tar
	flip "$(layer_of "$manifest" 1)" 8
	fails 1 pavise copy oci:image:v1 oci:other:v2
	cmp other/index.json index.json
	[ -z "$(ls other/ingest | grep -v '^lock$')" ]
	fails 1 pavise copy oci:image:v1 oci-archive:old.tar
	[ "$(cat old.tar)" = old ]
}

@test "a name in a layout moves to the newer image, others stay" {
	pavise copy --quiet oci:image:v1 oci:other:a
	"$PAVISE_SOURCE/tests/cli/make-layout" both v1 index >index
	pavise copy --quiet oci:image:v1 oci:other:b
	pavise copy --quiet oci:both:v1 oci:other:a
	[ "$(jq -r '.manifests[] | .annotations["org.opencontainers.image.ref.name"] + " " + .digest' other/index.json | sort)" = "a $(cat index)
b $digest" ]
	fails 2 pavise copy oci:other oci:none:v1
	[[ "$stderr" == *"other: holds 2 images; name one of: b, a"* ]]
	fails 3 pavise copy oci:other:c oci:none:v1
	[[ "$stderr" == *"other: no image 'c'; it has: b, a"* ]]
}

@test "usage errors say what is expected" {
	fails 2 pavise copy oci:image:v1
	[[ "$stderr" == *"expected SOURCE and DESTINATION; try \`pavise copy --help\`"* ]]
	fails 2 pavise copy --frobnicate oci:image:v1 oci:none:v1
	[[ "$stderr" == *"Unknown option --frobnicate"* ]]
	fails 2 pavise copy dir:/tmp oci:none:v1
	[[ "$stderr" == *"the source is no image: "* ]]
	fails 2 pavise copy oci:image:v1 sbom:x
	[[ "$stderr" == *"the destination cannot hold an image: "* ]]
	fails 2 pavise copy oci:image:v1 -
	fails 2 pavise copy oci: oci:none:v1
	[[ "$stderr" == *"source 'oci:': no path after 'oci:'"* ]]
	fails 2 pavise copy oci:image:v1 "oci:none@$digest"
	[[ "$stderr" == *"a layout's image gets a name, not a digest"* ]]
	mkdir full && touch full/precious
	fails 2 pavise copy oci:image:v1 oci:full:v1
	[[ "$stderr" == *"full: neither an OCI layout nor empty: it holds 'precious'"* ]]
	[ "$(ls full)" = precious ]
}

@test "an unreachable registry is status 3, by copy and resolve" {
	port=$(free_port)
	fails 3 pavise copy "docker://127.0.0.1:$port/a:v1" oci:none:v1
	[[ "$stderr" == *"check the address and the network, then try again"* ]]
	fails 3 pavise-image resolve "127.0.0.1:$port/a:v1"
	fails 2 pavise-image resolve
	[[ "$stderr" == *"expected one REFERENCE"* ]]
	fails 1 pavise-image resolve Not/A/Name
	[ ! -e none ]
}
