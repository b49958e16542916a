#!/usr/bin/env bats
# A Notary deployment (notary-server, notary-signer, MariaDB) is taken over by `pavise migrate`: an
# unchanged notary reads and publishes at the new server, before and after its keys are rotated.
bats_require_minimum_version 1.5.0
load ../cli/helper
load ../cli/service
load deployment
load moved

mapfile -t guns < <(printf 'registry.example/team/app%s\n' {1..10})

setup_file() {
	export deployment=$BATS_FILE_TMPDIR/deployment
	# What is taken over is made once, and only read.
	start_deployment
	fill_deployment "${#guns[@]}"
	as_notary list "${guns[0]}" >"$BATS_FILE_TMPDIR/list"
	cp -r "$deployment/client" "$BATS_FILE_TMPDIR/client"
	dump notaryserver >"$BATS_FILE_TMPDIR/server.sql"
	dump notarysigner >"$BATS_FILE_TMPDIR/signer.sql"
	export notary_url mariadb_port
}

teardown_file() {
	stop_deployment
}

setup() {
	export NOTARY_SIGNER_FIRST=$signer_passphrase
	data=$BATS_TEST_TMPDIR/service
	live=mysql://notary@127.0.0.1:$mariadb_port
}

teardown() {
	stop_service
}

@test "a running MariaDB: a dry run writes nothing, then ten repositories and their keys come along" {
	run -0 migrate notary-server "$live/notaryserver" --dry-run
	echo "$output"
	run -0 migrate signer "$live/notarysigner" --dry-run
	echo "$output"
	[ ! -e "$data" ]
	run -0 migrate notary-server "$live/notaryserver"
	echo "$output"
	run -0 migrate signer "$live/notarysigner"
	echo "$output"
	goes_on "${guns[@]}"
}

@test "dumps by mysqldump do the same, and a second run finds all of it there" {
	migrate notary-server "$BATS_FILE_TMPDIR/server.sql"
	migrate signer "$BATS_FILE_TMPDIR/signer.sql"
	find "$data/signer" -name '*.key' | sort >"$BATS_TEST_TMPDIR/keys"
	run -0 migrate notary-server "$BATS_FILE_TMPDIR/server.sql"
	run -0 migrate signer "$BATS_FILE_TMPDIR/signer.sql"
	find "$data/signer" -name '*.key' | sort | diff "$BATS_TEST_TMPDIR/keys" -
	goes_on "${guns[@]}"
}

@test "files come along byte for byte" {
	migrate notary-server "$live/notaryserver"
	start_service "$data"
	same_files "$notary_url" "${guns[1]}" "${filled[@]}"
}

@test "the database's password comes from MYSQL_PWD or ~/.my.cnf" {
	sql -e "CREATE USER closed@'127.0.0.1' IDENTIFIED BY 'word'; GRANT SELECT ON *.* TO closed@'127.0.0.1'"
	source=${live/notary@/closed@}/notaryserver
	run -3 migrate notary-server --dry-run "$source"
	[[ "$output" == *"Access denied"* ]]
	MYSQL_PWD=word migrate notary-server --dry-run "$source"
	printf '[client]\npassword=word\n' >"$HOME/.my.cnf"
	migrate notary-server --dry-run "$source"
}

@test "a wrong passphrase takes no key and says which alias it was" {
	NOTARY_SIGNER_FIRST=wrong run ! migrate signer "$live/notarysigner"
	echo "$output"
	[[ "$output" == *first* || "$output" == *FIRST* ]]
	[ -z "$(find "$data/signer" -name '*.key' 2>/dev/null)" ]
}

@test "a damaged row is told, and the other repositories are taken" {
	# One byte of one file of one repository: the hash beside it no longer fits.
	python3 - "$BATS_FILE_TMPDIR/server.sql" >"$BATS_TEST_TMPDIR/damaged.sql" <<-'PYTHON'
		import sys
		text = open(sys.argv[1], encoding="latin-1").read()
		at = text.index("'registry.example/team/app5','root'")
		at = text.index("expires", at)
		sys.stdout.reconfigure(encoding="latin-1")
		print(text[:at] + "Expires" + text[at + 7:], end="")
	PYTHON
	run ! migrate notary-server "$BATS_TEST_TMPDIR/damaged.sql"
	echo "$output"
	[[ "$output" == *"registry.example/team/app5: not taken: "*"the bytes do not have the sha256 of their row"* ]]
	[[ "$output" == *"9 repositories taken over, 1 not"* ]]
	start_service "$data"
	pavise verify registry.example/team/app1:v1 "${options[@]}" --trust-dir "$BATS_TEST_TMPDIR/reader" --tofu
	run -1 pavise verify registry.example/team/app5:v1 "${options[@]}" --trust-dir "$BATS_TEST_TMPDIR/reader" --tofu
}

@test "kill -9 at any time, then once more: the same as at once" {
	for pause in 0.02 0.05 0.1 0.2 0.4; do
		"$PAVISE_BIN/pavise" migrate notary-server "$BATS_FILE_TMPDIR/server.sql" --data "$data" >/dev/null 2>&1 3>&- &
		sleep $pause
		kill -9 $! 2>/dev/null || true
		wait $! || true
	done
	migrate notary-server "$BATS_FILE_TMPDIR/server.sql"
	stored "$data" >"$BATS_TEST_TMPDIR/stored"
	data=$BATS_TEST_TMPDIR/at-once
	migrate notary-server "$BATS_FILE_TMPDIR/server.sql"
	stored "$data" | diff "$BATS_TEST_TMPDIR/stored" -
}

@test "a running service keeps its data to itself" {
	start_service "$data"
	run ! migrate notary-server "$live/notaryserver"
	[[ "$output" == *"stop the service"* ]]
}
