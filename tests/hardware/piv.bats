#!/usr/bin/env bats
# The PIV driver against virtual cards, without the processes around it: what is signed, what is
# refused with which sentence, and what it costs in commands and PIN tries.

bats_require_minimum_version 1.5.0
load ../cli/helper
load ../rig/rig

management=010203040506070801020304050607080102030405060708
other_management=0102030405060708090a0b0c0d0e0f101112131415161718
slot="yubikey:serial=4242424;slot=9c"

setup_file() {
	export drive=$PAVISE_BIN/../../tests/hardware/drive
	# The cards' states in memory: a disk's fsync is no part of a card.
	[ ! -w /dev/shm ] || export TMPDIR=/dev/shm
	rig_one five
	echo "what is signed" >"$rig/message"
}

teardown_file() {
	rig_stop
}

setup() {
	rig_fresh five
	cd "$BATS_TEST_TMPDIR"
}

# make [HOW]: a key in 9c; its public half is in key.pem.
make_key() {
	"$drive" --pin 123456 --management $management "$slot" make "root${1:+,$1}" >made
	sed -n '/BEGIN PUBLIC/,/END PUBLIC/p' made >key.pem
}

sign() {
	run "$drive" "$@" "$slot" sign key.pem "$rig/message"
}

tries() {
	[ "$(rig_tell five tries)" = "pin $1 puk 3" ]
}

instructions() {
	rig_apdus five | cut -c3-4 | tr '\n' ' '
}

@test "a key is generated with its policies, certified, attested, listed and used" {
	run -0 "$drive" --pin 123456 --management $management "$slot" make root,pin=once,touch=always list attest
	[ "${output//key $slot role root token YubiKey 5 (serial 4242424) origin generated pin once touch always/}" != "$output" ]
	[ "$(grep -c "^key $slot " <<<"$output")" -eq 2 ]
	[[ "$output" != *unfinished* ]]
	yubico-piv-tool -a read-certificate -s 9c -o certificate.pem
	[ "$(openssl x509 -in certificate.pem -noout -subject -nameopt RFC2253)" = "subject=CN=root" ]
	openssl verify -CAfile certificate.pem -check_ss_sig certificate.pem
	sed -n '/BEGIN CERT/,/END CERT/p' <<<"$output" | sed '/END CERT/q' >leaf.pem
	cmp <(openssl x509 -in leaf.pem -noout -pubkey) <(openssl x509 -in certificate.pem -noout -pubkey)
}

@test "a signature takes eight commands at most, the next one too" {
	make_key
	rig_forget five
	run -0 "$drive" --pin 123456 "$slot" sign key.pem "$rig/message" sign key.pem "$rig/message"
	[ "$(grep -c "^signature of 64 bytes" <<<"$output")" -eq 2 ]
	[ "$(grep -c "^asks pin" <<<"$output")" -eq 1 ]
	# Connecting: a4 fd f8. The first: a4 f7 f7 | a4 20 87 a4. The second has its PIN.
	[ "$(instructions)" = "a4 fd f8 a4 f7 f7 a4 20 87 a4 a4 f7 a4 20 87 a4 " ]
}

@test "the host needs less than 5 ms for a signature" {
	make_key pin=once,touch=never
	local words=()
	for _ in $(seq 15); do words+=(sign key.pem "$rig/message"); done
	run -0 "$drive" --pin 123456 "$slot" "${words[@]}"
	fastest=$(sed -n 's/^signature.* in \([0-9]*\) us$/\1/p' <<<"$output" | sort -n | head -n 1)
	echo "$fastest us" # of fifteen, for the machine may be busy
	[ "$fastest" -lt 5000 ]
}

@test "a YubiKey 4: serial from its other applet, policies from the attestation, at most eight commands" {
	rig_make four --firmware 4.3.7 --serial 4242424
	rig_tell five load "$rig/four.card"
	rig_insert five
	make_key pin=once,touch=always
	grep -q "token YubiKey 4 (serial 4242424) origin generated pin once touch always" made
	rig_forget five
	sign --pin 123456
	[ "$status" -eq 0 ]
	[[ "$output" == *"asks pin of YubiKey 4 (serial 4242424) serial 4242424 tries 3"* ]]
	[[ "$output" != *warning* ]] # it does not tell whether the PIN is the factory's
	[ "$(instructions)" = "a4 fd a4 01 a4 a4 f9 c0 c0 20 a4 20 87 a4 " ]
}

