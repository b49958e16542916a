#!/usr/bin/env bats
# A trust server that is reached through a proxy only: pavise-fetch leaves it to pavise-fetch-full.
bats_require_minimum_version 1.5.0
load ../cli/helper
load ../cli/service

gun=localhost:5000/lab/app

setup() {
	export PAVISE_AUDIT=$BATS_TEST_TMPDIR/audit
	cd "$BATS_TEST_TMPDIR"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -days 2 \
		-subj /CN=notary.example -addext subjectAltName=DNS:notary.example 2>/dev/null
	service_arguments=(--tls-cert cert.pem --tls-key key.pem)
	start_service
	cat >proxy.py <<'PYTHON'
import socket, sys, threading
port = int(sys.argv[1])
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
def pump(one, other):
    try:
        while data := one.recv(65536):
            other.sendall(data)
    except OSError:
        pass
    finally:
        other.close()
def serve(client):
    head = b""
    while b"\r\n\r\n" not in head:
        head += client.recv(65536)
    print(head.split(b"\r\n")[0].decode(), file=sys.stderr, flush=True)
    server = socket.create_connection(("127.0.0.1", port))
    client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
    threading.Thread(target=pump, args=(client, server), daemon=True).start()
    pump(server, client)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
PYTHON
	python3 proxy.py "${server##*:}" >proxy.port 2>proxy.log 3>&- &
	proxy_pid=$!
	wait_for proxy.port '^[0-9]'
	named=(--server https://notary.example --tlscacert cert.pem --trust-dir trust)
}

teardown() {
	stop_service
	[ -z "${proxy_pid:-}" ] || kill "$proxy_pid"
}

@test "signing and verifying go through https_proxy and all_proxy, and fail without" {
	make_layout image
	run -3 pavise verify $gun:v1 "${named[@]}" --tofu
	[ ! -s proxy.log ]
	https_proxy=http://127.0.0.1:$(cat proxy.port) pavise sign $gun:v1 --from oci:image:12 "${named[@]}"
	grep -qxF 'CONNECT notary.example:443 HTTP/1.1' proxy.log
	: >proxy.log
	all_proxy=http://127.0.0.1:$(cat proxy.port) run -0 pavise verify $gun:v1 "${named[@]}"
	grep -qxF 'CONNECT notary.example:443 HTTP/1.1' proxy.log
	https_proxy=http://127.0.0.1:1 run -3 pavise verify $gun:v1 "${named[@]}"
	[[ "$output" == *"cannot connect"* ]]
}

@test "this machine is asked without a proxy" {
	https_proxy=http://127.0.0.1:1 run -3 pavise verify $gun:v1 --server "$server" --tlscacert cert.pem --trust-dir trust --tofu
	[[ "$output" == *"its certificate is refused: "*"; name its authority with --tlscacert"* ]]
}
