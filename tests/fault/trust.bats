#!/usr/bin/env bats
# The trust service when things die: nothing half-published is visible, nothing accepted is lost.
bats_require_minimum_version 1.5.0
load ../cli/helper
load ../cli/service

gun=localhost:5000/lab/app

setup() {
	export PAVISE_AUDIT=$BATS_TEST_TMPDIR/audit
	make_layout "$BATS_TEST_TMPDIR/image" >/dev/null
	start_service
}

teardown() {
	stop_service
	if [ -n "${mounted:-}" ]; then umount "$mounted"; fi
}

sign() {
	pavise sign "$gun:$1" --from "oci:$BATS_TEST_TMPDIR/image:12" "${options[@]}" --trust-dir "${2:-$BATS_TEST_TMPDIR/trust}"
}

fresh_reader() {
	rm -rf "$BATS_TEST_TMPDIR/reader"
	pavise "${@}" "${options[@]}" --trust-dir "$BATS_TEST_TMPDIR/reader" --tofu
}

# tags: the names that a fresh reader sees, one a line.
tags() {
	fresh_reader inspect --json $gun | python3 -c '
import json, sys
print("\n".join(t["name"] for t in json.load(sys.stdin)["tags"]))'
}

@test "kill -9 of the server during publishes: what was accepted is there, the rest is not or whole" {
	sign v0
	for round in 1 2 3 4 5 6; do
		sign "r$round" >"$BATS_TEST_TMPDIR/said" 2>&1 3>&- &
		client=$!
		sleep "0.0$((round * 3 % 10))"
		kill -9 "$service_pid" 2>/dev/null
		wait "$service_pid" || true
		accepted=no
		wait "$client" && accepted=yes
		start_service
		tags >"$BATS_TEST_TMPDIR/tags"
		if [ "$accepted" = yes ]; then grep -qx "r$round" "$BATS_TEST_TMPDIR/tags"; fi
		grep -qx v0 "$BATS_TEST_TMPDIR/tags"
		sign "again$round" >/dev/null
	done
}

@test "kill -9 of the signer: requests fail with a sentence, a restart brings everything back" {
	sign v1
	pkill -9 -P "$service_pid" -f pavise-signer
	run ! sign v2
	[[ "$output" != "" ]]
	run -0 fresh_reader verify $gun:v1
	stop_service
	start_service
	sign v2
	run -0 fresh_reader verify $gun:v2
}

@test "kill -9 of a publisher: the repository stays readable and can be published" {
	sign v0
	for pause in 0.01 0.02 0.04 0.08 0.12; do
		pavise sign "$gun:p$pause" --from "oci:$BATS_TEST_TMPDIR/image:12" "${options[@]}" \
			--trust-dir "$BATS_TEST_TMPDIR/trust" >/dev/null 2>&1 3>&- &
		sleep $pause
		kill -9 $! 2>/dev/null || true
		wait $! || true
		run -0 fresh_reader verify $gun:v0
	done
	sign last
	run -0 fresh_reader verify $gun:last
}

@test "publishers that race for one repository all succeed" {
	sign v0
	for n in 1 2 3 4; do
		cp -r "$BATS_TEST_TMPDIR/trust" "$BATS_TEST_TMPDIR/trust$n"
	done
	for round in 1 2 3 4 5; do
		pids=()
		for n in 1 2 3 4; do
			pavise sign "$gun:r$round-$n" --from "oci:$BATS_TEST_TMPDIR/image:12" "${options[@]}" \
				--trust-dir "$BATS_TEST_TMPDIR/trust$n" >/dev/null 2>"$BATS_TEST_TMPDIR/err$n" 3>&- &
			pids+=($!)
		done
		for pid in "${pids[@]}"; do wait "$pid" || { cat "$BATS_TEST_TMPDIR"/err?; return 1; }; done
	done
	[ "$(tags | grep -c '^r')" -eq 20 ]
}

@test "a first publish that loses the race for a new repository does not break it" {
	sign v1 "$BATS_TEST_TMPDIR/one"
	run ! sign v2 "$BATS_TEST_TMPDIR/two"
	[[ "$output" == *"its root is not known here yet"* ]]
	run -0 fresh_reader verify $gun:v1
}

@test "a full disk refuses a publish and keeps what is there" {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	stop_service
	mounted=$BATS_TEST_TMPDIR/small
	mkdir "$mounted"
	mount -t tmpfs -o size=900k tmpfs "$mounted"
	start_service "$mounted"
	sign v0
	head -c 1M /dev/zero >"$mounted/ballast" 2>/dev/null || true
	failed=no
	for n in $(seq 12); do sign "full$n" >"$BATS_TEST_TMPDIR/said" 2>&1 || { failed=yes; break; }; done
	[ "$failed" = yes ]
	cat "$BATS_TEST_TMPDIR/said"
	rm "$mounted/ballast"
	stop_service
	start_service "$mounted"
	run -0 fresh_reader verify $gun:v0
	sign after
	run -0 fresh_reader verify $gun:after
	stop_service
}
