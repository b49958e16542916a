#!/usr/bin/env bats
# The service's configuration: service.yaml, Notary's own file, the command line, users.
bats_require_minimum_version 1.5.0
load helper
load service

setup() {
	data=$BATS_TEST_TMPDIR/service
	yaml=$BATS_TEST_TMPDIR/service.yaml
	notary=$BATS_TEST_TMPDIR/server-config.json
}

teardown() {
	stop_service
	[[ "$data" != /tmp/pavise-users.* ]] || rm -rf "$data"
}

# start [OPTION…]: waits until it answers.
start() {
	mkdir -p "$BATS_TEST_TMPDIR/log"
	: >"$BATS_TEST_TMPDIR/log/out"
	pavise serve "$@" >"$BATS_TEST_TMPDIR/log/out" 2>"$BATS_TEST_TMPDIR/log/err" 3>&- &
	service_pid=$!
	wait_for "$BATS_TEST_TMPDIR/log/out" '^ready https?://' || { cat "$BATS_TEST_TMPDIR/log/err" >&2; return 1; }
	server=$(sed -n 's/^ready //p' "$BATS_TEST_TMPDIR/log/out")
}

# refuses SENTENCE OPTION…: the service does not start, with that sentence, and makes nothing.
refuses() {
	local sentence=$1
	shift
	run -2 --separate-stderr timeout 20 pavise serve --listen 127.0.0.1:0 --data "$data" "$@"
	[[ "$stderr" == *"$sentence"* ]] || { echo "$stderr"; false; }
	[ ! -e "$data/signer" ] # no key was made
}

get() {
	curl -s --max-time 20 --cacert "$data/tls/ca.crt" -D "$BATS_TEST_TMPDIR/headers" "$server$1"
}

@test "service.yaml: what it says is done, and the command line wins" {
	cat >"$yaml" <<-YAML
		listen: 127.0.0.1:1
		data: elsewhere
		store: sqlite
		caching: {current_metadata: 0, consistent_metadata: 60}
		storage: {keep_versions: 3, keep_seconds: 0, guns: 1}
		gun_prefixes: [lab/]
	YAML
	start --config "$yaml" --listen 127.0.0.1:0 --data "$data"
	[ ! -e "$BATS_TEST_TMPDIR/elsewhere" ]
	options=(--server "$server" --tlscacert "$data/tls/ca.crt")
	digest=$(make_layout "$BATS_TEST_TMPDIR/image")
	# The reference names the GUN; only lab/ may be published, and only one of them.
	run -1 pavise sign localhost:5000/lab/app:v1 --from "oci:$BATS_TEST_TMPDIR/image:12" "${options[@]}" --trust-dir "$BATS_TEST_TMPDIR/trust"
	command -v notary >/dev/null || { echo "the peer notary is missing" >&2; return 1; }
	notary -s "$server" --tlscacert "$data/tls/ca.crt" -d "$BATS_TEST_TMPDIR/n" init -p lab/app
	run -1 notary -s "$server" --tlscacert "$data/tls/ca.crt" -d "$BATS_TEST_TMPDIR/n" init -p lab/second
	get /v2/lab/app/_trust/tuf/timestamp.json >/dev/null
	grep -qi '^cache-control: max-age=0, no-cache, no-store' "$BATS_TEST_TMPDIR/headers"
	grep -qi '^pragma: no-cache' "$BATS_TEST_TMPDIR/headers"
	get /v2/lab/app/_trust/tuf/1.root.json >/dev/null
	grep -qi '^cache-control: public, max-age=60, s-maxage=60' "$BATS_TEST_TMPDIR/headers"
}

@test "service.yaml: relative paths are beside the file" {
	mkdir -p "$BATS_TEST_TMPDIR/etc"
	echo 'data: here' >"$BATS_TEST_TMPDIR/etc/service.yaml"
	start --config "$BATS_TEST_TMPDIR/etc/service.yaml" --listen 127.0.0.1:0
	[ -e "$BATS_TEST_TMPDIR/etc/here/tls/ca.crt" ]
}

@test "service.yaml: an unknown key, a wrong type, an alias and an unfit value stop the start" {
	echo 'lisen: 127.0.0.1:0' >"$yaml"
	refuses 'lisen' --config "$yaml"
	echo 'caching: {current_metadata: soon}' >"$yaml"
	refuses 'current_metadata' --config "$yaml"
	echo 'caching: {current_metadata: 31536001}' >"$yaml"
	refuses 'at most 31536000' --config "$yaml"
	printf 'listen: &a x\ndata: *a\n' >"$yaml"
	refuses "$yaml" --config "$yaml"
	echo 'auth: {type: magic}' >"$yaml"
	refuses 'auth.type "magic"' --config "$yaml"
	echo 'tls: {certificate: a.crt}' >"$yaml"
	refuses 'tls.certificate and tls.key need each other' --config "$yaml"
	echo 'user: nobody' >"$yaml"
	refuses 'user and signer_user need each other' --config "$yaml"
	head -c 262145 /dev/zero | tr '\0' '#' >"$yaml"
	refuses 'at most 262144 allowed' --config "$yaml"
}

