#!/usr/bin/env bats
# A repository whose root keys are on two YubiKeys (virtual ones, tests/rig), from the first key to the
# rotation to the second token; and a new token set up, as a person and a script do it.

bats_require_minimum_version 1.5.0
load ../cli/helper
load ../cli/service
load ../rig/rig

gun=localhost:5000/lab/app
management=010203040506070801020304050607080102030405060708
five="yubikey:serial=4242424;slot=9c"
six="yubikey:serial=5555555;slot=9c"

setup_file() {
	[ ! -w /dev/shm ] || export TMPDIR=/dev/shm
	rig_start
	rig_make five
	rig_make six --serial 5555555
	cp "$rig/five.card" "$rig/five.fresh"
	cp "$rig/six.card" "$rig/six.fresh"
	rig_card five 0
	rig_card six 1
}

teardown_file() {
	rig_stop
}

setup() {
	for name in five six; do
		cp "$rig/$name.fresh" "$rig/$name.card"
		rig_tell $name load "$rig/$name.card"
	done
	rig_insert five
	rig_insert six
	cd "$BATS_TEST_TMPDIR"
	echo 123456 >pin
	echo $management >management
	echo 000000 >wrong
	unset DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE NOTARY_ROOT_PASSPHRASE
	mkdir -p "$HOME/.config/pavise"
	echo "trust_dir: $PWD/trust" >"$HOME/.config/pavise/config.yaml"
}

teardown() {
	stop_service
}

with_service() {
	start_service
	cat >"$HOME/.config/pavise/config.yaml" <<-YAML
		server: $server
		tls: {ca: $ca}
		trust_dir: $BATS_TEST_TMPDIR/trust
	YAML
	digest=$(make_layout image)
	from=(--from "oci:$BATS_TEST_TMPDIR/image:12")
}

member() { # EXPRESSION over the JSON on standard input
	python3 -c "import json, sys; j = json.load(sys.stdin); print($1)"
}

verify() { # TAG, with a reader of its own
	pavise verify "$gun:$1" --trust-dir reader --tofu "${@:2}"
}

generate() { # URI [OPTION...]
	pavise key generate root --store "$1" --pin-source pin --management-key-source management "${@:2}"
}

type_at_terminal() {
	"$PAVISE_SOURCE/tests/hardware/at-terminal" "$@"
}

tries() {
	[ "$(rig_tell five tries)" = "pin $1 puk 3" ]
}

@test "root on a YubiKey: generated, attested, init, sign, verify, rotated to a second token; notary reads all of it" {
	with_service
	run -0 --separate-stderr generate "$five" --touch-policy always --pin-policy once
	[[ "$stderr" == *"made on YubiKey 5 (serial 4242424)"*"$five"*"policies: PIN once, touch always; attested"* ]]
	[[ "$stderr" == *"touch YubiKey 5 (serial 4242424) now"* ]]
	[[ "$stderr" == *"warning: YubiKey 5 (serial 4242424): the PIN is still the factory's"* ]]
	first=$(pavise key list --json | member 'j[0]["id"]')
	[ -s "trust/attestations/$first.pem" ]
	[ ! -e "trust/private/$first.key" ]

	run -0 --separate-stderr pavise repo init $gun --root-key "$five" --pin-source pin --publish --json
	[ "$(member 'j["root_key"]' <<<"$output")" = "$first" ]
	[[ "$stderr" == *"touch YubiKey 5 (serial 4242424) now"* ]]
	run -0 pavise sign $gun:v1 "${from[@]}"
	run -0 verify v1

	# The root key that Pavise made is one that notary sees in the token.
	run -0 notary -d "$PWD/notary" key list
	[[ "$output" == *root*"$first"*yubikey* ]]

	run -0 generate "$six"
	second=$(pavise key list --json | member "[k for k in j if k['id'] != '$first' and k['role'] == 'root'][0]['id']")
	run -0 type_at_terminal 123456 123456 -- pavise repo rotate $gun root --key "$second"
	[[ "$output" == *"PIN of YubiKey 5 (serial 4242424), 3 tries left"* ]]
	[[ "$output" == *"PIN of YubiKey 5 (serial 5555555), 3 tries left"* ]]
	run -0 verify v1
	rig_remove five # lost: the second token is enough
	run -0 pavise sign $gun:v2 "${from[@]}"
	run -0 verify v2 --json
	[ "$(member 'j["digest"]' <<<"$output")" = "$digest" ]

	notary=(notary -s "$server" --tlscacert "$ca" -d "$PWD/notary")
	run -0 "${notary[@]}" list $gun
	[[ "$output" == *"v1 "*"${digest#sha256:}"* ]]
	run -0 "${notary[@]}" lookup $gun v2
	[ "$(ls trust/private/*.key | wc -l)" = 1 ] # targets; no root key was ever on the disk
}

