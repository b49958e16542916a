#!/usr/bin/env bats
# pavise repo, signer, revoke, key: administration of trust data and keys.
bats_require_minimum_version 1.5.0
load helper
load service

gun=localhost:5000/lab/app

setup() {
	start_service
	digest=$(make_layout "$BATS_TEST_TMPDIR/image")
	cd "$BATS_TEST_TMPDIR"
	mkdir -p "$HOME/.config/pavise"
	cat >"$HOME/.config/pavise/config.yaml" <<YAML
server: $server
tls: {ca: $ca}
trust_dir: $BATS_TEST_TMPDIR/trust
YAML
	from=(--from "oci:$BATS_TEST_TMPDIR/image:12")
}

teardown() {
	stop_service
}

member() { # EXPRESSION over the JSON on standard input
	python3 -c "import json, sys; j = json.load(sys.stdin); print($1)"
}

verify() { # TAG [OPTION…], with a reader of its own
	local tag=$1
	shift
	pavise verify "$gun:$tag" --trust-dir "$BATS_TEST_TMPDIR/reader" --tofu "$@"
}

@test "init, stage, status, reset, publish, list: offline until published" {
	run -0 pavise repo init --json $gun
	[ "$(member 'j["published"]' <<<"$output")" = False ]
	run -1 pavise repo init $gun
	[[ "$output" == *"is initialised already"* ]]
	stop_service
	pavise sign $gun:v1 --stage "${from[@]}"
	pavise sign $gun:v2 --stage "${from[@]}"
	run -0 pavise repo status --json $gun
	[ "$(member '[c["target"] for c in j]' <<<"$output")" = "['v1', 'v2']" ]
	run -2 pavise repo reset $gun
	run -2 pavise repo reset $gun --number 7
	[[ "$output" == *"lists 0 to 1"* ]]
	run -0 pavise repo reset $gun --number 1 --json
	[ "$(member 'j["reset"]' <<<"$output")" = 1 ]
	run -3 pavise repo publish $gun
	run -0 pavise repo status $gun
	[[ "$output" == *"v1"* ]]
	port=${server##*:}
	pavise serve --listen "127.0.0.1:$port" --data "$BATS_TEST_TMPDIR/service" >again 2>again.log 3>&- &
	service_pid=$!
	wait_for again '^ready'
	run -0 pavise repo publish --json $gun
	[ "$(member '(j["first"], j["changes"], j["uploaded"])' <<<"$output")" = "(True, 1, True)" ]
	run -0 pavise repo publish --json $gun
	[ "$(member '(j["changes"], j["uploaded"])' <<<"$output")" = "(0, False)" ]
	run -0 verify v1
	[[ "$output" == "$digest"* ]]
	run -0 pavise repo list --json
	[ "$(member '[(r["repository"], r["staged"]) for r in j]' <<<"$output")" = "[('$gun', 0)]" ]
}

@test "a signer: added with a key or a certificate, signs without the owner's keys, is removed" {
	pavise sign $gun:v1 "${from[@]}"
	pavise key generate alice --trust-dir alice --output alice.pub
	run -2 pavise signer add alice $gun
	[[ "$output" == *"--key FILE"* ]]
	run -2 pavise signer add Releases/x $gun --key alice.pub
	pavise signer add alice $gun --key alice.pub
	run -0 pavise signer list --json $gun
	[ "$(member '[(s["name"], s["threshold"], s["has_signed"]) for s in j]' <<<"$output")" = \
		"[('alice', 1, False), ('releases', 1, False)]" ]
	pavise sign $gun:v2 "${from[@]}" --trust-dir alice --tofu
	run -0 verify v2 --json
	[ "$(member '[r["name"] for r in j["roles"]]' <<<"$output")" = "['targets/releases', 'targets/alice']" ]
	# staging knows the roles that alice signs in
	run -0 pavise sign $gun:v3 --stage --json "${from[@]}" --trust-dir alice
	[ "$(member 'sorted(j["roles"])' <<<"$output")" = "['targets/alice', 'targets/releases']" ]
	pavise repo publish $gun --trust-dir alice
	verify v3
	# the last key of targets/releases
	run -1 pavise signer remove alice $gun
	[[ "$output" == *"could not be verified"* ]]
	pavise key generate bob --trust-dir bob --output bob.pub
	pavise signer add bob $gun --key bob.pub
	pavise signer remove alice $gun
	run -1 pavise signer remove alice $gun
	[[ "$output" == *"no signer alice"* ]]
	pavise repo witness $gun targets/releases --trust-dir bob --tofu
	verify v2
	run -1 pavise sign $gun:v4 "${from[@]}" --trust-dir alice
}

@test "revoke a tag, then all; what others signed needs their keys" {
	pavise sign $gun:v1 "${from[@]}"
	pavise sign $gun:v2 "${from[@]}"
	pavise revoke $gun:v1
	run -1 verify v1
	verify v2
	run -1 pavise revoke $gun:v1
	[[ "$output" == *"nobody has signed tag v1"* ]]
	run -2 pavise revoke $gun
	[[ "$output" == *"--yes"* ]]
	pavise key generate alice --trust-dir alice --output alice.pub
	pavise signer add alice $gun --key alice.pub
	pavise sign $gun:v2 "${from[@]}" --trust-dir alice --tofu
	run -1 pavise revoke $gun:v2
	[[ "$output" == *"no key of that role is in"*"nothing was revoked"* ]]
	verify v2
	cp alice/private/* trust/private/
	run -0 pavise revoke --yes --json $gun
	[ "$(member '"targets" in j["roles"] and "targets/alice" in j["roles"]' <<<"$output")" = True ]
	run -1 verify v2
	run -1 pavise revoke localhost:5000/lab/nothing:v1
	[[ "$output" == *"has no trust data"* ]]
}

@test "rotation of every key: a reader that knows the first root follows, former keys go" {
	pavise sign $gun:v1 "${from[@]}"
	verify v1
	cp -r reader first-reader
	former=$(pavise key list --json | member '[k["id"] for k in j if k["role"] == "targets"][0]')
	pavise repo rotate $gun targets
	run -0 pavise key list
	[[ "$output" != *"$former"* ]]
	pavise repo rotate $gun root
	pavise repo rotate $gun snapshot
	run -0 pavise key list
	[[ "$output" == *snapshot* ]]
	pavise repo rotate $gun snapshot --server-managed
	pavise repo rotate $gun timestamp
	pavise key generate root --output root.pub
	chosen=$(pavise key list --json | member '[k["id"] for k in j if k["role"] == "root"][-1]')
	pavise repo rotate $gun root --key "$chosen"
	pavise repo rotate $gun root --legacy 2
	[ "$(member 'len(j["signatures"])' <"trust/tuf/$gun/metadata/root.json")" -ge 3 ]
	pavise sign $gun:v2 "${from[@]}"
	verify v2
	pavise verify $gun:v2 --trust-dir first-reader
	run -2 pavise repo rotate $gun targets -r
	run -2 pavise repo rotate $gun nothing
	run -1 pavise repo rotate $gun root --key 0000000000000000000000000000000000000000000000000000000000000000
	# who lacks the former root key cannot replace it
	mkdir -p other/private
	cp -r trust/tuf other/
	run -1 pavise repo rotate $gun root --trust-dir other
	[[ "$output" == *"of the keys of role root are in"* ]]
}

# stage_many FIRST COUNT: targets vFIRST… of the publisher, enough for a large file.
stage_many() {
	python3 - trust "$gun" "$1" "$2" <<'PY'
import base64, hashlib, json, os, sys
folder = f"{sys.argv[1]}/tuf/{sys.argv[2]}/changelist"
os.makedirs(folder, exist_ok=True)
for number in range(int(sys.argv[3]), int(sys.argv[3]) + int(sys.argv[4])):
    hashes = {name: base64.b64encode(hashlib.new(name, b"%d" % number).digest()).decode() for name in ("sha256", "sha512")}
    content = json.dumps({"length": 1000 + number, "hashes": hashes})
    change = {"action": "create", "role": "targets", "type": "target", "path": f"v{number}",
              "data": base64.b64encode(content.encode()).decode()}
    with open(f"{folder}/{number:020d}_{number:08x}.change", "w") as file:
        json.dump(change, file)
PY
}

@test "what a publisher uploaded itself is not fetched again, and only believed by its hash" {
	pavise repo init $gun
	stage_many 0 200
	pavise repo publish $gun
	local own=trust/tuf/$gun kept=trust/tuf/$gun/pavise.uploaded.targets.json sum
	[ "$(stat -c %a $kept)" = 600 ]
	sum=$(sha256sum <$kept)
	# it comes into force with the next update, under its own name
	pavise verify $gun:v7 --trust-dir trust
	[ ! -e $kept ]
	[ "$(sha256sum <$own/metadata/targets.json)" = "$sum" ]
	# damaged, foreign, empty or cut: the server is asked
	for damage in 's/v20/v2O/' 's/^/ /' '1d'; do
		stage_many $RANDOM$RANDOM 1
		pavise repo publish $gun
		[ -e $kept ]
		sed -i "$damage" $kept
		pavise verify $gun:v7 --trust-dir trust
		pavise verify $gun:v199 --trust-dir trust
	done
	verify v7
	cmp reader/tuf/$gun/metadata/targets.json $own/metadata/targets.json
	# another publisher was later: what is here is not what the server has
	stage_many 999999 1
	pavise repo publish $gun
	cp -r trust second
	pavise repo publish $gun
	stage_many 5000000 1
	pavise repo publish $gun
	stage_many 6000000 1
	rm -rf third && cp -r trust third && mv trust first && mv second trust
	mkdir -p trust/tuf/$gun/changelist
	mv third/tuf/$gun/changelist/* trust/tuf/$gun/changelist/
	pavise repo publish $gun
	verify v5000000
	verify v6000000
}

@test "expired targets are repaired by whoever holds their keys" {
	stop_service
	rm -rf service
	mkdir -p service
	"$PAVISE_SOURCE/tests/at-time" -4y pavise serve --listen 127.0.0.1:0 --data service \
		>service/out 2>service/log 3>&- &
	service_pid=$!
	wait_for service/out '^ready https://'
	server=$(sed -n 's/^ready //p' service/out)
	sed -i "s#^server:.*#server: $server#" "$HOME/.config/pavise/config.yaml"
	at_time -4y pavise sign $gun:v1 "${from[@]}"
	at_time -4y pavise verify $gun:v1 --trust-dir reader --tofu
	stop_service
	pavise serve --listen "127.0.0.1:${server##*:}" --data service >service/out 2>service/log 3>&- &
	service_pid=$!
	wait_for service/out '^ready https://'
	# the server renews the timestamp in a moment; what the publisher signed has run out
	for _ in $(seq 100); do
		run -1 verify v1
		[[ "$output" == *"timestamp (version"* ]] || break
		sleep 0.2
	done
	[[ "$output" == *"targets (version"*"expired at"* ]] || { echo "$output"; return 1; }
	# nothing is staged: a publish by the owner signs what ran out anew
	run -0 pavise repo publish --json $gun
	[ "$(member '"targets" in j["roles"]' <<<"$output")" = True ]
	run -0 verify v1
	[[ "$output" == "$digest"* ]]
}

@test "a threshold of two is kept: one key is refused with a sentence, two sign" {
	pavise sign $gun:v1 "${from[@]}"
	for name in alice bob; do
		pavise key generate $name --trust-dir $name --output $name.pub
	done
	pavise signer add alice $gun --key alice.pub --key bob.pub
	python3 - trust "$gun" <<'PY'
import base64, json, os, sys
path = f"{sys.argv[1]}/tuf/{sys.argv[2]}/changelist"
os.makedirs(path, exist_ok=True)
for i, role in enumerate(["targets/alice", "targets/releases"]):
    data = base64.b64encode(b'{"threshold":2}').decode()
    with open(f"{path}/{i:020}_00000000-0000-4000-8000-000000000000.change", "w") as file:
        file.write(json.dumps({"action": "update", "role": role, "type": "delegation", "path": "", "data": data}))
PY
	pavise repo publish $gun
	run -1 pavise sign $gun:v2 "${from[@]}" --trust-dir alice --tofu
	[[ "$output" == *"1 of the keys of role targets/"*"needed: 2"* ]]
	cp bob/private/* alice/private/
	pavise sign $gun:v2 "${from[@]}" --trust-dir alice
	run -0 verify v2 --json
	[ "$(member 'len(j["roles"][0]["keys"])' <<<"$output")" = 2 ]
	pavise repo rotate $gun targets
	verify v2
}

@test "an index is signed as such, and --platform picks one manifest of it" {
	python3 - <<'PY'
import hashlib, json, os
os.makedirs("index/blobs/sha256")
def blob(data, kind):
    data = data if isinstance(data, bytes) else json.dumps(data).encode()
    name = hashlib.sha256(data).hexdigest()
    open(f"index/blobs/sha256/{name}", "wb").write(data)
    return {"mediaType": kind, "digest": f"sha256:{name}", "size": len(data)}
oci = "application/vnd.oci.image."
entries = []
for architecture in ["amd64", "arm64"]:
    config = blob({"os": "linux", "architecture": architecture, "rootfs": {"type": "layers", "diff_ids": []}}, oci + "config.v1+json")
    manifest = blob({"schemaVersion": 2, "mediaType": oci + "manifest.v1+json", "config": config, "layers": []}, oci + "manifest.v1+json")
    entries.append(manifest | {"platform": {"os": "linux", "architecture": architecture}})
index = blob({"schemaVersion": 2, "mediaType": oci + "index.v1+json", "manifests": entries}, oci + "index.v1+json")
json.dump({"schemaVersion": 2, "manifests": [index | {"annotations": {"org.opencontainers.image.ref.name": "multi"}}]}, open("index/index.json", "w"))
json.dump({"imageLayoutVersion": "1.0.0"}, open("index/oci-layout", "w"))
open("index.digest", "w").write(index["digest"])
open("arm64.digest", "w").write(entries[1]["digest"])
PY
	pavise sign $gun:multi --from oci:index:multi
	run -0 verify multi
	[[ "$output" == "$(cat index.digest)"* ]]
	pavise sign $gun:arm --from oci:index:multi --platform linux/arm64
	run -0 verify arm
	[[ "$output" == "$(cat arm64.digest)"* ]]
	run -3 pavise sign $gun:none --from oci:index:multi --platform linux/riscv64
	run -2 pavise sign $gun:arm@"$digest" --platform linux/arm64
}

@test "keys: show, export, import, new passphrase, removal; secrets stay out of messages" {
	pavise key generate root --output root.pub
	id=$(pavise key list --json | member 'j[0]["id"]')
	run -0 pavise key show --json "${id:0:10}"
	[ "$(member '(j["role"], j["encrypted"])' <<<"$output")" = "('root', True)" ]
	run -2 pavise key show abc
	run -1 pavise key show 0000000
	pavise key export "${id:0:8}" --output exported.pem
	[ "$(stat -c %a exported.pem)" = 600 ]
	run -0 pavise key import --json exported.pem --trust-dir second
	[ "$(member 'j' <<<"$output")" = "['$id']" ]
	cmp "trust/private/$id.key" "second/private/$id.key"
	run -2 pavise key remove "$id"
	pavise key remove --yes "$id" --trust-dir second
	run -1 pavise key show "$id" --trust-dir second
	printf 'another passphrase\n' >new
	pavise key passwd "$id" --new-passphrase-source new
	run -1 pavise key passwd "$id" --new-passphrase-source new
	[[ "$output" == *"passphrase is wrong"* && "$output" != *"root passphrase"* ]]
	export DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE="another passphrase"
	pavise key passwd "$id" --new-passphrase-source fd:5 5<<<"third passphrase"
	run -3 pavise key import "$BATS_TEST_TMPDIR/new"
	[[ "$output" == *"no PEM block"* ]]
}

@test "pins of config.yaml: right, wrong, by prefix, none of trust at first sight; a damaged file is named" {
	pavise sign $gun:v1 "${from[@]}"
	root=$(pavise inspect --json $gun | member '[r for r in j["roles"] if r["name"] == "root"][0]["keys"][0]["id"]')
	pin() { # PINS OPTION…
		printf 'server: %s\ntls: {ca: %s}\ntrust_pinning: %s\n' "$server" "$ca" "$1" >"$HOME/.config/pavise/config.yaml"
		shift
		rm -rf pinned
		pavise verify $gun:v1 --trust-dir pinned "$@"
	}
	pin "{certs: [{gun: '$gun', keys: [$root]}], disable_tofu: true}"
	pin "{certs: [{gun: 'localhost:5000/*', keys: [$root]}]}"
	run -1 pin "{certs: [{gun: '$gun', keys: ['0000']}]}" --tofu
	[[ "$output" == *"none of its root keys is a pinned one"* ]]
	run -1 pin '{disable_tofu: true}' --tofu
	[[ "$output" == *"not known here yet"* ]]
	run -2 pin '{certs: 7}'
	[[ "$output" == *"config.yaml"* ]]
	run -2 pin '{nonsense: 7}'
	[[ "$output" == *"config.yaml"* ]]
}
