#!/usr/bin/env bats
# Keys on tokens by PKCS#11, with SoftHSM2: directly, and through `p11-kit server` as another user.
bats_require_minimum_version 1.5.0
load ../cli/helper
load ../cli/service
load softhsm

gun=localhost:5000/lab/app

setup() {
	start_service
	cd "$BATS_TEST_TMPDIR"
	digest=$(make_layout image)
	from=(--from "oci:$BATS_TEST_TMPDIR/image:12")
	mkdir -p "$HOME/.config/pavise"
	cat >"$HOME/.config/pavise/config.yaml" <<YAML
server: $server
tls: {ca: $ca}
trust_dir: $BATS_TEST_TMPDIR/trust
YAML
	make_tokens one two
	unset DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE NOTARY_ROOT_PASSPHRASE
}

teardown() {
	stop_p11_server
	stop_service
}

member() { # EXPRESSION over the JSON on standard input
	python3 -c "import json, sys; j = json.load(sys.stdin); print($1)"
}

# objects LABEL: what a tool of others sees there.
objects() {
	pkcs11-tool --module $softhsm_module --token-label "$1" --login --pin "pin of $1" --list-objects 2>/dev/null
}

verify() { # TAG, with a reader of its own
	pavise verify "$gun:$1" --trust-dir reader --tofu "${@:2}"
}

# The whole life of a repository whose root, and a signer's key, are on tokens.
whole_life() {
	run -0 --separate-stderr pavise key generate root --store "$(uri one)" --pin-source one.pin
	[[ "$stderr" == *"made on one (serial "* ]]
	[[ "$stderr" == *"policies: PIN once, touch never; not attested"* ]]
	[[ "$output" == *"BEGIN PUBLIC KEY"* ]]
	first=$(pavise key list --json | member 'j[0]["id"]')
	root=$(pavise key list --json | member 'j[0]["store"]')
	[ ! -e "trust/private/$first.key" ]
	run -0 --separate-stderr pavise repo init $gun --root-key "$root" --pin-source one.pin --publish --json
	[ "$(member 'j["root_key"]' <<<"$output")" = "$first" ]
	run -0 pavise sign $gun:v1 "${from[@]}"
	run -0 verify v1
	run -0 pavise key generate root --store "$(uri two)" --pin-source two.pin
	second=$(pavise key list --json | member "[k for k in j if k['id'] != '$first' and k['role'] == 'root'][0]['id']")
	# Signed by the former root key and the new one: two tokens, two PINs, typed one after the other.
	run -0 "$PAVISE_SOURCE/tests/hardware/at-terminal" "PIN of one=pin of one" "PIN of two=pin of two" -- \
		pavise repo rotate $gun root --key "$second"
	[[ "$output" == *"PIN of one (serial "* ]]
	[[ "$output" == *"PIN of two (serial "* ]]
	run -0 verify v1
	run -0 pavise sign $gun:v2 "${from[@]}"
	run -0 verify v2 --json
	[ "$(member 'j["digest"]' <<<"$output")" = "$digest" ]
	ls trust/private/*.key | wc -l >count
	[ "$(cat count)" = 1 ] # targets; no root key is on the disk
}

@test "root on a token, signed, verified, rotated to a second token; notary lists and verifies it" {
	whole_life
	notary=(notary -s "$server" --tlscacert "$ca" -d "$BATS_TEST_TMPDIR/notary")
	run -0 "${notary[@]}" list $gun
	[[ "$output" == *"v1 "*"${digest#sha256:}"* ]]
	[[ "$output" == *"v2 "* ]]
	run -0 "${notary[@]}" lookup $gun v2
	run -0 objects one
	[[ "$output" == *"Private Key Object; EC"* ]]
	[[ "$output" == *"Certificate Object"* ]]
	[[ "$output" == *"never extractable"* ]]
}

@test "through p11-kit server, as another user, who cannot read the token's files" {
	start_p11_server one nobody two
	other=$p11_shared/other
	install -d -o nobody -m 700 "$other" "$other/home"
	as_nobody() {
		setpriv --reuid nobody --regid nogroup --clear-groups env -u SOFTHSM2_CONF HOME="$other/home" \
			P11_KIT_SERVER_ADDRESS="unix:path=$p11_socket" "$@"
	}
	run ! as_nobody ls softhsm/tokens/*/
	cp one.pin "$other/pin"
	cp "$ca" "$other/ca.crt"
	cp -r image "$other/image"
	chown -R nobody "$other"
	trust=(--trust-dir "$other/trust" --pin-source "$other/pin")
	client=("${trust[@]}" --server "$server" --tlscacert "$other/ca.crt")
	module=$p11_client
	run -0 --separate-stderr as_nobody pavise key generate root --store "$(uri one)" "${trust[@]}"
	[[ "$stderr" == *"made on one (serial "* ]]
	run -0 as_nobody pavise repo init $gun --root-key "$(uri one)" --publish "${client[@]}"
	run -0 as_nobody pavise sign $gun:v1 --from "oci:$other/image:12" "${client[@]}"
	run -0 verify v1
	# The root goes on to a second token behind the same socket.
	run -0 --separate-stderr as_nobody pavise key generate root --store "$(uri two)" --trust-dir "$other/trust" \
		--pin-source /dev/stdin <two.pin
	second=$(as_nobody pavise key list --trust-dir "$other/trust" --json |
		member '[k["id"] for k in j if "token=two" in k["store"]][0]')
	run -0 as_nobody "$PAVISE_SOURCE/tests/hardware/at-terminal" "PIN of one=pin of one" "PIN of two=pin of two" -- \
		pavise repo rotate $gun root --key "$second" --trust-dir "$other/trust" --server "$server" \
		--tlscacert "$other/ca.crt"
	[[ "$output" == *"PIN of two (serial "* ]]
	run -0 as_nobody pavise sign $gun:v2 --from "oci:$other/image:12" "${client[@]}"
	run -0 verify v2
	run -0 notary -s "$server" --tlscacert "$ca" -d notary list $gun
	[[ "$output" == *"v2 "* ]]
	# The server stands, another user is refused.
	P11_KIT_SERVER_ADDRESS="unix:path=$p11_socket" run -3 pavise key list --store "$(uri one)"
	[[ "$output" == *"pavise key: "* ]]
	[[ "$output" != *crashed* ]]
}

