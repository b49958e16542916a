#!/usr/bin/env bats
# Who may do what: bearer tokens (trust.md 1.7), client certificates, gun_prefixes.
bats_require_minimum_version 1.5.0
load ../cli/helper
load ../cli/service
load ask
load notary-server

tokens="$PAVISE_SOURCE/tests/interop/token-server"
gun=lab/app

setup() {
	dir=$BATS_TEST_TMPDIR/keys
	mkdir -p "$dir"
	make_certificate signer
}

teardown() {
	stop_service
	stop_notary_server
	[ -z "${token_pid:-}" ] || kill "$token_pid"
}

# make_certificate NAME [AUTHORITY [DAYS [EXTENSION]]]: NAME.key and NAME.crt in $dir; negative DAYS: expired.
make_certificate() {
	local days=${3:-30} by=()
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$dir/$1.key" 2>/dev/null
	openssl req -new -key "$dir/$1.key" -subj "/CN=$1" -out "$dir/$1.csr"
	printf '%s\n' "${4:-basicConstraints=CA:TRUE}" >"$dir/$1.ext"
	if [ -n "${2:-}" ]; then
		by=(-CA "$dir/$2.crt" -CAkey "$dir/$2.key" -CAcreateserial)
	else
		by=(-signkey "$dir/$1.key")
	fi
	if [ "$days" -lt 0 ]; then
		at_time "${days}d" openssl x509 -req -in "$dir/$1.csr" "${by[@]}" -days 1 -extfile "$dir/$1.ext" -out "$dir/$1.crt" 2>/dev/null
	else
		openssl x509 -req -in "$dir/$1.csr" "${by[@]}" -days "$days" -extfile "$dir/$1.ext" -out "$dir/$1.crt" 2>/dev/null
	fi
}

# start_token_service: a token service, and the trust service that believes it.
start_token_service() {
	"$tokens" "$dir" >"$BATS_TEST_TMPDIR/token-port" 2>"$BATS_TEST_TMPDIR/token-log" 3>&- &
	token_pid=$!
	wait_for "$BATS_TEST_TMPDIR/token-port" '^[0-9]+$'
	realm=http://127.0.0.1:$(cat "$BATS_TEST_TMPDIR/token-port")/token
	start_with "auth: {type: token, realm: \"$realm\", service: notary-test, issuer: token-test, rootcertbundle: \"$dir/signer.crt\"}"
}

# start_with YAML: a service with that configuration.
start_with() {
	mkdir -p "$BATS_TEST_TMPDIR/service"
	printf '%s\n' "$1" >"$BATS_TEST_TMPDIR/service.yaml"
	pavise serve --config "$BATS_TEST_TMPDIR/service.yaml" --listen 127.0.0.1:0 --data "$BATS_TEST_TMPDIR/service" \
		>"$BATS_TEST_TMPDIR/service/out" 2>"$BATS_TEST_TMPDIR/service/log" 3>&- &
	service_pid=$!
	wait_for "$BATS_TEST_TMPDIR/service/out" '^ready https?://'
	server=$(sed -n 's/^ready //p' "$BATS_TEST_TMPDIR/service/out")
	ca=$BATS_TEST_TMPDIR/service/tls/ca.crt
}

# token JSON: one for our service.
token() {
	"$tokens" "$dir" --make "$1"
}

pull='"access":[{"type":"repository","name":"lab/app","actions":["pull"]}]'

# bearer JSON: asks for the timestamp with that token.
bearer() {
	ask GET /v2/$gun/_trust/tuf/timestamp.json -H "Authorization: Bearer $(token "$1")"
}

refused_as() {
	[ "$status" = 401 ]
	grep -qxF "WWW-Authenticate: Bearer realm=\"$realm\",service=\"notary-test\",scope=\"repository:$gun:pull\",error=\"$1\"" <<<"$headers"
	[ "$body" = '{"errors":[{"code":"UNAUTHORIZED","message":"authentication required","detail":[{"Type":"repository","Class":"","Name":"lab/app","Action":"pull"}]}]}' ]
}

