#!/usr/bin/env bats
# Directories of real clients, Debian's notary and every docker found, are taken over by `pavise migrate
# docker-trust`: keys, remembered metadata, staged changes; then `pavise` signs with them.
bats_require_minimum_version 1.5.0
load ../cli/helper
load ../cli/service
load docker

setup() {
	export PAVISE_AUDIT=$BATS_TEST_TMPDIR/audit.jsonl
	start_service
	make_layout "$BATS_TEST_TMPDIR/image" >/dev/null
	echo content >"$BATS_TEST_TMPDIR/content"
	old=$BATS_TEST_TMPDIR/old new=$BATS_TEST_TMPDIR/new
	gun=registry.example/team/app
	cd "$BATS_TEST_TMPDIR"
}

teardown() {
	stop_service
}

theirs() {
	notary -s "$server" --tlscacert "$ca" -d "$old" "$@"
}

ours() {
	pavise "$@" "${options[@]}" --trust-dir "$new"
}

# made_by_notary: a directory of Debian's notary: targets, a delegation, its signer's key, what was signed
# and a change that was not published.
made_by_notary() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=delegate -days 30 \
		-keyout delegate.key -out delegate.crt 2>/dev/null
	theirs key import delegate.key --role delegate
	theirs init -p $gun
	theirs delegation add -p $gun targets/releases delegate.crt --all-paths
	theirs add -p $gun v1 content
	theirs add -p -r targets/releases $gun v2 content
	theirs add $gun staged content
	echo "{\"remote_server\": {\"url\": \"$server\", \"root_ca\": \"$ca\"}}" >"$old/config.json"
}

# taken [OPTION…]: the summary of a migration from $old to $new.
taken() {
	pavise migrate docker-trust "$@" --trust-dir "$new" "$old"
}

# signs: pavise lists the same keys, knows the repository without being told its root, and signs with the
# keys of every role that are in $new; notary with its old directory reads that.
signs() {
	[ "$(pavise key list --trust-dir "$new" --json | jq -r '.[].id' | sort)" = "$(theirs key list | grep -oE '[0-9a-f]{64}' | sort)" ]
	ours verify $gun:v1
	ours sign $gun:v3 --from "oci:$BATS_TEST_TMPDIR/image:12"
	ours repo rotate $gun targets
	theirs lookup $gun v3
}

@test "of Debian's notary: keys, metadata and staged changes come along and sign; the source stays" {
	made_by_notary
	cp -r "$old" before
	[ "$(taken --dry-run)" = $'10 files can be taken over, 0 not\nnothing was written (--dry-run)' ]
	[ ! -e "$new" ]
	for try in 1 2; do
		[ "$(taken)" = "10 files taken over, 0 not" ]
		diff -r "$old" "$new"
	done
	diff -r before "$old"
	[ -z "$(find "$new" -type f ! -perm 600)$(find "$new" -type d ! -perm 700)" ]
	ours repo status $gun | grep -E 'create +target +targets +staged'
	ours repo publish $gun
	signs
	# What was published since is not staged once more.
	run -1 taken
	[[ "$output" == *.change:\ not\ taken:\ *"may have been published since"* ]]
	[[ "$output" == *" files taken over, 1 not" ]]
	[ "$(ours repo status $gun --json | jq length)" = 0 ]
	theirs lookup $gun staged
}

# as_before_0_4: the keys of $old in the layout of old: without headers, role and repository in the path.
as_before_0_4() {
	local file id role name
	mkdir -p "$old/private/root_keys" "$old/private/tuf_keys/$gun"
	for file in "$old"/private/*.key; do
		id=$(basename "$file" .key)
		role=$(sed -n 's/^role: //p' "$file")
		name=$old/private/tuf_keys/$gun/${id}_$role.key
		[ "$role" != root ] || name=$old/private/root_keys/${id}_root.key
		[ "$role" != delegate ] || name=$old/private/tuf_keys/${id}_delegate.key
		sed -e '/^[a-z]*: /d' "$file" | sed '2{/^$/d}' >"$name"
		rm "$file"
	done
}

@test "of notary before 0.4: keys come into the present layout, also when it is run twice" {
	made_by_notary
	cp -r "$old" flat
	as_before_0_4
	cp -r "$old" before
	for try in 1 2; do [ "$(taken)" = "10 files taken over, 0 not" ]; done
	diff -r before "$old"
	for file in flat/private/*.key; do
		diff <(sort "$file") <(sort "$new/private/${file##*/}")
	done
	[ ! -e "$new/private/root_keys" ]
	[ ! -e "$new/private/tuf_keys" ]
	ours repo publish $gun
	old=$BATS_TEST_TMPDIR/flat
	signs
}

@test "what is no key, is another one, or is not a file, is told and left" {
	made_by_notary
	keys=("$old"/private/*.key)
	mkdir -p "$new/private"
	echo other >"$new/private/${keys[0]##*/}"
	head -3 "${keys[1]}" >short
	mv short "${keys[1]}"
	ln -s /etc/passwd "$old/private/$(printf '0%.0s' {1..64}).key"
	mkfifo "$old/tuf/fifo"
	run -1 taken --json
	[ "$(jq -r '"\(.taken) \(.refused)"' <<<"$output")" = "8 4" ]
	[ "$(jq -r '.files[] | select(.taken | not) | .gun' <<<"$output" | sort)" = \
		"$(printf '%s\n' "private/${keys[0]##*/}" "private/${keys[1]##*/}" "private/$(printf '0%.0s' {1..64}).key" tuf/fifo | sort)" ]
	[ "$(cat "$new/private/${keys[0]##*/}")" = other ]
	[ "$(ls "$new/private" | wc -l)" -eq 3 ]
	run -3 pavise migrate docker-trust --trust-dir "$new" "$BATS_TEST_TMPDIR/image"
	[[ "$output" == *"has neither private nor tuf in it"* ]]
}

@test "of every docker found: docker trust's signers and repositories sign on, here and there" {
	require_engine
	mapfile -t clients < <(docker_clients)
	[ "${#clients[@]}" -gt 0 ]
	for client in "${clients[@]}"; do
		major=$(client_major "$client")
		gun=$registry/client/app$major
		rm -f alice.pub
		docker_home "$BATS_TEST_TMPDIR/config$major" "$server" "$ca"
		"$client" trust key generate alice
		"$client" trust signer add --key alice.pub alice "$gun"
		load_image "$client" "$gun:1" "one of $major"
		"$client" trust sign "$gun:1"
		old=$DOCKER_CONFIG/trust new=$BATS_TEST_TMPDIR/new$major/trust
		taken
		diff -r -x changelist "$old" "$new"
		# Whoever goes on has nothing but the new directory.
		docker_home "$BATS_TEST_TMPDIR/new$major" "$server" "$ca"
		ours verify "$gun:1"
		load_image "$client" "$gun:2" "two of $major"
		"$client" push "$gun:2"
		"$PAVISE_BIN/docker-trust" trust sign "$gun:2"
		load_image "$client" "$gun:3" "three of $major"
		"$client" trust sign "$gun:3"
		[ "$("$client" trust inspect "$gun" | jq -c '[.[0].SignedTags[] | [.SignedTag, .Signers]]')" = \
			'[["1",["alice"]],["2",["alice"]],["3",["alice"]]]' ]
	done
}
