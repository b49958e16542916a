#!/usr/bin/env bats
# A policy that demands keys in hardware, against repositories whose root keys are in virtual YubiKeys
# (tests/rig): what it admits, and each reason for which it does not, with its own sentence.

bats_require_minimum_version 1.5.0
load ../cli/helper
load ../cli/service
load ../rig/rig

base=localhost:5000/lab
management=010203040506070801020304050607080102030405060708
new="yubikey:serial=4242424"
old="yubikey:serial=5555555"

# One publisher, one service, a repository a case; the tests only read.
setup_file() {
	[ ! -w /dev/shm ] || export TMPDIR=/dev/shm
	export here=$BATS_FILE_TMPDIR
	HOME=$here/home
	mkdir -p "$HOME/.config/pavise"
	rig_start
	rig_make new --firmware 5.7.1
	rig_make old --serial 5555555
	rig_card new 0
	rig_card old 1
	rig_root "$rig/other"
	cd "$here" && mkdir roots other
	cp "$rig/root/root.pem" roots/ && cp "$rig/other/root.pem" other/
	echo 123456 >pin
	echo $management >management
	start_service "$here/service"
	export service_pid server ca
	echo "trust_dir: $here/trust" >"$HOME/.config/pavise/config.yaml"
	printf 'server: %s\ntls: {ca: %s}\n' "$server" "$ca" >>"$HOME/.config/pavise/config.yaml"
	make_layout image >digest
	generate "$new;slot=9c" --touch-policy always --pin-policy once
	generate "$new;slot=9d" --touch-policy always --pin-policy once
	generate "$new;slot=82" --touch-policy never --pin-policy once
	generate "$old;slot=9c" --touch-policy always --pin-policy once
	openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out plain.pem
	generate_from plain.pem "$new;slot=83"
	publish good "$new;slot=9c"
	publish untouched "$new;slot=82"
	publish aged "$old;slot=9c"
	publish imported "$new;slot=83"
	publish twice "$new;slot=9c" --root-key "$new;slot=9d" --threshold 2
	publish two "$new;slot=9c" --root-key "$old;slot=9c" --threshold 2
	pavise sign $base/file:v1 --from oci:image:12 --trust-dir files
}

teardown_file() {
	stop_service
	rig_stop
}

generate() { # URI [OPTION...]
	pavise key generate root --store "$1" --pin-source pin --management-key-source management "${@:2}"
}

generate_from() { # FILE URI
	pavise key import "$1" --store "$2" --role root --pin-source pin --management-key-source management
}

publish() { # NAME URI [OPTION...]
	pavise repo init "$base/$1" --root-key "$2" --pin-source pin --publish "${@:3}"
	pavise sign "$base/$1:v1" --from oci:image:12 --pin-source pin
}

setup() {
	cd "$here"
	mkdir -p "$HOME" && cp -r "$here/home/.config" "$HOME/"
	export PAVISE_AUDIT=$BATS_TEST_TMPDIR/audit.jsonl
	demand 'touch: always, pin: once, firmware: ">=5.7.0"'
}

demand() { # MEMBERS
	printf 'version: 1\nimages:\n  - match: "**"\n    hardware: {roles: [root], %s}\n' "$1" >"$BATS_TEST_TMPDIR/policy.yaml"
}

admit() { # NAME [OPTION...]: by a reader who knows nothing yet
	pavise admit "$base/$1:v1" --policy "$BATS_TEST_TMPDIR/policy.yaml" --trust-dir "$BATS_TEST_TMPDIR/reader" \
		--tofu --attestation-roots "$here/roots" --store "$BATS_TEST_TMPDIR/store" "${@:2}"
}

# refuses CODE SENTENCE NAME [OPTION...]
refuses() {
	run -1 --separate-stderr admit "${@:3}" --json
	[ "$(python3 -c 'import json, sys; print(*{r["code"] for r in json.load(sys.stdin)["reasons"]})' <<<"$output")" = "$1" ]
	# shellcheck disable=SC2254  # a pattern is meant
	case "$stderr" in *$2*) ;; *)
		echo "said: $stderr"
		return 1
		;;
	esac
}

