#!/usr/bin/env bats
# pavise-signer for several services: who is answered, who is refused, and what is left in its files.
bats_require_minimum_version 1.5.0
load helper
load service

gun=localhost:5000/lab/app

setup() {
	export PAVISE_AUDIT=$BATS_TEST_TMPDIR/audit
	make_layout "$BATS_TEST_TMPDIR/image" >/dev/null
}

teardown() {
	stop_service
	stop_signer
}

sign() {
	pavise sign "$gun:$1" --from "oci:$BATS_TEST_TMPDIR/image:12" "${options[@]}" --trust-dir "$BATS_TEST_TMPDIR/trust"
}

key() { curl -sS --cacert "$ca" "$@" "$server/v2/$gun/_trust/tuf/timestamp.key"; }

@test "a service signs with keys it never has, before and after a restart of the signer" {
	start_signer
	service_arguments=("${signer_options[@]}")
	start_service
	sign v1
	[ ! -e "$BATS_TEST_TMPDIR/service/signer" ]
	[ "$(find "$BATS_TEST_TMPDIR/keys" -name 'timestamp.*.key' | wc -l)" -eq 1 ]
	stop_signer -9
	run ! sign v2
	run -0 pavise verify $gun:v1 "${options[@]}" --trust-dir "$BATS_TEST_TMPDIR/reader" --tofu
	start_signer
	sleep 1.1 # until a failed connection is tried again
	sign v2
	run -0 pavise verify $gun:v2 "${options[@]}" --trust-dir "$BATS_TEST_TMPDIR/reader"
	# Nothing that was signed and no name of a repository is in the log.
	run ! grep -E 'lab/app|Timestamp|signed' "$BATS_TEST_TMPDIR/signer.log"
	stop_signer
	[ "$signer_status" -eq 0 ]
}

@test "a pending key is handed out until it is used; deletion of a repository deletes its keys" {
	start_signer
	service_arguments=("${signer_options[@]}")
	start_service
	first=$(key)
	[ "$(key)" = "$first" ]
	[ "$(key -X POST)" = "$first" ] # not used yet: rotation makes no second one
	sign v1
	[ "$(key)" = "$first" ]
	rotated=$(key -X POST)
	[ "$rotated" != "$first" ]
	[ "$(key -X POST)" = "$rotated" ]
	[ "$(key)" = "$first" ] # what the root names
	[ "$(find "$BATS_TEST_TMPDIR/keys" -name '*.pending.key' | wc -l)" -eq 1 ]
	curl -sSf --cacert "$ca" -X DELETE "$server/v2/$gun/_trust/tuf/"
	[ "$(find "$BATS_TEST_TMPDIR/keys" -name '*.key' | wc -l)" -eq 0 ]
	[ "$(key)" != "$first" ]
}

# refused NAME SENTENCE: a service with that certificate gets no key, and the signer says why.
refused() {
	signer_options_for "$1"
	service_arguments=("${signer_options[@]}")
	start_service "$BATS_TEST_TMPDIR/$1"
	run -0 key
	[[ "$output" == *NO_CRYPTOSERVICE* ]]
	wait_for "$BATS_TEST_TMPDIR/signer.log" "refused 127.0.0.1:[0-9]+: $2"
	stop_service
	grep -q "signer at 127.0.0.1" "$BATS_TEST_TMPDIR/$1/log"
	: >"$BATS_TEST_TMPDIR/signer.log"
}

@test "services with a foreign, an expired or a server's certificate, or another name, are refused" {
	start_signer --allow service.example
	refused foreign 'its certificate is refused: unable to get local issuer certificate'
	refused expired 'its certificate is refused: certificate has expired'
	refused server-only 'its certificate is refused: unsuitable certificate purpose'
	refused other 'its certificate is for none of the allowed names'
	[ -z "$(find "$BATS_TEST_TMPDIR/keys" -name '*.key')" ]
	signer_options_for service
	service_arguments=("${signer_options[@]}")
	start_service
	sign v1
}

@test "a connection without a certificate, with old TLS or without TLS ends before a message is read" {
	start_signer
	question=$(printf '\1\0\0\0\3\0\0\0\4\0\0\0repo\11\0\0\0timestamp\5\0\0\0ecdsa' | od -An -v -tx1 | tr -d ' \n')
	python3 - "$signer" "$pki" "$question" <<'PYTHON'
import socket, ssl, sys
host, port = sys.argv[1].split(":")
question = bytes.fromhex(sys.argv[3])

def talk(prepare):
    with socket.create_connection((host, int(port)), timeout=20) as plain:
        try:
            stream = prepare(plain)
            stream.sendall(question)
            return stream.recv(100)
        except (ssl.SSLError, ConnectionError):
            return b""

def tls(certificate=None, newest=None):
    context = ssl.create_default_context(cafile=sys.argv[2] + "/ca.crt")
    if newest:
        context.maximum_version = newest
    if certificate:
        context.load_cert_chain(f"{sys.argv[2]}/{certificate}.crt", f"{sys.argv[2]}/{certificate}.key")
    return lambda plain: context.wrap_socket(plain, server_hostname="localhost")

assert talk(tls("service"))[:4] == bytes([101, 0, 0, 0])
assert talk(tls()) == b""
assert talk(tls("service", ssl.TLSVersion.TLSv1_2)) == b""
assert not talk(lambda plain: plain).startswith(bytes([101, 0, 0, 0]))
PYTHON
	wait_for "$BATS_TEST_TMPDIR/signer.log" 'refused .*peer did not return a certificate'
	[ "$(find "$BATS_TEST_TMPDIR/keys" -name '*.key' | wc -l)" -eq 1 ]
}