@test "PIN always: verified before each use, also for the certificate" {
	make_key pin=always,touch=never
	rig_forget five
	run -0 "$drive" --pin 123456 "$slot" sign key.pem "$rig/message" sign key.pem "$rig/message"
	[[ "$output" != *touch\ Yubi* ]]
	tries 3
}

@test "PIN never: nobody is asked" {
	make_key pin=never,touch=never
	sign
	[ "$status" -eq 0 ]
	[[ "$output" != *asks* ]]
}

@test "P-384, made by another tool, signs" {
	yubico-piv-tool -a generate -s 9c -A ECCP384 --pin-policy=once --touch-policy=never -o key.pem
	sign --pin 123456
	[ "$status" -eq 0 ]
	[[ "$output" == *"signature of 96 bytes"* ]]
}

@test "an RSA key is listed and does not sign, with a sentence" {
	yubico-piv-tool -a generate -s 9c -A RSA2048 --pin-policy=once -o key.pem
	run -0 "$drive" "$slot" list
	[[ "$output" == *"BEGIN PUBLIC KEY"* ]]
	sign --pin 123456
	[ "$status" -eq 1 ]
	[[ "$output" == *"failed: unsupported: "*"slot 9c has algorithm 07; Pavise signs with ECDSA of P-256 and P-384" ]]
	tries 3
}

@test "an imported key is marked, and cannot be attested" {
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out soft.pem
	make_key import=soft.pem
	grep -q "origin imported pin once touch always" made
	cmp <(openssl pkey -in soft.pem -pubout) key.pem
	sign --pin 123456
	[ "$status" -eq 0 ]
	run -1 "$drive" "$slot" attest
	[[ "$output" == "failed: unsupported: YubiKey 5 (serial 4242424): the key in slot 9c cannot be attested: only keys generated in a YubiKey can (status 6a80)" ]]
}

@test "the factory PIN is warned of and never tried" {
	make_key
	sign --pin 654321
	[[ "$output" == *"warning: YubiKey 5 (serial 4242424): the PIN is still the factory's"* ]]
	tries 2
	rig_forget five
	sign
	[ "$status" -eq 1 ]
	tries 2
	[[ "$(instructions)" != *"20 "* ]]
}

@test "wrong PIN, then the right one" {
	make_key
	sign --pin 000000 --pin 123456
	[ "$status" -eq 0 ]
	[[ "$output" == *"tries 3"*"asks pin"*"tries 2 again"* ]]
	tries 3
}

@test "wrong PIN: the sentence says how many tries are left" {
	make_key
	sign --pin 000000
	[ "$status" -eq 1 ]
	[[ "$output" == *"failed: passphrase: YubiKey 5 (serial 4242424): wrong PIN, 2 tries left: no answer is left" ]]
	tries 2
	sign --pin 000000
	[[ "$output" == *"failed: passphrase: YubiKey 5 (serial 4242424): wrong PIN, 1 try left: one more wrong PIN blocks it: "* ]]
	tries 1
}

@test "a source that was wrong is not asked again, and never spends the last try" {
	make_key
	sign --as-source --pin 000000 --pin 000000
	[ "$status" -eq 1 ]
	tries 2
	sign --as-source --pin 000000
	tries 1
	sign --as-source --pin 123456
	[ "$status" -eq 1 ]
	[[ "$output" == *"failed: passphrase: the source is not asked"* ]]
	tries 1
}

@test "a blocked PIN names the PUK, and nothing is asked" {
	make_key
	rig_tell five block pin
	sign --pin 123456
	[ "$status" -eq 1 ]
	[[ "$output" == *"failed: passphrase: YubiKey 5 (serial 4242424): the PIN is blocked after too many wrong ones: set a new one with the PUK"* ]]
	[[ "$output" != *asks* ]]
	tries 0
}

@test "the PIN that blocks says so" {
	make_key
	sign --pin 000000 --pin 000000 --pin 000000 --pin 123456
	[ "$status" -eq 1 ]
	[[ "$output" == *"failed: passphrase: "*"the PIN is blocked"* ]]
	tries 0
}

@test "a PIN of the wrong length spends no try" {
	make_key
	for pin in 12345 123456789; do
		sign --pin $pin
		[ "$status" -eq 1 ]
		[[ "$output" == *"the PIN has ${#pin} characters, expected 6 to 8: no try was spent" ]]
	done
	tries 3
}