@test "without a token each route has its own challenge" {
	start_token_service
	while read -r method path scope; do
		ask "$method" "$path"
		[ "$status" = 401 ] || { echo "$method $path: $status"; false; }
		grep -qxF "WWW-Authenticate: Bearer realm=\"$realm\",service=\"notary-test\",scope=\"$scope\"" <<<"$headers" ||
			{ echo "$method $path: $headers"; false; }
	done <<-'ROUTES'
		GET /v2/ registry:catalog:*
		GET /v2/_trust/changefeed?records=1 registry:catalog:*
		GET /nothing registry:catalog:*
		PUT /v2/lab/app/_trust/tuf/ registry:catalog:*
		GET /v2/lab/app/_trust/tuf/root.key registry:catalog:*
		GET /v2/lab/app/_trust/changefeed?records=1 repository:lab/app:pull
		GET /v2/lab/app/_trust/tuf/root.json repository:lab/app:pull
		GET /v2/lab/app/_trust/tuf/1.root.json repository:lab/app:pull
		GET /v2/lab/app/_trust/tuf/root.0123456789012345678901234567890123456789012345678901234567890123.json repository:lab/app:pull
		GET /v2/lab/app/_trust/tuf/timestamp.key repository:lab/app:push,pull
		POST /v2/lab/app/_trust/tuf/timestamp.key repository:lab/app:*
		POST /v2/lab/app/_trust/tuf/ repository:lab/app:push,pull
		DELETE /v2/lab/app/_trust/tuf/ repository:lab/app:*
	ROUTES
	ask GET /_notary_server/health
	[ "$status" = 200 ] && [ "$body" = '{}' ]
	ask GET /metrics
	[ "$status" = 200 ]
	ask PATCH /v2/
	[ "$status" = 405 ]
}

@test "a token that grants the action is let through, named by x5c, jwk or kid" {
	start_token_service
	for by in x5c jwk kid; do
		bearer "{\"by\":\"$by\",$pull}"
		[ "$status" = 404 ] && [[ "$body" == *METADATA_NOT_FOUND*'"detail":{}'* ]] || { echo "$by: $status $headers"; false; }
	done
}

@test "a chain over an intermediate to the bundle is let through" {
	start_token_service
	make_certificate middle signer
	make_certificate leaf middle 30 basicConstraints=CA:FALSE
	bearer "{\"key\":\"leaf\",\"chain\":[\"leaf\",\"middle\"],$pull}"
	[ "$status" = 404 ]
	bearer "{\"key\":\"leaf\",$pull}"
	refused_as invalid_token
}

@test "RS256, RS384, RS512 and PS256 signatures are let through, ES384 with its curve too" {
	openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=rsa -days 3 -keyout "$dir/rsa.key" -out "$dir/rsa.crt" 2>/dev/null
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -subj /CN=p384 -days 3 -keyout "$dir/p384.key" -out "$dir/p384.crt" 2>/dev/null
	cat "$dir/rsa.crt" "$dir/p384.crt" >>"$dir/signer.crt"
	start_token_service
	for alg in RS256 RS384 RS512 PS256; do
		bearer "{\"key\":\"rsa\",\"alg\":\"$alg\",$pull}"
		[ "$status" = 404 ] || { echo "$alg: $headers"; false; }
	done
	bearer "{\"key\":\"p384\",\"alg\":\"ES384\",$pull}"
	[ "$status" = 404 ]
	bearer "{\"key\":\"rsa\",\"alg\":\"PS512\",$pull}"
	refused_as invalid_token
}

@test "a token of a foreign issuer is refused" {
	start_token_service
	bearer "{\"iss\":\"somebody\",$pull}"
	refused_as invalid_token
}

@test "a token for a foreign audience is refused, one in a list of audiences is not" {
	start_token_service
	bearer "{\"aud\":\"registry\",$pull}"
	refused_as invalid_token
	bearer "{\"aud\":[\"registry\",\"other\"],$pull}"
	refused_as invalid_token
	bearer "{\"aud\":[\"registry\",\"notary-test\"],$pull}"
	[ "$status" = 404 ]
}

@test "a token with algorithm none is refused, with and without a signature" {
	start_token_service
	bearer "{\"alg\":\"none\",$pull}"
	refused_as invalid_token
	bearer "{\"header\":{\"alg\":\"none\"},$pull}"
	refused_as invalid_token
	bearer "{\"header\":{\"alg\":\"NONE\"},$pull}"
	refused_as invalid_token
}

