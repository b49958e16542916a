#!/usr/bin/env bats
# Scans of real Debian root file systems, judged by an oracle that shares no code with Pavise.
bats_require_minimum_version 1.5.0
load ../cli/helper

setup_file() {
	export ROOTS=$BATS_FILE_TMPDIR
	mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Codename: bookworm' | head -n 1)
	for release in bullseye bookworm; do
		mmdebstrap --quiet --variant=minbase --include=ca-certificates,openssl,curl "$release" \
			"$ROOTS/$release.tar" "$mirror"
		mkdir "$ROOTS/$release"
		tar -C "$ROOTS/$release" -xf "$ROOTS/$release.tar"
	done
	shared=${PAVISE_SHARED:-$PAVISE_SOURCE/../shared}/data/osv/debian.tar.zst
	mkdir "$ROOTS/osv"
	if [ -f "$shared" ]; then
		tar -C "$ROOTS/osv" --zstd -xf "$shared"
		echo "$shared" >"$ROOTS/source"
	else
		cp "$PAVISE_SOURCE"/data/advisories/*.json "$ROOTS/osv/"
		echo "$ROOTS/osv" >"$ROOTS/source"
		echo "# no shared advisory data here: judged with the repository's samples" >&3
	fi
	pavise_bin=$PAVISE_BIN
	"$pavise_bin/pavise" db import --output "$ROOTS/db" "$(cat "$ROOTS/source")"
}

setup() {
	export PAVISE_AUDIT=$BATS_TEST_TMPDIR/audit
}

# findings REPORT: "package version id fixed" lines.
findings() {
	python3 -c '
import json, sys
for f in json.load(open(sys.argv[1]))["findings"]:
    print(f["package"], f["version"], f["id"], f["fixed"] or "-")' "$1" | LC_ALL=C sort
}

# compare SOURCE ROOTFS
compare() {
	pavise scan --db "$ROOTS/db" --format json "$1" >"$BATS_TEST_TMPDIR/report"
	findings "$BATS_TEST_TMPDIR/report" >"$BATS_TEST_TMPDIR/ours"
	"$PAVISE_SOURCE/tests/data/oracle-debian" "$2" "$ROOTS/osv" | LC_ALL=C sort >"$BATS_TEST_TMPDIR/oracle"
	echo "# $1: $(wc -l <"$BATS_TEST_TMPDIR/oracle") findings expected" >&3
	diff "$BATS_TEST_TMPDIR/oracle" "$BATS_TEST_TMPDIR/ours"
	dpkg-query --admindir="$2/var/lib/dpkg" -W -f '${Package} ${Version}\n' | LC_ALL=C sort >"$BATS_TEST_TMPDIR/installed"
	python3 -c '
import json, sys
for p in json.load(open(sys.argv[1]))["packages"]:
    if p["type"] == "deb":
        print(p["name"], p["version"])' "$BATS_TEST_TMPDIR/report" | LC_ALL=C sort | diff "$BATS_TEST_TMPDIR/installed" -
}

@test "Debian 11, a root file system: every finding agrees with the oracle" {
	compare "dir:$ROOTS/bullseye" "$ROOTS/bullseye"
}

@test "Debian 12, a root file system: every finding agrees with the oracle" {
	compare "dir:$ROOTS/bookworm" "$ROOTS/bookworm"
}

# An old state of the same packages: each version lowered, so that nearly every advisory applies.
@test "Debian 12 with old versions: every finding agrees with the oracle" {
	mkdir -p "$BATS_TEST_TMPDIR/old/var/lib/dpkg" "$BATS_TEST_TMPDIR/old/etc"
	cp "$ROOTS/bookworm/etc/os-release" "$BATS_TEST_TMPDIR/old/etc/"
	sed -E 's/^(Version: .*)\+deb12u[0-9]+$/\1/; s/^(Source: .*)\+deb12u[0-9]+\)$/\1)/' \
		"$ROOTS/bookworm/var/lib/dpkg/status" >"$BATS_TEST_TMPDIR/old/var/lib/dpkg/status"
	compare "dir:$BATS_TEST_TMPDIR/old" "$BATS_TEST_TMPDIR/old"
	[ -s "$BATS_TEST_TMPDIR/oracle" ]
}

@test "Debian 11 with old versions: every finding agrees with the oracle" {
	mkdir -p "$BATS_TEST_TMPDIR/old/var/lib/dpkg" "$BATS_TEST_TMPDIR/old/etc"
	cp "$ROOTS/bullseye/etc/os-release" "$BATS_TEST_TMPDIR/old/etc/"
	sed -E 's/^(Version: .*)\+deb11u[0-9]+$/\1/; s/^(Source: .*)\+deb11u[0-9]+\)$/\1)/' \
		"$ROOTS/bullseye/var/lib/dpkg/status" >"$BATS_TEST_TMPDIR/old/var/lib/dpkg/status"
	compare "dir:$BATS_TEST_TMPDIR/old" "$BATS_TEST_TMPDIR/old"
	if [ "$(cat "$ROOTS/source")" != "$ROOTS/osv" ]; then [ -s "$BATS_TEST_TMPDIR/oracle" ]; fi
}

@test "the same as an image: the same findings, each with its layer" {
	"$PAVISE_SOURCE/demo/make-image" "$ROOTS/bookworm.tar" "$BATS_TEST_TMPDIR/image"
	compare "oci:$BATS_TEST_TMPDIR/image:12" "$ROOTS/bookworm"
	python3 -c '
import json, sys
report = json.load(open(sys.argv[1]))
assert report["schema"] == 1 and len(report["layers"]) == 2, report["layers"]
assert all(layer["diff_id"].startswith("sha256:") for layer in report["layers"])
assert all(p["layer"] == 0 for p in report["packages"])
assert all(f["layer"] == 0 and f["severity"] for f in report["findings"])' "$BATS_TEST_TMPDIR/report"
}
