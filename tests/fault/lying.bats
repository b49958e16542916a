#!/usr/bin/env bats
# Verifying against a server that lies, stalls or breaks off: each has its own sentence, nothing of it
# is kept, and what was verified before stays as it was. (TUF specification 1.5.2.)
bats_require_minimum_version 1.5.0
load ../cli/helper
load ../cli/service
load liar

gun=localhost:5000/lab/app

setup() {
	export PAVISE_AUDIT=$BATS_TEST_TMPDIR/audit
	start_service
	make_layout "$BATS_TEST_TMPDIR/image" >/dev/null
	trust=$BATS_TEST_TMPDIR/trust
	sign $gun v1
	sign localhost:5000/lab/other v1
	cp -r "$trust" "$BATS_TEST_TMPDIR/before"
	mode=$BATS_TEST_TMPDIR/mode
	echo honest >"$mode"
	start_liar "$mode"
	# A reader that knows the repository, and publishers who went on since.
	reader=$BATS_TEST_TMPDIR/reader
	pavise verify $gun:v1 "${liar[@]}" --trust-dir "$reader" --tofu
	sign $gun v2
}

teardown() {
	stop_liar
	stop_service
}

sign() {
	pavise sign "$1:$2" --from "oci:$BATS_TEST_TMPDIR/image:12" "${options[@]}" --trust-dir "$trust" >/dev/null
}

state() {
	find "$reader/tuf" -type f -name '*.json' -exec sha256sum {} + | LC_ALL=C sort
}

# lie STATUS SENTENCE MODE…: verify ends so, and the reader's trust data are as before.
lie() {
	local wanted=$1 sentence=$2
	shift 2
	echo "$*" >"$mode"
	state >"$BATS_TEST_TMPDIR/state"
	run "-$wanted" pavise verify $gun:v2 "${liar[@]}" --trust-dir "$reader"
	echo "$*: $output"
	[[ "$output" == *"$sentence"* ]]
	state | diff "$BATS_TEST_TMPDIR/state" -
}

# honest_again: nothing stands in the way of the next update.
honest_again() {
	echo honest >"$mode"
	run -0 pavise verify $gun:v2 "${liar[@]}" --trust-dir "$reader"
}

@test "slow retrieval: a server that says nothing, and one that drips" {
	echo silent >"$mode"
	lie 3 "no answer in time" silent
	lie 3 "no answer in time" drip
	honest_again
}

@test "endless data and answers that break off" {
	lie 1 "the answer is longer than the 1048576 bytes expected" endless
	lie 3 "the connection broke off after" cut
	lie 1 "bytes, at most" bigger
	lie 1 "timestamp" trail
	honest_again
}

@test "statuses and redirects that are no answer" {
	lie 3 "(status 500)" status 500
	lie 3 "(status 418)" status 418
	lie 1 "does not allow this for $gun" status 403
	lie 1 "has no trust data for $gun" status 404
	lie 1 "leads from https to plain http" redirect http://127.0.0.1:9/
	honest_again
}

@test "wrong software: another repository's files under this name" {
	lie 1 "" gun localhost:5000/lab/other
	[[ "$output" == *"signature"* || "$output" == *"root"* ]]
	# Somebody who knows nothing yet is not taken in either: the root says whose it is.
	run -1 pavise verify $gun:v2 "${liar[@]}" --trust-dir "$BATS_TEST_TMPDIR/fresh" --tofu
	echo "$output"
	[[ "$output" == *"localhost:5000/lab/other"* ]]
	[ -z "$(find "$BATS_TEST_TMPDIR/fresh" -name '*.json' 2>/dev/null)" ]
	honest_again
}

@test "mix-and-match: one role's file in the place of another" {
	lie 1 "timestamp" swap timestamp snapshot
	lie 1 "snapshot" swap snapshot targets
	lie 1 "targets" swap targets root
	honest_again
}

@test "the clock: far back is told, years ahead everything has expired" {
	ours=$(date +%s)
	run -1 at_time +20d pavise verify $gun:v2 "${liar[@]}" --trust-dir "$reader"
	[[ "$output" == *"expired"* ]]
	run -1 at_time +9y pavise verify $gun:v2 "${liar[@]}" --trust-dir "$reader"
	[[ "$output" == *"expired"* ]]
	# A little behind is nothing; far behind, the server's own certificate is not valid yet.
	run -0 at_time -3m pavise verify $gun:v2 "${liar[@]}" --trust-dir "$reader"
	run -3 at_time -2d pavise verify $gun:v2 "${liar[@]}" --trust-dir "$reader"
	[[ "$output" == *"its certificate is refused: certificate is not yet valid"* ]]
	[ "$(($(date +%s) - ours))" -lt 300 ]
	honest_again
}
