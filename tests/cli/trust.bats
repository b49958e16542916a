#!/usr/bin/env bats
# The trust line as a user sees it: sentences, exit statuses, and what is left behind.
bats_require_minimum_version 1.5.0
load helper
load service

gun=localhost:5000/lab/app

setup() {
	export PAVISE_AUDIT=$BATS_TEST_TMPDIR/audit
	start_service
	digest=$(make_layout "$BATS_TEST_TMPDIR/image")
	reader=(--trust-dir "$BATS_TEST_TMPDIR/reader")
}

teardown() {
	stop_service
	[ -z "${fake_pid:-}" ] || kill "$fake_pid"
}

sign() {
	pavise sign "$gun:$1" --from "oci:$BATS_TEST_TMPDIR/image:12" "${options[@]}" --trust-dir "$BATS_TEST_TMPDIR/trust"
}

# mirror: a server that answers what ours answers now, file by file, from a directory to tamper with.
mirror() {
	local files=$BATS_TEST_TMPDIR/mirror name hash
	mkdir -p "$files/v2/$gun/_trust/tuf"
	for name in root targets snapshot timestamp 1.root; do
		curl -sf --cacert "$ca" "$server/v2/$gun/_trust/tuf/$name.json" -o "$files/v2/$gun/_trust/tuf/$name.json"
	done
	for name in root targets snapshot; do
		hash=$(sha256sum "$files/v2/$gun/_trust/tuf/$name.json" | cut -d' ' -f1)
		cp "$files/v2/$gun/_trust/tuf/$name.json" "$files/v2/$gun/_trust/tuf/$name.$hash.json"
	done
	tuf=$files/v2/$gun/_trust/tuf
}

serve_mirror() {
	cat >"$BATS_TEST_TMPDIR/fake.py" <<'PYTHON'
import http.server, ssl, sys, os
os.chdir(sys.argv[1])
class Quiet(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *_):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2], sys.argv[3])
context.sni_callback = lambda _, name, __: print("asked for", name, file=sys.stderr, flush=True)
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
PYTHON
	python3 "$BATS_TEST_TMPDIR/fake.py" "$BATS_TEST_TMPDIR/mirror" "$BATS_TEST_TMPDIR/service/tls/server.crt" \
		"$BATS_TEST_TMPDIR/service/tls/server.key" >"$BATS_TEST_TMPDIR/fake.port" 2>"$BATS_TEST_TMPDIR/fake.log" 3>&- &
	fake_pid=$!
	wait_for "$BATS_TEST_TMPDIR/fake.port" '^[0-9]'
	fake=(--server "https://127.0.0.1:$(cat "$BATS_TEST_TMPDIR/fake.port")" --tlscacert "$ca")
}

# flip FILE: changes a digit of the year in `expires`, so that the JSON stays well formed.
flip() {
	sed -i 's/"expires":"20/"expires":"21/' "$1"
}

refused_by_mirror() {
	serve_mirror
	run -1 pavise verify "$gun:v1" "${fake[@]}" "${reader[@]}" --tofu
	[[ "$output" == *"$1"* ]] || { echo "$output"; return 1; }
}

@test "the first signature makes a repository, the second does not" {
	run -0 --separate-stderr sign v1
	[ "${lines[0]}" = "new repository $gun: root and targets keys in $BATS_TEST_TMPDIR/trust/private, snapshot and timestamp keys with the server" ]
	[ "${lines[1]}" = "signed $gun:v1 as $digest in targets" ]
	run -0 --separate-stderr sign v2
	[ "$output" = "signed $gun:v2 as $digest in targets" ]
	[ "$(ls "$BATS_TEST_TMPDIR/trust/private" | wc -l)" -eq 2 ]
	[ "$(stat -c %a "$BATS_TEST_TMPDIR"/trust/private/*.key | sort -u)" = 600 ]
}

@test "verify prints digest, role and key; --json is what scripts rely on" {
	sign v1
	run -0 pavise verify $gun:v1 "${options[@]}" "${reader[@]}" --tofu
	[ "${lines[0]}" = "$digest" ]
	[[ "${lines[1]}" == "signed by targets with key "* ]]
	[[ "${lines[2]}" == "valid until 20"* ]]
	run -0 --separate-stderr pavise verify --json docker://$gun:v1 "${options[@]}" "${reader[@]}"
	python3 - "$output" "$digest" <<'PYTHON'
import json, sys
answer = json.loads(sys.argv[1])
assert list(answer) == ["reference", "digest", "size", "roles", "expires"], answer
assert answer["digest"] == sys.argv[2] and answer["size"] > 100
assert answer["roles"][0]["name"] == "targets" and answer["roles"][0]["keys"][0]["hardware"] is False
PYTHON
}

