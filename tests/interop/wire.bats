#!/usr/bin/env bats
# The wire: the same requests to our server and to Debian's notary-server, case by case (wire.py says
# what each asks and where ours differs on purpose), and what only ours does.
bats_require_minimum_version 1.5.0
load ../cli/helper
load ../cli/service
load ask
load notary-server

setup_file() {
	command -v notary-server >/dev/null || { echo "the peer notary-server is missing" >&2; return 1; }
	ASAN_OPTIONS=${ASAN_OPTIONS:-}:quarantine_size_mb=1 start_service "$BATS_FILE_TMPDIR/service"
	ours=$server
	start_notary_server "$BATS_FILE_TMPDIR"
	peer=$server server=$ours
	export server ca service_pid notary_server_pid peer
}

teardown_file() {
	stop_notary_server
	kill "$service_pid"
}

# wire: the case that the test is named after, asked of both servers and compared.
wire() {
	"$PAVISE_SOURCE/tests/interop/wire.py" "$server" "$peer" "$ca" "${BATS_TEST_DESCRIPTION// /-}"
}

# publish GUN: one target by Debian's client.
publish() {
	echo content >"$BATS_TEST_TMPDIR/file"
	[ -d "$BATS_TEST_TMPDIR/notary/tuf/$1" ] || notary -s "$server" --tlscacert "$ca" -d "$BATS_TEST_TMPDIR/notary" init -p "$1" >/dev/null
	notary -s "$server" --tlscacert "$ca" -d "$BATS_TEST_TMPDIR/notary" add -p "$1" "t$RANDOM" "$BATS_TEST_TMPDIR/file" >/dev/null
}

@test "every case of wire.py is a test here" {
	for name in $("$PAVISE_SOURCE/tests/interop/wire.py" --list); do
		grep -qxF "@test \"${name//-/ }\" { wire; }" "$BATS_TEST_FILENAME" || { echo "$name is missing"; false; }
	done
}

@test "a good publish" { wire; }
@test "a good publish with the snapshot key on the server" { wire; }
@test "a part without a file name" { wire; }
@test "a part with an empty file name" { wire; }
@test "a part of no role" { wire; }
@test "a delegation in capitals" { wire; }
@test "a delegation that climbs" { wire; }
@test "a role name of 256 bytes" { wire; }
@test "a part that is no json" { wire; }
@test "an empty part" { wire; }
@test "the role is looked at before the json" { wire; }
@test "the first bad part is the one that is told" { wire; }
@test "a body that is not multipart" { wire; }
@test "a multipart body without a boundary" { wire; }
@test "a body cut inside a part" { wire; }
@test "a json suffix of a file name is dropped" { wire; }
@test "the last of two parts of a role counts" { wire; }
@test "an uploaded timestamp is passed over" { wire; }
@test "no root at all" { wire; }
@test "a root that is null" { wire; }
@test "a root that is empty" { wire; }
@test "a first root of version 3" { wire; }
@test "a first root of version 2" { wire; }
@test "a root fast forwarded" { wire; }
@test "a root of the same version" { wire; }
@test "a new root that the old key did not sign" { wire; }
@test "a new root that its own key did not sign" { wire; }
@test "a root rotation that both keys signed" { wire; }
@test "a root certificate of another name" { wire; }
@test "a root certificate that is an authority" { wire; }
@test "vulnerable keys a root certificate with sha1" { wire; }
@test "vulnerable keys a root certificate with a short rsa key" { wire; }
@test "a root key without a certificate" { wire; }
@test "a root certificate for a prefix" { wire; }
@test "a timestamp key that the server lacks" { wire; }
@test "freeze a root that is expired" { wire; }
@test "a root with bytes after it" { wire; }
@test "a first publish without targets" { wire; }
@test "arbitrary software targets by a foreign key" { wire; }
@test "targets without a signature" { wire; }
@test "wrong software targets that were changed after signing" { wire; }
@test "freeze targets that are expired" { wire; }
@test "targets of another type" { wire; }
@test "targets with bytes after them" { wire; }
@test "targets of version 0" { wire; }
@test "rollback targets of a version that is stored" { wire; }
@test "a delegation" { wire; }
@test "extraneous dependencies a delegation that nobody made" { wire; }
@test "a delegation by a foreign key" { wire; }
@test "a delegation whose parent is missing" { wire; }
@test "targets outside a delegations paths are for clients to hide" { wire; }
@test "a delegate publishes alone with the snapshot key on the server" { wire; }
@test "no snapshot and the server has no key" { wire; }
@test "a snapshot by a foreign key" { wire; }
@test "freeze a snapshot that is expired" { wire; }
@test "mix and match a snapshot of other targets" { wire; }
@test "mix and match a snapshot of another root" { wire; }
@test "a snapshot that does not list a delegation" { wire; }
@test "a snapshot that does not list the root" { wire; }
@test "a snapshot without sha256" { wire; }
@test "a snapshot with a wrong sha512" { wire; }
@test "a wrong length in a snapshot" { wire; }
@test "a snapshot with bytes after it" { wire; }
@test "rollback a snapshot of a version that is stored" { wire; }
@test "no part and the server has no snapshot key" { wire; }
@test "no part and the server has the snapshot key" { wire; }
@test "no part for a new repository" { wire; }
@test "the checksum of another repository finds nothing" { wire; }
@test "the checksum of another role finds nothing" { wire; }
@test "the checksum of a deleted repository finds nothing" { wire; }
@test "rollback a snapshot that moves back for a role that is not uploaded" { wire; }
@test "a member twice" { wire; }
@test "a member in capitals" { wire; }
@test "an unknown member is kept to the byte" { wire; }
@test "an upload that changes nothing makes no version" { wire; }
@test "negative records from the start" { wire; }
@test "last modified is a legal date" { wire; }
@test "what was uploaded is answered to the byte" { wire; }
@test "reads unknown paths" { wire; }
@test "reads methods that no route has" { wire; }
@test "reads paths that are not clean" { wire; }
@test "reads metadata by name" { wire; }
@test "reads metadata by version" { wire; }
@test "reads metadata by hash" { wire; }
@test "reads keys" { wire; }
@test "reads the change feeds parameters" { wire; }
@test "reads health" { wire; }
@test "reads deletion" { wire; }
# --- what only ours does ----------------------------------------------------------------------

