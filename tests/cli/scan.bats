#!/usr/bin/env bats
# pavise scan, db and version as a user sees them.
bats_require_minimum_version 1.5.0
load helper
load service

setup() {
	export PAVISE_AUDIT=$BATS_TEST_TMPDIR/audit
	db=$BATS_TEST_TMPDIR/db
	root=$BATS_TEST_TMPDIR/root
	mkdir -p "$root/etc" "$root/var/lib/dpkg" "$root/srv/node_modules/left/" "$BATS_TEST_TMPDIR/osv"
	printf 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n' >"$root/etc/os-release"
	printf 'Package: zlib1g\nStatus: install ok installed\nArchitecture: amd64\nSource: zlib\nVersion: 1:1.2.13.dfsg-1\n\n' >"$root/var/lib/dpkg/status"
	printf '{"name":"left","version":"1.2.3"}' >"$root/srv/node_modules/left/package.json"
	cp "$PAVISE_SOURCE"/data/advisories/*.json "$BATS_TEST_TMPDIR/osv/"
	cat >"$BATS_TEST_TMPDIR/osv/npm.json" <<'JSON'
{"schema_version": "1.7.0", "id": "GHSA-aaaa-bbbb-cccc", "aliases": ["CVE-2020-0001"], "database_specific": {"severity": "HIGH"},
 "affected": [{"package": {"ecosystem": "npm", "name": "left"}, "ranges": [{"type": "SEMVER", "events": [{"introduced": "1.0.0"}, {"fixed": "1.2.4"}]}]}]}
JSON
	pavise db import --output "$db" "$BATS_TEST_TMPDIR/osv"
}

@test "a table for people: worst first, with the layer and the sum" {
	run -0 pavise scan --db "$db" "dir:$root"
	[ "${lines[0]:0:${#root}}" != "" ]
	[[ "${lines[0]}" == *"Debian GNU/Linux 12 (bookworm), 2 packages in 1 layer; advisories of 20"* ]]
	[[ "${lines[2]}" == "critical  CVE-2023-45853  zlib1g"*"1:1.3.dfsg-2"* ]]
	[[ "${lines[3]}" == "high      CVE-2020-0001   left"*"1.2.4"* ]]
	[ "${lines[4]}" = "2 findings: 1 critical, 1 high" ]
}

@test "JSON is what scripts rely on" {
	pavise scan --db "$db" --format json "dir:$root" >"$BATS_TEST_TMPDIR/report"
	python3 - "$BATS_TEST_TMPDIR/report" <<'PYTHON'
import json, sys
report = json.load(open(sys.argv[1]))
assert list(report)[:6] == ["schema", "image", "layers", "packages", "findings", "unreadable"], list(report)
assert report["schema"] == 1 and report["unreadable"] == []
zlib = next(p for p in report["packages"] if p["name"] == "zlib1g")
assert zlib == {"name": "zlib1g", "version": "1:1.2.13.dfsg-1", "type": "deb", "purl": zlib["purl"], "layer": 0,
                "source": {"name": "zlib", "version": "1:1.2.13.dfsg-1"}}, zlib
assert zlib["purl"].startswith("pkg:deb/debian/zlib1g@1:1.2.13.dfsg-1?"), zlib["purl"]
npm = next(f for f in report["findings"] if f["package"] == "left")
assert npm == {"id": "CVE-2020-0001", "advisories": ["GHSA-aaaa-bbbb-cccc"], "aliases": [], "package": "left",
               "version": "1.2.3", "purl": "pkg:npm/left@1.2.3", "fixed": "1.2.4", "severity": "high",
               "status": "fixed", "layer": 0} or npm["aliases"] == ["GHSA-aaaa-bbbb-cccc"], npm
PYTHON
}

@test "--fail-on ends with status 1 and says how many" {
	run -1 pavise scan --db "$db" --fail-on high "dir:$root"
	[[ "$output" == *"2 findings of severity high or worse"* ]]
	rm "$root/srv/node_modules/left/package.json"
	printf '' >"$root/var/lib/dpkg/status"
	run -0 pavise scan --db "$db" --fail-on low "dir:$root"
	run -2 pavise scan --db "$db" --fail-on terrible "dir:$root"
}

@test "--output writes a file, and the audit trail gets a record" {
	run -0 pavise scan --db "$db" --format json --output "$BATS_TEST_TMPDIR/out" "dir:$root"
	[ -z "$output" ]
	python3 -m json.tool "$BATS_TEST_TMPDIR/out" >/dev/null
	grep -q '"event":"scan"' "$PAVISE_AUDIT"
}

@test "what cannot be read is told" {
	printf '{"name":' >"$root/srv/node_modules/left/package.json"
	run -0 pavise scan --db "$db" "dir:$root"
	[[ "$output" == *"not read, so nothing is known of it"*"srv/node_modules/left/package.json"* ]]
}

@test "an image's layers are compared with what manifest and configuration promise" {
	make_layout "$BATS_TEST_TMPDIR/image" >/dev/null
	run -0 pavise scan --db "$db" "oci:$BATS_TEST_TMPDIR/image:12"
	[[ "$output" == *"2 layers"* ]]
	for blob in "$BATS_TEST_TMPDIR"/image/blobs/sha256/*; do
		if [ "$(head -c 2 "$blob" | od -An -tx1 | tr -d ' ')" = 1f8b ]; then
			printf 'X' | dd of="$blob" bs=1 seek=30 conv=notrunc status=none
			break
		fi
	done
	run -1 pavise scan --db "$db" "oci:$BATS_TEST_TMPDIR/image:12"
	[[ "$output" == *"but the manifest promises"* ]]
}

@test "a layer whose paths leave the root is refused" {
	python3 - "$BATS_TEST_TMPDIR/evil.tar" <<'PYTHON'
import io, sys, tarfile
with tarfile.open(sys.argv[1], "w") as tar:
    entry = tarfile.TarInfo("../../escape")
    entry.size = 4
    tar.addfile(entry, io.BytesIO(b"evil"))
PYTHON
	"$PAVISE_SOURCE/demo/make-image" "$BATS_TEST_TMPDIR/evil.tar" "$BATS_TEST_TMPDIR/evil" >/dev/null
	run -1 pavise scan --db "$db" "oci:$BATS_TEST_TMPDIR/evil:12"
	[[ "$output" == *"it may leave the image's root"* ]]
}

@test "no database, a foreign file, an unknown format, no source" {
	run -3 pavise scan --db "$BATS_TEST_TMPDIR/none" "dir:$root"
	[[ "$output" == *"make one with \`pavise db update\`"* ]]
	head -c 100000 /dev/urandom >"$BATS_TEST_TMPDIR/noise"
	run -1 pavise scan --db "$BATS_TEST_TMPDIR/noise" "dir:$root"
	[[ "$output" == *"is no advisory database"* ]]
	run -2 pavise scan --db "$db" --format yaml "dir:$root"
	run -2 pavise scan --db "$db"
	run -3 pavise scan --db "$db" "dir:$BATS_TEST_TMPDIR/none"
	run -3 pavise scan --db "$db" "oci:$BATS_TEST_TMPDIR/none:1"
}

@test "import tells broken records and takes the others" {
	printf '{"id":' >"$BATS_TEST_TMPDIR/osv/broken.json"
	printf '{"affected":[]}' >"$BATS_TEST_TMPDIR/osv/nameless.json"
	run -0 pavise db import --output "$db" "$BATS_TEST_TMPDIR/osv"
	[[ "$output" == *"passed over: "*"broken.json"* && "$output" == *"nameless.json"* && "$output" == *"12 advisories, 2 passed over"* ]]
	run -0 --separate-stderr pavise db status --json --db "$db"
	[[ "$output" == *'"records":12'*'"skipped":2'* ]]
}

@test "import reads zip, tar.gz and tar.zst alike" {
	(cd "$BATS_TEST_TMPDIR/osv" && python3 -m zipfile -c ../all.zip *.json && tar -czf ../all.tar.gz . && tar --zstd -cf ../all.tar.zst .)
	for file in all.zip all.tar.gz all.tar.zst; do
		run -0 pavise db import --output "$BATS_TEST_TMPDIR/d" "$BATS_TEST_TMPDIR/$file"
		[[ "$output" == *"12 advisories, 0 passed over" ]]
	done
	run -1 pavise db import --output "$BATS_TEST_TMPDIR/e" "$BATS_TEST_TMPDIR/all.tar.zst" "$root/etc"
	[ ! -e "$BATS_TEST_TMPDIR/e" ]
	run -3 pavise db import --output "$BATS_TEST_TMPDIR/e" /no/such/place
	run -2 pavise db import --output "$BATS_TEST_TMPDIR/e"
}

@test "update says what it cannot reach" {
	run -3 pavise db update --db "$BATS_TEST_TMPDIR/u" --from "http://127.0.0.1:$(free_port)" --ecosystem Debian
	[[ "$output" == *"cannot connect"* ]]
	[ ! -e "$BATS_TEST_TMPDIR/u" ] && [ ! -e "$BATS_TEST_TMPDIR/u.downloads" ]
}

@test "update fetches an export and imports it" {
	mkdir -p "$BATS_TEST_TMPDIR/www/npm"
	(cd "$BATS_TEST_TMPDIR/osv" && python3 -m zipfile -c ../www/npm/all.zip npm.json)
	port=$(free_port)
	(cd "$BATS_TEST_TMPDIR/www" && exec python3 -m http.server --bind 127.0.0.1 "$port") >/dev/null 2>&1 3>&- &
	www=$!
	for _ in $(seq 100); do (exec 4<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break; sleep 0.1; done
	run -0 pavise db update --db "$BATS_TEST_TMPDIR/u" --from "http://127.0.0.1:$port" --ecosystem npm
	kill $www
	[[ "$output" == *"1 advisories"* ]]
	run -0 pavise db status --db "$BATS_TEST_TMPDIR/u"
	[[ "$output" == *npm* ]]
}

@test "version compare: a sign for each line" {
	run -0 pavise version compare --scheme dpkg <<-'LINES'
		1.0-1	1.0-2
		1.0 1.0-0
		1:0 2
		1.0~rc1 1.0
		a:1 1
		1.0
	LINES
	[ "$output" = $'<\n=\n>\n<\n!\n!' ]
	run -2 pavise version compare --scheme none
	run -0 pavise version --list
}

@test "version compare agrees with dpkg over generated versions" {
	python3 - >"$BATS_TEST_TMPDIR/pairs" <<'PYTHON'
import random
random.seed(7)
parts = ["0", "1", "2", "10", "09", "a", "b", "z", "Z", "+", "~", ".", "+deb12u1", "~bpo", "rc", "1.2.3", "00"]
def version():
    text = random.choice("0123456789") + "".join(random.choice(parts) for _ in range(random.randint(0, 4)))
    if random.random() < 0.2:
        text = f"{random.randint(0, 2)}:{text}"
    if random.random() < 0.5:
        text += "-" + random.choice("0123456789") + "".join(random.choice(parts) for _ in range(random.randint(0, 2)))
    return text
for _ in range(2000):
    a = version()
    b = version() if random.random() < 0.6 else a + random.choice(["", "0", "~", "+", "a", ".0"])
    print(a, b)
PYTHON
	pavise version compare --scheme dpkg <"$BATS_TEST_TMPDIR/pairs" >"$BATS_TEST_TMPDIR/ours"
	while read -r a b; do
		if dpkg --compare-versions "$a" lt "$b"; then echo '<'; elif dpkg --compare-versions "$a" eq "$b"; then echo '='; else echo '>'; fi
	done <"$BATS_TEST_TMPDIR/pairs" >"$BATS_TEST_TMPDIR/oracle"
	diff "$BATS_TEST_TMPDIR/oracle" "$BATS_TEST_TMPDIR/ours"
}

@test "kill -9 in mid-import leaves the database as it was" {
	before=$(sha256sum <"$db")
	mkdir "$BATS_TEST_TMPDIR/many"
	python3 - "$BATS_TEST_TMPDIR/many" <<'PYTHON'
import json, sys
for i in range(4000):
    record = {"id": f"X-{i}", "affected": [{"package": {"ecosystem": "npm", "name": f"p{i}"},
              "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}]}]}
    open(f"{sys.argv[1]}/{i}.json", "w").write(json.dumps(record))
PYTHON
	for pause in 0.01 0.03 0.06; do
		pavise db import --output "$db" "$BATS_TEST_TMPDIR/many" >/dev/null 2>&1 3>&- &
		sleep $pause
		kill -9 $! 2>/dev/null || true
		wait $! || true
		run -0 pavise db status --db "$db"
		[ "$(sha256sum <"$db")" = "$before" ] || [[ "$output" == *"4000 advisories"* ]]
		[ "$(sha256sum <"$db")" = "$before" ] || break
	done
	run -0 pavise db import --output "$db" "$BATS_TEST_TMPDIR/many"
	[ ! -e "$db.new" ]
}
