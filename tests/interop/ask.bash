# One request to $server, whose authority is $ca; load it after service.

# ask METHOD PATH [CURL OPTION…]: sets status, headers, body.
ask() {
	local method=$1 path=$2
	shift 2
	status=$(curl -s --max-time 60 --path-as-is --cacert "$ca" -X "$method" -D "$BATS_TEST_TMPDIR/headers" \
		-o "$BATS_TEST_TMPDIR/body" -w '%{http_code}' "$@" "$server$path")
	headers=$(tr -d '\r' <"$BATS_TEST_TMPDIR/headers")
	body=$(cat "$BATS_TEST_TMPDIR/body" 2>/dev/null || true)
}