@test "an HMAC with the certificate as its secret is refused" {
	start_token_service
	bearer "{\"alg\":\"HS256\",$pull}"
	refused_as invalid_token
	bearer "{\"alg\":\"HS256\",\"by\":\"kid\",$pull}"
	refused_as invalid_token
}

@test "an expired token is refused, and one without an end" {
	start_token_service
	bearer "{\"exp\":-61,$pull}"
	refused_as invalid_token
	bearer "{\"claims\":{\"exp\":null},$pull}"
	refused_as invalid_token
	bearer "{\"exp\":-30,$pull}"
	[ "$status" = 404 ] # a minute for clocks that differ
}

@test "a token that is not valid yet is refused" {
	start_token_service
	bearer "{\"nbf\":120,$pull}"
	refused_as invalid_token
}

@test "a token for another repository is refused, and one for its prefix" {
	start_token_service
	bearer '{"access":[{"type":"repository","name":"lab/other","actions":["pull"]}]}'
	refused_as insufficient_scope
	bearer '{"access":[{"type":"repository","name":"lab","actions":["pull","*"]}]}'
	refused_as insufficient_scope
	bearer '{"access":[{"type":"registry","name":"lab/app","actions":["pull"]}]}'
	refused_as insufficient_scope
}

@test "a token for another action is refused: reading does not publish, publishing does not delete" {
	start_token_service
	reading=$(token "{$pull}")
	ask POST /v2/$gun/_trust/tuf/ -H "Authorization: Bearer $reading" -F 'files=@/etc/hostname;filename=root'
	[ "$status" = 401 ]
	[[ "$headers" == *'scope="repository:lab/app:push,pull",error="insufficient_scope"'* ]]
	publishing=$(token '{"access":[{"type":"repository","name":"lab/app","actions":["push","pull"]}]}')
	ask DELETE /v2/$gun/_trust/tuf/ -H "Authorization: Bearer $publishing"
	[ "$status" = 401 ]
	all=$(token '{"access":[{"type":"repository","name":"lab/app","actions":["*"]}]}')
	ask DELETE /v2/$gun/_trust/tuf/ -H "Authorization: Bearer $all"
	[ "$status" = 200 ]
	ask GET /v2/$gun/_trust/tuf/timestamp.json -H "Authorization: Bearer $all"
	[ "$status" = 404 ]
	ask POST /v2/$gun/_trust/tuf/ -H "Authorization: Bearer $publishing" -F 'files=@/etc/hostname;filename=root'
	[ "$status" = 400 ] && [[ "$body" == *MALFORMED_JSON* ]]
}

@test "a token by a foreign key is refused, however the key is named" {
	start_token_service
	make_certificate foreign
	for by in x5c jwk kid; do
		bearer "{\"key\":\"foreign\",\"by\":\"$by\",$pull}"
		refused_as invalid_token
	done
	# The trusted certificate in the header, the foreign key's signature.
	bearer "{\"key\":\"foreign\",\"chain\":[\"signer\"],$pull}"
	refused_as invalid_token
	# The trusted key by name, a foreign jwk beside it.
	bearer "{\"key\":\"foreign\",\"by\":\"jwk\",\"header\":{\"kid\":\"trusted\"},$pull}"
	refused_as invalid_token
}

@test "a token of an expired certificate is refused" {
	start_token_service
	make_certificate old signer -10 basicConstraints=CA:FALSE
	bearer "{\"key\":\"old\",$pull}"
	refused_as invalid_token
}

@test "a tampered token is refused" {
	start_token_service
	bearer '{"access":[],"tamper":[{"type":"repository","name":"lab/app","actions":["pull"]}]}'
	refused_as invalid_token
}

@test "tokens out of form are refused" {
	start_token_service
	for text in '' a a.b a.b.c 'e30.e30.' 'e30.e30.e30.e30' '....' "$(token "{$pull}")x" "$(token "{\"header\":{\"crit\":[\"b64\"]},$pull}")" "$(token '{"by":"none","access":[]}')"; do
		ask GET /v2/$gun/_trust/tuf/timestamp.json -H "Authorization: Bearer $text"
		refused_as invalid_token || { echo "$text"; false; }
	done
	ask GET /v2/$gun/_trust/tuf/timestamp.json -H "Authorization: Basic YTpi"
	[ "$status" = 401 ] && [[ "$headers" != *error=* ]]
}

