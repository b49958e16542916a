#!/usr/bin/env bats
# The switches of the virtual card: touch, removal in mid-command, blocked PIN, slow and malformed
# answers, as Debian's tools meet them.

bats_require_minimum_version 1.5.0
load ../cli/helper
load rig

ykcs11=/usr/lib/x86_64-linux-gnu/libykcs11.so

setup_file() {
	rig_one five
}

teardown_file() {
	rig_stop
}

setup() {
	rig_fresh five
	cd "$BATS_TEST_TMPDIR"
}

generate() {
	yubico-piv-tool -a generate -s 9a -A ECCP256 --pin-policy=once "$@" -o public.pem
}

# sign NAME: over 32 bytes, checked.
sign() {
	head -c 32 /dev/urandom >"$1.digest"
	pkcs11-tool --module "$ykcs11" --login --pin 123456 --sign --mechanism ECDSA --id 01 \
		--signature-format openssl -i "$1.digest" -o "$1.signature" &&
		openssl pkeyutl -verify -pubin -inkey public.pem -in "$1.digest" -sigfile "$1.signature"
}

# times PATTERN: how many lines of the card's log match.
times() {
	grep -cx "$1" "$rig/five.log" || true
}

@test "one touch serves one request, and none that came before" {
	generate --touch-policy=always
	rig_tell five touch told
	run -1 rig_tell five finger
	[[ "$output" == *"no touch is awaited"* ]]
	for name in one two; do
		rig_forget five
		sign $name >$name.out 2>&1 3>&- &
		pid=$!
		rig_until "no touch is asked for" grep -qx "touch awaited 9a" "$rig/five.log"
		[ "$(times touched)" -eq 0 ]
		[ ! -s $name.signature ]
		rig_tell five finger
		wait $pid
		[ "$(times touched)" -eq 1 ]
	done
}

@test "a touch that does not come ends in 6982" {
	generate --touch-policy=always
	rig_tell five touch never
	rig_tell five patience 300
	run ! sign one
	[ "$(times 'touch missed')" -ge 1 ]
	[ "$(grep -x -A 1 'touch missed' "$rig/five.log" | sed -n 2p)" = "< 6982" ]
	[ "$(rig_tell five tries)" = "pin 3 puk 3" ]
}

@test "a cached touch serves for 15 seconds, none is asked for without policy" {
	generate --touch-policy=cached
	sign one
	sign two
	[ "$(times 'touch awaited 9a')" -eq 1 ]
	generate --touch-policy=never
	rig_forget five
	sign three
	[ "$(times 'touch awaited 9a')" -eq 0 ]
}

@test "pulled out before a key is generated: there is none" {
	rig_tell five cut before 47
	run -1 generate
	rig_until "the card is still seen" rig_shows five No
	rig_insert five
	run -1 yubico-piv-tool -a attest -s 9a
}

@test "pulled out before the answer is given: the key is there" {
	rig_tell five cut after 47
	run -1 generate
	rig_until "the card is still seen" rig_shows five No
	rig_insert five
	run -0 yubico-piv-tool -a attest -s 9a
}

@test "pulled out while a touch is awaited" {
	generate --touch-policy=always
	rig_tell five touch told
	sign one >one.out 2>&1 3>&- &
	pid=$!
	rig_until "no touch is asked for" grep -qx "touch awaited 9a" "$rig/five.log"
	rig_remove five
	run ! wait $pid
	[ ! -s one.signature ]
	rig_insert five
	[ "$(rig_tell five tries)" = "pin 3 puk 3" ]
}

@test "a blocked PIN signs nothing" {
	generate
	rig_tell five block pin
	run ! sign one
	[[ "$output" == *CKR_PIN_LOCKED* ]]
	[ "$(times '< 6983')" -ge 1 ]
}

@test "slow answers come, late" {
	rig_tell five slow 150
	local start=${EPOCHREALTIME/./}
	run -0 yubico-piv-tool -a version
	[ $((${EPOCHREALTIME/./} - start)) -ge 600000 ]
	[[ "$output" == *5.4.3* ]]
}

@test "wrong and short answers fail one command; the next one succeeds" {
	generate
	for fault in "answer f9 6f00" "answer f9 30829000" "answer f9 90" "truncate f9 1"; do
		# shellcheck disable=SC2086  # words are meant
		rig_tell five $fault
		run ! yubico-piv-tool -a attest -s 9a -o leaf.pem
		rig_insert five
	done
	run -0 yubico-piv-tool -a attest -s 9a
	run -1 rig_tell five answer f9 3
	run -1 rig_tell five answer 1f9 30
	run -1 rig_tell five truncate f9 0
	run -1 rig_tell five nothing
}
