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