# not_asked HOST AUTHORITY SENTENCE
not_asked() {
	service_arguments=(--signer "$1:${signer##*:}" --signer-ca "$pki/$2.crt" --signer-cert "$pki/service.crt" --signer-key "$pki/service.key")
	start_service "$BATS_TEST_TMPDIR/$2"
	run -0 key
	[[ "$output" == *NO_CRYPTOSERVICE* ]]
	stop_service
	grep -q "its certificate is refused: $3" "$BATS_TEST_TMPDIR/$2/log"
}

@test "a signer whose certificate is for another host or of another authority is not asked" {
	signer=0.0.0.0:0
	start_signer
	not_asked 127.0.0.1 foreign-ca 'self-signed certificate in certificate chain'
	not_asked 127.0.0.2 ca 'IP address mismatch'
	[ -z "$(find "$BATS_TEST_TMPDIR/keys" -name '*.key')" ]
}

@test "a signer that hangs, or is not there, costs seconds and gives a sentence" {
	start_signer
	service_arguments=("${signer_options[@]}")
	start_service
	sign v1
	kill -STOP "$signer_pid"
	began=$SECONDS
	run -0 key -X POST
	[[ "$output" == *NO_CRYPTOSERVICE* ]]
	[ $((SECONDS - began)) -lt 60 ]
	kill -CONT "$signer_pid"
	stop_service
	stop_signer
	start_service # the signer is away, and reading goes on
	run -0 pavise verify $gun:v1 "${options[@]}" --trust-dir "$BATS_TEST_TMPDIR/reader" --tofu
	grep -q "signer at 127.0.0.1 port .*: cannot connect: Connection refused" "$BATS_TEST_TMPDIR/service/log"
}

@test "options and files that do not fit are refused with a sentence" {
	start_signer
	signer_program=$PAVISE_BIN/pavise-signer
	run -2 "$signer_program" --listen 127.0.0.1:0
	[[ "$output" == *"are needed together"* ]]
	run -2 "$signer_program" --listen nowhere --keys "$BATS_TEST_TMPDIR/k" --tls-cert "$pki/signer.crt" --tls-key "$pki/signer.key" --client-ca "$pki/ca.crt"
	[[ "$output" == *"no HOST:PORT"* ]]
	run -1 "$signer_program" --listen 127.0.0.1:0 --keys "$BATS_TEST_TMPDIR/k" --tls-cert "$pki/signer.crt" --tls-key "$pki/other.key" --client-ca "$pki/ca.crt"
	[[ "$output" == *"other.key is not the unencrypted key of"* ]]
	run -3 "$signer_program" --listen 127.0.0.1:0 --keys "$BATS_TEST_TMPDIR/k" --tls-cert "$pki/none.crt" --tls-key "$pki/other.key" --client-ca "$pki/ca.crt"
	[[ "$output" == *"none.crt"* ]]
	run -3 "$signer_program" --listen "$signer" --keys "$BATS_TEST_TMPDIR/k" --tls-cert "$pki/signer.crt" --tls-key "$pki/signer.key" --client-ca "$pki/ca.crt"
	[[ "$output" == *"cannot listen on $signer"* ]]
	names=()
	for n in $(seq 64); do names+=(--allow "n$n.example"); done
	common=(--listen 127.0.0.1:0 --keys "$BATS_TEST_TMPDIR/k" --tls-cert "$pki/none.crt" --tls-key "$pki/signer.key" --client-ca "$pki/ca.crt")
	run -3 "$signer_program" "${common[@]}" "${names[@]:2}"
	run -3 "$signer_program" "${common[@]}" "${names[@]}"
	run -2 "$signer_program" "${common[@]}" "${names[@]}" --allow one.more
	[[ "$output" == *"more than 64 names"* ]]
	run -2 pavise serve --listen 127.0.0.1:0 --data "$BATS_TEST_TMPDIR/d" --signer "$signer"
	[[ "$output" == *"needs --signer-ca"* ]]
	run -2 pavise serve --listen 127.0.0.1:0 --data "$BATS_TEST_TMPDIR/d" --signer "nowhere" --signer-ca a --signer-cert b --signer-key c
	[[ "$output" == *"no HOST:PORT"* ]]
}

@test "as many services as allowed are answered, one more is refused" {
	start_signer
	python3 - "$signer" "$pki" <<'PYTHON'
import socket, ssl, sys, time
host, port = sys.argv[1].split(":")
context = ssl.create_default_context(cafile=sys.argv[2] + "/ca.crt")
context.load_cert_chain(sys.argv[2] + "/service.crt", sys.argv[2] + "/service.key")
question = bytes.fromhex("0200000002000000010000002d0900000074696d657374616d70")

def connect():
    plain = socket.create_connection((host, int(port)), timeout=20)
    return context.wrap_socket(plain, server_hostname="localhost")

def answered(stream):
    stream.sendall(question)
    return stream.recv(100)[:1] == bytes([103])

streams = [connect() for _ in range(64)]
assert all(answered(s) for s in streams)
try:
    assert not answered(connect())
except (ssl.SSLError, OSError):
    pass
streams.pop().close()
for _ in range(100):
    try:
        if answered(connect()):
            break
    except (ssl.SSLError, OSError):
        time.sleep(0.1)
else:
    raise SystemExit("no room after one left")
PYTHON
	grep -q "64 services are connected already" "$BATS_TEST_TMPDIR/signer.log"
}
