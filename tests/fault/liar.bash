# Starts and ends tests/fault/lying-server in front of the running service. Load it after service.

# start_liar MODE-FILE: sets liar, the options that lead to it.
start_liar() {
	local tls=${ca%/*}
	"$PAVISE_SOURCE/tests/fault/lying-server" "$tls/server.crt" "$tls/server.key" "$server" "$1" \
		>"$BATS_TEST_TMPDIR/port" 2>/dev/null 3>&- &
	liar_pid=$!
	wait_for "$BATS_TEST_TMPDIR/port" '^[0-9]' || return 1
	liar=(--server "https://127.0.0.1:$(cat "$BATS_TEST_TMPDIR/port")" --tlscacert "$ca")
}

stop_liar() {
	[ -z "${liar_pid:-}" ] || kill "$liar_pid"
}
