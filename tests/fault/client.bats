#!/usr/bin/env bats
# A publisher that dies at any moment loses neither staged changes nor keys, and a server that is slow
# is given up.
bats_require_minimum_version 1.5.0
load ../cli/helper
load ../cli/service

gun=localhost:5000/lab/app

setup() {
	start_service
	cd "$BATS_TEST_TMPDIR"
	make_layout image >/dev/null
	ours=("$PAVISE_BIN/notary/notary" -s "$server" --tlscacert "$ca" -d "$BATS_TEST_TMPDIR/trust")
	options+=(--trust-dir "$BATS_TEST_TMPDIR/trust")
	echo content >file
}

teardown() {
	stop_service
	[ -z "${slow_pid:-}" ] || kill "$slow_pid"
}

# dies_at SECONDS COMMAND…: runs it and kills it with -9 after so long, if it still runs. Its own
# helper process ends by itself when it is gone.
dies_at() {
	local pid
	"${@:2}" >/dev/null 2>&1 3>&- &
	pid=$!
	sleep "$1"
	kill -9 "$pid" 2>/dev/null || true
	wait "$pid" 2>/dev/null || true
}

moments=(0.005 0.01 0.02 0.03 0.05 0.08 0.12 0.16 0.2 0.25 0.3 0.4 0.5)

keys_are_whole() {
	local file
	for file in trust/private/*.key; do
		grep -q '^-----END ENCRYPTED PRIVATE KEY-----$' "$file" || { echo "torn: $file"; return 1; }
	done
}

@test "kill -9 in mid-staging and mid-publish: each change is staged or published, none is lost or torn" {
	"${ours[@]}" init -p $gun
	local count=0 moment
	for moment in "${moments[@]}"; do
		"${ours[@]}" add $gun "tag$((++count))" file
		dies_at "$moment" "${ours[@]}" publish $gun
		dies_at "$moment" "${ours[@]}" add $gun perhaps$count file
		"${ours[@]}" status $gun >/dev/null
		keys_are_whole
	done
	"${ours[@]}" publish $gun
	run -0 "${ours[@]}" status $gun
	[ "$output" = "No unpublished changes for $gun" ]
	run -0 "${ours[@]}" list $gun
	for i in $(seq $count); do
		[[ "$output" == *"tag$i "* ]] || { echo "tag$i is lost"; return 1; }
	done
}

@test "kill -9 in mid-rotation, of each role: the repository can be read and published, by old readers too" {
	"${ours[@]}" init -p $gun
	"${ours[@]}" add -p $gun v0 file
	pavise verify $gun:v0 --server "$server" --tlscacert "$ca" --trust-dir reader --tofu
	local count=0 moment role
	for role in targets snapshot root; do
		for moment in 0.02 0.06 0.12 0.2 0.3 0.5; do
			dies_at "$moment" pavise repo rotate $gun $role "${options[@]}"
			keys_are_whole
			"${ours[@]}" add -p $gun "v$((++count))" file
			pavise verify $gun:v$count --server "$server" --tlscacert "$ca" --trust-dir reader
		done
	done
}

@test "kill -9 in mid-initialisation: a second try succeeds" {
	local count=0 moment
	for moment in "${moments[@]}"; do
		dies_at "$moment" "${ours[@]}" init lab/n$((++count))
		"${ours[@]}" init lab/n$count >/dev/null 2>&1 || true # may be initialised already
		"${ours[@]}" add -p lab/n$count v1 file
		keys_are_whole
	done
}

@test "slow retrieval: a server that drips is given up with a sentence, and nothing is kept" {
	cat >slow.py <<'PY'
import socket, ssl, sys, threading, time
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
def drip(raw):
    try:
        with context.wrap_socket(raw, server_side=True) as peer:
            peer.recv(65536)
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            while True:
                peer.sendall(b" ")
                time.sleep(1)
    except OSError:
        pass
while True:
    raw, _ = server.accept()
    threading.Thread(target=drip, args=(raw,), daemon=True).start()
PY
	python3 slow.py service/tls/server.crt service/tls/server.key >port 2>/dev/null 3>&- &
	slow_pid=$!
	wait_for port '^[0-9]'
	run -3 timeout 120 pavise verify $gun:v1 --server "https://127.0.0.1:$(cat port)" --tlscacert "$ca" --trust-dir slow --tofu
	[[ "$output" == *"too slow"* ]] || { echo "$output"; return 1; }
	[ ! -e "slow/tuf/$gun/metadata/root.json" ]
}
