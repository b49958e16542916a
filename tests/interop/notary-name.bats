#!/usr/bin/env bats
# Our program under the name notary beside Debian's notary 0.7.0 (reference/trust.md 3.4, 11): the
# same output and status for the same commands, and each reads what the other wrote; at our server, at
# Debian's in memory, and at Debian's on MariaDB with notary-signer.
bats_require_minimum_version 1.5.0
load ../cli/helper
load ../cli/service
load notary-server
load deployment

gun=localhost:5000/lab/app$BATS_TEST_NUMBER
sum=5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03

setup_file() {
	share_deployment
}

teardown_file() {
	stop_deployment
}

setup() {
	command -v notary >/dev/null || { echo "the peer notary is missing" >&2; return 1; }
	start_service
	ours=$PAVISE_BIN/notary/notary
	use_server
	echo hello >"$BATS_TEST_TMPDIR/file"
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	stop_service
	stop_notary_server
}

# their and our client, on one trust directory each and on a shared one
use_server() {
	their=(notary -s "$server" --tlscacert "$ca" -d "$BATS_TEST_TMPDIR/shared")
	our=("$ours" -s "$server" --tlscacert "$ca" -d "$BATS_TEST_TMPDIR/shared")
	their_reader=(notary -s "$server" --tlscacert "$ca" -d "$BATS_TEST_TMPDIR/their-reader")
	our_reader=("$ours" -s "$server" --tlscacert "$ca" -d "$BATS_TEST_TMPDIR/our-reader")
}

# at SERVER FUNCTION: with directories that know nothing yet; SERVER is ours, memory or MariaDB.
at() {
	echo "at $1:"
	case $1 in
	memory) start_notary_server ;;
	MariaDB) use_deployment ;;
	esac
	use_server
	rm -rf shared their-reader our-reader
	"$2"
}

every_server() { # FUNCTION
	for kind in ours memory MariaDB; do at $kind "$1"; done
}

make_keys() {
	openssl ecparam -genkey -name prime256v1 -noout -out ec.pem
	openssl ec -in ec.pem -pubout -out ec.pub
	openssl genrsa -out rsa.pem 2048
	openssl req -x509 -key rsa.pem -subj /CN=bob -days 400 -out rsa.crt
}

@test "the same commands print the same and end the same, against our server" {
	steps=$PAVISE_SOURCE/tests/interop/notary-steps
	# names of the same length, so that columns are as wide
	"$steps" notary "$server" "$ca" lab/one "$BATS_TEST_TMPDIR/one" >theirs.txt
	"$steps" "$ours" "$server" "$ca" lab/two "$BATS_TEST_TMPDIR/two" >ours.txt
	[ "$(grep -c '^\[status' theirs.txt)" -ge 120 ]
	diff theirs.txt ours.txt
}

@test "the same commands print the same and end the same, against notary-server in memory and on MariaDB" {
	steps=$PAVISE_SOURCE/tests/interop/notary-steps
	compared() {
		"$steps" "$ours" "$server" "$ca" lab/two "$BATS_TEST_TMPDIR/$kind/two" >ours.txt
		[ "$kind" != memory ] ||
			"$steps" notary "$server" "$ca" lab/one "$BATS_TEST_TMPDIR/$kind/one" >theirs.txt
		diff theirs.txt ours.txt
	}
	for kind in memory MariaDB; do at $kind compared; done
}

