#!/usr/bin/env bats
# A Notary deployment on PostgreSQL, as Harbor 2.8 and older has it (notary-server, notary-signer, both
# databases in one server), is taken over by `pavise migrate`, live and from pg_dump.
bats_require_minimum_version 1.5.0
load ../cli/helper
load ../cli/service
load deployment
load deployment-postgres
load moved

mapfile -t guns < <(printf 'harbor.example/library/app%s\n' {1..2})
edwards=harbor.example:8443/edwards/app again=harbor.example/library/again gone=harbor.example/library/gone

setup_file() {
	export deployment=$BATS_FILE_TMPDIR/deployment
	start_deployment
	fill_deployment "${#guns[@]}" harbor.example/library/app
	as_notary list "${guns[0]}" >"$BATS_FILE_TMPDIR/list"
	# One that was deleted and made anew, one that stayed deleted, one that old rows are marked of.
	for gun in $again $gone; do as_notary init -p $gun; done
	for gun in $again $gone; do as_notary delete --remote $gun; done
	as_notary init -p $again
	as_notary add -p $again v1 "$deployment/content"
	psql -X -q "$postgres_url/notaryserver" -c "INSERT INTO tuf_files (deleted_at, gun, role, version, data, sha256)
		SELECT now(), 'harbor.example/library/marked', role, version, data, sha256 FROM tuf_files WHERE gun = '$again'"
	# A key that never signed: somebody asked for it and did not publish.
	curl -sSfk -X POST "$notary_url/v2/${guns[1]}/_trust/tuf/timestamp.key" >"$BATS_FILE_TMPDIR/pending"
	with_edwards
	cp -r "$deployment/client" "$BATS_FILE_TMPDIR/client"
	pg_dump "$postgres_url/notaryserver" >"$BATS_FILE_TMPDIR/server.copy"
	pg_dump "$postgres_url/notarysigner" >"$BATS_FILE_TMPDIR/signer.copy"
	pg_dump --inserts "$postgres_url/notaryserver" >"$BATS_FILE_TMPDIR/server.inserts"
	pg_dump --column-inserts --rows-per-insert=3 "$postgres_url/notarysigner" >"$BATS_FILE_TMPDIR/signer.inserts"
	pg_dumpall -d "$postgres_url/postgres" >"$BATS_FILE_TMPDIR/all"
	export notary_url postgres_url
}

# with_edwards: a repository whose keys at the server are Ed25519's: of a second notary-server.
with_edwards() {
	local port
	port=$(free_port)
	sed -e 's/"ecdsa"/"ed25519"/' -e "s/\"http_addr\": \"[^\"]*\"/\"http_addr\": \"127.0.0.1:$port\"/" \
		"$deployment/server.json" >"$deployment/second.json"
	cp -p "$(command -v notary-server)" "$deployment/notary-second"
	PATH=$deployment:$PATH notary_process second "$port"
	notary -s "https://127.0.0.1:$port" --tlscacert "$deployment/pki/ca.crt" -d "$deployment/client" init -p $edwards
	notary -s "https://127.0.0.1:$port" --tlscacert "$deployment/pki/ca.crt" -d "$deployment/client" key rotate $edwards snapshot -r
	end_process second
}

teardown_file() {
	stop_deployment
}

setup() {
	export NOTARY_SIGNER_DEFAULTALIAS=$signer_passphrase
	data=$BATS_TEST_TMPDIR/service
}

teardown() {
	stop_service
	stop_signer
}

# feed URL GUN: what that server's change feed tells of it, but for the rows' numbers.
feed() {
	curl -sSfk "$1/v2/$2/_trust/changefeed?records=1000" | python3 -c '
import json, sys
for record in json.load(sys.stdin)["records"] or []:
    print(record["CreatedAt"], record["GUN"], record["Version"], record["SHA256"].strip(), record["Category"])'
}

@test "a running PostgreSQL: a dry run writes nothing, then all of it comes along byte for byte" {
	run -0 migrate notary-server "$postgres_url/notaryserver" --dry-run
	[[ "$output" == *"4 repositories can be taken over, 0 not"*"nothing was written"* ]]
	run -0 migrate signer "$postgres_url/notarysigner" --dry-run --json
	[ "$(jq -r '"\(.taken) \(.refused) \(.dry_run) \(.keys | length)"' <<<"$output")" = "12 0 true 12" ]
	[ ! -e "$data" ]
	migrate signer "$postgres_url/notarysigner"
	run -0 migrate notary-server "$postgres_url/notaryserver"
	[ "$output" = "4 repositories taken over, 0 not" ]
	start_service "$data"
	for gun in "${guns[@]}"; do same_files "$notary_url" "$gun" "${filled[@]}"; done
	same_files "$notary_url" $again root targets snapshot timestamp 1.root
	same_files "$notary_url" $edwards root targets snapshot timestamp 1.root 2.root
	for gun in "${guns[@]}" $edwards $again; do
		feed "$notary_url" $gun >"$BATS_TEST_TMPDIR/feed"
		feed "$server" $gun | diff "$BATS_TEST_TMPDIR/feed" -
	done
	[ "$(grep -c deletion "$BATS_TEST_TMPDIR/feed")" -eq 1 ]
	for gun in $gone harbor.example/library/marked; do
		[ "$(curl -sk -o /dev/null -w '%{http_code}' "$server/v2/$gun/_trust/tuf/timestamp.json")" = 404 ]
	done
	# The key that had never signed is the next one here too.
	curl -sSfk -X POST "$server/v2/${guns[1]}/_trust/tuf/timestamp.key" | diff "$BATS_FILE_TMPDIR/pending" -
}