@test "an unsigned tag and an unsigned repository are refused" {
	sign v1
	run -1 pavise verify $gun:v2 "${options[@]}" "${reader[@]}" --tofu
	[ "$output" = "pavise verify: $gun: no valid trust data for tag v2; ask its publisher to sign it, or sign it with \`pavise sign\`" ]
	run -1 pavise verify localhost:5000/nothing:v1 "${options[@]}" "${reader[@]}" --tofu
	[[ "$output" == *"has no trust data for localhost:5000/nothing"* ]]
	[ ! -e "$BATS_TEST_TMPDIR/reader/tuf/localhost:5000/nothing/metadata" ]
}

@test "an unknown root needs a pin or tofu, and its key is told" {
	sign v1
	run -1 pavise verify $gun:v1 "${options[@]}" "${reader[@]}"
	[[ "$output" == *"its root is not known here yet; its key is "*"--tofu to trust it at first sight"* ]]
	[ ! -e "$BATS_TEST_TMPDIR/reader/tuf/$gun/metadata/root.json" ]
	run -1 pavise verify $gun:v1 "${options[@]}" "${reader[@]}" --tofu --pin "$(printf '0%.0s' {1..64})"
	[[ "$output" == *"which is not the pinned one"* ]]
}

@test "a digest in the name must be the signed one" {
	sign v1
	run -0 pavise verify "$gun:v1@$digest" "${options[@]}" "${reader[@]}" --tofu
	run -1 pavise verify "$gun:v1@sha256:$(printf 'a%.0s' {1..64})" "${options[@]}" "${reader[@]}"
	[[ "$output" == *"tag v1 is signed as $digest, not as sha256:aaaa"* ]]
	run -2 pavise verify "$gun@$digest" "${options[@]}" "${reader[@]}"
}

@test "an unreachable server is status 3; offline and max-age use what was verified" {
	sign v1
	pavise verify $gun:v1 "${options[@]}" "${reader[@]}" --tofu
	stop_service
	run -3 pavise verify $gun:v1 "${options[@]}" "${reader[@]}"
	[[ "$output" == *"cannot connect"* ]]
	run -0 pavise verify $gun:v1 "${options[@]}" "${reader[@]}" --offline
	[[ "$output" == *"(from the cache)"* ]]
	run -0 pavise verify $gun:v1 "${options[@]}" "${reader[@]}" --max-age 1h
	run -3 pavise verify localhost:5000/other:v1 "${options[@]}" "${reader[@]}" --offline
	[[ "$output" == *"is not in the cache, and nothing may be asked offline"* ]]
	run -2 pavise verify $gun:v1 "${options[@]}" "${reader[@]}" --max-age soon
}

@test "an expired timestamp is refused, online and offline" {
	sign v1
	pavise verify $gun:v1 "${options[@]}" "${reader[@]}" --tofu
	run -1 at_time +20d pavise verify $gun:v1 "${reader[@]}" --offline
	[[ "$output" == *"timestamp (version 1) expired at 20"* ]]
	mirror
	serve_mirror
	run -1 at_time +20d pavise verify $gun:v1 "${fake[@]}" "${reader[@]}"
	[[ "$output" == *"timestamp (version 1) expired at 20"* ]]
}

@test "old metadata after new is a rollback" {
	sign v1
	mirror
	sign v2
	pavise verify $gun:v2 "${options[@]}" "${reader[@]}" --tofu
	serve_mirror
	run -1 pavise verify $gun:v1 "${fake[@]}" "${reader[@]}"
	[[ "$output" == *"timestamp is version 1, version 2 was accepted before"* ]]
}

@test "another repository's root under this name is refused" {
	sign v1
	pavise verify $gun:v1 "${options[@]}" "${reader[@]}" --tofu
	pavise sign localhost:5000/lab/other:v1 --from "oci:$BATS_TEST_TMPDIR/image:12" "${options[@]}" --trust-dir "$BATS_TEST_TMPDIR/trust"
	gun=localhost:5000/lab/other mirror
	mkdir -p "$BATS_TEST_TMPDIR/mirror/v2/localhost:5000/lab/app"
	cp -r "$BATS_TEST_TMPDIR/mirror/v2/localhost:5000/lab/other/_trust" "$BATS_TEST_TMPDIR/mirror/v2/localhost:5000/lab/app/"
	serve_mirror
	run -1 pavise verify $gun:v1 "${fake[@]}" "${reader[@]}"
	[[ "$output" == *"is another than the one accepted before"* || "$output" == *"is not signed by the keys of the trusted root"* ]]
	run -1 pavise verify $gun:v1 "${fake[@]}" --trust-dir "$BATS_TEST_TMPDIR/fresh" --tofu
	[[ "$output" == *"localhost:5000/lab/other"* ]]
}

