#!/usr/bin/env bats
# Attestations of keys where the trust server is Notary's, which has no place for them: they refer to the
# image in its registry (OCI distribution 1.1), in Debian's docker-registry under the specification's tag.
bats_require_minimum_version 1.5.0
load ../cli/helper
load ../cli/service
load ../cli/attestations
load notary-server
load registry

setup() {
	export PAVISE_AUDIT=$BATS_TEST_TMPDIR/audit
	trust=$BATS_TEST_TMPDIR/trust
	reader=$BATS_TEST_TMPDIR/reader
	start_registry
	start_service # for its certificate alone
	start_notary_server
	make_device "$BATS_TEST_TMPDIR/device"
	digest=$(make_layout "$BATS_TEST_TMPDIR/image")
	gun=$registry/lab/app
}

teardown() {
	stop_notary_server
	stop_service
	stop_started
}

sign() {
	pavise sign "$gun:$1" --from "oci:$BATS_TEST_TMPDIR/image:12" "${options[@]}" --trust-dir "$trust"
}

# keep ROLE…: the trust directory gets attestations of the roles' keys; sets ROLE to the key's id.
keep() {
	local role
	mkdir -p "$trust/attestations"
	for role in "$@"; do
		role_key "$trust/tuf/$gun/metadata/root.json" "$role" >"$BATS_TEST_TMPDIR/$role.pub"
		declare -g "$role=$(key_id "$BATS_TEST_TMPDIR/$role.pub")"
		attest "$BATS_TEST_TMPDIR/device" "$BATS_TEST_TMPDIR/$role.pub" >"$trust/attestations/${!role}.pem"
	done
}

list_tag() { printf 'sha256-%s' "${1#sha256:}"; }

referrers() { # of $digest in GUN $1, as the tag lists them
	curl -fsS -H 'Accept: application/vnd.oci.image.index.v1+json' "http://${1%%/*}/v2/${1#*/}/manifests/$(list_tag "$digest")"
}

@test "what the trust server has no place for goes beside the image, and a reader finds it there" {
	sign v1
	keep root targets
	# The image is not in the registry yet: nothing is lost, and it is said.
	run -0 --separate-stderr sign v2
	[[ "$stderr" == *"the registry did not take the attestations"* ]]
	[[ "$stderr" == *"they stay in $trust/attestations"* ]]
	pavise copy --quiet "oci:$BATS_TEST_TMPDIR/image:12" "$gun:v3"
	run -0 --separate-stderr sign v3
	[[ "$stderr" == *"those of 2 are beside the image"* ]]
	referrers "$gun" | python3 -c '
import json, sys
index = json.load(sys.stdin)
assert index["mediaType"] == "application/vnd.oci.image.index.v1+json"
assert [m["artifactType"] for m in index["manifests"]] == ["application/vnd.pavise.attestation.v1"]'
	# Signed again, it is the same artifact.
	run -0 --separate-stderr sign v3
	[ "$(referrers "$gun" | python3 -c 'import json, sys; print(len(json.load(sys.stdin)["manifests"]))')" = 1 ]
	# The image is the same for everybody else.
	[ "$(pavise copy --quiet "$gun:v3" "oci:$BATS_TEST_TMPDIR/out:v3")" = "$digest" ]

	run -0 pavise verify "$gun:v3" "${options[@]}" --trust-dir "$reader" --tofu
	[ ! -e "$reader/attestations" ]
	# Who wants to know of devices gets it at once.
	mkdir "$BATS_TEST_TMPDIR/roots"
	cp "$BATS_TEST_TMPDIR/device/ca.pem" "$BATS_TEST_TMPDIR/roots"
	run -0 pavise verify --json --hardware --attestation-roots "$BATS_TEST_TMPDIR/roots" "$gun:v3" "${options[@]}" \
		--trust-dir "$BATS_TEST_TMPDIR/other" --tofu
	[ "$(jq -r '.roles[0].keys[0].hardware' <<<"$output")" = true ] || { echo "$output"; false; }
	run -0 --separate-stderr pavise inspect "$gun:v3" "${options[@]}" --trust-dir "$reader"
	[ -z "$stderr" ]
	cmp "$reader/attestations/$root.pem" "$trust/attestations/$root.pem"
	cmp "$reader/attestations/$targets.pem" "$trust/attestations/$targets.pem"
}

