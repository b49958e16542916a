#!/usr/bin/env bats
# The PKCS#11 driver with Debian's libykcs11 on a virtual YubiKey (tests/rig): another module than
# SoftHSM2's, with habits of its own (hardware-keys.md 3.6).

bats_require_minimum_version 1.5.0
load ../cli/helper
load ../rig/rig

management=010203040506070801020304050607080102030405060708
module=/usr/lib/x86_64-linux-gnu/libykcs11.so.2

setup_file() {
	[ ! -w /dev/shm ] || export TMPDIR=/dev/shm
	rig_one five
}

teardown_file() {
	rig_stop
}

setup() {
	rig_fresh five
	cd "$BATS_TEST_TMPDIR"
	echo 123456 >pin
	echo $management >management
	sources=(--pin-source pin --management-key-source management)
	mkdir -p "$HOME/.config/pavise"
	echo "trust_dir: $PWD/trust" >"$HOME/.config/pavise/config.yaml"
}

member() { # EXPRESSION over the JSON on standard input
	python3 -c "import json, sys; j = json.load(sys.stdin); print($1)"
}

@test "a key is generated in a slot, listed with its role, signed with, and its certificate is its own" {
	uri="pkcs11:serial=4242424;id=%02?module-path=$module"
	run -0 --separate-stderr pavise key generate root --store "$uri" "${sources[@]}"
	[[ "$stderr" == *"made on YubiKey PIV #4242424"* ]]
	run -0 pavise key list --store "$uri" --json
	[ "$(member '[(k["role"], k["unfinished"]) for k in j]' <<<"$output")" = "[('root', None)]" ]
	[ "$(member 'j[0]["id"]' <<<"$output")" = "$(pavise key list --json | member 'j[0]["id"]')" ]
	# The same key, by the card's own commands.
	run -0 pavise key list --store "yubikey:serial=4242424;slot=9c" --json
	[ "$(member 'j[0]["id"]' <<<"$output")" = "$(pavise key list --json | member 'j[0]["id"]')" ]
	run -1 pavise key generate root --store "$uri" "${sources[@]}"
	[[ "$output" == *"--replace"* ]]
}

@test "where no module is named, libykcs11 is looked for by its name" {
	run -0 pavise key list --store "pkcs11:manufacturer=Yubico%20%28www.yubico.com%29;serial=4242424" --json
}

@test "a short management key is not tried: libykcs11 would take it for the PIN" {
	echo 123456 >management
	run -1 pavise key generate root --store "pkcs11:serial=4242424;id=%02?module-path=$module" "${sources[@]}"
	[[ "$output" == *"this was not tried"* ]]
	run -0 pavise key list --store "yubikey:serial=4242424"
}