@test "service.yaml: auth type token without its options, or with an empty bundle, stops the start" {
	echo 'auth: {type: token, realm: x, service: y, issuer: z}' >"$yaml"
	run -2 --separate-stderr pavise serve --config "$yaml" --listen 127.0.0.1:0 --data "$data"
	[[ "$stderr" == *"needs the options realm, service, issuer and rootcertbundle"* ]]
	echo nothing >"$BATS_TEST_TMPDIR/empty.pem"
	echo 'auth: {type: token, realm: x, service: y, issuer: z, rootcertbundle: empty.pem}' >"$yaml"
	run ! pavise serve --config "$yaml" --listen 127.0.0.1:0 --data "$data"
	[[ "$output" == *"rootcertbundle: the bundle has no PEM certificate"* ]]
	echo 'gun_prefixes: [lab]' >"$yaml"
	run -2 pavise serve --config "$yaml" --listen 127.0.0.1:0 --data "$data"
	[[ "$output" == *'"lab" does not end in a slash'* ]]
}

@test "others than this machine are answered only with authentication, or on the word of an option" {
	refuses 'no authentication is configured' --listen 0.0.0.0:0
	echo 'insecure_open: true' >"$yaml"
	start --config "$yaml" --listen 0.0.0.0:0 --data "$data"
}

