# SoftHSM2 tokens for tests of keys in hardware. Load it after helper.

softhsm_module=/usr/lib/softhsm/libsofthsm2.so
p11_client=/usr/lib/x86_64-linux-gnu/pkcs11/p11-kit-client.so
export SOFTHSM2_CONF=$BATS_TEST_TMPDIR/softhsm/softhsm2.conf

# make_tokens LABEL…: each with the PIN "pin of LABEL", which lies in the file LABEL.pin.
make_tokens() {
	local label
	mkdir -p "$BATS_TEST_TMPDIR/softhsm/tokens"
	printf 'directories.tokendir = %s\nlog.level = ERROR\n' "$BATS_TEST_TMPDIR/softhsm/tokens" >"$SOFTHSM2_CONF"
	for label in "$@"; do
		softhsm2-util --init-token --free --label "$label" --so-pin "so pin of $label" --pin "pin of $label" >/dev/null
		echo "pin of $label" >"$BATS_TEST_TMPDIR/$label.pin"
	done
}

# uri LABEL [ID]: of a token, or of a place on it.
uri() {
	echo "pkcs11:token=$1${2:+;id=%$2}?module-path=${module:-$softhsm_module}"
}

# start_p11_server LABEL USER [LABEL]: serves the tokens to USER alone, over a socket: sets p11_socket,
# p11_pid, and p11_shared: a directory that others come to, which those of bats are not.
start_p11_server() {
	local directory
	p11_shared=$(mktemp -d "${TMPDIR:-/tmp}/pavise-p11-XXXXXX")
	directory=$p11_shared
	chmod 711 "$directory"
	p11_socket=$directory/socket
	p11-kit server -f --provider "$softhsm_module" -n "$p11_socket" -u "$2" "pkcs11:token=$1" ${3:+"pkcs11:token=$3"} \
		>"$directory/out" 2>"$directory/err" 3>&- &
	p11_pid=$!
	wait_for "$directory/out" '^P11_KIT_SERVER_ADDRESS=' || return 1
	chmod 666 "$p11_socket" # it is made 0711; -u holds others off
}

stop_p11_server() {
	[ -n "${p11_pid:-}" ] || return 0
	rm -rf "${p11_shared:?}"
	kill "$p11_pid" 2>/dev/null || true
	wait "$p11_pid" || true
	p11_pid=
}