@test "targets, and a signer, on tokens" {
	pavise key generate root --store "$(uri one 01)" --pin-source one.pin 2>/dev/null
	pavise repo init $gun --root-key "$(uri one 01)" --pin-source one.pin --publish
	pavise key generate targets --gun $gun --store "$(uri one 02)" --pin-source one.pin >targets.pem
	run -0 pavise repo rotate $gun targets --key "$(uri one 02)" --pin-source one.pin
	! ls trust/private/*.key
	run -0 pavise sign $gun:v1 "${from[@]}" --pin-source one.pin
	run -0 verify v1
	pavise key generate alice --store "$(uri two 03)" --pin-source two.pin -o alice.pem
	run -0 pavise signer add alice $gun --key alice.pem --pin-source one.pin
	run -0 pavise sign $gun:v2 "${from[@]}" --pin-source two.pin
	[[ "$output" == *targets/alice* ]]
	run -0 verify v2 --json
	[[ "$(member '[r["name"] for r in j["roles"]]' <<<"$output")" == *targets/* ]]
}

@test "two root keys on two tokens, one of which is enough; the lost one is rotated out" {
	pavise key generate root --store "$(uri one 01)" --pin-source one.pin
	pavise key generate root --store "$(uri two 01)" --pin-source two.pin
	run -2 pavise repo init $gun --root-keys 2 --root-key "$(uri one)" --pin-source one.pin
	[[ "$output" == *"--root-keys 2"* ]]
	run -2 pavise repo init $gun --threshold 3 --root-key "$(uri one)" --root-key "$(uri two)"
	run -2 pavise repo init $gun --root-key "$(uri one)" --root-key "$(uri one 01)"
	[[ "$output" == *"again"* ]]
	run -0 "$PAVISE_SOURCE/tests/hardware/at-terminal" "PIN of one=pin of one" "PIN of two=pin of two" -- \
		pavise repo init $gun --root-keys 2 --threshold 1 --root-key "$(uri one)" --root-key "$(uri two)" --publish
	pavise sign $gun:v1 "${from[@]}"
	run -0 verify v1
	[ "$(member 'len(j["signed"]["roles"]["root"]["keyids"])' <trust/tuf/$gun/metadata/root.json)" = 2 ]
	# The first token is lost: the second rotates it out alone.
	softhsm2-util --delete-token --token one >/dev/null
	kept=$(pavise key list --json | member '[k["id"] for k in j if "token=two" in k["store"]][0]')
	run -0 pavise repo rotate $gun root --key "$kept" --pin-source two.pin
	run -0 verify v1
	[ "$(member 'len(j["signed"]["roles"]["root"]["keyids"])' <trust/tuf/$gun/metadata/root.json)" = 1 ]
	# Where it is the only one, that is said.
	softhsm2-util --delete-token --token two >/dev/null
	DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE="root passphrase" run -3 pavise repo rotate $gun root --pin-source two.pin
	[[ "$output" == *"needed: 1"*"no token is there"* ]]
}

@test "a wrong PIN: asked three times, a source once, neither from the environment nor by default" {
	echo "not the PIN" >wrong
	run -1 pavise key generate root --store "$(uri one)" --pin-source wrong
	[[ "$output" == *"the PIN in wrong is wrong for one (serial "* ]]
	[[ "$output" == *"it is not tried again"* ]]
	run -1 "$PAVISE_SOURCE/tests/hardware/at-terminal" PIN=a-wrong-one PIN=b-wrong-one PIN=c-wrong-one -- \
		pavise key generate root --store "$(uri one)"
	[ "$(grep -c "PIN of one" <<<"$output")" = 3 ]
	[[ "$output" == *"wrong PIN for one"* ]]
	run -1 setsid pavise key generate root --store "$(uri one)" </dev/null
	[[ "$output" == *"no terminal"*"--pin-source"* ]]
	run -0 pavise key list
	[ -z "$output" ]
	run -0 objects one
	[[ "$output" != *"Key Object"* ]]
	# By descriptor.
	run -0 pavise key generate root --store "$(uri one)" --pin-source fd:9 9<one.pin
}

@test "list, show, import, replace, remove: and what is refused" {
	pavise key generate root --store "$(uri one 01)" --pin-source one.pin >/dev/null
	run -0 pavise key list
	[[ "$output" == *WHERE* ]]
	[[ "$output" == *"one (serial "* ]]
	id=$(pavise key list --json | member 'j[0]["id"]')
	run -0 pavise key show "$id"
	[[ "$output" == *"origin      generated"* ]]
	[[ "$output" == *"attestation none"* ]]
	run -0 pavise key list --store "$(uri one)"
	[[ "$output" == *"root"*"$id"* ]]
	run -1 pavise key attest "$id"
	[[ "$output" == *"cannot attest"* ]]
	run -1 pavise key export "$id"
	[[ "$output" == *"cannot leave it"* ]]
	run -1 pavise key passwd "$id"
	[[ "$output" == *"its PIN protects it"* ]]
	run -1 pavise key generate root --store "$(uri one 01)" --pin-source one.pin
	[[ "$output" == *"--replace"* ]]
	run -1 pavise key generate root --store "$(uri one 02)" --touch-policy always --pin-source one.pin
	[[ "$output" == *"PKCS#11 cannot demand a touch"* ]]
	run -2 pavise key generate root --store "$(uri one 02)" --pin-policy sometimes
	run -2 pavise key generate root --store nonsense:5
	[[ "$output" == *"pkcs11:"* ]]
	pavise key generate root --store "$(uri one 01)" --pin-source one.pin --replace >/dev/null
	run -0 pavise key list --json
	[ "$(member 'len(j)' <<<"$output")" = 1 ]
	[ "$(member 'j[0]["id"]' <<<"$output")" != "$id" ]
	# Brought there, which is said.
	pavise key generate alice --trust-dir elsewhere >/dev/null
	run -0 pavise key import --store "$(uri two 05)" --pin-source two.pin elsewhere/private/*.key
	[[ "$output" == *"not attestable"* ]]
	imported=$(pavise key list --json | member '[k["id"] for k in j if k["role"] == "alice"][0]')
	run -0 pavise key show "$imported"
	[[ "$output" == *"origin      imported"* ]]
	run -1 pavise key attest "$imported"
	[[ "$output" == *"not attestable"* ]]
	run -2 setsid pavise key remove "$imported" --pin-source two.pin </dev/null
	run -0 pavise key remove "$imported" --pin-source two.pin --yes
	run -0 objects two
	[[ "$output" != *"Private Key Object"* ]]
	run -0 pavise key list
	[[ "$output" != *"$imported"* ]]
}

@test "a place that holds another key: no PIN is asked for, nothing is destroyed" {
	pavise key generate root --store "$(uri one 01)" --pin-source one.pin >/dev/null
	id=$(pavise key list --json | member 'j[0]["id"]')
	pavise repo init $gun --root-key "$(uri one 01)" --pin-source one.pin
	pavise key generate root --store "$(uri one 01)" --pin-source one.pin --replace --trust-dir elsewhere >/dev/null
	run -1 setsid pavise repo rotate $gun root --key "$id" </dev/null
	run -1 pavise key remove "$id" --pin-source one.pin --yes
	[[ "$output" == *"nothing was destroyed"* ]]
	run -0 objects one
	[[ "$output" == *"Private Key Object"* ]]
}

@test "a module that crashes, ends, hangs, lies, miscounts costs one sentence, and nothing is kept" {
	module=$PAVISE_BIN/../../tests/hardware/bad-module.so
	[ -e "$module" ]
	make_key=(pavise key generate root --store "$(uri one 01)" --pin-source one.pin)
	BAD_MODULE=crash run -3 "${make_key[@]}"
	# a sanitized build aborts instead
	[[ "$output" == *"the token's module crashed ("@("Segmentation fault"|Aborted)")"* ]]
	BAD_MODULE=exit run -3 "${make_key[@]}"
	[[ "$output" == *"ended without an answer"* ]]
	BAD_MODULE=miscount run -3 "${make_key[@]}"
	[[ "$output" == *"its module miscounts"* ]]
	BAD_MODULE=lie run -1 "${make_key[@]}"
	[[ "$output" == *"is not a signature of key"* ]]
	BAD_MODULE=hang run -3 "${make_key[@]}"
	[[ "$output" == *"hangs, and was given up"* ]]
	run -0 objects one
	[[ "$output" != *"Object;"* ]] # what was made while it lied is gone again
	run -0 pavise key list
	[ -z "$output" ]
	run -0 "${make_key[@]}"
	BAD_MODULE=boundless run -0 pavise key list --store "$(uri one)"
	# Nothing of a hung module is left behind.
	run ! pgrep -P $$ pavise-token
}