@test "a refused upload is not read into memory and changes nothing" {
	export ASAN_OPTIONS=${ASAN_OPTIONS:-}:quarantine_size_mb=1 # a sanitizer keeps what was released
	start_token_service
	head -c 20000000 /dev/zero >"$BATS_TEST_TMPDIR/zeros"
	before=$(awk '/VmHWM/ {print $2}' "/proc/$service_pid/status")
	ask POST /v2/$gun/_trust/tuf/ -F "files=@$BATS_TEST_TMPDIR/zeros;filename=root"
	[ "$status" = 401 ]
	after=$(awk '/VmHWM/ {print $2}' "/proc/$service_pid/status")
	[ $((after - before)) -lt 8000 ]
}

@test "Debian's notary publishes with NOTARY_AUTH, reads without, and is refused without" {
	command -v notary >/dev/null || { echo "the peer notary is missing" >&2; return 1; }
	start_token_service
	echo content >"$BATS_TEST_TMPDIR/file"
	notary=(notary -s "$server" --tlscacert "$ca")
	run -1 "${notary[@]}" -d "$BATS_TEST_TMPDIR/n1" init -p $gun </dev/null
	export NOTARY_AUTH=$(printf alice:secret | base64)
	"${notary[@]}" -d "$BATS_TEST_TMPDIR/n2" init -p $gun
	"${notary[@]}" -d "$BATS_TEST_TMPDIR/n2" add -p $gun v1 "$BATS_TEST_TMPDIR/file"
	"${notary[@]}" -d "$BATS_TEST_TMPDIR/n2" key rotate $gun snapshot -r
	unset NOTARY_AUTH
	run -0 "${notary[@]}" -d "$BATS_TEST_TMPDIR/n3" list $gun
	[[ "$output" == *"v1 "* ]]
	# What is kept in memory since then is still only for those who may read it.
	bearer "{$pull}"
	[ "$status" = 200 ] && [[ "$body" == *'"_type":"Timestamp"'* ]]
	ask GET /v2/$gun/_trust/tuf/timestamp.json
	[ "$status" = 401 ] && [[ "$body" != *Timestamp* ]]
	bearer '{"access":[{"type":"repository","name":"lab/other","actions":["*"]}]}'
	refused_as insufficient_scope
	export NOTARY_AUTH=$(printf alice:secret | base64)
	"${notary[@]}" -d "$BATS_TEST_TMPDIR/n2" delete --remote $gun
}

@test "ours, as notary and as pavise, publishes with NOTARY_AUTH, reads without, and is refused without: at both servers" {
	local own=localhost:5000/lab/ours
	# ours gives credentials to a token service over TLS only
	make_certificate authority
	make_certificate tls authority 30 $'basicConstraints=CA:FALSE\nsubjectAltName=IP:127.0.0.1'
	"$tokens" "$dir" --tls >"$BATS_TEST_TMPDIR/token-port" 2>"$BATS_TEST_TMPDIR/token-log" 3>&- &
	token_pid=$!
	wait_for "$BATS_TEST_TMPDIR/token-port" '^[0-9]+$'
	realm=https://127.0.0.1:$(cat "$BATS_TEST_TMPDIR/token-port")/token
	start_with "auth: {type: token, realm: \"$realm\", service: notary-test, issuer: token-test, rootcertbundle: \"$dir/signer.crt\"}"
	cat "$ca" "$dir/authority.crt" >"$BATS_TEST_TMPDIR/both.crt"
	ca=$BATS_TEST_TMPDIR/both.crt
	echo content >"$BATS_TEST_TMPDIR/file"
	cd "$BATS_TEST_TMPDIR"
	one() {
		ours=("$PAVISE_BIN/notary/notary" -s "$server" --tlscacert "$ca")
		rm -rf o?
		run -1 "${ours[@]}" -d o1 init -p $own </dev/null
		[[ "$output" == *"does not allow this"* ]] || { echo "$output"; return 1; }
		export NOTARY_AUTH=$(printf alice:secret | base64)
		"${ours[@]}" -d o2 init -p $own
		"${ours[@]}" -d o2 add -p $own v1 file
		"${ours[@]}" -d o2 key rotate $own snapshot -r
		"${ours[@]}" -d o2 add -p $own v2 file
		unset NOTARY_AUTH
		run -0 "${ours[@]}" -d o3 list $own
		[[ "$output" == *"v1 "*"v2 "* ]]
		run -0 pavise verify $own:v1 --server "$server" --tlscacert "$ca" --trust-dir o4 --tofu
		run -1 "${ours[@]}" -d o2 add -p $own v3 file
		run -1 "${ours[@]}" -d o2 delete --remote $own
		# what could not be published stays staged
		export NOTARY_AUTH=$(printf alice:secret | base64)
		"${ours[@]}" -d o2 delete --remote $own
		"${ours[@]}" -d o2 add -p $own v4 file
		unset NOTARY_AUTH
	}
	one
	echo "at Debian's:"
	start_notary_server "$BATS_TEST_TMPDIR" '"auth": {"type": "token", "options": {"realm": "'$realm'",
		"service": "notary-test", "issuer": "token-test", "rootcertbundle": "'$dir/signer.crt'"}}'
	one
}

