# pavise db: the advisory database.
load helper

setup() {
	cd "$BATS_TEST_TMPDIR"
	export PAVISE_DB="$BATS_TEST_TMPDIR/default.mdb"
	sample="$PAVISE_SOURCE/data/advisories"
}

# record ID NAME: one advisory of a package of npm.
record() { printf '{"id":"%s","affected":[{"package":{"ecosystem":"npm","name":"%s"}}]}' "$1" "$2"; }

digest_of() { pavise db status --db "$1" --json | jq -r .digest; }

@test "import and status" {
	run pavise db import --output db.mdb "$sample"
	[ "$status" -eq 0 ]
	[ "$output" = "db.mdb: 15 advisories, 0 passed over" ]
	[ "$(stat -c %a db.mdb)" = 444 ]
	run pavise db status --db db.mdb
	[ "$status" -eq 0 ]
	[[ "${lines[0]}" =~ ^db\.mdb:\ 15\ advisories\ of\ 20[0-9-]+T ]]
	[ "${lines[1]}" = "  Debian:12                15" ]
	[[ "${lines[2]}" =~ ^digest\ sha256:[0-9a-f]{64}$ ]]
	pavise db status --db db.mdb --json >status
	jq -e '.schema == 2 and .records == 15 and .entries == 15 and .skipped == 0
		and .ecosystems == {"Debian:12": 15} and .sources[0].records == 15
		and (.sources[0].sha256 | test("^[0-9a-f]{64}$"))' status
	run pavise db import --json --output 'a "b".mdb' "$sample"
	[ "$output" = '{"database":"a \"b\".mdb","records":15,"skipped":0}' ]
}