@test "failures: each its own sentence, and what they cost" {
	with_service
	generate "$five"
	init=(pavise repo init $gun --root-key "$five" --publish)
	rig_tell five touch never
	rig_tell five patience 1100
	run -3 "${init[@]}" --pin-source pin
	[[ "$output" == *"was not touched in time: run the command again and touch it when asked to"* ]]
	tries 3
	rig_tell five touch auto
	run -1 "${init[@]}" --pin-source wrong
	[[ "$output" == *"wrong PIN, 2 tries left"*"it is not tried again"* ]]
	tries 2
	run -1 "${init[@]}" --pin-source wrong
	tries 1
	run -1 "${init[@]}" --pin-source pin
	[[ "$output" == *"has one try left before it locks itself"* ]]
	tries 1
	run -0 type_at_terminal 123456 -- "${init[@]}" # a person may
	[[ "$output" == *"LAST TRY"* ]]
	tries 3
}

@test "a blocked PIN, a removed token, somebody else's" {
	with_service
	generate "$five"
	init=(pavise repo init $gun --root-key "$five" --publish --pin-source pin)
	rig_tell five block pin
	run -1 "${init[@]}"
	[[ "$output" == *"the PIN is blocked after too many wrong ones: set a new one with the PUK"* ]]
	cp "$rig/five.fresh" "$rig/five.card"
	rig_tell five load "$rig/five.card"
	rig_insert five
	run -1 "${init[@]}" # a token that was reset
	[[ "$output" == *"0 keys are at $five, expected one"* ]]
	tries 3
	rig_remove five
	run ! "${init[@]}"
	[[ "$output" == *"the token with serial 4242424 is not here, but somebody else's: YubiKey 5 (serial 5555555)"* ]]
	rig_insert five
}

@test "setup by a script: from sources, factory values named by the person" {
	rig_remove six
	echo 246810 >new-pin
	echo 13579111 >new-puk
	echo 12345678 >puk
	run -0 pavise key setup yubikey --pin-source pin --new-pin-source new-pin --puk-source puk \
		--new-puk-source new-puk --management-key-source management
	[[ "$output" == *"PIN             the factory's, 3 tries left"*"management key  the factory's"* ]]
	[[ "$output" == *"PIN             changed, 3 tries left"*"PUK             changed, 3 tries left"*"management key  kept on the token, under the PIN"* ]]
	[[ "$output" == *"policies: PIN once, touch always; attested"* ]]
	id=$(pavise key list --json | member 'j[0]["id"]')
	[ -s "trust/attestations/$id.pem" ]
	# Again: nothing is left to do, nothing is asked.
	run -0 pavise key setup yubikey
	[[ "$output" == *"left as it is: "*"slot 9c is occupied"* ]]
	rig_insert six
}

@test "setup by a person, at a terminal; without sources and terminal it tries nothing" {
	rig_remove six
	rig_forget five
	run -1 setsid pavise key setup yubikey </dev/null
	[[ "$output" == *"--pin-source"* ]]
	[[ "$(rig_apdus five)" != *0020008008* ]]
	[[ "$(rig_apdus five)" != *0024* ]]
	run -0 type_at_terminal 123456 246810 246810 12345678 13579111 13579111 $management -- \
		pavise key setup yubikey "yubikey:serial=4242424;slot=9a" --role alice
	[[ "$output" == *"PIN of YubiKey 5 (serial 4242424), 3 tries left"*"new PIN of"*"PUK of"*"new PUK of"*"management key"* ]]
	[[ "$output" == *"alice key "*"made on YubiKey 5 (serial 4242424)"* ]]
	tries 3
	rig_insert six
}

@test "list and remove; an interrupted generation is named and finished" {
	rig_tell five cut before db
	run -3 generate "$five"
	[[ "$output" == *"was removed before it answered"* ]]
	rig_until "the card is still seen" rig_shows five No
	rig_insert five
	run -0 pavise key list --store "yubikey:serial=4242424"
	[[ "$output" == *"slot 9c holds a key without a certificate"* ]]
	run -0 generate "$five"
	[[ "$output" == *"it is finished now, and no other key was made"* ]]
	run -0 pavise key list --store "yubikey:serial=4242424"
	[[ "$output" != *"without a certificate"* ]]
	id=$(pavise key list --json | member 'j[0]["id"]')
	run -1 generate "$five"
	[[ "$output" == *"slot 9c is occupied (root, key "*"--replace destroys the key there for good"* ]]
	run -0 pavise key remove "$id" --yes --management-key-source management
	[ ! -e "trust/attestations/$id.pem" ]
}