@test "a missed touch is no wrong PIN" {
	make_key
	rig_tell five touch never
	rig_tell five patience 1100
	sign --pin 123456
	[ "$status" -eq 1 ]
	[[ "$output" == *"touch YubiKey 5 (serial 4242424)"*"touched YubiKey"*"failed: token: YubiKey 5 (serial 4242424) was not touched in time: run the command again and touch it when asked to" ]]
	tries 3
}

@test "a cached touch may be awaited, and is not within its 15 seconds" {
	make_key pin=once,touch=cached
	rig_tell five load "$rig/five.card"
	rig_insert five
	rig_tell five touch told
	rig_forget five
	"$drive" --pin 123456 "$slot" sign key.pem "$rig/message" sign key.pem "$rig/message" >signed 3>&- &
	pid=$!
	rig_until "no touch is awaited" grep -qx "touch awaited 9c" "$rig/five.log"
	grep -q "^may wait YubiKey" signed
	rig_tell five finger
	wait $pid
	[ "$(grep -cx "touch awaited 9c" "$rig/five.log")" -eq 1 ]
	[[ "$(cat signed)" != *"touch YubiKey"* ]] # the client says it, after 200 ms
	[ "$(grep -c "^signature" signed)" -eq 2 ]
}

@test "a touch that nobody announced may be awaited" {
	rig_make four --firmware 4.3.7
	rig_tell five load "$rig/four.card"
	rig_insert five
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout soft.pem -out soft.crt -subj /CN=root
	yubico-piv-tool -a import-key -s 9c -i soft.pem --pin-policy=once --touch-policy=always
	yubico-piv-tool -a import-certificate -s 9c -i soft.crt
	openssl pkey -in soft.pem -pubout -out key.pem
	rig_tell five touch told
	"$drive" --pin 123456 "$slot" sign key.pem "$rig/message" >signed 3>&- &
	pid=$!
	rig_until "no touch is awaited" grep -qx "touch awaited 9c" "$rig/five.log"
	grep -q "^may wait YubiKey" signed
	rig_tell five finger
	wait $pid
	grep -q "^asks pin" signed # learnt by a refusal that cost no try
	grep -q "^signature" signed
	tries 3
}

@test "pulled out in mid-command: said, and no try is spent" {
	make_key
	for fault in "before a4" "before f7" "before 87" "after 87" "before 20"; do
		# shellcheck disable=SC2086  # words are meant
		rig_tell five cut $fault
		sign --pin 123456
		[ "$status" -eq 1 ]
		[[ "$output" == *"failed: token: "*"was removed before it answered: insert it and run the command again" ]]
		rig_until "the card is still seen" rig_shows five No
		rig_insert five
		tries 3
	done
}

@test "wrong, short and endless answers fail the command with what was wrong" {
	make_key
	local faults=(
		"answer 87 6f00|status 6f00"
		"truncate 87 1|the card answered 1 bytes, expected 2 to 258"
		"answer 87 7c0382013f9000|signing with slot 9c"
		"answer 87 7c4a82483046022100ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff022100ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff9000|the signature is not of the key there"
		"answer f7 0101119000|metadata of slot 9c: no public key"
		"answer f7 01029000|metadata of slot 9c: element 01 has 2 bytes, and 0 are left"
		"answer f7 0101110202090902000386410490009000|metadata of slot 9c"
		"answer fd 05049000|version of the card: 2 bytes, expected 3"
		"answer f8 009000|serial number of the card: 1 bytes, expected 4"
		"answer f7 6110|promises more"
	)
	for row in "${faults[@]}"; do
		# shellcheck disable=SC2086  # words are meant
		rig_tell five ${row%%|*}
		sign --pin 123456
		echo "$row: $output"
		[ "$status" -eq 1 ]
		[[ "$output" == *"${row#*|}"* || "${row#*|}" == "promises more" ]]
		rig_insert five
	done
	tries 3
	sign --pin 123456
	[ "$status" -eq 0 ]
}

@test "slow answers come, late" {
	make_key pin=once,touch=never
	rig_tell five slow 150
	sign --pin 123456
	[ "$status" -eq 0 ]
	[[ "$output" != *"touch YubiKey"* ]]
}