# notary_config [STORAGE [TRUST_SERVICE [MORE]]]
notary_config() {
	cat >"$notary" <<-JSON
		{"server": {"http_addr": "127.0.0.1:1", "tls_key_file": "./server.key", "tls_cert_file": "./server.crt"},
		 "trust_service": ${2:-{\"type\": \"local\", \"hostname\": \"\", \"port\": \"\", \"key_algorithm\": \"ecdsa\"\}},
		 "logging": {"level": "info"},
		 "Storage": ${1:-{\"backend\": \"memory\"\}}
		 ${3:-}}
	JSON
}

@test "a Notary configuration is taken as it is: address, TLS, prefixes, caching" {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -days 3 \
		-addext subjectAltName=IP:127.0.0.1,DNS:localhost -keyout "$BATS_TEST_TMPDIR/server.key" -out "$BATS_TEST_TMPDIR/server.crt" 2>/dev/null
	notary_config "" "" ', "caching": {"max_age": {"current_metadata": "0", "consistent_metadata": 77}},
		"repositories": {"gun_prefixes": ["lab/"]}, "reporting": {"bugsnag": {}}'
	start --notary-config "$notary" --listen 127.0.0.1:0 --data "$data"
	grep -q 'storage.backend memory: kept on disk' "$BATS_TEST_TMPDIR/log/err"
	grep -q 'reporting: nothing is reported' "$BATS_TEST_TMPDIR/log/err"
	grep -q 'logging: what fails is written to standard error, whatever the level' "$BATS_TEST_TMPDIR/log/err"
	mkdir -p "$data/tls" && cp "$BATS_TEST_TMPDIR/server.crt" "$data/tls/ca.crt"
	[ "$(get /_notary_server/health)" = '{}' ]
	[[ "$(get /v2/other/_trust/tuf/timestamp.key)" == *METADATA_NOT_FOUND* ]]
	[[ "$(get /v2/lab/app/_trust/tuf/timestamp.key)" == *ecdsa* ]]
}

@test "a Notary configuration without TLS files is plain HTTP" {
	notary_config
	sed -i 's/, "tls_key_file.*"}/}/' "$notary"
	start --notary-config "$notary" --listen 127.0.0.1:0 --data "$data"
	[[ "$server" == http://* ]]
	[ "$(curl -s "$server/_notary_server/health")" = '{}' ]
}

@test "a Notary configuration that needs migration stops the start and names the command" {
	notary_config '{"backend": "memory"}' '{"type": "remote", "hostname": "notary-signer", "port": "7899"}'
	refuses 'pavise migrate' --notary-config "$notary"
	[[ "$stderr" == *'new keys in their place would break every client'* ]]
	for backend in mysql postgres rethinkdb sqlite3; do
		notary_config "{\"backend\": \"$backend\", \"db_url\": \"user@tcp(db)/notaryserver\"}"
		refuses 'pavise migrate' --notary-config "$notary"
		[[ "$stderr" == *"storage.backend \"$backend\""* ]]
	done
}

@test "a Notary configuration with auth, or out of form, says what is wrong" {
	notary_config "" "" ', "auth": {"type": "htpasswd"}'
	refuses 'auth.type "htpasswd" is not known' --notary-config "$notary"
	notary_config "" "" ', "auth": {"type": "token", "options": {"realm": "r"}}'
	run -2 pavise serve --notary-config "$notary" --listen 127.0.0.1:0 --data "$data"
	[[ "$output" == *"needs the options"* ]]
	notary_config "" "" ', "caching": {"max_age": {"current_metadata": "-1"}}'
	refuses 'caching.max_age.current_metadata' --notary-config "$notary"
	echo '{' >"$notary"
	run ! pavise serve --notary-config "$notary" --listen 127.0.0.1:0 --data "$data"
	notary_config
	NOTARY_SERVER_STORAGE_BACKEND=mysql refuses 'the environment has NOTARY_SERVER_STORAGE_BACKEND' --notary-config "$notary"
	refuses 'exclude each other' --notary-config "$notary" --config "$notary"
}

# ids PID: its real, effective, saved and file system user id.
ids() {
	awk '/^Uid:/ {print $2, $3, $4, $5}' "/proc/$1/status"
}

@test "started by root with users: each process has its own, no capabilities, and its own files" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	data=$(mktemp -d /tmp/pavise-users.XXXXXX) # where other users can come
	chmod 755 "$data"
	printf 'user: daemon\nsigner_user: nobody\n' >"$yaml"
	start --config "$yaml" --listen 127.0.0.1:0 --data "$data"
	daemon=$(id -u daemon) nobody=$(id -u nobody)
	[ "$(ids "$service_pid")" = "$daemon $daemon $daemon $daemon" ]
	signer=$(pgrep -P "$service_pid")
	[ "$(ids "$signer")" = "$nobody $nobody $nobody $nobody" ]
	for pid in "$service_pid" "$signer"; do
		grep -qE '^CapPrm:\s0+$' "/proc/$pid/status"
		grep -qE '^CapEff:\s0+$' "/proc/$pid/status"
		grep -qE '^Groups:\s*$' "/proc/$pid/status"
		grep -qE '^NoNewPrivs:\s1$' "/proc/$pid/status"
	done
	[ "$(stat -c %U "$data")" = daemon ]
	[ "$(stat -c '%U %a' "$data/signer")" = "nobody 700" ]
	[[ "$(get /v2/lab/app/_trust/tuf/timestamp.key)" == *ecdsa* ]]
	# The service's user reads no key; the signer's user reads no trust data.
	run ! setpriv --reuid daemon --clear-groups ls "$data/signer"
	run ! setpriv --reuid nobody --clear-groups cat "$data/trust.db"
	stop_service
	[ "${service_status:-0}" = 0 ]
	# Again on the same directory: what is theirs stays theirs.
	start --config "$yaml" --listen 127.0.0.1:0 --data "$data"
	[[ "$(get /v2/lab/app/_trust/tuf/timestamp.key)" == *ecdsa* ]]
	# The signer ends with the service, however that dies, although it is another's process.
	signer=$(pgrep -P "$service_pid")
	stop_service -KILL
	for _ in $(seq 100); do
		[ -d "/proc/$signer" ] || break
		sleep 0.1
	done
	[ ! -d "/proc/$signer" ]
}

@test "health says what does not answer, by name, with 503" {
	start --listen 127.0.0.1:0 --data "$data"
	[ "$(get /_notary_server/health)" = '{}' ]
	kill -KILL "$(pgrep -P "$service_pid")"
	for _ in $(seq 100); do
		[ "$(get /_notary_server/health)" = '{}' ] || break
		sleep 0.1
	done
	body=$(get /_notary_server/health)
	grep -q ' 503 ' "$BATS_TEST_TMPDIR/headers"
	[[ "$body" == '{"signer":"'*'"}' ]]
	# Reading goes on, signing is refused with Notary's code.
	[[ "$(get /v2/lab/app/_trust/tuf/timestamp.key)" == *'"code":"NO_CRYPTOSERVICE"'* ]]
	grep -q ' 500 ' "$BATS_TEST_TMPDIR/headers"
	[[ "$(get /v2/lab/app/_trust/tuf/timestamp.json)" == *METADATA_NOT_FOUND* ]]
}

# need_notary: Debian's client, and a repository lab/app that it published.
need_notary() {
	command -v notary >/dev/null || { echo "the peer notary is missing" >&2; return 1; }
	notary -s "$server" --tlscacert "$data/tls/ca.crt" -d "$BATS_TEST_TMPDIR/n" init -p lab/app
}

@test "timestamps are signed anew by the clock, when half their life is over and before anybody asks" {
	start --listen 127.0.0.1:0 --data "$data"
	need_notary
	get /v2/lab/app/_trust/tuf/timestamp.json >"$BATS_TEST_TMPDIR/before"
	stop_service
	# Six days later nothing happens, eight days later the clock has signed.
	for days in 6 8; do
		: >"$BATS_TEST_TMPDIR/log/out"
		"$PAVISE_SOURCE/tests/at-time" "+${days}d" "$PAVISE_BIN/pavise" serve --listen 127.0.0.1:0 --data "$data" >"$BATS_TEST_TMPDIR/log/out" 2>"$BATS_TEST_TMPDIR/log/err" 3>&- &
		service_pid=$!
		wait_for "$BATS_TEST_TMPDIR/log/out" '^ready '
		server=$(sed -n 's/^ready //p' "$BATS_TEST_TMPDIR/log/out")
		rows=0
		for _ in $(seq 50); do
			# The change feed, which does not look at the timestamp.
			rows=$(get '/v2/lab/app/_trust/changefeed?records=0' | python3 -c 'import json, sys; print(json.load(sys.stdin)["count"])')
			[ "$rows" = 1 ] || break
			sleep 0.1
		done
		[ "$rows" = $((days == 8 ? 2 : 1)) ] || { echo "$days days: $rows rows"; cat "$BATS_TEST_TMPDIR/log/err"; false; }
		get /v2/lab/app/_trust/tuf/timestamp.json >"$BATS_TEST_TMPDIR/after"
		stop_service
	done
	python3 - "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after" <<-'PYTHON'
		import json, sys
		before, after = (json.load(open(name))["signed"] for name in sys.argv[1:])
		assert after["version"] == before["version"] + 1
		assert after["meta"] == before["meta"]
		assert after["expires"] > before["expires"]
	PYTHON
}

@test "deleting a repository deletes its keys, and those of no other" {
	start --listen 127.0.0.1:0 --data "$data"
	need_notary
	get /v2/lab/other/_trust/tuf/timestamp.key >"$BATS_TEST_TMPDIR/other"
	mine=$data/signer/$(printf lab/app | sha256sum | cut -d' ' -f1)
	[ -n "$(ls "$mine")" ]
	curl -s --cacert "$data/tls/ca.crt" -X DELETE "$server/v2/lab/app/_trust/tuf/"
	[ -z "$(ls "$mine" 2>/dev/null)" ]
	[ "$(get /v2/lab/other/_trust/tuf/timestamp.key)" = "$(cat "$BATS_TEST_TMPDIR/other")" ]
}

@test "slow retrieval: clients that drip their requests do not hold others up" {
	start --listen 127.0.0.1:0 --data "$data"
	python3 - "${server#https://}" "$data/tls/ca.crt" >"$BATS_TEST_TMPDIR/dripping" <<-'PYTHON' 3>&- &
		import socket, ssl, sys, time
		host, port = sys.argv[1].split(":")
		context = ssl.create_default_context(cafile=sys.argv[2])
		held = []
		for i in range(100):
		    tls = context.wrap_socket(socket.create_connection((host, int(port))), server_hostname=host)
		    tls.sendall(b"POST /v2/lab/app/_trust/tuf/ HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n"
		                b"Content-Type: multipart/form-data; boundary=x\r\n\r\n" if i % 2 else b"GET /v2/ HT")
		    held.append(tls)
		print("dripping", flush=True)
		for _ in range(600):
		    time.sleep(0.1)
		    for tls in held[1::2]:
		        tls.sendall(b"x")
	PYTHON
	dripping=$!
	wait_for "$BATS_TEST_TMPDIR/dripping" dripping
	for _ in $(seq 10); do
		[ "$(curl -s --max-time 10 --cacert "$data/tls/ca.crt" "$server/_notary_server/health")" = '{}' ]
	done
	kill $dripping
}

@test "users that do not exist, are root, or are the same stop the start" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	while read -r user signer sentence; do
		printf 'user: %s\nsigner_user: %s\n' "$user" "$signer" >"$yaml"
		run ! pavise serve --config "$yaml" --listen 127.0.0.1:0 --data "$data"
		[[ "$output" == *"$sentence"* ]] || { echo "$output"; false; }
	done <<-'USERS'
		no-such-user nobody there is no user "no-such-user"
		root nobody is root; name one without rights
		daemon 0 is root; name one without rights
		daemon daemon the signer needs one of its own
	USERS
}

@test "a data directory that belongs to somebody else is refused" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	mkdir -p "$data"
	chown bin "$data"
	printf 'user: daemon\nsigner_user: nobody\n' >"$yaml"
	run ! pavise serve --config "$yaml" --listen 127.0.0.1:0 --data "$data"
	[[ "$output" == *"neither to root nor to daemon"* ]]
}
