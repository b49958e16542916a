#!/usr/bin/env bats
# Attestations of keys: what the trust server takes, keeps and gives out.
bats_require_minimum_version 1.5.0
load helper
load service
load attestations

gun=localhost:5000/lab/app

setup() {
	export PAVISE_AUDIT=$BATS_TEST_TMPDIR/audit
	trust=$BATS_TEST_TMPDIR/trust
	make_layout "$BATS_TEST_TMPDIR/image" >/dev/null
	make_device "$BATS_TEST_TMPDIR/device"
}

teardown() {
	stop_service
	"$PAVISE_SOURCE/tests/postgres" stop "$BATS_TEST_TMPDIR" 2>/dev/null || true
}

# publish: a repository, the PEM of its keys by role, and an attestation for each: ROLE.pem, with ROLE.id.
publish() {
	local role
	pavise sign "${1:-$gun}:v1" --from "oci:$BATS_TEST_TMPDIR/image:12" "${options[@]}" --trust-dir "$trust"
	for role in root targets; do
		role_key "$trust/tuf/${1:-$gun}/metadata/root.json" $role >"$BATS_TEST_TMPDIR/$role.pub"
		key_id "$BATS_TEST_TMPDIR/$role.pub" >"$BATS_TEST_TMPDIR/$role.id"
		attest "$BATS_TEST_TMPDIR/device" "$BATS_TEST_TMPDIR/$role.pub" >"$BATS_TEST_TMPDIR/$role.pem"
	done
	root=$(cat "$BATS_TEST_TMPDIR/root.id")
	targets=$(cat "$BATS_TEST_TMPDIR/targets.id")
	[ -f "$trust/private/$root.key" ] # the id is the one that names the key's file
}

url() { printf '%s/v2/%s/_trust/attestations/%s' "$server" "${2:-$gun}" "$1"; }

# put STATUS KEYID FILE [OPTION…]
put() {
	local status
	status=$(curl -sS -o "$BATS_TEST_TMPDIR/answer" -w '%{http_code}' --cacert "$ca" -X PUT --data-binary "@$3" "${@:4}" "$(url "$2")")
	[ "$status" = "$1" ] || { echo "$status instead of $1"; cat "$BATS_TEST_TMPDIR/answer"; return 1; }
}

get() { curl -sS -D "$BATS_TEST_TMPDIR/headers" --cacert "$ca" "${@:2}" "$(url "$1")"; }

status() { sed -n '1s/^[^ ]* \([0-9]*\).*/\1/p' "$BATS_TEST_TMPDIR/headers"; }

take_and_give() {
	publish
	get "$root" >/dev/null
	[ "$(status)" = 404 ]
	put 201 "$root" "$BATS_TEST_TMPDIR/root.pem"
	put 200 "$root" "$BATS_TEST_TMPDIR/root.pem"
	get "$root" | cmp - "$BATS_TEST_TMPDIR/root.pem"
	grep -qi '^content-type: application/pem-certificate-chain' "$BATS_TEST_TMPDIR/headers"
	etag=$(sed -n 's/^[Ee][Tt]ag: \(.*\)\r$/\1/p' "$BATS_TEST_TMPDIR/headers")
	[ "$etag" = "\"$(sha256sum <"$BATS_TEST_TMPDIR/root.pem" | cut -d' ' -f1)\"" ]
	get "$root" -H "If-None-Match: $etag" >"$BATS_TEST_TMPDIR/body"
	[ "$(status)" = 304 ]
	[ ! -s "$BATS_TEST_TMPDIR/body" ]
	get "$root" -I >/dev/null
	[ "$(status)" = 200 ]
	grep -qi "^content-length: $(stat -c %s "$BATS_TEST_TMPDIR/root.pem")" "$BATS_TEST_TMPDIR/headers"
	# What stands around the certificates is not kept.
	{ echo note; cat "$BATS_TEST_TMPDIR/root.pem"; echo more; } >"$BATS_TEST_TMPDIR/noted"
	put 200 "$root" "$BATS_TEST_TMPDIR/noted"
	get "$root" | cmp - "$BATS_TEST_TMPDIR/root.pem"
	# Another valid one of the same key replaces it.
	attest "$BATS_TEST_TMPDIR/device" "$BATS_TEST_TMPDIR/root.pub" >"$BATS_TEST_TMPDIR/again.pem"
	put 200 "$root" "$BATS_TEST_TMPDIR/again.pem"
	get "$root" -H "If-None-Match: $etag" | cmp - "$BATS_TEST_TMPDIR/again.pem"
	put 201 "$targets" "$BATS_TEST_TMPDIR/targets.pem"
	# They go with the repository.
	pavise repo delete --yes --remote "$gun" "${options[@]}" --trust-dir "$trust"
	get "$root" >/dev/null
	[ "$(status)" = 404 ]
}