@test "a flipped byte in timestamp, snapshot, targets or root: each its own sentence" {
	sign v1
	mirror
	cp -r "$BATS_TEST_TMPDIR/mirror" "$BATS_TEST_TMPDIR/good"
	flip "$tuf/timestamp.json"
	refused_by_mirror "timestamp has 0 valid signatures"
	for role in snapshot targets; do
		cp -r "$BATS_TEST_TMPDIR/good/." "$BATS_TEST_TMPDIR/mirror/"
		for file in "$tuf/$role".json "$tuf/$role".*.json; do flip "$file"; done
		refused_by_mirror "$role is not the file whose sha256 is signed"
	done
	cp -r "$BATS_TEST_TMPDIR/good/." "$BATS_TEST_TMPDIR/mirror/"
	flip "$tuf/root.json"
	refused_by_mirror "root has 0 valid signatures"
	[ ! -e "$BATS_TEST_TMPDIR/reader/tuf/$gun/metadata/timestamp.json" ]
}

@test "files that are not the newest are asked for by their hash" {
	sign v1
	mirror
	for role in snapshot targets; do
		echo '{}' >"$tuf/$role.json"
	done
	serve_mirror
	run -0 pavise verify "$gun:v1" "${fake[@]}" "${reader[@]}" --tofu
	[[ "$output" == *"$digest"* ]]
	rm -r "$BATS_TEST_TMPDIR/reader"
	rm "$tuf/snapshot.json" "$tuf/targets.json"
	run -0 pavise verify "$gun:v1" "${fake[@]}" "${reader[@]}" --tofu
	[[ "$output" == *"$digest"* ]]
}

@test "a server is told the name that it is asked by, and must have a certificate for it" {
	sign v1
	mirror
	serve_mirror
	named=https://localhost:$(cat "$BATS_TEST_TMPDIR/fake.port")
	run -0 pavise verify $gun:v1 --server "$named" --tlscacert "$ca" "${reader[@]}" --tofu
	grep -qx 'asked for localhost' "$BATS_TEST_TMPDIR/fake.log"
	run -3 pavise verify $gun:v1 --server "${named/localhost/127.1}" --tlscacert "$ca" "${reader[@]}"
	[[ "$output" == *"its certificate is refused: hostname mismatch"* ]] || { echo "$output"; false; }
}

@test "metadata that is no proper JSON is refused with its place" {
	sign v1
	mirror
	head -c 200 "$tuf/timestamp.json" >"$tuf/cut" && mv "$tuf/cut" "$tuf/timestamp.json"
	refused_by_mirror "timestamp.json"
	python3 -c 'print("[" * 900000, end="")' >"$tuf/timestamp.json"
	refused_by_mirror "levels"
	printf '{"signed":{"_type":"Timestamp","_type":"Timestamp"},"signatures":[]}' >"$tuf/timestamp.json"
	refused_by_mirror "twice"
	python3 -c 'print("\"" + "a" * 3000000 + "\"", end="")' >"$tuf/timestamp.json"
	refused_by_mirror "timestamp.json"
}

@test "a tag whose digest nobody named is not signed without a terminal" {
	run -3 pavise sign $gun:v1 "${options[@]}" --trust-dir "$BATS_TEST_TMPDIR/trust" </dev/null
	[[ "$output" == *"the registry does not tell what"* ]]
	run -2 pavise sign "$gun@$digest" "${options[@]}"
	[[ "$output" == *"has no tag"* ]]
	run -2 pavise sign "$gun:v1@$digest" --from oci:x "${options[@]}"
	[ ! -e "$BATS_TEST_TMPDIR/trust/private" ]
}

@test "a wrong passphrase is refused and says whose" {
	sign v1
	DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE="something else" run -1 sign v2
	[[ "$output" == *"targets key "*"passphrase from the environment"* ]]
	run -1 env -u DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE -u NOTARY_TARGETS_PASSPHRASE setsid pavise sign $gun:v2 \
		--from "oci:$BATS_TEST_TMPDIR/image:12" "${options[@]}" --trust-dir "$BATS_TEST_TMPDIR/trust"
	[[ "$output" == *"DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE"* ]]
}