@test "staged changes are the same files: theirs, published by ours, and back" {
	make_keys
	stage() { # CLIENT DIR
		"$1" -d "$2" add lab/x v1 file
		"$1" -d "$2" addhash lab/x v2 6 --sha256 $sum -r targets/releases
		"$1" -d "$2" remove lab/x v9
		"$1" -d "$2" delegation add lab/x targets/releases ec.pub --all-paths
		"$1" -d "$2" delegation add lab/x targets/bob rsa.crt --paths 'a<b,c'
		"$1" -d "$2" delegation remove lab/x targets/bob --paths c
		"$1" -d "$2" delegation remove lab/x targets/bob 0123 4567
		"$1" -d "$2" delegation remove lab/x targets/bob --all-paths
		"$1" -d "$2" delegation remove lab/x targets/bob -y
		"$1" -d "$2" delegation purge lab/x --key abcd
		"$1" -d "$2" witness lab/x targets
	}
	stage notary one
	stage "$ours" two
	[ "$(ls one/tuf/lab/x/changelist | wc -l)" -eq 13 ]
	for dir in one two; do
		(cd $dir/tuf/lab/x/changelist && for file in *; do
			[[ "$file" =~ ^[0-9]{20}_[0-9a-f-]{36}\.change$ ]]
			cat "$file"
			echo
		done) >$dir.txt
	done
	diff one.txt two.txt

	"${their[@]}" init $gun
	"${their[@]}" add $gun from-theirs file
	"${our[@]}" add $gun from-ours file
	run -0 "${our[@]}" status $gun
	[[ "$output" == *from-theirs*from-ours* ]]
	run -0 "${their[@]}" status $gun
	[[ "$output" == *from-theirs*from-ours* ]]
	"${our[@]}" publish $gun
	"${our[@]}" add $gun later file
	"${their[@]}" publish $gun
	run -0 "${their_reader[@]}" list $gun
	[[ "$output" == *from-ours*from-theirs*later* ]]
}

@test "what ours initialised theirs publishes, and what theirs initialised ours does" {
	one() {
		"${our[@]}" init $gun
		"${their[@]}" add $gun v1 file
		"${their[@]}" publish $gun
		"${their[@]}" init lab/other$BATS_TEST_NUMBER
		"${our[@]}" add -p lab/other$BATS_TEST_NUMBER v1 file
		for repository in $gun lab/other$BATS_TEST_NUMBER; do
			run -0 "${their_reader[@]}" lookup $repository v1
			[ "$output" = "v1 sha256:$sum 6" ]
			run -0 "${our_reader[@]}" lookup $repository v1
			[ "$output" = "v1 sha256:$sum 6" ]
		done
	}
	every_server one
}

@test "a delegate without root or targets keys publishes: by certificate and bare key, EC and RSA" {
	make_keys
	one() {
		rm -rf delegate
		"${our[@]}" init -p $gun
		"${our[@]}" delegation add -p $gun targets/releases ec.pub --all-paths
		"${our[@]}" delegation add -p $gun targets/bob rsa.crt --paths bob-
		delegate=("$ours" -s "$server" --tlscacert "$ca" -d "$BATS_TEST_TMPDIR/delegate")
		"${our[@]}" key rotate $gun snapshot -r
		"${delegate[@]}" key import ec.pem --role alice
		"${delegate[@]}" key import rsa.pem --role bob
		"${delegate[@]}" addhash $gun v4 6 --sha256 $sum -r targets/releases -p
		"${delegate[@]}" addhash $gun bob-1 6 --sha256 $sum -r targets/bob -p
		run -1 "${delegate[@]}" addhash $gun other 6 --sha256 $sum -r targets/bob -p
		[[ "$output" == *"not below the paths of targets/bob"* ]]
		"${delegate[@]}" reset $gun --all
		run -1 "${delegate[@]}" addhash $gun v5 6 --sha256 $sum -p
		[[ "$output" == *"0 of the keys of role targets are in"* ]]
		run -0 "${their_reader[@]}" list $gun
		[[ "$output" == *bob-1*targets/bob*v4*targets/releases* ]]
		run -0 "${our_reader[@]}" list $gun
		[[ "$output" == *bob-1*targets/bob*v4*targets/releases* ]]
	}
	every_server one
}