@test "an attestation is put, given out with its entity tag, replaced, and goes with its repository" {
	start_service
	take_and_give
}

@test "the same on PostgreSQL" {
	service_arguments=(--store "$("$PAVISE_SOURCE/tests/postgres" start "$BATS_TEST_TMPDIR")")
	start_service
	take_and_give
}

@test "what is no attestation of a key of the repository is refused with a sentence" {
	start_service
	publish
	put 400 "$root" "$BATS_TEST_TMPDIR/targets.pem"
	grep -q '"code":"INVALID_ATTESTATION".*of another key' "$BATS_TEST_TMPDIR/answer"
	cat "$BATS_TEST_TMPDIR/root.pem" "$BATS_TEST_TMPDIR/device/device.key" >"$BATS_TEST_TMPDIR/leak"
	put 400 "$root" "$BATS_TEST_TMPDIR/leak"
	grep -q 'two PEM certificates' "$BATS_TEST_TMPDIR/answer"
	put 400 "$root" "$BATS_TEST_TMPDIR/device/device.crt"
	grep -q 'found 1 block' "$BATS_TEST_TMPDIR/answer"
	cat "$BATS_TEST_TMPDIR/device/device.crt" "$BATS_TEST_TMPDIR/device/ca.pem" >"$BATS_TEST_TMPDIR/plain"
	put 400 "$root" "$BATS_TEST_TMPDIR/plain"
	grep -q '41482' "$BATS_TEST_TMPDIR/answer"
	put 400 "$root" /dev/null
	head -c 33000 /dev/zero | tr '\0' '\n' >"$BATS_TEST_TMPDIR/long"
	put 400 "$root" "$BATS_TEST_TMPDIR/long"
	grep -q 'too long' "$BATS_TEST_TMPDIR/answer"
	put 400 "$root" "$BATS_TEST_TMPDIR/long" -H 'Transfer-Encoding: chunked'
	grep -q 'at most' "$BATS_TEST_TMPDIR/answer"
	# A key that no role has; a name that is no id; a repository that is not there.
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 2>/dev/null | openssl pkey -pubout -out "$BATS_TEST_TMPDIR/foreign.pub"
	foreign=$(key_id "$BATS_TEST_TMPDIR/foreign.pub")
	attest "$BATS_TEST_TMPDIR/device" "$BATS_TEST_TMPDIR/foreign.pub" >"$BATS_TEST_TMPDIR/foreign.pem"
	put 400 "$foreign" "$BATS_TEST_TMPDIR/foreign.pem"
	grep -q 'no role of this repository' "$BATS_TEST_TMPDIR/answer"
	put 404 "${root^^}" "$BATS_TEST_TMPDIR/root.pem"
	put 404 "../tuf/root.json" "$BATS_TEST_TMPDIR/root.pem" --path-as-is || put 301 "../tuf/root.json" "$BATS_TEST_TMPDIR/root.pem" --path-as-is
	gun=localhost:5000/lab/ap
	put 404 "$root" "$BATS_TEST_TMPDIR/root.pem"
	get "$root" >/dev/null
	[ "$(status)" = 404 ]
	gun=localhost:5000/lab/app
	get "$root" >/dev/null
	[ "$(status)" = 404 ] # nothing of all that was kept
}

@test "the key of a delegation has one too" {
	start_service
	publish
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 2>/dev/null | openssl pkey -pubout -out "$BATS_TEST_TMPDIR/qa.pub"
	qa=$(key_id "$BATS_TEST_TMPDIR/qa.pub")
	attest "$BATS_TEST_TMPDIR/device" "$BATS_TEST_TMPDIR/qa.pub" >"$BATS_TEST_TMPDIR/qa.pem"
	put 400 "$qa" "$BATS_TEST_TMPDIR/qa.pem"
	pavise signer add --key "$BATS_TEST_TMPDIR/qa.pub" qa "$gun" "${options[@]}" --trust-dir "$trust"
	put 201 "$qa" "$BATS_TEST_TMPDIR/qa.pem"
	get "$qa" | cmp - "$BATS_TEST_TMPDIR/qa.pem"
}