@test "HEAD is GET without a body" {
	publish own/head
	for path in /v2/own/head/_trust/tuf/root.json /v2/ /_notary_server/health '/v2/own/head/_trust/changefeed?records=1'; do
		ask GET "$path"
		length=$(wc -c <"$BATS_TEST_TMPDIR/body")
		status=$(curl -s --cacert "$ca" -I -o "$BATS_TEST_TMPDIR/headers" -w '%{http_code}' "$server$path")
		[ "$status" = 200 ]
		grep -qi "^content-length: $length" "$BATS_TEST_TMPDIR/headers"
	done
	status=$(curl -s --cacert "$ca" -I -o /dev/null -w '%{http_code}' "$server/v2/own/none/_trust/tuf/root.json")
	[ "$status" = 404 ]
}

@test "an entity tag saves the body until there is a new version" {
	publish own/etag
	ask GET /v2/own/etag/_trust/tuf/timestamp.json
	tag=$(sed -n 's/^[Ee][Tt]ag: //p' <<<"$headers")
	[ "$tag" = "\"$(sha256sum <"$BATS_TEST_TMPDIR/body" | cut -d' ' -f1)\"" ]
	for known in "$tag" "\"other\", $tag" "W/$tag" '*'; do
		ask GET /v2/own/etag/_trust/tuf/timestamp.json -H "If-None-Match: $known"
		[ "$status" = 304 ]
		grep -qi '^cache-control: public, max-age=300' <<<"$headers"
	done
	for other in '"other"' "${tag%\"}" ''; do
		ask GET /v2/own/etag/_trust/tuf/timestamp.json -H "If-None-Match: $other"
		[ "$status" = 200 ]
	done
	publish own/etag
	ask GET /v2/own/etag/_trust/tuf/timestamp.json -H "If-None-Match: $tag"
	[ "$status" = 200 ]
	[ "$(sed -n 's/^[Ee][Tt]ag: //p' <<<"$headers")" != "$tag" ]
}

@test "what was kept in memory is gone with the next version, and with the repository" {
	publish own/fresh
	for _ in 1 2 3; do
		ask GET /v2/own/fresh/_trust/tuf/timestamp.json
		before=$(sha256sum <"$BATS_TEST_TMPDIR/body")
		publish own/fresh
		ask GET /v2/own/fresh/_trust/tuf/timestamp.json
		[ "$(sha256sum <"$BATS_TEST_TMPDIR/body")" != "$before" ]
	done
	ask GET /v2/own/fresh/_trust/tuf/1.root.json
	[ "$status" = 200 ]
	ask DELETE /v2/own/fresh/_trust/tuf/
	[ "$status" = 200 ]
	for name in timestamp 1.root root; do
		ask GET /v2/own/fresh/_trust/tuf/$name.json
		[ "$status" = 404 ]
	done
}

