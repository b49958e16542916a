# What must hold after a migration, whatever the source was. Load it after helper and service. The
# caller made $BATS_FILE_TMPDIR/client, the directory of a notary that knows the old server, and
# $BATS_FILE_TMPDIR/list, what that prints of any of its repositories.

migrate() {
	pavise migrate "$@" --data "$data"
}

# ours ARGUMENT…: Debian's notary, with the directory that knows the old server, at the new one.
ours() {
	notary -s "$server" --tlscacert "$ca" -d "$BATS_TEST_TMPDIR/client" "$@"
}

# goes_on GUN…: the unchanged client lists each, and reads and publishes the first, before and after
# rotations.
goes_on() {
	local gun
	cp -r "$BATS_FILE_TMPDIR/client" "$BATS_TEST_TMPDIR/client"
	start_service "$data"
	for gun in "$@"; do ours list "$gun" | diff "$BATS_FILE_TMPDIR/list" -; done
	echo content >"$BATS_TEST_TMPDIR/content"
	gun=$1
	ours add -p "$gun" v3 "$BATS_TEST_TMPDIR/content"
	ours add -p -r targets/releases "$gun" v4 "$BATS_TEST_TMPDIR/content"
	ours key rotate "$gun" timestamp -r
	ours key rotate "$gun" snapshot -r
	ours add -p "$gun" v5 "$BATS_TEST_TMPDIR/content"
	# Who was last at the old server follows, and so does somebody new.
	rm -rf "$BATS_TEST_TMPDIR/client/tuf"
	cp -r "$BATS_FILE_TMPDIR/client/tuf" "$BATS_TEST_TMPDIR/client/tuf"
	for tag in v1 v2 v3 v4 v5; do ours lookup "$gun" $tag; done
	pavise verify "$gun:v5" "${options[@]}" --trust-dir "$BATS_TEST_TMPDIR/reader" --tofu
}

# same_files URL GUN NAME…: what the server at URL gives, the new one gives, byte for byte.
same_files() {
	local name url=$1 gun=$2
	shift 2
	for name in "$@"; do
		curl -sSfk "$url/v2/$gun/_trust/tuf/$name.json" -o "$BATS_TEST_TMPDIR/there"
		curl -sSfk "$server/v2/$gun/_trust/tuf/$name.json" | cmp "$BATS_TEST_TMPDIR/there" -
	done
}

# Of a repository of fill_deployment.
filled=(root targets snapshot timestamp targets/releases targets/delegate 1.root 2.root 3.root 4.root)

# stored DATA: all that a service's SQLite store holds, to compare.
stored() {
	python3 -c 'import sqlite3, sys; print("\n".join(sqlite3.connect(sys.argv[1]).iterdump()))' "$1/trust.db"
}