@test "passphrases are in no child's environment" {
	sign v1
	printf '#!/bin/sh\ntr "\\0" "\\n" </proc/self/environ >%s\nexit 3\n' "$BATS_TEST_TMPDIR/seen" >"$BATS_TEST_TMPDIR/pavise-fetch"
	chmod +x "$BATS_TEST_TMPDIR/pavise-fetch"
	cp "$PAVISE_BIN/pavise-trust" "$BATS_TEST_TMPDIR/"
	run -3 "$BATS_TEST_TMPDIR/pavise-trust" sign $gun:v2 --from "oci:$BATS_TEST_TMPDIR/image:12" "${options[@]}" --trust-dir "$BATS_TEST_TMPDIR/trust"
	[ -s "$BATS_TEST_TMPDIR/seen" ]
	run ! grep -E '(root|repository) passphrase' "$BATS_TEST_TMPDIR/seen"
}

@test "inspect shows roles, keys and tags" {
	sign v1
	sign v2
	run -0 pavise inspect $gun "${options[@]}" --trust-dir "$BATS_TEST_TMPDIR/trust"
	for word in root targets snapshot timestamp v1 v2 "$digest"; do [[ "$output" == *"$word"* ]]; done
	run -0 --separate-stderr pavise inspect --json $gun:v2 "${options[@]}" --trust-dir "$BATS_TEST_TMPDIR/trust"
	python3 -c 'import json, sys; a = json.loads(sys.argv[1]); assert [t["name"] for t in a["tags"]] == ["v2"]; assert [r["name"] for r in a["roles"]] == ["root", "targets", "snapshot", "timestamp"]; assert all(k["signed"] for r in a["roles"] for k in r["keys"])' "$output"
	run -1 pavise inspect $gun:v3 "${options[@]}" --trust-dir "$BATS_TEST_TMPDIR/trust"
}

@test "key generate and list" {
	run -0 --separate-stderr pavise key generate alice --trust-dir "$BATS_TEST_TMPDIR/k"
	[[ "$output" == "-----BEGIN PUBLIC KEY-----"* ]]
	openssl pkey -pubin -noout <<<"$output"
	run -2 pavise key generate targets --trust-dir "$BATS_TEST_TMPDIR/k"
	[[ "$output" == *"say --gun"* ]]
	pavise key generate targets --gun $gun --trust-dir "$BATS_TEST_TMPDIR/k" --output "$BATS_TEST_TMPDIR/pub"
	run -0 pavise key list --trust-dir "$BATS_TEST_TMPDIR/k"
	[[ "$output" == *alice* && "$output" == *"targets"*"$gun"* ]]
	run -0 pavise key list --json --trust-dir "$BATS_TEST_TMPDIR/nothing"
	[ "$output" = "[]" ]
}

@test "trace tells what was signed, also by digest" {
	sign v1
	run -0 pavise trace $gun:v1
	[[ "$output" == *"sign"*"in targets with key"* ]]
	run -0 --separate-stderr pavise trace --json "$digest"
	[[ "$output" == *"\"event\":\"sign\""* ]]
	printf '{"time":"torn' >>"$PAVISE_AUDIT"
	sign v2
	run -0 pavise trace $gun:v2
	[[ "$output" == *sign* ]]
}

@test "serve ends with status 0 on SIGTERM and keeps its data" {
	sign v1
	stop_service
	[ "${service_status:-0}" -eq 0 ]
	start_service
	run -0 pavise verify $gun:v1 "${options[@]}" "${reader[@]}" --tofu
	sign v2
}

@test "serve refuses what would expose it, and a data directory in use" {
	run -2 pavise serve --listen 0.0.0.0:0 --data "$BATS_TEST_TMPDIR/open"
	[[ "$output" == *"say --insecure-open"* ]]
	run -2 pavise serve --listen nowhere --data "$BATS_TEST_TMPDIR/open"
	run -2 pavise serve --store mysql://x --listen 127.0.0.1:0 --data "$BATS_TEST_TMPDIR/open"
}

@test "all commands of pavise-trust answer --help and refuse unknown options" {
	for command in sign verify inspect key trace serve; do
		run -0 pavise $command --help
		run -2 pavise $command --no-such-option
	done
}
