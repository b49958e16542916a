#!/usr/bin/env bats
# kill -9 at every step: client, server and signer are killed at their first, second, third … system
# call that leaves a trace (strace injects the signal), until one publish gets through. After each
# death a fresh reader sees the repository as before or as after, and the same publish succeeds.
bats_require_minimum_version 1.5.0
load ../cli/helper
load ../cli/service

gun=localhost:5000/lab/app
# What changes something that outlives the process, or tells somebody.
calls=fsync,fdatasync,rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir,mkdirat,ftruncate,pwrite64,sendto,sendmsg

setup() {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	export PAVISE_AUDIT=$BATS_TEST_TMPDIR/audit
	make_layout "$BATS_TEST_TMPDIR/image" >/dev/null
	trust=$BATS_TEST_TMPDIR/trust
	start_service
}

teardown() {
	stop_service
}

sign() {
	pavise sign "$gun:$1" --from "oci:$BATS_TEST_TMPDIR/image:12" "${options[@]}" --trust-dir "$trust"
}

# killing N: strace that kills whatever it watches at the Nth of $calls.
killing() {
	strace -f -qq -o /dev/null -e "trace=$calls" -e "inject=$calls:signal=SIGKILL:when=$1" "${@:2}"
}

# readable TAG: a fresh reader sees it.
readable() {
	rm -rf "$BATS_TEST_TMPDIR/reader"
	pavise verify "$gun:$1" "${options[@]}" --trust-dir "$BATS_TEST_TMPDIR/reader" --tofu >"$BATS_TEST_TMPDIR/said" 2>&1 || {
		cat "$BATS_TEST_TMPDIR/said"
		return 1
	}
}

# until_through COMMAND…: runs `COMMAND N` for N = 1, 2, 3 … until it says, by status 0, that nobody died.
until_through() {
	local n
	for n in $(seq 400); do
		if "$@" "$n"; then
			echo "# $n: through" >&3
			[ "$n" -gt 5 ]
			return
		fi
	done
	echo "never got through"
	return 1
}

client_dies() {
	killing "$1" "$PAVISE_BIN/pavise" sign "$gun:n$1" --from "oci:$BATS_TEST_TMPDIR/image:12" "${options[@]}" \
		--trust-dir "$trust" >"$BATS_TEST_TMPDIR/said" 2>&1 && return 0
	readable v0 || exit 1
	sign "n$1" >/dev/null || exit 1
	readable "n$1" || exit 1
	return 1
}

@test "a publisher killed at any step leaves the repository whole, and publishes again" {
	sign v0
	until_through client_dies
}

first_publish_dies() {
	gun=localhost:5000/lab/new$1
	trust=$BATS_TEST_TMPDIR/trust$1
	killing "$1" "$PAVISE_BIN/pavise" sign "$gun:v1" --from "oci:$BATS_TEST_TMPDIR/image:12" "${options[@]}" \
		--trust-dir "$trust" >"$BATS_TEST_TMPDIR/said" 2>&1 && return 0
	sign v1 >"$BATS_TEST_TMPDIR/said" 2>&1 || { cat "$BATS_TEST_TMPDIR/said"; exit 1; }
	readable v1 || exit 1
	return 1
}

@test "the first publisher of a repository, killed at any step, gets it all the same" {
	until_through first_publish_dies
}

# watched_dies PID N: a publish while PID is watched; status 0 if it survived.
watched_dies() {
	local watcher
	killing "$2" -p "$1" >/dev/null 2>&1 3>&- &
	watcher=$!
	for _ in $(seq 200); do
		! grep -q '^TracerPid:[^0-9]*0$' "/proc/$1/status" && break
		sleep 0.02
	done
	sign "n$2" >"$BATS_TEST_TMPDIR/said" 2>&1 && accepted=yes || accepted=no
	# A zombie has died too; the service's parent is this shell.
	if grep -qE '^State:[^A-Z]*[RSD]' "/proc/$1/status" 2>/dev/null && kill "$watcher" 2>/dev/null; then
		wait "$watcher" || true
		[ "$accepted" = yes ] || exit 1
		return 0
	fi
	wait "$watcher" || true
	return 1
}

# back_again N: the service is started anew, nothing accepted is lost, and publishing goes on.
back_again() {
	kill -9 "$service_pid" 2>/dev/null
	wait "$service_pid" || true
	start_service || exit 1
	readable v0 || exit 1
	[ "$accepted" = no ] || readable "n$1" || exit 1
	sign "n$1" >/dev/null || exit 1
	readable "n$1" || exit 1
}

server_dies() {
	watched_dies "$service_pid" "$1" && return 0
	back_again "$1"
	return 1
}

@test "a server killed at any step of a publish has stored all of it or nothing" {
	sign v0
	until_through server_dies
}

# A new repository each time, since keys are what the signer must not lose.
signer_dies() {
	gun=localhost:5000/lab/new$1
	trust=$BATS_TEST_TMPDIR/trust$1
	watched_dies "$(pgrep -P "$service_pid" -f pavise-signer)" "$1" && return 0
	kill -9 "$service_pid" 2>/dev/null
	wait "$service_pid" || true
	start_service || exit 1
	sign v1 >"$BATS_TEST_TMPDIR/said" 2>&1 || { cat "$BATS_TEST_TMPDIR/said"; exit 1; }
	readable v1 || exit 1
	return 1
}

@test "a signer killed at any step of a first publish loses no key" {
	sign v0
	until_through signer_dies
	gun=localhost:5000/lab/app
	readable v0
}