@test "another key in the slot is said before anything is asked" {
	make_key
	cp key.pem first.pem
	make_key replace
	cp first.pem key.pem
	rig_forget five
	sign --pin 123456
	[ "$status" -eq 1 ]
	[[ "$output" == "failed: key: YubiKey 5 (serial 4242424): slot 9c holds key "*", expected "*": another token, or the slot was given a new key" ]]
	[[ "$(instructions)" != *"20 "* ]]
}

@test "somebody else's token, several tokens, none" {
	make_key
	run -1 "$drive" --pin 123456 "yubikey:serial=7;slot=9c" sign key.pem "$rig/message"
	[ "$output" = "failed: not-found: the token with serial 7 is not here, but somebody else's: YubiKey 5 (serial 4242424)" ]
	rig_make six --serial 666
	rig_card six 1
	run -1 "$drive" --pin 123456 "yubikey:slot=9c" sign key.pem "$rig/message"
	[[ "$output" == "failed: usage: 2 tokens are present: say which by serial=…: YubiKey 5 (serial "*"), YubiKey 5 (serial "*")" ]]
	sign --pin 123456
	[ "$status" -eq 0 ]
	run -0 "$drive" --pin 123456 --management $management "yubikey:serial=666;slot=9c" make root
	rig_end six
	rig_remove five
	sign --pin 123456
	[ "$output" = "failed: not-found: no YubiKey or PIV card is present: insert it and run the command again" ]
}

@test "other programs use the card at the same time" {
	make_key pin=once,touch=never
	(for _ in 1 2 3 4; do yubico-piv-tool -a verify-pin -P 123456 -a status; done) >others 2>&1 3>&- &
	pid=$!
	sign --pin 123456
	[ "$status" -eq 0 ]
	run -0 "$drive" --pin 123456 "$slot" sign key.pem "$rig/message" sign key.pem "$rig/message" \
		sign key.pem "$rig/message" sign key.pem "$rig/message"
	wait $pid
	tries 3
}

# meanwhile COMMAND...: in an open session, between a first signature and a second one; sets status, output.
meanwhile() {
	"$drive" --pin 123456 "$slot" sign key.pem "$rig/message" wait go sign key.pem "$rig/message" >two 2>&1 3>&- &
	local pid=$!
	rig_until "no first signature" grep -qx waits two
	"$@"
	touch go
	status=0
	wait $pid || status=$?
	output=$(<two)
}

reinsert() {
	rig_remove five
	rig_insert five
}

exchange() {
	rig_remove five
	rig_make other --serial 77
	rig_tell five load "$rig/other.card"
	rig_insert five
}

@test "between two signatures: pulled out and in, reset by others, exchanged, gone" {
	make_key pin=once,touch=never
	meanwhile reinsert
	[ "$status" -eq 0 ]
	rm go
	meanwhile yubico-piv-tool -a status
	[ "$status" -eq 0 ]
	rm go
	meanwhile rig_remove five
	[ "$status" -eq 1 ]
	[[ "$output" == *"failed: token: YubiKey 5 (serial 4242424) was removed before it answered"* ]]
	rig_insert five
	rm go
	rig_forget five
	meanwhile exchange
	[ "$status" -eq 1 ]
	[[ "$output" == *"failed: token: another token (serial 77) is now where YubiKey 5 (serial 4242424) was: nothing was asked of it" ]]
	[ "$(rig_apdus five | grep -c ^00200080)" -eq 1 ] # to the first one
}

@test "when a signature is done, the card has forgotten the PIN" {
	make_key pin=once,touch=never
	sign --pin 123456
	[ "$(tail -n 1 <(rig_apdus five))" = 00a4040005a000000308 ]
}

@test "management keys of AES, wrong ones, ones of another length" {
	for algorithm in "AES128 08 16" "AES192 0a 24" "AES256 0c 32"; do
		read -r _ number bytes <<<"$algorithm"
		cp "$rig/fresh" "$rig/five.card"
		key=$(openssl rand -hex "$bytes")
		set_management "$number" "$key"
		"$drive" --pin 123456 --management "$key" "$slot" make root
		run -1 "$drive" --management "${key%??}" "$slot" remove
		[[ "$output" == *"the management key has $((2 * bytes - 2)) hexadecimal digits, expected $((2 * bytes))" ]]
	done
	run -1 "$drive" --management "$(openssl rand -hex 32)" "$slot" remove
	[[ "$output" == *"failed: passphrase: YubiKey 5 (serial 4242424): wrong management key: no answer is left" ]]
	run -1 "$drive" --management "${key%?}x" "$slot" remove
	[[ "$output" == *"something else than hexadecimal digits" ]]
}

