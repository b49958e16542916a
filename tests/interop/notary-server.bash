# Debian's notary-server for tests; load it after service, and end it with stop_notary_server.

# start_notary_server [DIR [MORE]]: Debian's own server, in memory, with the certificate that ours made
# in DIR/service; MORE are members of its configuration.
start_notary_server() {
	local port dir=${1:-$BATS_TEST_TMPDIR} more=${2:+, $2}
	port=$(free_port)
	cat >"$dir/notary-server.json" <<JSON
{"server": {"http_addr": "127.0.0.1:$port",
  "tls_cert_file": "$dir/service/tls/server.crt",
  "tls_key_file": "$dir/service/tls/server.key"},
 "trust_service": {"type": "local", "hostname": "", "port": "", "key_algorithm": "ed25519"},
 "logging": {"level": "error"}, "storage": {"backend": "memory"}$more}
JSON
	notary-server -config "$dir/notary-server.json" >"$dir/notary-server.log" 2>&1 3>&- &
	notary_server_pid=$!
	for _ in $(seq 100); do
		(exec 4<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
		sleep 0.1
	done
	server=https://127.0.0.1:$port
	options=(--server "$server" --tlscacert "$ca")
	notary=(notary -s "$server" --tlscacert "$ca" -d "$BATS_TEST_TMPDIR/notary")
}

stop_notary_server() {
	[ -z "${notary_server_pid:-}" ] || kill "$notary_server_pid"
}
