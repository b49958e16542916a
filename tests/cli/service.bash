# For tests that need a trust server: starts `pavise serve`, ends it, and makes a small image.
# Load it after helper.

export DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE="root passphrase"
export DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE="repository passphrase"
export NOTARY_ROOT_PASSPHRASE="root passphrase" NOTARY_TARGETS_PASSPHRASE="repository passphrase"
export NOTARY_SNAPSHOT_PASSPHRASE="repository passphrase" NOTARY_DELEGATION_PASSPHRASE="repository passphrase"

# start_service [DIR]: sets server, ca, service_pid. The array service_arguments adds options.
start_service() {
	local data=${1:-$BATS_TEST_TMPDIR/service}
	mkdir -p "$data"
	: >"$data/out"
	pavise serve --listen 127.0.0.1:0 --data "$data" "${service_arguments[@]}" >"$data/out" 2>"$data/log" 3>&- &
	service_pid=$!
	wait_for "$data/out" '^ready https://' || return 1
	server=$(sed -n 's/^ready //p' "$data/out")
	ca=$data/tls/ca.crt
	options=(--server "$server" --tlscacert "$ca")
}

# start_signer [OPTION...]: certificates, and a signer for several services: sets signer, signer_pid, pki,
# and signer_options for `pavise serve`. Once started it keeps its port.
start_signer() {
	pki=$BATS_TEST_TMPDIR/pki
	[ -d "$pki" ] || "$PAVISE_SOURCE/tests/make-pki" "$pki"
	: >"$BATS_TEST_TMPDIR/signer.out"
	"$PAVISE_BIN/pavise-signer" --listen "${signer:-127.0.0.1:0}" --keys "$BATS_TEST_TMPDIR/keys" \
		--tls-cert "$pki/signer.crt" --tls-key "$pki/signer.key" --client-ca "$pki/ca.crt" "$@" \
		>"$BATS_TEST_TMPDIR/signer.out" 2>>"$BATS_TEST_TMPDIR/signer.log" 3>&- &
	signer_pid=$!
	wait_for "$BATS_TEST_TMPDIR/signer.out" '^ready ' || return 1
	signer=$(sed -n 's/^ready //p' "$BATS_TEST_TMPDIR/signer.out")
	signer_options_for service
}

# signer_options_for NAME: signer_options show the certificate NAME.
signer_options_for() {
	signer_options=(--signer "$signer" --signer-ca "$pki/ca.crt" --signer-cert "$pki/$1.crt" --signer-key "$pki/$1.key")
}

stop_signer() {
	[ -n "${signer_pid:-}" ] || return 0
	signer_status=0
	kill "${1:--TERM}" "$signer_pid" 2>/dev/null || true
	wait "$signer_pid" || signer_status=$?
	signer_pid=
}

stop_service() {
	[ -n "${service_pid:-}" ] || return 0
	kill "${1:--TERM}" "$service_pid" 2>/dev/null || true
	wait "$service_pid" || service_status=$?
	service_pid=
}

# make_layout DIR [WORD]: a tiny image, tagged 12, that holds WORD; prints its digest.
make_layout() {
	mkdir -p "$1.root/etc"
	echo "${2:-word}" >"$1.root/etc/word"
	tar -C "$1.root" --sort=name --mtime=@0 --owner=0 --group=0 -cf "$1.tar" .
	"$PAVISE_SOURCE/demo/make-image" "$1.tar" "$1" >/dev/null
	python3 -c 'import json, sys; print(json.load(open(sys.argv[1] + "/index.json"))["manifests"][0]["digest"])' "$1"
}
