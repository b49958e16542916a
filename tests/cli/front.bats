# The front: help, version, unknown commands.
load helper

@test "--version prints one line" {
	run pavise --version
	[ "$status" -eq 0 ]
	[[ "$output" =~ ^pavise\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
}

@test "--help lists every command" {
	run pavise --help
	[ "$status" -eq 0 ]
	for command in $(pavise --list-commands); do
		[[ "$output" == *"  $command "* ]]
	done
}

@test "no command is a usage error" {
	run pavise
	[ "$status" -eq 2 ]
	[[ "$output" == *"usage: pavise COMMAND"* ]]
}

@test "an unknown command is named" {
	run pavise frobnicate
	[ "$status" -eq 2 ]
	[[ "$output" == *"no command 'frobnicate'"* ]]
}

@test "every command answers --help with status 0" {
	for command in $(pavise --list-commands); do
		run pavise "$command" --help
		echo "$command: $output"
		[ "$status" -eq 0 ]
	done
}

@test "the front loads GLib and nothing else of ours" {
	[ -z "$(ldd "$PAVISE_BIN/pavise" | grep -E 'curl|sqlite|crypto|microhttpd|lmdb|jansson|gio')" ]
}