@test "directory, zip and every tar give the same database" {
	pavise db import --output dir.mdb "$sample"
	tar -C "$sample" -cf a.tar .
	gzip -k a.tar
	zstd -q a.tar
	(cd "$sample" && python3 -m zipfile -c "$BATS_TEST_TMPDIR/a.zip" ./*)
	for archive in a.tar a.tar.gz a.tar.zst a.zip; do
		run pavise db import --output x.mdb "$archive"
		echo "$archive: $output"
		[ "$status" -eq 0 ]
		[ "$(digest_of x.mdb)" = "$(digest_of dir.mdb)" ]
		[ "$(pavise db status --db x.mdb --json | jq -r '.sources[0].sha256')" = "$(sha256sum "$archive" | cut -d' ' -f1)" ]
	done
	[ "$(digest_of dir.mdb)" != null ]
}

@test "several sources add up, single files too" {
	record A a >a.json
	mkdir more && record B b >more/b.json
	run pavise db import --output x.mdb a.json more
	[ "$output" = "x.mdb: 2 advisories, 0 passed over" ]
}

@test "a broken record is told and passed over, the rest is taken" {
	mkdir bad
	record A a >bad/a.json
	printf '{"id":"B"' >bad/b.json
	printf '{"id":"C","affected":[{"package":{"ecosystem":"npm","name":"c"},"ranges":[{"type":"SEMVER","events":[{"fixd":"1"}]}]}]}' >bad/c.json
	printf '{"id":"D","id":"D"}' >bad/d.json
	head -c 16777217 /dev/zero | tr '\0' ' ' >bad/e.json
	python3 -c 'print("[" * 100000)' >bad/f.json
	run pavise db import --output x.mdb bad
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "$output" == *"pavise db: passed over: bad/b.json: not valid JSON at line 1 column 9: "* ]]
	[[ "$output" == *"pavise db: passed over: bad/c.json: an event that is none of introduced, fixed, last_affected, limit"* ]]
	[[ "$output" == *"pavise db: passed over: bad/d.json: not valid JSON at line 1 column "*"duplicate object key"* ]]
	[[ "$output" == *"bad/e.json"*"16777217"* ]]
	[[ "$output" == *"pavise db: passed over: bad/f.json: JSON nested deeper than 64 levels"* ]]
	[[ "$output" == *"x.mdb: 1 advisories, 5 passed over" ]]
	[ "$(pavise db status --db x.mdb --json | jq .skipped)" = 5 ]
}

@test "after ten broken records the others are counted" {
	mkdir bad
	record A a >bad/a.json
	for i in $(seq 13); do echo '{' >"bad/b$i.json"; done
	run pavise db import --output x.mdb bad
	[ "$(grep -c 'passed over: bad/' <<<"$output")" -eq 10 ]
	[[ "$output" == *"pavise db: passed over: 3 more"* ]]
	[[ "$output" == *"x.mdb: 1 advisories, 13 passed over" ]]
}

@test "what holds nothing, or is no archive, leaves the old database" {
	pavise db import --output x.mdb "$sample"
	before=$(sha256sum x.mdb)
	mkdir empty
	run pavise db import --output x.mdb empty
	[ "$status" -ne 0 ]
	[[ "$output" == *"pavise db: empty holds no OSV record"* ]]
	echo 'this is text' >text.zip
	run pavise db import --output x.mdb text.zip
	[ "$status" -ne 0 ]
	[[ "$output" == *"text.zip cannot be read as an archive: Unrecognized archive format"* ]]
	tar -C "$sample" -czf cut.tar.gz .
	truncate -s 2000 cut.tar.gz
	run pavise db import --output x.mdb "$sample" cut.tar.gz
	[ "$status" -ne 0 ]
	[[ "$output" == *"cut.tar.gz cannot be read as an archive"* ]]
	run pavise db import --output x.mdb missing
	[ "$status" -eq 3 ]
	[[ "$output" == *"cannot read missing: No such file or directory"* ]]
	mkfifo fifo
	run pavise db import --output x.mdb fifo
	[[ "$output" == *"fifo is neither a file nor a directory"* ]]
	[ "$(sha256sum x.mdb)" = "$before" ]
	[ ! -e x.mdb.new ]
}

@test "members of an archive are read, never unpacked" {
	python3 - <<'PYTHON'
import io, tarfile
with tarfile.open("evil.tar", "w") as tar:
    for name, id in (("../../escape.json", "A"), ("/tmp/pavise-escape.json", "B")):
        body = b'{"id":"%s"}' % id.encode()
        info = tarfile.TarInfo(name)
        info.size = len(body)
        tar.addfile(info, io.BytesIO(body))
    link = tarfile.TarInfo("link.json")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    tar.addfile(link)
PYTHON
	run pavise db import --output x.mdb evil.tar
	[ "$output" = "x.mdb: 2 advisories, 0 passed over" ]
	[ ! -e ../../escape.json ]
	[ ! -e /tmp/pavise-escape.json ]
}

@test "kill -9 at any time leaves the old database or the new" {
	mkdir many
	python3 - <<'PYTHON'
import json
for i in range(3000):
    with open(f"many/{i}.json", "w") as file:
        json.dump({"id": f"N-{i}", "affected": [{"package": {"ecosystem": "npm", "name": f"p{i}"}}]}, file)
PYTHON
	pavise db import --output x.mdb "$sample"
	old=$(digest_of x.mdb)
	pavise db import --output new.mdb many
	new=$(digest_of new.mdb)
	for delay in 0 0.01 0.02 0.04 0.06 0.1 0.2; do
		"$PAVISE_BIN/pavise" db import --output x.mdb many >/dev/null 2>&1 &
		sleep "$delay"
		kill -9 $! 2>/dev/null || true
		wait $! 2>/dev/null || true
		now=$(digest_of x.mdb)
		[ "$now" = "$old" ] || [ "$now" = "$new" ]
	done
	run pavise db import --output x.mdb many
	[ "$status" -eq 0 ]
	[ "$(digest_of x.mdb)" = "$new" ]
	[ ! -e x.mdb.new ]
}

@test "the database is that of --db, PAVISE_DB, the user" {
	run pavise db status
	[ "$status" -ne 0 ]
	[[ "$output" == *"there is no advisory database at $PAVISE_DB; make one with \`pavise db update\` or \`pavise db import\`"* ]]
	pavise db import "$sample"
	[ -e "$PAVISE_DB" ]
	run pavise db status
	[[ "$output" == *"default.mdb: 15 advisories"* ]]
	run pavise db status --db "$sample/README.md"
	[ "$status" -ne 0 ]
	[[ "$output" == *"README.md is no advisory database"* ]]
	head -c 8192 "$PAVISE_DB" >cut.mdb
	run pavise db status --db cut.mdb
	[[ "$output" == *"cut.mdb is cut off; import it again"* ]]
}

@test "update fetches an export of each ecosystem" {
	mkdir -p www/Debian www/Alpine
	(cd "$sample" && python3 -m zipfile -c "$BATS_TEST_TMPDIR/www/Debian/all.zip" ./*.json)
	record A a >a.json
	python3 -m zipfile -c www/Alpine/all.zip a.json
	port=$(free_port)
	python3 -m http.server --bind 127.0.0.1 --directory www "$port" >/dev/null 2>&1 &
	server=$!
	for _ in $(seq 100); do (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break; sleep 0.1; done
	run pavise db update --db x.mdb --from "http://127.0.0.1:$port" --ecosystem Debian --ecosystem Alpine
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "$output" == *"x.mdb: 16 advisories, 0 passed over" ]]
	before=$(digest_of x.mdb)
	run pavise db update --db x.mdb --from "http://127.0.0.1:$port" --ecosystem Nowhere
	echo "$output"
	[ "$status" -eq 3 ]
	[[ "$output" == *"http://127.0.0.1:$port/Nowhere/all.zip answered 404"* ]]
	kill "$server"
	wait "$server" || true
	run pavise db update --db x.mdb --from "http://127.0.0.1:$port" --ecosystem Debian
	echo "$output"
	[ "$status" -eq 3 ]
	[[ "$output" == *"127.0.0.1"* ]]
	[ "$(digest_of x.mdb)" = "$before" ]
	[ ! -e x.mdb.downloads ]
}

@test "usage errors" {
	run pavise db
	[ "$status" -eq 2 ]
	[[ "$output" == *'expected update, import or status; try `pavise db --help`'* ]]
	run pavise db import
	[ "$status" -eq 2 ]
	[[ "$output" == *"import what? expected directories, .json, .zip or .tar files"* ]]
	run pavise db status --frobnicate
	[ "$status" -eq 2 ]
}