@test "rotations by ours: who knows the first root follows through every one, theirs and ours" {
	one() {
		"${our[@]}" init -p $gun
		"${our[@]}" add -p $gun v1 file
		"${their_reader[@]}" list $gun
		"${our_reader[@]}" list $gun
		cp -r their-reader their-old
		cp -r our-reader our-old
		echo yes | "${our[@]}" key rotate $gun root
		"${their_reader[@]}" list $gun
		"${our_reader[@]}" list $gun
		"${our[@]}" key rotate $gun targets
		"${our[@]}" key rotate $gun snapshot -r
		"${our[@]}" key rotate $gun timestamp -r
		echo yes | "${our[@]}" key rotate $gun root
		"${our[@]}" key rotate $gun snapshot
		echo yes | "${our[@]}" key rotate $gun root
		"${our[@]}" add -p $gun v2 file
		for dir in their-reader their-old; do
			run -0 notary -s "$server" --tlscacert "$ca" -d $dir lookup $gun v2
		done
		for dir in our-reader our-old; do
			run -0 "$ours" -s "$server" --tlscacert "$ca" -d $dir lookup $gun v2
		done
		# theirs goes on where ours was
		echo yes | "${their[@]}" key rotate $gun root
		"${their[@]}" add -p $gun v3 file
		run -0 "$ours" -s "$server" --tlscacert "$ca" -d our-old lookup $gun v3
		rm -rf their-old our-old
	}
	# In memory notary-steps does it, too.
	for kind in ours MariaDB; do at $kind one; done
}

@test "a purge of a role's only key hides that role alone, and a new key and witness bring it back" {
	make_keys
	one() {
		"${our[@]}" init -p $gun
		"${our[@]}" add -p $gun v1 file
		"${our[@]}" delegation add -p $gun targets/releases ec.pub --all-paths
		"${our[@]}" key import ec.pem --role alice
		"${our[@]}" addhash $gun released 6 --sha256 $sum -r targets/releases -p
		id=$("${our[@]}" key list | sed -n 's/^alice *\([0-9a-f]\{64\}\).*/\1/p')
		"${our[@]}" delegation purge $gun --key "$id" -p
		run -0 --separate-stderr "${our_reader[@]}" list $gun
		[[ "$output" == *v1* && "$output" != *released* ]]
		[[ "$stderr" == *"targets/releases"* ]]
		run -0 "${their_reader[@]}" list $gun
		[[ "$output" == *v1* && "$output" != *released* ]]
		run -1 "${our[@]}" witness -p $gun targets/releases
		[[ "$output" == *"give it keys first"* ]]
		"${our[@]}" reset $gun --all
		run -1 "${our[@]}" addhash $gun lost 6 --sha256 $sum -r targets/releases -p
		[[ "$output" == *"witness it first"* ]]
		"${our[@]}" reset $gun --all
		openssl ecparam -genkey -name prime256v1 -noout -out new.pem
		openssl ec -in new.pem -pubout -out new.pub
		"${our[@]}" key import new.pem --role carol
		"${our[@]}" delegation add $gun targets/releases new.pub
		"${our[@]}" witness $gun targets/releases
		"${our[@]}" publish $gun
		run -0 "${their_reader[@]}" list $gun
		[[ "$output" == *released* ]]
		run -0 "${our_reader[@]}" list $gun
		[[ "$output" == *released* ]]
	}
	# In memory notary-steps does it, too.
	for kind in ours MariaDB; do at $kind one; done
}

@test "delete --remote, then publish anew" {
	one() {
		"${our[@]}" init -p $gun
		"${our[@]}" add -p $gun v1 file
		"${our[@]}" delete --remote $gun
		run -1 "${our[@]}" list $gun
		"${our[@]}" add -p $gun v2 file
		run -0 "${their_reader[@]}" list $gun
		[[ "$output" == *v2* && "$output" != *v1* ]]
	}
	every_server one
}

@test "ten thousand targets: ours publishes and lists, theirs lists the same" {
	python3 - staged <<'PY'
import base64, json, os, sys
os.makedirs(sys.argv[1], exist_ok=True)
meta = {"length": 6, "hashes": {"sha256": "WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM="}}
data = base64.b64encode(json.dumps(meta).encode()).decode()
for i in range(10000):
    change = {"action": "create", "role": "targets", "type": "target", "path": f"v{i:05}", "data": data}
    with open(f"{sys.argv[1]}/{i:020}_00000000-0000-4000-8000-{i:012}.change", "w") as file:
        json.dump(change, file, separators=(",", ":"))
PY
	one() {
		"${our[@]}" init -p $gun
		rm -rf shared/tuf/$gun/changelist
		cp -rl staged shared/tuf/$gun/changelist
		"${our[@]}" publish $gun
		"${our_reader[@]}" list $gun >ours.txt
		"${their_reader[@]}" list $gun >theirs.txt
		[ "$(wc -l <ours.txt)" -eq 10002 ]
		cmp ours.txt theirs.txt
	}
	for kind in ours MariaDB; do at $kind one; done
}