# --- client certificates ----------------------------------------------------------------------

start_mutual() {
	make_certificate authority
	start_with "tls: {client_ca: \"$dir/authority.crt\"}"
}

with() {
	ask "${2:-GET}" "${3:-/_notary_server/health}" --cert "$dir/$1.crt" --key "$dir/$1.key"
}

@test "client certificates: a good one is answered" {
	start_mutual
	make_certificate good authority 30 $'basicConstraints=CA:FALSE\nextendedKeyUsage=clientAuth'
	with good
	[ "$status" = 200 ] && [ "$body" = '{}' ]
	make_certificate plain authority 30 basicConstraints=CA:FALSE
	with plain GET /v2/
	[ "$status" = 200 ]
}

@test "client certificates: ours gives one by option, by config.json and from Docker's tls directory" {
	local own=localhost:5000/lab/ours
	start_mutual
	make_certificate good authority 30 $'basicConstraints=CA:FALSE\nextendedKeyUsage=clientAuth'
	ours=("$PAVISE_BIN/notary/notary" -s "$server" --tlscacert "$ca" -d "$BATS_TEST_TMPDIR/o")
	run -1 "${ours[@]}" init -p $own
	"${ours[@]}" --tlscert "$dir/good.crt" --tlskey "$dir/good.key" init -p $own
	printf '{"trust_dir":"o","remote_server":{"url":"%s","root_ca":"%s","tls_client_cert":"keys/good.crt","tls_client_key":"keys/good.key"}}' \
		"$server" "$ca" >"$BATS_TEST_TMPDIR/config.json"
	"$PAVISE_BIN/notary/notary" -c "$BATS_TEST_TMPDIR/config.json" list $own
	run -1 pavise repo witness $own targets --server "$server" --tlscacert "$ca" --trust-dir "$BATS_TEST_TMPDIR/o"
	pavise repo witness $own targets --server "$server" --tlscacert "$ca" --trust-dir "$BATS_TEST_TMPDIR/o" \
		--tlscert "$dir/good.crt" --tlskey "$dir/good.key"
	mkdir -p "$HOME/.docker/tls/${server#https://}"
	cp "$ca" "$HOME/.docker/tls/${server#https://}/ca.crt"
	cp "$dir/good.crt" "$HOME/.docker/tls/${server#https://}/client.cert"
	cp "$dir/good.key" "$HOME/.docker/tls/${server#https://}/client.key"
	pavise repo witness $own targets --server "$server" --trust-dir "$BATS_TEST_TMPDIR/o"
}

@test "client certificates: none is refused on every route" {
	start_mutual
	for path in / /v2/ /_notary_server/health /metrics /v2/lab/app/_trust/tuf/root.json /v2/a//b; do
		ask GET "$path"
		[ "$status" = 403 ] && [[ "$body" == *'a client certificate is needed, and none was sent'* ]] || { echo "$path: $status"; false; }
	done
	ask POST /v2/lab/app/_trust/tuf/ -F 'files=@/etc/hostname;filename=root'
	[ "$status" = 403 ]
	ask PATCH /
	[ "$status" = 403 ]
}