@test "the change feed pages over updates and deletions, both ways" {
	for _ in 1 2 3; do publish own/feed; done
	ask DELETE /v2/own/feed/_trust/tuf/
	ask DELETE /v2/own/feed/_trust/tuf/ # an unknown one adds no row
	page() {
		ask GET "/v2/own/feed/_trust/changefeed?$1"
		[ "$status" = 200 ]
		python3 -c 'import json, sys; r = json.load(sys.stdin); assert r["count"] == len(r["records"] or []); print(*[x["Category"][0] + str(x["Version"]) for x in r["records"] or []])' <<<"$body"
	}
	[ "$(page records=0)" = "u1 u2 u3 u4 d0" ]
	[ "$(page records=2)" = "u1 u2" ]
	[ "$(page records=-2)" = "u4 d0" ]
	[ "$(page 'records=10&change_id=-1')" = "" ]
	first=$(python3 -c 'import json, sys; print(json.load(sys.stdin)["records"][0]["ID"])' < <(ask GET '/v2/own/feed/_trust/changefeed?records=1'; echo "$body"))
	[ "$(page "records=2&change_id=$first")" = "u2 u3" ]
	third=$(python3 -c 'import json, sys; print(json.load(sys.stdin)["records"][2]["ID"])' < <(ask GET '/v2/own/feed/_trust/changefeed?records=9'; echo "$body"))
	[ "$(page "records=-1&change_id=$third")" = "u2" ]
	for wrong in '' 'records=' 'records=x' 'records=1x' 'records=99999999999999999999'; do
		ask GET "/v2/own/feed/_trust/changefeed?$wrong"
		[ "$status" = 400 ] && [[ "$body" == '{"errors":[{"code":"INVALID_PARAMETERS","message":"The parameters provided are not valid.","detail":"invalid records parameter: '* ]]
	done
}

@test "metrics count each operation under Notary's names" {
	publish own/metrics
	count() {
		ask GET /metrics
		sed -n "s/^notary_server_http_requests_total{code=\"$1\",method=\"$2\",operation=\"$3\"} //p" <<<"$body"
	}
	before=$(count 200 get GetRole)
	ask GET /v2/own/metrics/_trust/tuf/root.json
	[ "$(count 200 get GetRole)" = $((${before:-0} + 1)) ]
	[ "$(count 200 post UpdateTUF)" -ge 2 ]
	before=$(count 404 get GetRoleByVersion)
	ask GET /v2/own/metrics/_trust/tuf/9.root.json
	[ "$(count 404 get GetRoleByVersion)" = $((${before:-0} + 1)) ]
	ask GET /metrics
	for operation in UpdateTUF GetRole GetRoleByHash GetRoleByVersion GetKey RotateKey DeleteTUF Changefeed; do
		for measure in request_duration_microseconds request_size_bytes response_size_bytes; do
			grep -q "^notary_server_http_$measure{operation=\"$operation\",quantile=\"0.99\"} " <<<"$body"
			grep -qE "^notary_server_http_${measure}_count\{operation=\"$operation\"\} [0-9]+$" <<<"$body"
		done
	done
	grep -qi '^content-type: text/plain; version=0.0.4' <<<"$headers"
}

@test "endless data: an upload that announces too much, or does not end, is refused without being kept" {
	ask POST /v2/own/endless/_trust/tuf/ -H 'Content-Length: 134217729' -H 'Content-Type: multipart/form-data; boundary=x' --data-binary x
	[ "$status" = 413 ] && [[ "$body" == *'The body of your request is too large.'* ]]
	before=$(awk '/VmRSS/ {print $2}' "/proc/$service_pid/status")
	head -c 200000000 /dev/zero | curl -s --max-time 120 --cacert "$ca" -o /dev/null -X POST -T - -H 'Content-Type: multipart/form-data; boundary=x' \
		-H 'Transfer-Encoding: chunked' "$server/v2/own/endless/_trust/tuf/" || true
	for _ in $(seq 100); do
		after=$(awk '/VmRSS/ {print $2}' "/proc/$service_pid/status")
		[ $((after - before)) -lt 20000 ] && break
		sleep 0.1
	done
	[ $((after - before)) -lt 20000 ]
	ask GET /_notary_server/health
	[ "$status" = 200 ]
}

@test "a client that asks much and reads nothing does not hold the others up" {
	publish own/greedy
	python3 - "${server#https://}" "$ca" <<-'PYTHON' &
		import socket, ssl, sys, time
		host, port = sys.argv[1].split(":")
		raw = socket.create_connection((host, int(port)))
		tls = ssl.create_default_context(cafile=sys.argv[2]).wrap_socket(raw, server_hostname=host)
		tls.settimeout(5)
		try:
		    for _ in range(20000):
		        tls.sendall(b"GET /v2/own/greedy/_trust/tuf/timestamp.json HTTP/1.1\r\nHost: x\r\n\r\n")
		except OSError:
		    pass
		time.sleep(2)
	PYTHON
	greedy=$!
	for _ in $(seq 20); do
		ask GET /v2/own/greedy/_trust/tuf/timestamp.json --max-time 10
		[ "$status" = 200 ]
	done
	wait $greedy
}

@test "a log line holds no content and no key" {
	publish own/log
	[ -s "$BATS_FILE_TMPDIR/service/log" ]
	run ! grep -qE '"signed"|keyval|BEGIN' "$BATS_FILE_TMPDIR/service/log"
}