@test "offline with a full cache: an answer and a warning; with none, an error" {
	"${our[@]}" init -p $gun
	"${our[@]}" add -p $gun v1 file
	"${our_reader[@]}" list $gun
	run -0 --separate-stderr "$ours" -s https://127.0.0.1:1 -d our-reader lookup $gun v1
	[ "$output" = "v1 sha256:$sum 6" ]
	[[ "$stderr" == *"using cached timestamp"* ]]
	run -1 --separate-stderr "$ours" -s https://127.0.0.1:1 -d nothing lookup $gun v1
	[[ "$output" == *"client is offline"* ]]
	"${their_reader[@]}" list $gun
	run -0 notary -s https://127.0.0.1:1 -d their-reader lookup $gun v1
	[[ "$output" == *"v1 sha256:$sum 6"* ]]
	# an expired timestamp is not used, however offline
	run -1 --separate-stderr at_time +30d "$ours" -s https://127.0.0.1:1 -d our-reader lookup $gun v1
}

@test "keys go both ways: export and import, encrypted and plain, and the layout before 0.4" {
	make_keys
	"${our[@]}" init -p $gun
	"${our[@]}" key export -o ours.pem
	notary -d their-keys key import ours.pem
	notary -d their-keys key list | sed 's# [^ ]*/private$##' >a
	"${our[@]}" key list | sed 's# [^ ]*/private$##' >b
	cmp a b
	notary -d their-keys key export -o theirs.pem
	"$ours" -d our-keys key import theirs.pem
	"$ours" -d our-keys key list | sed 's# [^ ]*/private$##' >c
	cmp a c
	openssl ec -in ec.pem -aes256 -passout 'pass:repository passphrase' -out dek.pem 2>/dev/null
	run -1 "$ours" -d our-keys key import dek.pem
	[[ "$output" == *"no path header"* ]]
	openssl pkcs8 -topk8 -nocrypt -in rsa.pem -out pkcs8.pem
	"$ours" -d our-keys key import ec.pem pkcs8.pem -r alice
	[ "$("$ours" -d our-keys key list | grep -c ^alice)" -eq 2 ]
	notary -d our-keys key list | grep -c ^alice | grep -qx 2

	mkdir -p old/private/root_keys "old/private/tuf_keys/$gun"
	for file in shared/private/*.key; do
		role=$(sed -n 's/^role: //p' "$file")
		case $role in
		root) to=old/private/root_keys ;;
		*) to=old/private/tuf_keys/$gun ;;
		esac
		sed '/^gun:/d; /^role:/d' "$file" >"$to/$(basename "$file" .key)_$role.key"
	done
	"$ours" -d old key list | sed 's# [^ ]*/private$##' >d
	cmp a d
	[ ! -e old/private/root_keys ] && [ ! -e old/private/tuf_keys ]
	"$ours" -s "$server" --tlscacert "$ca" -d old add -p $gun from-old file
}

@test "root key and certificate of one's own" {
	"$ours" -d source key generate
	"$ours" -d source key export -o root.pem
	"${our[@]}" init -p --rootkey root.pem $gun
	run -0 "${our[@]}" key list
	id=$("$ours" -d source key list | sed -n 's/^root *\([0-9a-f]\{64\}\).*/\1/p')
	[[ "$output" == *"$id"* ]]
	run -0 "${their_reader[@]}" list $gun
	openssl ecparam -genkey -name prime256v1 -noout -out own.pem
	openssl req -x509 -key own.pem -subj '/CN=lab\/own' -days 3000 -addext basicConstraints=critical,CA:FALSE \
		-addext extendedKeyUsage=codeSigning -out own.crt
	run -1 "${our[@]}" init lab/own --rootcert own.crt
	[[ "$output" == *"is not in"* ]]
	"${our[@]}" key import own.pem --role root
	"${our[@]}" init -p lab/own --rootcert own.crt
	run -0 "${their_reader[@]}" list lab/own
	run -1 "${our[@]}" init lab/elsewhere --rootcert own.crt
	[[ "$output" == *"certificate is for lab/own"* ]]
}

