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

# begin NAME: a fresh card in the first reader, in the place of the last one if that is of the same make.
begin() {
	local last
	cp "$rig/fresh/$1.card" "$rig/$1.card"
	last=$(cat "$rig/last" 2>/dev/null) || true
	if [ "$last" = "$1" ]; then
		rig_tell "$1" load "$rig/$1.card"
		rig_insert "$1"
		rig_forget "$1"
	else
		[ -z "$last" ] || rig_end "$last"
		rig_card "$1"
		echo "$1" >"$rig/last"
	fi
	card=$1
	cd "$BATS_TEST_TMPDIR"
}

# Compares the commands the card got with those on standard input, in which `?` stands for any digit.
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

@test "a YubiKey 4 is found: its serial number comes from the one-time-password applet" {
	begin four
	run -0 yubico-piv-tool -a version
	[[ "$output" == *"version 4.3.5"* ]]
	expect_apdus <<-'APDUS'
		00a4040005a000000308
		0020008000
		00fd000000
		00a4040008a000000527200101
		0001100000
		00a4040005a000000308
	APDUS
	grep -x "< 0040bbf89000" "$rig/four.log"
}

@test "a key is generated after mutual authentication, with the policies that were asked for" {
	begin five
	run -0 generate -s 9c --pin-policy=always --touch-policy=always
	expect_apdus <<-APDUS
		$connect_five
		0087039b047c028000
		0087039b167c148008????????????????8108????????????????
		0047009c0bac09800111aa0103ab0102
	APDUS
	grep -xE "< 7f49438641[0-9a-f]{130}9000" "$rig/five.log"
	grep -xE "< 7c0a8008[0-9a-f]{16}9000" "$rig/five.log"
	grep -xE "< 7c0a8208[0-9a-f]{16}9000" "$rig/five.log"
}

@test "a wrong management key generates nothing" {
	begin five
	run -1 generate -s 9c "-k${management/01/11}"
	run -1 grep -E "^> 0047" "$rig/five.log"
	grep -x "< 6982" "$rig/five.log"
}

# sign_with ID [OPTION...]: by libykcs11, checked with OpenSSL.
sign_with() {
	head -c "${digest_bytes:-32}" /dev/urandom >digest
	pkcs11-tool --module "$ykcs11" --login --pin 123456 --sign --mechanism ECDSA --id "$1" \
		--signature-format openssl -i digest -o "${signature:-signature}" "${@:2}"
}

@test "libykcs11 signs in 9c: attestation, metadata and certificate of each slot, PIN, PIN again, signature" {
	begin five
	generate -s 9c
	rig_forget five
	sign_with 02
	openssl pkeyutl -verify -pubin -inkey public.pem -in digest -sigfile signature
	rig_apdus five >all
	for slot in 9a:05 9c:0a 9d:0b 9e:01 82:0d 83:0e 95:20; do
		grep -x "00f9${slot%:*}0000" all
		grep -x "00cb3fff055c035fc1${slot#*:}" all
	done
	grep -x 00f700f900 all
	run -1 grep -x 00f7009c00 all
	local verify=0020008008313233343536ffff
	[ "$(grep -cx $verify all)" -eq 2 ]
	grep -x -A 2 "$verify" all | tail -n 2 | head -n 1 | grep -x $verify
	[[ "$(tail -n 1 all)" == 0087119c267c2482008120"$(od -An -tx1 -v digest | tr -d ' \n')"* ]]
	[ "$(grep -c . all)" -ge 80 ] && [ "$(grep -c . all)" -le 110 ]
}

@test "the disconnect resets the card: the next client has no PIN" {
	begin five
	run -0 yubico-piv-tool -a verify-pin -P 123456
	rig_until "no reset" grep -qx "power 2" "$rig/five.log"
	rig_forget five
	yubico-piv-tool -a version
	[ "$(sed -n '4p' "$rig/five.log")" = "< 63c3" ]
}

# attested SLOT: leaf.pem and its f9.pem, checked up to the root of the rig.
attested() {
	yubico-piv-tool -a attest -s "$1" -o leaf.pem
	yubico-piv-tool -a read-certificate -s f9 -o f9.pem
}

# extension NUMBER: the content, in hex.
extension() {
	openssl asn1parse -in leaf.pem | grep -A 1 ":1.3.6.1.4.1.41482.3.$1\$" | sed -n 's/.*\[HEX DUMP\]://p'
}

