# What `make install` lays down: programs that find each other wherever they lie, pages that tell all.
bats_require_minimum_version 1.5.0
load helper

installed() {
	meson install -C "$PAVISE_BIN/../.." --no-rebuild --quiet --destdir "$BATS_TEST_TMPDIR/root" >/dev/null
	prefix=$BATS_TEST_TMPDIR/root/usr/local
}

@test "an installed tree works below any directory and through a foreign link" {
	installed
	mkdir "$BATS_TEST_TMPDIR/bin"
	ln -s "$prefix/bin/pavise" "$BATS_TEST_TMPDIR/bin/tool"
	# Moved: nothing remembers where it was built or installed.
	mv "$BATS_TEST_TMPDIR/root" "$BATS_TEST_TMPDIR/moved"
	ln -sfn "$BATS_TEST_TMPDIR/moved/usr/local/bin/pavise" "$BATS_TEST_TMPDIR/bin/tool"
	run -0 "$BATS_TEST_TMPDIR/bin/tool" version compare --scheme dpkg <<<"1.0 2.0"
	[ "$output" = "<" ]
}

@test "every command has a page, and each of its options stands there" {
	for command in $(pavise --list-commands); do
		page=$PAVISE_SOURCE/man/pavise-$command.1.scd
		[ -f "$page" ] || { echo "no page for $command"; return 1; }
		for option in $(pavise "$command" --help | grep -oE -- '--[a-z][a-z0-9-]+' | sort -u); do
			[ "$option" = --help ] || grep -qF -- "$option" "$page" || {
				echo "pavise-$command(1) does not tell of $option"
				return 1
			}
		done
	done
}

@test "installed pages are those of man/, and the completion knows the commands" {
	installed
	for page in "$PAVISE_SOURCE"/man/*.scd; do
		name=$(basename "$page" .scd)
		[ -s "$prefix/share/man/man${name##*.}/$name" ]
	done
	PATH="$prefix/bin:$PATH"
	source "$prefix/share/bash-completion/completions/pavise"
	COMP_WORDS=(pavise ver) COMP_CWORD=1
	_pavise
	[[ " ${COMPREPLY[*]} " == *" verify "* && " ${COMPREPLY[*]} " == *" version "* ]]
	COMP_WORDS=(pavise scan --fail) COMP_CWORD=2
	_pavise
	[ "${COMPREPLY[*]}" = --fail-on ]
}

@test "the example of pavise-policy(5) is a policy" {
	sed -n '/^```/,/^```/p' "$PAVISE_SOURCE/man/pavise-policy.5.scd" | grep -v '^```' >"$BATS_TEST_TMPDIR/policy.yaml"
	grep -q '^version: 1' "$BATS_TEST_TMPDIR/policy.yaml"
	export PAVISE_AUDIT=$BATS_TEST_TMPDIR/audit
	run -1 pavise admit --policy "$BATS_TEST_TMPDIR/policy.yaml" --store "$BATS_TEST_TMPDIR/store" other.example/app:1
	[[ "$output" == *"no rule of $BATS_TEST_TMPDIR/policy.yaml is for other.example/app"* ]]
}

@test "the unit of the trust service is in order and starts what is installed" {
	installed
	unit=$prefix/lib/systemd/system/pavise-trust.service
	grep -qx 'ExecStart=/usr/local/bin/pavise serve' "$unit"
	sed "s#/usr/local#$prefix#" "$unit" >"$BATS_TEST_TMPDIR/pavise-trust.service"
	run -0 systemd-analyze verify --man=no "$BATS_TEST_TMPDIR/pavise-trust.service"
	echo "$output"
	[[ "$output" != *pavise* ]]
}

@test "the users of the unit are those of the example, which the service accepts" {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	installed
	mkdir -p "$BATS_TEST_TMPDIR/root/etc"
	run -0 systemd-sysusers --root="$BATS_TEST_TMPDIR/root" "$prefix/lib/sysusers.d/pavise-trust.conf"
	for key in user signer_user; do
		name=$(sed -n "s/^$key: //p" "$prefix/share/doc/pavise/examples/service.yaml")
		grep -q "^$name:" "$BATS_TEST_TMPDIR/root/etc/passwd"
	done
	# Users of this machine instead, and a free port: the example starts.
	sed -e 's/^user:.*/user: nobody/' -e 's/^signer_user:.*/signer_user: daemon/' -e 's/4443/0/' \
		-e "s#/var/lib/pavise-trust#$BATS_TEST_TMPDIR/data#" \
		"$prefix/share/doc/pavise/examples/service.yaml" >"$BATS_TEST_TMPDIR/service.yaml"
	chmod 711 "$BATS_TEST_TMPDIR" "$BATS_SUITE_TMPDIR" "$BATS_RUN_TMPDIR"
	# The installed program: a checkout may lie where these users cannot go.
	"$prefix/bin/pavise" serve --config "$BATS_TEST_TMPDIR/service.yaml" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/log" 3>&- &
	service=$!
	wait_for "$BATS_TEST_TMPDIR/out" '^ready https://'
	[ "$(ps -o user= -p "$service")" = nobody ]
	[ "$(ps -o user= -p "$(pgrep -P "$service" -f pavise-signer)")" = daemon ]
	kill "$service"
	wait "$service"
}