@test "others that refer to the image stay, and what only calls itself an attestation is passed over" {
	pavise copy --quiet "oci:$BATS_TEST_TMPDIR/image:12" "$gun:v1"
	sign v1
	keep targets
	printf '{}' >"$BATS_TEST_TMPDIR/empty"
	printf 'no attestation' >"$BATS_TEST_TMPDIR/text"
	size=$(curl -fsSI -H 'Accept: application/vnd.oci.image.manifest.v1+json' "http://${gun%%/*}/v2/lab/app/manifests/$digest" | tr -d '\r' | awk 'tolower($1) == "content-length:" { print $2 }')
	# An artifact of somebody else, and one that claims to be ours.
	python3 - "$gun" "$digest" "$size" "$BATS_TEST_TMPDIR/empty" "$BATS_TEST_TMPDIR/text" <<-'PYTHON'
		import hashlib, json, sys, urllib.request
		gun, subject, size, *files = sys.argv[1:]
		base = "http://%s/v2/%s" % tuple(gun.split("/", 1))
		def send(method, url, data=b"", kind="application/octet-stream"):
		    return urllib.request.urlopen(urllib.request.Request(url, data, {"Content-Type": kind}, method=method))
		def blob(path):
		    data = open(path, "rb").read()
		    digest = "sha256:" + hashlib.sha256(data).hexdigest()
		    at = send("POST", base + "/blobs/uploads/").headers["Location"]
		    send("PUT", at + ("&" if "?" in at else "?") + "digest=" + digest, data)
		    return {"digest": digest, "size": len(data)}
		empty, text = map(blob, files)
		kind = "application/vnd.oci.image.manifest.v1+json"
		entries = []
		for artifact in "application/vnd.example.sbom", "application/vnd.pavise.attestation.v1":
		    manifest = json.dumps({"schemaVersion": 2, "mediaType": kind, "artifactType": artifact,
		        "config": dict(empty, mediaType="application/vnd.oci.empty.v1+json"),
		        "layers": [dict(text, mediaType="text/plain")],
		        "subject": {"mediaType": kind, "digest": subject, "size": int(size)}}).encode()
		    digest = "sha256:" + hashlib.sha256(manifest).hexdigest()
		    send("PUT", base + "/manifests/" + digest, manifest, kind)
		    entries.append({"mediaType": kind, "digest": digest, "size": len(manifest), "artifactType": artifact})
		index = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": entries}).encode()
		send("PUT", base + "/manifests/" + subject.replace(":", "-"), index, "application/vnd.oci.image.index.v1+json")
	PYTHON
	run -0 --separate-stderr sign v1b
	[[ "$stderr" == *"those of 1 are beside the image"* ]]
	[ "$(referrers "$gun" | python3 -c 'import json, sys; print(*[m["artifactType"].rsplit(".", 1)[-1] for m in json.load(sys.stdin)["manifests"]])')" = "sbom v1 v1" ]
	run -0 --separate-stderr pavise inspect "$gun:v1" "${options[@]}" --trust-dir "$reader" --tofu
	[ "$(ls "$reader/attestations")" = "$targets.pem" ]
}

@test "copy from registry to registry carries them, and nothing else that refers to the image" {
	pavise copy --quiet "oci:$BATS_TEST_TMPDIR/image:12" "$gun:v1"
	sign v1
	keep root targets
	sign v1b
	source=$gun
	start_registry
	[ "$(pavise copy --quiet "$source:v1" "$registry/moved/app:v1")" = "$digest" ]
	[ "$(referrers "$registry/moved/app")" = "$(referrers "$source")" ]
	# A second time nothing changes; and without any, nothing is made.
	pavise copy --quiet "$source:v1" "$registry/moved/app:v1"
	[ "$(referrers "$registry/moved/app")" = "$(referrers "$source")" ]
	make_layout "$BATS_TEST_TMPDIR/other" another >/dev/null
	pavise copy --quiet "oci:$BATS_TEST_TMPDIR/other:12" "$source:plain"
	digest=$(pavise copy --quiet "$source:plain" "$registry/moved/plain:v1")
	run -22 referrers "$registry/moved/plain"
}

# start_modern_registry [OPTION…]: one with the referrers API; sets $registry and $gun.
start_modern_registry() {
	: >"$BATS_TEST_TMPDIR/modern.port"
	"$PAVISE_SOURCE/tests/interop/referrers-registry" "$BATS_TEST_TMPDIR/modern.log" "$@" >"$BATS_TEST_TMPDIR/modern.port" 3>&- &
	started+=($!)
	wait_for "$BATS_TEST_TMPDIR/modern.port" '^[0-9]+$'
	registry=127.0.0.1:$(cat "$BATS_TEST_TMPDIR/modern.port")
	gun=$registry/lab/app
}

image_attestations() { "$PAVISE_BIN/pavise-image" attestations "$@"; }