@test "pinning by config.json: certificate, prefix, authority (codeSigning), no trust at first sight" {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -subj /CN=authority \
		-days 3000 -out ca.crt
	openssl ecparam -genkey -name prime256v1 -noout -out leaf.pem
	openssl req -new -key leaf.pem -subj '/CN=lab\/signed' -out leaf.csr
	openssl x509 -req -in leaf.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 1000 -out leaf.crt \
		-extfile <(printf 'basicConstraints=critical,CA:FALSE\nextendedKeyUsage=codeSigning\n')
	"${our[@]}" key import leaf.pem --role root
	"${our[@]}" init -p lab/signed --rootcert leaf.crt
	"${our[@]}" init -p $gun
	root=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["signed"]["roles"]["root"]["keyids"][0])' \
		"shared/tuf/$gun/metadata/root.json")
	wrong=${root//[0-9]/0}
	n() { # PINS GUN: with a trust directory of its own
		echo "{\"remote_server\":{\"url\":\"$server\",\"root_ca\":\"$ca\"},\"trust_dir\":\"./pinned$((++count))\",\"trust_pinning\":$1}" >config.json
		"$ours" -c config.json list "$2"
	}
	n '{}' $gun
	n "{\"certs\":{\"$gun\":[\"$root\"]},\"disable_tofu\":true}" $gun
	run -1 n "{\"certs\":{\"$gun\":[\"$wrong\"]}}" $gun
	[[ "$output" == *"none of its root keys is a pinned one"* ]]
	n "{\"certs\":{\"localhost:5000/*\":[\"$root\"],\"*\":[\"$wrong\"]}}" $gun
	run -1 n "{\"certs\":{\"localhost:5000/lab/*\":[\"$wrong\"],\"local*\":[\"$root\"]}}" $gun
	n '{"ca":{"lab/":"ca.crt"},"disable_tofu":true}' lab/signed
	run -1 n '{"ca":{"":"ca.crt"}}' $gun
	[[ "$output" == *"did not issue"* ]]
	run -1 n '{"disable_tofu":true}' $gun
	[[ "$output" == *"root is not known here yet"* ]]
	run -1 n '{"certs":{"x":"y"}}' $gun
	[[ "$output" == *"no list of key ids"* ]]
}

# race CLIENT: four publishers of $gun at once, each with a directory of its own; race1 … race4 hold what
# each said and status1 … status4 how it ended.
race() {
	local i
	rm -rf publisher?
	for i in 1 2 3 4; do
		mkdir publisher$i
		cp -r shared/private publisher$i
		(
			status=0
			"$1" -s "$server" --tlscacert "$ca" -d publisher$i add -p $gun tag$i file >race$i 2>&1 3>&- || status=$?
			echo $status >status$i
		) &
	done
	for i in 1 2 3 4; do wait_for status$i '^[0-9]+$'; done
}

@test "publishers that race for one repository all succeed" {
	one() {
		rm -f status?
		"${our[@]}" init -p $gun
		"${our[@]}" key rotate $gun snapshot -r
		race "$ours"
		cat race?
		[ "$(cat status? | sort -u)" = 0 ]
		run -0 "${their_reader[@]}" list $gun
		[[ "$output" == *tag1*tag2*tag3*tag4* ]]
	}
	every_server one
}

@test "publishers of Debian's notary that race at our server: who loses is told, and a second try succeeds" {
	"${their[@]}" init -p $gun
	"${their[@]}" key rotate $gun snapshot -r
	race notary
	# `run` has an i of its own
	for publisher in 1 2 3 4; do
		[ "$(cat status$publisher)" -eq 0 ] && continue
		[[ "$(cat race$publisher)" == *"trust server rejected operation."* ]] || { cat race$publisher; return 1; }
		run -0 notary -d publisher$publisher status $gun
		[[ "$output" == *tag$publisher* ]] || { cat race$publisher; echo "$output"; return 1; }
		notary -s "$server" --tlscacert "$ca" -d publisher$publisher publish $gun
	done
	[ "$(cat status? | sort | head -1)" = 0 ]
	run -0 "${our_reader[@]}" list $gun
	[[ "$output" == *tag1*tag2*tag3*tag4* ]]
}