@test "a generated key is attested: chain, key, firmware, serial number, policies, form factor" {
	begin five
	generate -s 9c --pin-policy=once --touch-policy=cached
	rig_forget five
	yubico-piv-tool -a attest -s 9c -o leaf.pem
	expect_apdus <<-APDUS
		$connect_five
		00f99c0000
		00c00000??
		00c00000??
	APDUS
	attested 9c
	openssl verify -CAfile "$rig/root/root.pem" -untrusted f9.pem leaf.pem
	cmp <(openssl x509 -in leaf.pem -noout -pubkey) public.pem
	[ "$(openssl x509 -in leaf.pem -noout -subject)" = "subject=CN = YubiKey PIV Attestation 9c" ]
	[ "$(openssl x509 -in leaf.pem -noout -dates)" = "$(openssl x509 -in f9.pem -noout -dates)" ]
	[ "$(extension 3)" = 050403 ]
	[ "$(extension 7)" = 020340BBF8 ]
	[ "$(extension 8)" = 0203 ]
	[ "$(extension 9)" = 01 ]
}

@test "an imported key works in 82 and is not attested" {
	begin five
	openssl ecparam -name prime256v1 -genkey -noout -out private.pem
	openssl ec -in private.pem -pubout -out public.pem
	run -0 yubico-piv-tool -a import-key -s 82 -i private.pem
	run -1 yubico-piv-tool -a attest -s 82
	grep -x "< 6a80" "$rig/five.log"
	sign_with 05
	openssl pkeyutl -verify -pubin -inkey public.pem -in digest -sigfile signature
}

@test "an old f9 certificate has no basicConstraints" {
	begin four
	generate -s 9a
	attested 9a
	run -0 openssl x509 -in f9.pem -noout -text
	[[ "$output" != *"Basic Constraints"* ]]
	run -2 openssl verify -CAfile "$rig/root/root.pem" -untrusted f9.pem leaf.pem
	[ "$(extension 3)" = 040305 ]
}

@test "a certificate is written in a chain and read in parts" {
	begin five
	openssl req -x509 -newkey rsa:2048 -nodes -keyout private.pem -subj /CN=root -days 10 -out certificate.pem
	yubico-piv-tool -a import-certificate -s 9c -i certificate.pem
	rig_apdus five >all
	grep -E '^10db3fffff' all
	grep -E '^00db3fff' all
	run -0 yubico-piv-tool -a read-certificate -s 9c -o read.pem
	cmp <(openssl x509 -in read.pem) <(openssl x509 -in certificate.pem)
	yubico-piv-tool -a delete-certificate -s 9c
	run -1 yubico-piv-tool -a read-certificate -s 9c
}

@test "CHUID and CCC are set and told" {
	begin five
	yubico-piv-tool -a set-chuid -a set-ccc
	run -0 yubico-piv-tool -a status
	[[ "$output" != *"No data available"* ]]
}

@test "three wrong PINs block it, the PUK unblocks it" {
	begin five
	for left in 2 1; do
		run -1 yubico-piv-tool -a verify-pin -P 654321
		[[ "$output" == *"$left tries left before pin is blocked"* ]]
	done
	run -1 yubico-piv-tool -a verify-pin -P 654321
	run -1 yubico-piv-tool -a verify-pin -P 123456
	[ "$(rig_tell five tries)" = "pin 0 puk 3" ]
	grep -x "< 6983" "$rig/five.log"
	yubico-piv-tool -a unblock-pin -P 12345678 -N 234567
	yubico-piv-tool -a verify-pin -P 234567
	[ "$(rig_tell five tries)" = "pin 3 puk 3" ]
}

@test "PIN and PUK are changed, and tries that were spent survive pulling the card out" {
	begin five
	yubico-piv-tool -a change-pin -P 123456 -N 7654321
	yubico-piv-tool -a change-puk -P 12345678 -N 87654321
	run -1 yubico-piv-tool -a verify-pin -P 123456
	rig_remove five
	[ "$(rig_tell five tries)" = "pin 2 puk 3" ]
	rig_insert five
	run -1 yubico-piv-tool -a unblock-pin -P 12345678 -N 234567
	[ "$(rig_tell five tries)" = "pin 2 puk 2" ]
	yubico-piv-tool -a verify-pin -P 7654321
	rig_end five
	rig_card five
	yubico-piv-tool -a unblock-pin -P 87654321 -N 234567
	yubico-piv-tool -a verify-pin -P 234567
}