# set_management ALGORITHM KEY: of the card as it is in five.card.
set_management() {
	sed -i "/^\[management\]/,/^\[/{s/^algorithm=.*/algorithm=$((16#$1))/;s|^key=.*|key=$(python3 -c 'import base64, sys; print(base64.b64encode(bytes.fromhex(sys.argv[1].ljust(64, "0"))).decode())' "$2")|}" \
		"$rig/five.card"
	rig_tell five load "$rig/five.card"
	rig_insert five
}

@test "an occupied slot needs replace; nothing is asked before" {
	make_key
	rig_forget five
	run -1 "$drive" --pin 123456 --management $management "$slot" make root
	[[ "$output" == "failed: exists: YubiKey 5 (serial 4242424): slot 9c is occupied (root, key "*"): --replace destroys the key there for good" ]]
	[[ "$(instructions)" != *"47 "* ]]
	cp key.pem before.pem
	make_key replace
	! cmp key.pem before.pem
}

@test "remove: the certificate and the key; firmware 5.7 empties the slot" {
	make_key
	run -0 "$drive" --management $management "$slot" remove
	[[ "$output" == *"its firmware cannot empty slot 9c: the key there was overwritten by a new one that nobody uses" ]]
	rig_make seven --firmware 5.7.1
	rig_tell five load "$rig/seven.card"
	rig_insert five
	make_key
	run -0 "$drive" --management $management "$slot" remove list
	[[ "$output" != *key\ yubikey* ]]
	run -1 "$drive" --management $management "$slot" remove
	[ "$output" = "failed: not-found: YubiKey 5 (serial 4242424): slot 9c is empty" ]
}

# keys_agree: in slot 9c there is no certificate, or that of the key there. By Debian's tool.
keys_agree() {
	yubico-piv-tool -a read-certificate -s 9c -o there.pem 2>/dev/null || return 0
	yubico-piv-tool -a attest -s 9c -o attested.pem &&
		cmp <(openssl x509 -in there.pem -noout -pubkey) <(openssl x509 -in attested.pem -noout -pubkey)
}

# killed_at COUNT HOW: a command that is killed when the card has got so many commands. Fails when
# the command ended before.
killed_at() {
	"$drive" --pin 123456 --management $management "$slot" make "$2" >killed 2>&1 3>&- &
	local pid=$! i
	for i in $(seq 2000); do
		[ "$(rig_apdus five | wc -l)" -ge "$1" ] && break
		kill -0 $pid 2>/dev/null || break
		sleep 0.005
	done
	kill -KILL $pid 2>/dev/null
	! wait $pid 2>/dev/null
}

# interrupted HOW: each place of it is tried on a card as it is in begun.card.
interrupted() {
	local count=0
	while :; do
		count=$((count + 1))
		cp begun.card "$rig/five.card"
		rig_tell five load "$rig/five.card"
		rig_insert five
		rig_tell five slow 20
		rig_forget five
		killed_at $count "$1" || break
		rig_tell five slow 0
		echo "killed at command $count"
		tries 3
		keys_agree
		run -0 "$drive" "$slot" list
		if [[ "$output" == *"unfinished: "* ]]; then
			[[ "$output" == *"slot 9c holds a key without a certificate"* ]]
		fi
		"$drive" --pin 123456 --management $management "$slot" make "${2:-$1}" list >after ||
			grep -q "failed: exists" after # it was done, but for its last words
		keys_agree
		run -0 "$drive" "$slot" list
		[[ "$output" == *"role root"* ]]
		[[ "$output" != *unfinished* ]]
		tries 3
	done
	rig_tell five slow 0
	echo "$count commands"
	[ "$count" -gt 15 ]
}

@test "killed at any command of generating: finished by the next" {
	cp "$rig/fresh" begun.card
	interrupted root
}

@test "killed at any command of replacing: never a certificate beside another key" {
	make_key
	cp "$rig/five.card" begun.card
	interrupted root,replace root,replace
}

@test "status: what is still the factory's" {
	run -0 "$drive" yubikey: status
	[ "$output" = "status told 1 pin 1 puk 1 management 1 kept 0 tries 3 3" ]
	tries 3
}

