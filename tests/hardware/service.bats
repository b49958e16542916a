#!/usr/bin/env bats
# A service whose timestamp and snapshot keys are in a PKCS#11 token (SoftHSM2): made there, signed with
# there, rotated into it, and gone with their repository.
bats_require_minimum_version 1.5.0
load ../cli/helper
load ../cli/service
load softhsm

gun=localhost:5000/lab/app

setup() {
	cd "$BATS_TEST_TMPDIR"
	make_tokens one
	digest=$(make_layout image)
	from=(--from "oci:$BATS_TEST_TMPDIR/image:12")
}

teardown() {
	stop_p11_server
	stop_service
}

# serve [OPTION…]: the service on the data directory `service`.
serve() {
	: >out
	pavise serve --listen 127.0.0.1:0 --data service "$@" >out 2>log 3>&- &
	service_pid=$!
	wait_for out '^ready ' || return 1
	server=$(sed -n 's/^ready //p' out)
	ca=$PWD/service/tls/ca.crt
	client=(--server "$server" --tlscacert "$ca")
}

verify() { # TAG, by a reader who asks
	pavise verify "$gun:$1" --trust-dir reader --tofu "${client[@]}"
}

# sign TAG, by the owner
sign() {
	pavise sign "$gun:$1" "${from[@]}" --trust-dir trust "${client[@]}"
}

# private_keys: how many the token holds.
private_keys() {
	pkcs11-tool --module "$softhsm_module" --token-label one --login --pin "pin of one" --list-objects 2>/dev/null |
		grep -c '^Private Key Object' || true
}

count() { # WORDS: files below the signer's directory
	find service/signer -name "$1" | wc -l
}

@test "keys are made in the token and sign there; nothing private is on the disk" {
	serve --signer-token "$(uri one)" --pin-source one.pin
	run -0 sign v1
	run -0 verify v1
	[[ "$output" == "$digest"* ]]
	[ "$(private_keys)" = 2 ]
	[ "$(count '*.key')" = 0 ]
	[ "$(count '*.token')" = 2 ]
	# others find them by role and repository
	run -0 pkcs11-tool --module "$softhsm_module" --token-label one --list-objects --type cert
	[[ "$output" == *timestamp-* ]]
	[[ "$output" == *snapshot-* ]]
	# a restart signs on with the same keys
	before=$(find service/signer -name '*.token' | sort)
	stop_service
	[ "${service_status:-0}" = 0 ]
	serve --signer-token "$(uri one)" --pin-source one.pin
	run -0 sign v2
	run -0 verify v2
	[ "$(find service/signer -name '*.token' | sort)" = "$before" ]
	[ "$(private_keys)" = 2 ]
	run ! grep -r "pin of one" service log
}

@test "through p11-kit server: the token's files belong to another" {
	start_p11_server one "$(id -un)"
	export P11_KIT_SERVER_ADDRESS="unix:path=$p11_socket"
	module=$p11_client
	serve --signer-token "$(uri one)" --pin-source one.pin
	run -0 sign v1
	run -0 verify v1
	[ "$(private_keys)" = 2 ]
}

@test "keys in files stay; a rotation brings them into the token, and deletion takes all" {
	serve
	run -0 sign v1
	run -0 verify v1
	stop_service
	serve --signer-token "$(uri one)" --pin-source one.pin
	[ "$(private_keys)" = 0 ]
	run -0 sign v2
	run -0 pavise repo rotate $gun snapshot -r --trust-dir trust "${client[@]}"
	run -0 pavise repo rotate $gun timestamp -r --trust-dir trust "${client[@]}"
	run -0 sign v3
	run -0 verify v3
	[ "$(private_keys)" = 2 ]
	# without the token they cannot be used, which is said, and nothing is made in their place
	stop_service
	serve
	run -3 sign v4
	run -0 verify v3
	stop_service
	serve --signer-token "$(uri one)" --pin-source one.pin
	run -0 sign v4
	run -0 verify v4
	run -0 pavise repo delete $gun --remote --yes --trust-dir trust "${client[@]}"
	[ "$(private_keys)" = 0 ]
	[ "$(count '*.token')" = 0 ]
	[ "$(count '*.key')" = 0 ]
}

@test "what is wrong with a token is one sentence at the start, or when it is used" {
	for wrong in yubikey:slot=9c pkcs11: "pkcs11:token=one;object=x"; do
		run timeout 30 pavise serve --listen 127.0.0.1:0 --data service --signer-token "$wrong"
		[[ "$output" == *"name the token"* || "$output" == *"by PKCS#11 alone"* ]]
		[ "$status" -ne 0 ] && [ "$status" -ne 124 ]
	done
	run timeout 30 pavise serve --listen 127.0.0.1:0 --data service --signer-token "$(uri two)" --pin-source one.pin
	[[ "$output" == *"no token"* ]]
	[ "$status" -ne 0 ] && [ "$status" -ne 124 ]
	# a wrong PIN is tried once
	echo "not the PIN" >wrong
	serve --signer-token "$(uri one)" --pin-source wrong
	run ! sign v1
	run ! sign v1
	run -0 cat log
	[[ "$output" == *"is wrong for one"*"not tried again"* ]]
	[ "$(private_keys)" = 0 ]
	# a PIN in the URI is refused
	run timeout 30 pavise serve --listen 127.0.0.1:0 --data other --signer-token "$(uri one)&pin-value=x"
	[[ "$output" == *"holds no PIN here"* ]]
	[ "$status" -ne 0 ] && [ "$status" -ne 124 ]
	printf 'signer: {address: "127.0.0.1:1", token: "pkcs11:token=one"}\n' >service.yaml
	run -2 pavise serve --config service.yaml
	[[ "$output" == *"signer.token is for a signer that is started here"* ]]
}
