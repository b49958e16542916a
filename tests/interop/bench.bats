#!/usr/bin/env bats
# bench/trust --quick: that it runs, both sides, and prints each figure. How fast is no matter here.
bats_require_minimum_version 1.5.0
load ../cli/helper

@test "bench/trust measures both sides and prints each figure with its ratio" {
	run -0 "$PAVISE_SOURCE/bench/trust" --quick --markdown
	for figure in "start (--version)" "lookup, warm, 100 targets" "lookup, cold, 100 targets" "list, warm, 100 targets" \
		"list, cold, 100 targets" "publish one more, 100 targets" "GET timestamp.json, TLS, beside notary-server in memory" \
		"GET timestamp.json, TLS, beside notary-server on MariaDB, signer" "memory after that, all processes (PSS)"; do
		grep -F "$figure" <<<"$output" | grep -E "[0-9.]+ +[0-9.]+ (ms|MiB|requests/s) +[0-9.]+ x" || { echo "no figure: $figure" >&2; return 1; }
		grep -F "| $figure |" <<<"$output" | grep -E "[0-9.] (ms|MiB|requests/s) \| [0-9.]+ × \|"
	done
	grep -F "verify --max-age 1h, warm, 100 targets" <<<"$output"
	[[ "${lines[-1]}" == *"figures are m"* ]]
}
