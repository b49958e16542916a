#!/usr/bin/env bats
# Input that wants all memory: each gets a sentence, and the process that met it stays small.
bats_require_minimum_version 1.5.0
load ../cli/helper
load ../cli/service
load liar

setup() {
	export PAVISE_AUDIT=$BATS_TEST_TMPDIR/audit
	# Sanitizers keep freed memory for a while and shadows of all of it.
	limit_kib=$((400 * 1024))
	if ldd "$PAVISE_BIN/pavised" | grep -q libasan; then limit_kib=$((1600 * 1024)); fi
}

teardown() {
	stop_liar
	stop_service
}

# small STATUS COMMAND…: it ends with STATUS, in bounds; its words are in $output.
small() {
	local wanted=$1
	shift
	run --separate-stderr python3 -c '
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:], stderr=subprocess.STDOUT).returncode
print("peak", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(status)' "$@"
	echo "$output"
	[ "$status" -eq "$wanted" ]
	peak=$(sed -n 's/^peak //p' <<<"$stderr")
	echo "$peak KiB at most"
	[ "$peak" -lt "$limit_kib" ]
}

nested() {
	python3 -c 'import sys; sys.stdout.write("[" * (100 << 20))'
}

@test "100 MB of nesting as trust metadata, from the server and in the cache" {
	gun=localhost:5000/lab/app
	start_service
	nested >"$BATS_TEST_TMPDIR/nested"
	echo nested >"$BATS_TEST_TMPDIR/mode"
	start_liar "$BATS_TEST_TMPDIR/mode"
	small 1 pavise verify $gun:v1 "${liar[@]}" --trust-dir "$BATS_TEST_TMPDIR/reader" --tofu
	[[ "$output" == *"nested deeper than 64"* ]]
	mkdir -p "$BATS_TEST_TMPDIR/trust/tuf/$gun/metadata"
	cp "$BATS_TEST_TMPDIR/nested" "$BATS_TEST_TMPDIR/trust/tuf/$gun/metadata/root.json"
	small 1 pavise verify $gun:v1 "${liar[@]}" --trust-dir "$BATS_TEST_TMPDIR/trust" --tofu
	[[ "$output" == *"nested deeper than 64"* ]]
}

@test "100 MB of nesting uploaded to the server" {
	start_service
	{
		printf -- '--b\r\nContent-Disposition: form-data; name="files"; filename="root"\r\n\r\n'
		nested
		printf '\r\n--b--\r\n'
	} >"$BATS_TEST_TMPDIR/body"
	# Past the limit of an upload it is refused before it is read; below, as no JSON.
	for size in 120000000 100000000; do
		head -c "$size" "$BATS_TEST_TMPDIR/body" >"$BATS_TEST_TMPDIR/cut"
		run -0 curl -sS --cacert "$ca" -H 'Content-Type: multipart/form-data; boundary=b' -H 'Expect:' \
			--data-binary "@$BATS_TEST_TMPDIR/cut" -o "$BATS_TEST_TMPDIR/answer" -w '%{http_code}' \
			"$server/v2/lab/app/_trust/tuf/"
		[[ "$output" == 400 || "$output" == 413 ]]
	done
	grep -q MALFORMED_JSON "$BATS_TEST_TMPDIR/answer"
	peak=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$service_pid/status")
	echo "$peak KiB at most"
	[ "$peak" -lt "$limit_kib" ]
	run -0 curl -sS --cacert "$ca" "$server/_notary_server/health"
}

@test "100 MB of nesting as a manifest, a configuration and advisories" {
	make_layout "$BATS_TEST_TMPDIR/image" >/dev/null
	nested >"$BATS_TEST_TMPDIR/nested.json"
	sum=$(sha256sum "$BATS_TEST_TMPDIR/nested.json" | cut -d' ' -f1)
	small 2 pavise db import --output "$BATS_TEST_TMPDIR/db" "$BATS_TEST_TMPDIR/nested.json" || true
	[ ! -e "$BATS_TEST_TMPDIR/db" ]
	cp "$BATS_TEST_TMPDIR/nested.json" "$BATS_TEST_TMPDIR/image/blobs/sha256/$sum"
	python3 - "$BATS_TEST_TMPDIR/image/index.json" "$sum" <<'PYTHON'
import json, sys
path = sys.argv[1]
index = json.load(open(path))
index["manifests"][0].update(digest="sha256:" + sys.argv[2], size=100 << 20)
json.dump(index, open(path, "w"))
PYTHON
	small 1 pavise copy "oci:$BATS_TEST_TMPDIR/image:12" "oci:$BATS_TEST_TMPDIR/out:12"
	[ ! -e "$BATS_TEST_TMPDIR/out/index.json" ]
}

@test "a layer of 10 GB of zeros in 10 MB" {
	mkdir "$BATS_TEST_TMPDIR/root"
	truncate -s 10G "$BATS_TEST_TMPDIR/root/zeros"
	tar -C "$BATS_TEST_TMPDIR/root" -cf - . | python3 -c '
import sys, zlib
# One process, level 1: half a minute for gzip -9 is not what is tested here.
out = zlib.compressobj(6, zlib.DEFLATED, 31)
while chunk := sys.stdin.buffer.read(1 << 20):
    sys.stdout.buffer.write(out.compress(chunk))
sys.stdout.buffer.write(out.flush())' >"$BATS_TEST_TMPDIR/bomb.gz"
	ls -l "$BATS_TEST_TMPDIR/bomb.gz"
	make_layout "$BATS_TEST_TMPDIR/image" >/dev/null
	pavise db import --output "$BATS_TEST_TMPDIR/db" "$PAVISE_SOURCE/data/advisories" >/dev/null
	python3 - "$BATS_TEST_TMPDIR/image" "$BATS_TEST_TMPDIR/bomb.gz" <<'PYTHON'
import hashlib, json, os, shutil, sys
image, bomb = sys.argv[1:]
blobs = image + "/blobs/sha256/"
def put(data):
    name = hashlib.sha256(data).hexdigest()
    open(blobs + name, "wb").write(data)
    return {"digest": "sha256:" + name, "size": len(data)}
index = json.load(open(image + "/index.json"))
manifest = json.load(open(blobs + index["manifests"][0]["digest"][7:]))
manifest["layers"][0].update(put(open(bomb, "rb").read()))
index["manifests"][0].update(put(json.dumps(manifest).encode()))
json.dump(index, open(image + "/index.json", "w"))
PYTHON
	small 1 pavise scan --db "$BATS_TEST_TMPDIR/db" "oci:$BATS_TEST_TMPDIR/image:12"
	[[ "$output" == *"the layer inflates more than 200 times: a decompression bomb"* ]]
}