# brings REPOSITORIES KEYS: what these sources give: a new store's content, and which keys.
brings() {
	data=$BATS_TEST_TMPDIR/$((++stores))
	migrate notary-server "$1" >/dev/null 2>&1
	stored "$data"
	migrate signer "$2" --dry-run --json | jq -S '.keys | sort_by(.id)'
}

@test "pg_dump with COPY, with INSERT and pg_dumpall bring what a running server does" {
	brings "$postgres_url/notaryserver" "$postgres_url/notarysigner" >"$BATS_TEST_TMPDIR/brought"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/brought")" -gt 100 ]
	for how in copy inserts; do
		brings "$BATS_FILE_TMPDIR/server.$how" "$BATS_FILE_TMPDIR/signer.$how" | diff "$BATS_TEST_TMPDIR/brought" -
	done
	brings "$BATS_FILE_TMPDIR/all" "$BATS_FILE_TMPDIR/all" | diff "$BATS_TEST_TMPDIR/brought" -
}

@test "what was cut short is run again, from a dump of all of Harbor's databases" {
	for what in notary-server signer; do
		for pause in 0.02 0.05 0.2; do
			"$PAVISE_BIN/pavise" migrate $what "$BATS_FILE_TMPDIR/all" --data "$data" >/dev/null 2>&1 3>&- &
			sleep $pause
			kill -9 $! 2>/dev/null || true
			wait $! || true
		done
		run -0 migrate $what "$BATS_FILE_TMPDIR/all"
		[[ "$output" == *" taken over, 0 not" ]]
	done
	# The service may be two other users than who migrated.
	if [ "$(id -u)" -eq 0 ]; then
		printf 'user: daemon\nsigner_user: nobody\n' >"$BATS_TEST_TMPDIR/service.yaml"
		service_arguments=(--config "$BATS_TEST_TMPDIR/service.yaml")
		reach "$data"
	fi
	goes_on "${guns[@]}"
	[ "$(id -u)" -ne 0 ] || [ "$(stat -c %U "$data/trust.db" "$data/signer" | xargs)" = "daemon nobody" ]
}

@test "into a PostgreSQL, by Harbor's address alone; what is there already stays" {
	for try in 1 2; do
		run -0 migrate signer --harbor "$postgres_url"
		[[ "$output" == *"12 keys taken over, 0 not" ]]
		run -0 migrate notary-server --harbor "$postgres_url/?sslmode=disable" --store "$postgres_url/pavise"
		[ "$output" = "4 repositories taken over, 0 not" ]
	done
	[ "$(psql -X -A -t "$postgres_url/pavise" -c "SELECT count(DISTINCT gun) || ' ' || count(*) FROM trust_files WHERE role = 'root'")" = "4 11" ]
	# The keys go to a signer that several services may ask.
	mv "$data/signer" "$BATS_TEST_TMPDIR/keys"
	start_signer
	service_arguments=(--store "$postgres_url/pavise" "${signer_options[@]}")
	goes_on "${guns[@]}"
	# Keys of Ed25519 sign on.
	ours add -p $edwards v1 "$BATS_TEST_TMPDIR/content"
	ours key rotate $edwards timestamp -r
	ours add -p $edwards v2 "$BATS_TEST_TMPDIR/content"
	rm -rf "$BATS_TEST_TMPDIR/client/tuf"
	for tag in v1 v2; do ours lookup $edwards $tag; done
	# Deleted and made anew here: it is not put back. What went on here stays as it is.
	ours delete --remote $again
	ours init -p $again
	stop_service
	run -1 migrate notary-server "$postgres_url/notaryserver" --store "$postgres_url/pavise"
	[[ "$output" == *"$again: not taken: "*"3 repositories taken over, 1 not" ]]
	start_service "$data"
	rm -rf "$BATS_TEST_TMPDIR/client/tuf"
	for gun in "${guns[0]} v5" "$edwards v2"; do ours lookup $gun; done
	[ "$(ours list $again)" = $'\nNo targets present in this repository.' ]
}