@test "storage.gun_bytes counts attestations" {
	start_service
	publish
	stop_service
	bytes=$(python3 - "$BATS_TEST_TMPDIR/service/trust.db" <<-'PYTHON'
		import sqlite3, sys
		print(sqlite3.connect(sys.argv[1]).execute("SELECT bytes FROM trust_repositories").fetchone()[0])
	PYTHON
	)
	printf 'storage: {gun_bytes: %s}\n' $((bytes + $(stat -c %s "$BATS_TEST_TMPDIR/root.pem") + 10)) >"$BATS_TEST_TMPDIR/service.yaml"
	service_arguments=(--config "$BATS_TEST_TMPDIR/service.yaml")
	start_service
	put 201 "$root" "$BATS_TEST_TMPDIR/root.pem"
	put 400 "$targets" "$BATS_TEST_TMPDIR/targets.pem"
	grep -q 'this server allows' "$BATS_TEST_TMPDIR/answer"
}

# keep ROLE…: the publisher's trust directory gets the attestation of the role's key, as `pavise key` leaves it.
keep() {
	local role
	mkdir -p "$trust/attestations"
	for role in "$@"; do
		cp "$BATS_TEST_TMPDIR/$role.pem" "$trust/attestations/$(cat "$BATS_TEST_TMPDIR/$role.id").pem"
	done
}

# asked METHOD OPERATION: how often that was.
asked() {
	curl -sS --cacert "$ca" "$server/metrics" |
		awk -F'} ' -v m="method=\"$1\"" -v o="operation=\"$2\"" '/requests_total/ && index($1, m) && index($1, o) { n += $2 } END { print n + 0 }'
}

@test "a publish brings the attestations of its keys to the server, and inspect brings them to a reader" {
	start_service
	publish
	[ "$(asked put PutAttestation)" = 0 ] # without one nothing is asked
	keep root targets
	# One of a key of another repository stays here.
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 2>/dev/null | openssl pkey -pubout -out "$BATS_TEST_TMPDIR/foreign.pub"
	attest "$BATS_TEST_TMPDIR/device" "$BATS_TEST_TMPDIR/foreign.pub" >"$trust/attestations/$(key_id "$BATS_TEST_TMPDIR/foreign.pub").pem"
	run -0 --separate-stderr pavise sign "$gun:v2" --from "oci:$BATS_TEST_TMPDIR/image:12" "${options[@]}" --trust-dir "$trust"
	[ -z "$stderr" ]
	[ "$(asked put PutAttestation)" = 2 ]
	get "$root" | cmp - "$BATS_TEST_TMPDIR/root.pem"
	get "$targets" | cmp - "$BATS_TEST_TMPDIR/targets.pem"

	reader=$BATS_TEST_TMPDIR/reader
	before=$(asked get GetAttestation)
	run -0 pavise verify "$gun:v2" "${options[@]}" --trust-dir "$reader" --tofu
	[ ! -e "$reader/attestations" ]
	[ "$(asked get GetAttestation)" = "$before" ] # a look-up asks for none
	run -0 --separate-stderr pavise inspect "$gun" "${options[@]}" --trust-dir "$reader" --offline
	[ ! -e "$reader/attestations" ]
	run -0 --separate-stderr pavise inspect "$gun" "${options[@]}" --trust-dir "$reader"
	cmp "$reader/attestations/$root.pem" "$BATS_TEST_TMPDIR/root.pem"
	cmp "$reader/attestations/$targets.pem" "$BATS_TEST_TMPDIR/targets.pem"
	[ "$(asked get GetAttestation)" = $((before + 2)) ]
	rm "$reader/attestations/$root.pem"
	run -0 --separate-stderr pavise inspect "$gun" "${options[@]}" --trust-dir "$reader" --max-age 1h
	[ "$(asked get GetAttestation)" = $((before + 2)) ] # from the cache: nothing is asked at all
	[ ! -e "$reader/attestations/$root.pem" ]
	run -0 pavise inspect "$gun" "${options[@]}" --trust-dir "$reader"
	[ "$(asked get GetAttestation)" = $((before + 3)) ]
	run -0 pavise inspect "$gun" "${options[@]}" --trust-dir "$reader"
	[ "$(asked get GetAttestation)" = $((before + 3)) ] # what is here is not asked for again
}