@test "setup: PIN, PUK, and a management key that the card keeps" {
	run -0 "$drive" --pin 123456 --new-pin 246810 --puk 12345678 --new-puk 13579111 --management $management \
		yubikey: setup pin,puk,management status
	[[ "$output" == *"asks pin of YubiKey 5 (serial 4242424) serial 4242424 tries 3"*"status told 1 pin 0 puk 0 management 0 kept 1 tries 3 3" ]]
	rig_forget five
	run -0 "$drive" --pin 246810 "$slot" make root,touch=never # the PIN opens the management key
	[[ "$output" != *"asks management"* ]]
	[[ "$output" != *warning* ]]
	run -0 "$drive" --pin 246810 "$slot" make root,touch=never,replace
	# As Debian's tool sees it.
	run -0 yubico-piv-tool -a verify-pin -P 246810
	run -0 yubico-piv-tool -a change-puk -P 13579111 -N 12345678
}

@test "setup: wrong PIN and PUK cost a try and say so; the factory's are refused as new ones" {
	run -1 "$drive" --pin 000000 --new-pin 246810 yubikey: setup pin
	[[ "$output" == *"failed: passphrase: YubiKey 5 (serial 4242424): wrong PIN, 2 tries left: no answer is left" ]]
	[ "$(rig_tell five tries)" = "pin 2 puk 3" ]
	run -1 "$drive" --puk 00000000 --new-puk 13579111 yubikey: setup puk
	[[ "$output" == *"failed: passphrase: YubiKey 5 (serial 4242424): wrong PUK, 2 tries left: no answer is left" ]]
	[ "$(rig_tell five tries)" = "pin 2 puk 2" ]
	run -1 "$drive" --pin 123456 --new-pin 12345678 yubikey: setup pin
	[[ "$output" == *"the new PIN would be a factory's, which everybody knows: choose another" ]]
	[ "$(rig_tell five tries)" = "pin 2 puk 2" ]
	run -0 "$drive" --pin 000000 --pin 123456 --new-pin 246810 yubikey: setup pin
	[ "$(rig_tell five tries)" = "pin 3 puk 2" ]
}

@test "setup: a blocked PIN gets a new one with the PUK" {
	rig_tell five block pin
	run -0 "$drive" --puk 12345678 --new-pin 246810 yubikey: setup pin
	tries 3
	rig_tell five block pin
	rig_tell five block puk
	run -1 "$drive" --puk 12345678 --new-pin 246810 yubikey: setup pin
	[[ "$output" == *"the PUK is blocked after too many wrong ones: only a reset, which destroys all keys, helps" ]]
}

@test "setup: the management key of firmware 5.7 stays AES; a touch and a printed text are respected" {
	rig_make seven --firmware 5.7.1
	rig_tell five load "$rig/seven.card"
	rig_insert five
	run -0 "$drive" --pin 123456 --management $management yubikey: setup management status
	[[ "$output" == *"management 0 kept 1"* ]]
	run -0 "$drive" --pin 123456 "$slot" make root,touch=never
	cp "$rig/fresh" "$rig/five.card"
	rig_tell five load "$rig/five.card"
	rig_insert five
	yubico-piv-tool -a write-object --id 0x5fc109 -f hex -i - <<<0107
	run -1 "$drive" --pin 123456 --management $management yubikey: setup management
	[[ "$output" == *"failed: exists: "*"printed information is where the management key would be kept: it is not overwritten" ]]
}

@test "killed at any command of setup: a management key still opens the card" {
	local count=0
	while :; do
		count=$((count + 1))
		cp "$rig/fresh" "$rig/five.card"
		rig_tell five load "$rig/five.card"
		rig_insert five
		rig_tell five slow 20
		rig_forget five
		"$drive" --pin 123456 --management $management yubikey: setup management >killed 2>&1 3>&- &
		local pid=$!
		until [ "$(rig_apdus five | wc -l)" -ge $count ] || ! kill -0 $pid 2>/dev/null; do sleep 0.005; done
		kill -KILL $pid 2>/dev/null || true
		rig_tell five slow 0
		! wait $pid 2>/dev/null || break
		tries 3
		run -0 "$drive" --pin 123456 --management $management "$slot" make root,touch=never
	done
	[ $count -gt 10 ]
}