@test "a key that was generated in a device is admitted, and told everywhere" {
	run -0 admit good
	[[ "$output" == *"of root: YubiKey 4242424, firmware 5.7.1, touch always, PIN once"* ]]
	run -0 admit good --json
	run -0 pavise inspect $base/good:v1 --trust-dir "$BATS_TEST_TMPDIR/reader" --attestation-roots roots
	[[ "$output" == *"WHERE IT IS"*"YubiKey 4242424, firmware 5.7.1, touch always, PIN once"* ]]
	run -0 pavise verify $base/good:v1 --trust-dir "$BATS_TEST_TMPDIR/reader" --attestation-roots roots --hardware
	[[ "$output" == *"depends on root with key "*"(YubiKey 4242424, firmware 5.7.1, touch always, PIN once)"* ]]
	run -0 --separate-stderr pavise verify $base/good:v1 --trust-dir "$BATS_TEST_TMPDIR/reader" --attestation-roots roots --hardware --json
	python3 -c '
import json, sys
roles = {role["name"]: role for role in json.load(sys.stdin)["hardware"]}
root = roles["root"]["keys"][0]
assert root["hardware"] is True and root["attestation"]["serial"] == 4242424, root
assert roles["targets"]["keys"][0]["hardware"] is False, roles' <<<"$output"
	run -0 pavise trace $base/good:v1
	[[ "$output" == *admit*"YubiKey 4242424, firmware 5.7.1"* ]]
}

@test "two devices make a threshold of two" {
	demand 'touch: always'
	run -0 admit two
}

@test "refused: a key in a file" {
	refuses hardware-none "it has no attestation, as keys in files have none" file
}

@test "refused: an imported key" {
	refuses hardware-not-attestable "it was imported into yubikey:serial=4242424;slot=83" imported --trust-dir "$here/trust"
	# Who knows nothing of the token is told less, and no other answer.
	refuses hardware-none "it has no attestation" imported
}

@test "refused: touch never" {
	refuses hardware-touch "touch policy byte 01 (never) at extension 1.3.6.1.4.1.41482.3.8, the rule asks for always" untouched
}

@test "refused: firmware that is too old" {
	refuses hardware-firmware "firmware 5.4.3, bytes 05 04 03 at extension 1.3.6.1.4.1.41482.3.3, the rule asks for 5.7.0 or later" aged
}

@test "refused: a foreign root of attestations" {
	refuses hardware-root "issued by /CN=Rig PIV Root CA Serial 1, which leads to none of the 1 attestation roots" good \
		--attestation-roots "$here/other"
}

@test "refused: the attestation of another key" {
	run -0 admit good
	run -1 admit untouched
	cd "$BATS_TEST_TMPDIR/reader/attestations"
	first=$(find . -name '*.pem' | sort | head -n 1) last=$(find . -name '*.pem' | sort | tail -n 1)
	cp "$first" "$BATS_TEST_TMPDIR/first" && cp "$last" "$first" && cp "$BATS_TEST_TMPDIR/first" "$last"
	refuses hardware-other-key "the attestation is of another key, " good
}

@test "refused: one device used twice for a threshold of two" {
	refuses hardware-device-twice "(serial 4242424 at extension 1.3.6.1.4.1.41482.3.7): one device counts once, and the role needs 2" twice
	demand 'distinct-serials: false'
	run -0 admit twice
}

@test "refused: a serial that is not listed" {
	demand 'serials: [5555555]'
	refuses hardware-serial "serial 4242424 at extension 1.3.6.1.4.1.41482.3.7 is not among" good
	run -0 admit aged
}

@test "refused: a PIN policy below the one demanded" {
	demand 'pin: always'
	refuses hardware-pin "PIN policy byte 02 (once) at extension 1.3.6.1.4.1.41482.3.8, the rule asks for always" good
}