@test "keys under the operator's passphrase are known without it, and never mixed with others" {
	PAVISE_SIGNER_PASSPHRASE="the operator's" migrate signer "$BATS_FILE_TMPDIR/signer.copy"
	[ "$(migrate notary-server --dry-run "$BATS_FILE_TMPDIR/server.copy" 2>&1)" = \
		$'4 repositories can be taken over, 0 not\nnothing was written (--dry-run)' ]
	run ! migrate signer "$BATS_FILE_TMPDIR/signer.copy"
	[[ "$output" == *"set PAVISE_SIGNER_PASSPHRASE to it"* ]]
	[ ! -e "$data/signer/passphrase" ]
	PAVISE_SIGNER_PASSPHRASE="another's" run ! migrate signer "$BATS_FILE_TMPDIR/signer.copy"
	[[ "$output" == *"passphrase"* && "$output" != *"taken over"* ]]
	PAVISE_SIGNER_PASSPHRASE="the operator's" run -0 migrate signer "$BATS_FILE_TMPDIR/signer.copy"
	[[ "$output" == *"12 keys taken over, 0 not" ]]
}

@test "the database's password comes from PGPASSWORD or ~/.pgpass" {
	psql -X -q "$postgres_url/notaryserver" -c "CREATE ROLE closed LOGIN PASSWORD 'word'" -c "GRANT SELECT ON ALL TABLES IN SCHEMA public TO closed"
	sed -i '1i host all closed 127.0.0.1/32 scram-sha-256' "$deployment/postgres/pg_hba.conf"
	psql -X -q "$postgres_url/postgres" -c "SELECT pg_reload_conf()" >/dev/null
	source=${postgres_url/postgres@/closed@}/notaryserver
	for try in $(seq 100); do # read anew in a moment
		run migrate notary-server --dry-run "$source"
		[ "$status" -eq 0 ] || break
		sleep 0.1
	done
	[ "$status" -eq 3 ]
	[[ "$output" == *"no password supplied"* ]]
	PGPASSWORD=word migrate notary-server --dry-run "$source"
	echo '*:*:*:closed:word' >"$HOME/.pgpass"
	chmod 600 "$HOME/.pgpass"
	migrate notary-server --dry-run "$source"
}

@test "what cannot be read is told: address, password, table, damaged bytes, a wrong passphrase" {
	run -2 migrate notary-server "${postgres_url/postgres@/postgres:word@}/notaryserver"
	[[ "$output" == *"PGPASSWORD"* && "$output" != *word@* ]]
	run -3 migrate notary-server "postgresql://postgres@127.0.0.1:1/notaryserver"
	[[ "$output" == *"the database server says: "* ]]
	run ! migrate notary-server "$postgres_url/notarysigner"
	[[ "$output" == *tuf_files* ]]
	run ! migrate notary-server --harbor "$BATS_FILE_TMPDIR/signer.copy"
	[[ "$output" == *"there is no table tuf_files in it"* ]]
	[ -z "$(find "$data" -name '*.key' 2>/dev/null)" ]
	NOTARY_SIGNER_DEFAULTALIAS=wrong run -1 migrate signer --harbor "$postgres_url"
	[[ "$output" == *"alias defaultalias: "*"0 keys taken over, 12 not" ]]
	unset NOTARY_SIGNER_DEFAULTALIAS
	run -1 migrate signer "$BATS_FILE_TMPDIR/signer.copy"
	[[ "$output" == *"set NOTARY_SIGNER_DEFAULTALIAS to its passphrase"* ]]
	psql -X -q "$postgres_url/postgres" -c "CREATE DATABASE damaged"
	psql -X -q "$postgres_url/damaged" -f "$BATS_FILE_TMPDIR/server.copy" >/dev/null
	psql -X -q "$postgres_url/damaged" -c "UPDATE tuf_files SET data = set_byte(data, 20, 0) WHERE gun = '${guns[1]}' AND role = 'root' AND version = 2"
	# A change feed from before deletions were told has no category.
	psql -X -q "$postgres_url/damaged" -c "ALTER TABLE changefeed DROP COLUMN category"
	# A name that looks like bytes in hexadecimal is a name.
	psql -X -q "$postgres_url/damaged" -c "UPDATE tuf_files SET gun = '\x6162' WHERE gun = '$again'"
	run -1 migrate notary-server "$postgres_url/damaged" --dry-run --json
	[ "$(jq -r '.repositories[] | select(.taken).gun' <<<"$output" | head -1)" = '\x6162' ]
	run -1 migrate notary-server "$postgres_url/damaged"
	[[ "$output" == *"${guns[1]}: not taken: root version 2: the bytes do not have the sha256 of their row"* ]]
	[[ "$output" == *"3 repositories taken over, 1 not" ]]
}
