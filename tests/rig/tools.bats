#!/usr/bin/env bats
# The virtual card with Debian's yubico-piv-tool, libykcs11 and opensc, command by command. Nothing of
# Pavise is in it: what these tools accept and send is the measure of the card.

bats_require_minimum_version 1.5.0
load ../cli/helper
load rig

management=010203040506070801020304050607080102030405060708
ykcs11=/usr/lib/x86_64-linux-gnu/libykcs11.so

setup_file() {
	rig_start
	rig_make five
	rig_make four --firmware 4.3.5 --bare
	rig_make new --firmware 5.7.1
	cd "$rig" && mkdir fresh && mv -- *.card fresh/
}

teardown_file() {
	rig_stop
}

# begin NAME: a fresh card in the first reader.
begin() {
	cp "$rig/fresh/$1.card" "$rig/$1.card"
	rig_card "$1"
	card=$1
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	[ -z "${card:-}" ] || rig_end "$card"
}

# Compares the commands the card got with those on standard input, in which `*` stands for any bytes.
expect_apdus() {
	rig_apdus "$card" >got
	cat >wanted
	paste -d '|' wanted got | while IFS='|' read -r want have; do
		# shellcheck disable=SC2254  # a pattern is meant
		case "$have" in
		$want) ;;
		*)
			echo "wanted $want, got ${have:-nothing}"
			return 1
			;;
		esac
	done
	[ "$(wc -l <got)" -eq "$(wc -l <wanted)" ]
}

connect_five="00a4040005a000000308
0020008000
00fd000000
00f8000000"

generate() {
	yubico-piv-tool -a generate -A ECCP256 -o public.pem "$@"
}

@test "a YubiKey 5 is found, its version, serial number and tries read" {
	begin five
	run -0 yubico-piv-tool -a status
	[[ "$output" == *"Version:	5.4.3"* ]]
	[[ "$output" == *"Serial Number:	4242424"* ]]
	[[ "$output" == *"PIN tries left:	3"* ]]
	{
		echo "$connect_five"
		for object in 02 07 05 0a 0b 01 0d 0e 0f 10 11 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f 20; do
			echo "00cb3fff055c035fc1$object"
		done
		echo 0020008000
	} | expect_apdus
	grep -x "< 63c3" "$rig/five.log"
}