@test "client certificates: a foreign one is refused" {
	start_mutual
	make_certificate other
	make_certificate foreign other 30 basicConstraints=CA:FALSE
	with foreign
	[ "$status" = 403 ] && [[ "$body" == *'signed by none of the authorities that count here'* ]]
}

@test "client certificates: an expired one is refused" {
	start_mutual
	make_certificate expired authority -10 basicConstraints=CA:FALSE
	with expired
	[ "$status" = 403 ] && [[ "$body" == *'not valid at this time'* ]]
}

@test "client certificates: one made for servers is refused" {
	start_mutual
	make_certificate server authority 30 $'basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth'
	with server
	[ "$status" = 403 ] && [[ "$body" == *'for another purpose'* ]]
}

# --- gun_prefixes -----------------------------------------------------------------------------

@test "gun_prefixes: other names get INVALID_GUN on upload and 404 on all else" {
	start_with 'gun_prefixes: [good.example/, lab/]'
	ask POST /v2/bad/app/_trust/tuf/ -F 'files=@/etc/hostname;filename=root'
	[ "$status" = 400 ]
	[ "$body" = '{"errors":[{"code":"INVALID_GUN","message":"The server does not support actions on images of this name.","detail":"Require GUNs with prefix: [good.example/ lab/]"}]}' ]
	for request in 'GET /v2/bad/app/_trust/tuf/root.json' 'GET /v2/bad/app/_trust/tuf/timestamp.key' 'POST /v2/bad/app/_trust/tuf/timestamp.key' \
		'DELETE /v2/bad/app/_trust/tuf/' 'GET /v2/bad/app/_trust/changefeed?records=1' 'GET /v2/lab/_trust/tuf/timestamp.key'; do
		ask ${request% *} "${request#* }"
		[ "$status" = 404 ] && [ "$body" = '{"errors":[{"code":"METADATA_NOT_FOUND","message":"You have requested metadata that does not exist."}]}' ] ||
			{ echo "$request: $status $body"; false; }
	done
	ask GET /v2/lab/app/_trust/tuf/timestamp.key
	[ "$status" = 200 ]
	ask GET '/v2/_trust/changefeed?records=1'
	[ "$status" = 200 ]
}

@test "gun_prefixes: each client publishes below them and is refused elsewhere, at both servers" {
	start_with 'gun_prefixes: [lab/]'
	cd "$BATS_TEST_TMPDIR"
	echo content >file
	one() { # DIR: told what each client says
		mkdir "$1"
		for client in notary "$PAVISE_BIN/notary/notary"; do
			name=$1/$([ "$client" = notary ] && echo theirs || echo ours)
			run -0 "$client" -s "$server" --tlscacert "$ca" -d $name init -p lab/$name
			run -0 "$client" -s "$server" --tlscacert "$ca" -d $name add -p lab/$name v1 file
			run -0 "$client" -s "$server" --tlscacert "$ca" -d $name.reader lookup lab/$name v1
			run -1 "$client" -s "$server" --tlscacert "$ca" -d $name init -p bad/app
			echo "$output" >$name.init
			run -1 "$client" -s "$server" --tlscacert "$ca" -d $name list bad/app
			echo "$output" >$name.list
		done
		make_layout $1/image >/dev/null
		run -1 pavise sign bad/app:v1 --from oci:$1/image:12 --server "$server" --tlscacert "$ca" --trust-dir $1/pavise
		echo "$output" >$1/pavise.sign
	}
	one ours
	start_notary_server "$BATS_TEST_TMPDIR" '"repositories": {"gun_prefixes": ["lab/"]}'
	one debian
	sed -Ei 's/127.0.0.1:[0-9]+/HOST/; s/[0-9a-f]{64}/ID/' {ours,debian}/*.{init,list,sign}
	for said in theirs.init theirs.list ours.init ours.list pavise.sign; do
		echo "$said:"
		cat ours/$said
		diff ours/$said debian/$said
	done
	grep -qF 'timestamp key trust data unavailable.' ours/theirs.init
	for said in ours.init pavise.sign; do
		grep -qE 'https://HOST takes no repository [a-z./]*bad/app; ask whoever runs it for the names that it takes' ours/$said
	done
	grep -qF 'HOST does not have trust data for bad/app' ours/ours.list
}