@test "copy by way of a layout carries them too, and the layout still has one image" {
	pavise copy --quiet "oci:$BATS_TEST_TMPDIR/image:12" "$gun:v1"
	sign v1
	keep root targets
	sign v1b
	pavise copy --quiet "$gun:v1" "oci:$BATS_TEST_TMPDIR/carried:v1"
	[ "$(jq '.manifests | length' "$BATS_TEST_TMPDIR/carried/index.json")" = 1 ]
	skopeo inspect "oci:$BATS_TEST_TMPDIR/carried" >/dev/null
	pavise copy --quiet "oci:$BATS_TEST_TMPDIR/carried:v1" "oci:$BATS_TEST_TMPDIR/second:v1"
	[ "$(pavise copy --quiet "oci:$BATS_TEST_TMPDIR/second:v1" "$registry/moved/app:v1")" = "$digest" ]
	[ "$(referrers "$registry/moved/app")" = "$(referrers "$gun")" ]
	# A list that lies, or is no list, leads nowhere.
	sed -i 's/"sha256:0/"sha256:1/;t;s/"sha256:[0-9a-f]/"sha256:0/' "$BATS_TEST_TMPDIR/second/referrers/$(list_tag "$digest").json"
	pavise copy --quiet "oci:$BATS_TEST_TMPDIR/second:v1" "$registry/other/app:v1"
	run -22 referrers "$registry/other/app"
	echo '[' >"$BATS_TEST_TMPDIR/second/referrers/$(list_tag "$digest").json"
	pavise copy --quiet "oci:$BATS_TEST_TMPDIR/second:v1" "$registry/other/app:v1"
	run -22 referrers "$registry/other/app"
}

@test "a registry with the referrers API keeps the list itself, and no tag is made" {
	start_modern_registry
	pavise copy --quiet "oci:$BATS_TEST_TMPDIR/image:12" "$gun:v1"
	sign v1
	keep root targets
	run -0 --separate-stderr sign v1b
	[[ "$stderr" == *"those of 2 are beside the image"* ]]
	! grep -q "PUT .*/manifests/$(list_tag "$digest")" "$BATS_TEST_TMPDIR/modern.log"
	run -0 --separate-stderr pavise inspect "$gun:v1" "${options[@]}" --trust-dir "$reader" --tofu
	[ -z "$stderr" ]
	[ "$(ls "$reader/attestations")" = "$(printf '%s.pem\n' "$root" "$targets" | sort)" ]
}

@test "blobs that are not what the artifact says are not believed" {
	start_modern_registry --lie
	pavise copy --quiet "oci:$BATS_TEST_TMPDIR/image:12" "$gun:v1"
	sign v1
	keep targets
	sign v1b
	run -0 --separate-stderr pavise inspect "$gun:v1" "${options[@]}" --trust-dir "$reader" --tofu
	grep -q 'GET .*/blobs/.* 200' "$BATS_TEST_TMPDIR/modern.log"
	[ ! -e "$reader/attestations" ]
}

@test "limits: artifacts of one image, blobs of an artifact, bytes of a blob" {
	start_modern_registry
	pavise copy --quiet "oci:$BATS_TEST_TMPDIR/image:12" "$gun:v1"
	# Each an artifact of its own: 8 are read.
	for i in 1 2 3 4 5 6 7 8 9; do
		echo "$i" >"$BATS_TEST_TMPDIR/text$i"
		image_attestations push "$gun@$digest" "$BATS_TEST_TMPDIR/text$i"
		[ "$(image_attestations read "$gun@$digest" | jq '.attestations | length')" = $((i < 8 ? i : 8)) ]
	done
	# 32 blobs in one, and no more.
	start_modern_registry
	pavise copy --quiet "oci:$BATS_TEST_TMPDIR/image:12" "$gun:v1"
	files=()
	for i in $(seq 33); do
		echo "$i" >"$BATS_TEST_TMPDIR/text$i"
		files+=("$BATS_TEST_TMPDIR/text$i")
	done
	image_attestations push "$gun@$digest" "${files[@]:0:31}"
	[ "$(image_attestations read "$gun@$digest" | jq '.attestations | length')" = 31 ]
	image_attestations push "$gun@$digest" "${files[@]:0:32}"
	[ "$(image_attestations read "$gun@$digest" | jq '.attestations | length')" = 63 ]
	run -1 image_attestations push "$gun@$digest" "${files[@]}"
	[[ "$output" == *"33 attestations, at most 32 allowed"* ]] || { echo "$status $output"; false; }
	# 32 KiB in a blob.
	start_modern_registry
	pavise copy --quiet "oci:$BATS_TEST_TMPDIR/image:12" "$gun:v1"
	for size in 32767 32768; do
		head -c $size /dev/zero | tr '\0' x >"$BATS_TEST_TMPDIR/large"
		image_attestations push "$gun@$digest" "$BATS_TEST_TMPDIR/large"
	done
	[ "$(image_attestations read "$gun@$digest" | jq '.attestations | length')" = 2 ]
	head -c 32769 /dev/zero | tr '\0' x >"$BATS_TEST_TMPDIR/large"
	run ! image_attestations push "$gun@$digest" "$BATS_TEST_TMPDIR/large"
	[[ "$output" == *"32768"* ]] || { echo "$output"; false; }
}
