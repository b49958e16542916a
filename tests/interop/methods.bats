#!/usr/bin/env bats
# Every signature method of trust.md 2.3 from end to end: what each server takes, what each client
# believes, and what each client signs. methods.py makes the repositories that no client can make.
bats_require_minimum_version 1.5.0
load ../cli/helper
load ../cli/service
load notary-server

methods=$PAVISE_SOURCE/tests/interop/methods.py
guns=localhost:5000/methods

setup() {
	command -v notary >/dev/null || { echo "the peer notary is missing" >&2; return 1; }
	start_service
	our_server=$server
	ours=$PAVISE_BIN/notary/notary
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	stop_service
	stop_notary_server
	[ -z "${shelf_pid:-}" ] || kill "$shelf_pid"
}

# believes CLIENT URL GUN: it lists both tags, each by its role.
believes() {
	"$1" -s "$2" --tlscacert "$ca" -d "$(mktemp -d reader.XXXXXX)" list "$3" >listed 2>&1 &&
		grep -qE '^v1 .* targets$' listed && grep -qE '^v2 .* targets/releases$' listed
}

@test "both servers take each method, and answer alike what is none; each client reads it at the other's" {
	start_notary_server
	"$methods" upload "$our_server" "$server" "$ca"
	for kind in $("$methods" --list good); do
		believes notary "$our_server" $guns/$kind || { echo "notary: $kind"; cat listed; return 1; }
		pavise verify $guns/$kind:v2 --server "$our_server" --tlscacert "$ca" --trust-dir verified --tofu
		# Debian's server writes methods in small letters, whose hash is another.
		[ $kind = in-capitals ] || believes "$ours" "$server" $guns/$kind ||
			{ echo "ours: $kind"; cat listed; return 1; }
	done
}

@test "each client believes the same bytes, by any method for every role, and none that only looks like one" {
	: >shelf
	"$methods" serve service/tls/server.crt service/tls/server.key >shelf 2>shelf.log 3>&- &
	shelf_pid=$!
	wait_for shelf '^ready https://'
	shelf=$(sed -n 's/^ready //p' shelf)
	for client in notary "$ours"; do
		for kind in $("$methods" --list good); do
			believes "$client" "$shelf" $guns/$kind || { echo "$client: $kind"; cat listed; return 1; }
		done
		for kind in $("$methods" --list bad); do
			run -1 "$client" -s "$shelf" --tlscacert "$ca" -d "$(mktemp -d reader.XXXXXX)" list $guns/$kind
			[[ "$output" == *"threshold"* || "$output" == *"signature"* ]] ||
				{ echo "$client: $kind: $output"; return 1; }
		done
	done
}

# make_keys: KIND.pem of each kind that a client may be given, and root-KIND.pem of what a root may have.
make_keys() {
	local of curve
	for of in '' root-; do
		openssl genrsa -traditional -out ${of}rsa.pem 2048 2>/dev/null
		for curve in secp384r1 secp521r1; do
			openssl ecparam -genkey -name $curve -noout -out $of$curve.pem
		done
	done
	python3 - >ed25519.pem <<-'PYTHON'
		import base64
		from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
		key = Ed25519PrivateKey.generate()
		public, seed = key.public_key().public_bytes_raw(), key.private_bytes_raw()
		text = base64.encodebytes(public + seed + public).decode()
		print(f"-----BEGIN ED25519 PRIVATE KEY-----\n{text}-----END ED25519 PRIVATE KEY-----")
	PYTHON
}

# signs CLIENT READER KIND METHOD: CLIENT makes a repository whose root and targets keys are of KIND;
# READER and pavise believe it.
signs() {
	local dir=$(mktemp -d client.XXXXXX) gun=localhost:5000/kinds/$3-$RANDOM
	local client=("$1" -s "$server" --tlscacert "$ca" -d "$dir")
	# The root key that is there is taken.
	[ ! -e root-$3.pem ] || "${client[@]}" key import root-$3.pem --role root
	"${client[@]}" init -p $gun
	"${client[@]}" key rotate $gun targets -k $3.pem
	"${client[@]}" add -p $gun v1 $3.pem
	[ "$(jq -r '.signatures[].method' "$dir/tuf/$gun/metadata/targets.json")" = "$4" ]
	run -0 "$2" -s "$server" --tlscacert "$ca" -d "$dir.reader" lookup $gun v1
	[[ "$output" == *"v1 sha256:$(sha256sum $3.pem | cut -d' ' -f1) "* ]]
	pavise verify $gun:v1 --server "$server" --tlscacert "$ca" --trust-dir "$dir.pavise" --tofu
}

@test "each client signs with keys of every kind at the other's server, and the other believes it" {
	make_keys
	start_notary_server
	# P-256 is what they make themselves, in every other test.
	for kind in rsa:rsapss secp384r1:ecdsa secp521r1:ecdsa ed25519:eddsa; do
		echo "$kind"
		signs "$ours" notary "${kind%:*}" "${kind#*:}"
		server=$our_server signs notary "$ours" "${kind%:*}" "${kind#*:}"
	done
}