@test "what the server gives as an attestation is kept only if it claims to be of that key" {
	start_service
	publish
	keep root targets
	pavise sign "$gun:v2" --from "oci:$BATS_TEST_TMPDIR/image:12" "${options[@]}" --trust-dir "$trust"
	stop_service
	python3 - "$BATS_TEST_TMPDIR/service/trust.db" "$root" "$targets" <<-'PYTHON'
		import sqlite3, sys
		db = sqlite3.connect(sys.argv[1])
		swap = dict(db.execute("SELECT key_id, data FROM trust_attestations").fetchall())
		db.execute("UPDATE trust_attestations SET (data, sha256) = (SELECT data, sha256 FROM trust_attestations WHERE key_id = ?) WHERE key_id = ?", (sys.argv[3], sys.argv[2]))
		db.commit()
	PYTHON
	start_service
	reader=$BATS_TEST_TMPDIR/reader
	run -0 pavise inspect "$gun" "${options[@]}" --trust-dir "$reader" --tofu
	[ ! -e "$reader/attestations/$root.pem" ]
	cmp "$reader/attestations/$targets.pem" "$BATS_TEST_TMPDIR/targets.pem"
	[ "$(ls "$reader/attestations")" = "$targets.pem" ]
}

@test "an attestation that the server refuses takes nothing back of a publish, and is said" {
	start_service
	publish
	mkdir -p "$trust/attestations"
	cp "$BATS_TEST_TMPDIR/targets.pem" "$trust/attestations/$root.pem"
	run -0 --separate-stderr pavise sign "$gun:v2" --from "oci:$BATS_TEST_TMPDIR/image:12" "${options[@]}" --trust-dir "$trust"
	[[ "$stderr" == *"published, but"*"of another key"* ]]
	run -0 pavise verify "$gun:v2" "${options[@]}" --trust-dir "$BATS_TEST_TMPDIR/reader" --tofu
}

@test "migrate docker-trust carries attestations whose key is that of their name, and says which it does not" {
	start_service
	publish
	keep root targets
	cp "$trust/attestations/$root.pem" "$trust/attestations/${targets//[0-9]/a}.pem"
	echo text >"$trust/attestations/note.pem"
	run -1 pavise migrate docker-trust --json --trust-dir "$BATS_TEST_TMPDIR/new" "$trust"
	[[ "$output" == *"it is of another key than its name says"* ]] || { echo "$output"; false; }
	[ "$(ls "$BATS_TEST_TMPDIR/new/attestations")" = "$(printf '%s.pem\n' "$root" "$targets" | sort)" ]
	cmp "$BATS_TEST_TMPDIR/new/attestations/$root.pem" "$BATS_TEST_TMPDIR/root.pem"
	# Those of its keys go up with the first publish from there.
	pavise sign "$gun:v2" --from "oci:$BATS_TEST_TMPDIR/image:12" "${options[@]}" --trust-dir "$BATS_TEST_TMPDIR/new"
	get "$targets" | cmp - "$BATS_TEST_TMPDIR/targets.pem"
}

@test "admit with a policy that demands hardware finds what the publisher's server has, and refuses without" {
	start_service
	publish
	mkdir "$BATS_TEST_TMPDIR/roots"
	cp "$BATS_TEST_TMPDIR/device/ca.pem" "$BATS_TEST_TMPDIR/roots"
	cat >"$BATS_TEST_TMPDIR/policy.yaml" <<-'YAML'
		version: 1
		images:
		  - match: "localhost:5000/lab/*"
		    trust: required
		    hardware: {touch: always, pin: once}
	YAML
	admit=(pavise admit --policy "$BATS_TEST_TMPDIR/policy.yaml" --attestation-roots "$BATS_TEST_TMPDIR/roots" --tofu
		--store "$BATS_TEST_TMPDIR/store" "${options[@]}")
	run -1 "${admit[@]}" --trust-dir "$BATS_TEST_TMPDIR/before" "$gun:v1"
	[[ "$output" == *"hardware"* || "$output" == *"device"* || "$output" == *"attest"* ]] || { echo "$output"; false; }
	keep root targets
	pavise sign "$gun:v2" --from "oci:$BATS_TEST_TMPDIR/image:12" "${options[@]}" --trust-dir "$trust"
	run "${admit[@]}" --trust-dir "$BATS_TEST_TMPDIR/reader" "$gun:v2"
	[ "$status" = 0 ] || { echo "$output"; false; }
	# Touch never: the attestation is good, and not enough.
	attest "$BATS_TEST_TMPDIR/device" "$BATS_TEST_TMPDIR/targets.pub" 01 >"$trust/attestations/$targets.pem"
	pavise sign "$gun:v3" --from "oci:$BATS_TEST_TMPDIR/image:12" "${options[@]}" --trust-dir "$trust"
	run -1 "${admit[@]}" --trust-dir "$BATS_TEST_TMPDIR/after" "$gun:v3"
	[[ "$output" == *touch* ]] || { echo "$output"; false; }
}
