# Shared by all bats files: the programs under test on PATH, a scratch directory per test, and
# nothing of the caller's home.
PATH="$PAVISE_BIN:$PATH"
export HOME="$BATS_TEST_TMPDIR/home"
export NO_COLOR=1
unset DOCKER_CONTENT_TRUST DOCKER_CONTENT_TRUST_SERVER DOCKER_CONFIG NOTARY_AUTH
mkdir -p "$HOME"

# wait_for FILE PATTERN: until a line of FILE matches, at most 20 s.
wait_for() {
	local i
	for i in $(seq 200); do
		grep -qE "$2" "$1" 2>/dev/null && return 0
		sleep 0.1
	done
	echo "no '$2' in $1:" >&2
	cat "$1" >&2
	return 1
}

# at_time TIME COMMAND…: with the clock moved (+20d, -4y, "@2021-05-02 12:00:00").
at_time() {
	"$PAVISE_SOURCE/tests/at-time" "$@"
}

# free_port: a loopback port that nobody listens on now.
free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