@test "numbers of tries are set, with the management key and the PIN" {
	begin five
	yubico-piv-tool -a verify-pin -P 123456 -a pin-retries --pin-retries 5 --puk-retries 7
	[ "$(rig_tell five tries)" = "pin 5 puk 7" ]
	run -1 yubico-piv-tool -a pin-retries --pin-retries 6 --puk-retries 6
}

@test "a reset needs both blocked, and keeps the attestation key" {
	begin five
	generate -s 9a
	yubico-piv-tool -a set-mgm-key -n "${management/01/11}"
	run -1 yubico-piv-tool -a reset
	rig_tell five block pin
	run -1 yubico-piv-tool -a reset
	rig_tell five block puk
	run -0 yubico-piv-tool -a reset
	[ "$(rig_tell five tries)" = "pin 3 puk 3" ]
	run -1 yubico-piv-tool -a attest -s 9a
	generate -s 9a
	attested 9a
	openssl verify -CAfile "$rig/root/root.pem" -untrusted f9.pem leaf.pem
}

@test "P-384 and RSA 2048 sign" {
	begin five
	yubico-piv-tool -a generate -s 9d -A ECCP384 -o public.pem
	digest_bytes=48 sign_with 03
	openssl pkeyutl -verify -pubin -inkey public.pem -in digest -sigfile signature
	yubico-piv-tool -a generate -s 9a -A RSA2048 -o rsa.pem
	echo text >text
	pkcs11-tool --module "$ykcs11" --login --pin 123456 --sign --mechanism SHA256-RSA-PKCS --id 01 \
		-i text -o rsa.signature
	openssl dgst -sha256 -verify rsa.pem -signature rsa.signature text
	grep -E '^> 1087079a' "$rig/five.log"
	grep -E '^< .*6108$' "$rig/five.log"
}

@test "libykcs11 logs in with the management key, generates and writes a certificate" {
	begin five
	pkcs11-tool --module "$ykcs11" --login --login-type so --so-pin "$management" --keypairgen --id 03 \
		--key-type EC:prime256v1
	yubico-piv-tool -a read-certificate -s 9d -o certificate.pem
	[[ "$(openssl x509 -in certificate.pem -noout -subject)" == *"YubiKey PIV Slot 9d"* ]]
	run -0 pkcs11-tool --module "$ykcs11" -O --type cert
	[[ "$output" == *"X.509 Certificate for Key Management"* ]]
}

@test "libykcs11 2.2 cannot log in with an AES management key, which firmware 5.7 has" {
	begin new
	run -1 pkcs11-tool --module "$ykcs11" --login --login-type so --so-pin "$management" --keypairgen \
		--id 03 --key-type EC:prime256v1
	grep -E '^> 0087039b' "$rig/new.log"
	grep -x "< 6a80" "$rig/new.log"
}

@test "p11tool lists the token and its objects by URI" {
	begin five
	generate -s 9c
	run -0 p11tool --provider "$ykcs11" --list-tokens
	[[ "$output" == *"serial=4242424"* ]]
	[[ "$output" == *"YubiKey%20PIV%20%234242424"* ]]
	run -0 p11tool --provider "$ykcs11" --list-all 'pkcs11:serial=4242424;id=%02'
	[[ "$output" == *"id=%02"* ]]
}

@test "two cards on two ports are two tokens" {
	begin five
	rig_make second --serial 17
	rig_card second 1
	run -0 pkcs11-tool --module "$ykcs11" -L
	rig_end second
	[[ "$output" == *"YubiKey PIV #4242424"* ]]
	[[ "$output" == *"YubiKey PIV #17"* ]]
}

@test "two processes of libykcs11, and opensc beside them, sign all they are asked to" {
	begin five
	generate -s 9a
	for name in one two; do
		(for i in 1 2 3; do
			signature=$name.$i sign_with 01 -i /dev/fd/4 4< <(printf %32s "$name$i") || exit 1
		done) >$name.out 2>&1 3>&- &
		pids+=($!)
	done
	run -0 pkcs11-tool --module opensc-pkcs11.so -L
	[[ "$output" == *PIV* ]]
	for pid in "${pids[@]}"; do wait "$pid"; done
	for name in one two; do
		for i in 1 2 3; do
			openssl pkeyutl -verify -pubin -inkey public.pem -in <(printf %32s "$name$i") -sigfile $name.$i
		done
	done
}
