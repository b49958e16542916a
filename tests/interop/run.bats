# pavise run and pavise admit of images on this machine: who is who inside and outside, what is left,
# what is refused. Runs containers with the real crun and runc.
load ../cli/helper

setup_file() {
	"$BATS_TEST_DIRNAME/small-image" "$BATS_FILE_TMPDIR/image"
	export IMAGE="oci:$BATS_FILE_TMPDIR/image:1"
	export STORE="$BATS_FILE_TMPDIR/store"
}

setup() {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	export PAVISE_AUDIT="$BATS_TEST_TMPDIR/audit.jsonl"
}

# Whatever a test does, nothing stays mounted and no id stays taken by a store that is idle.
teardown() {
	[ "$(id -u)" -eq 0 ] || return 0
	if grep -E '/run/pavise|overlay.*pavise' /proc/mounts; then return 1; fi
}

# box [OPTION…] IMAGE [COMMAND…]: an unsigned run that leaves nothing.
box() { pavise run --rm --allow-unsigned --store "$STORE" "$@"; }

# layer FILE: a tar of what the Python on standard input adds to `tar`.
layer() {
	python3 -c '
import io, sys, tarfile
tar = tarfile.open(sys.argv[1], "w", format=tarfile.PAX_FORMAT)
def add(name, kind=tarfile.REGTYPE, data=b"", **more):
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, len(data)
    for key, value in more.items():
        setattr(info, key, value)
    tar.addfile(info, io.BytesIO(data))
exec(sys.stdin.read())
tar.close()' "$1"
}

# with_layer: an image whose third layer is made by the Python on standard input.
with_layer() {
	layer "$BATS_TEST_TMPDIR/extra.tar"
	"$BATS_TEST_DIRNAME/small-image" "$BATS_TEST_TMPDIR/image" '{"Cmd":["sh"]}' "$BATS_TEST_TMPDIR/extra.tar"
	echo "oci:$BATS_TEST_TMPDIR/image:1"
}

@test "root inside is an unprivileged id outside, of a range of 65536" {
	run box "$IMAGE" cat /proc/self/uid_map /proc/self/gid_map
	[ "$status" -eq 0 ]
	read -r inside outside count <<<"${lines[0]}"
	[ "$inside" -eq 0 ] && [ "$count" -eq 65536 ]
	[ "$outside" -ge $((0x70010000)) ] && [ "$outside" -le $((0x7ffd0000)) ]
	[ "${lines[0]}" = "${lines[1]}" ]
}

@test "both runtimes: rights, namespaces, layers over each other" {
	for runtime in crun runc; do
		run box --runtime "$runtime" "$IMAGE" sh -c \
			'id -u; grep -E "^(CapBnd|NoNewPrivs|Seccomp):" /proc/self/status | tr -d "\t"; ls /opt/old /var; ls -d /gone /null; cat /home/link; stat -c %u:%g /home/app; ls -d /proc/[0-9]* | wc -l'
		echo "$runtime: $output"
		[ "$status" -eq 0 ]
		[ "${lines[0]}" = 0 ]
		[ "${lines[1]}" = CapBnd:00000000800405fb ]
		[ "${lines[2]}" = NoNewPrivs:1 ]
		[ "${lines[3]}" = Seccomp:2 ]
		[[ "$output" == *"/opt/old:"*"new"* ]]
		[[ "$output" != *"/opt/old:"*$'\na\n'* ]]
		[[ "$output" == *"/gone: No such file"* ]]
		[[ "$output" == *"/null: No such file"* ]]
		# Two streams, in any order.
		[[ "$output" == *"of app"* ]]
		grep -qx 1000:1000 <<<"$output"
		[ "${lines[-1]}" -le 4 ]
	done
}

@test "two containers at one time share no id, and neither do two stores" {
	for i in 1 2 3; do
		store=$STORE
		[ "$i" -eq 3 ] && store="$BATS_TEST_TMPDIR/other"
		pavise run --rm --allow-unsigned --store "$store" -v "$BATS_TEST_TMPDIR:/out" "$IMAGE" \
			sh -c 'awk "{print \$2}" /proc/self/uid_map; sleep 2' >"$BATS_TEST_TMPDIR/map$i" 3>&- &
		pids[i]=$!
	done
	wait "${pids[@]}"
	[ "$(cat "$BATS_TEST_TMPDIR"/map? | wc -l)" -eq 3 ]
	[ "$(cat "$BATS_TEST_TMPDIR"/map? | sort -u | wc -l)" -eq 3 ]
	# Ranges begin at multiples of their size, so different beginnings do not overlap.
	for first in $(cat "$BATS_TEST_TMPDIR"/map?); do [ $((first % 65536)) -eq 0 ]; done
}

@test "a file written in the container is owned by a mapped id on this machine" {
	run pavise run --allow-unsigned --store "$BATS_TEST_TMPDIR/kept" "$IMAGE" \
		sh -c 'echo mine >/written; chown 1000:1000 /home/app; awk "{print \$2}" /proc/self/uid_map'
	[ "$status" -eq 0 ]
	upper=$(echo "$BATS_TEST_TMPDIR"/kept/containers/*/upper)
	[ "$(cat "$upper/written")" = mine ]
	[ "$(stat -c %u:%g "$upper/written")" = "$output:$output" ]
	[ "$(stat -c %u "$upper/home/app")" -eq $((output + 1000)) ]
	# Kept without --rm, with its range; given back when it is gone.
	grep -q "\"first\": $output" /var/lib/pavise/ids.json
	rm -r "$BATS_TEST_TMPDIR/kept"
	box "$IMAGE" true
	! grep -q "\"first\": $output" /var/lib/pavise/ids.json
}

@test "what is setuid root in a layer is nobody's on this machine, behind a closed directory" {
	box "$IMAGE" true
	for path in "$STORE"/layers/sha256/*/bin/busybox; do
		[ "$(stat -c %u:%a "$path")" = "$((0x70000000)):4755" ]
	done
	[ "$(stat -c %a "$STORE/layers")" = 700 ]
	[ "$(stat -c %a "$STORE/containers")" = 700 ]
}

@test "the command's status is passed through; 126 and 127 are as docker's" {
	for runtime in crun runc; do
		for wanted in 0 1 7 125 255; do
			run box --runtime "$runtime" "$IMAGE" sh -c "exit $wanted"
			[ "$status" -eq "$wanted" ]
		done
		run box --runtime "$runtime" "$IMAGE" no-such-command
		[ "$status" -eq 127 ]
		[ "$output" = "pavise run: no-such-command: the image has no such command in its PATH" ]
		run box --runtime "$runtime" "$IMAGE" /no/such/file
		[ "$status" -eq 127 ]
		[ "$output" = "pavise run: /no/such/file: the image has no such command" ]
		for file in text alien /etc; do
			run box --runtime "$runtime" "$IMAGE" "$file"
			[ "$status" -eq 126 ]
			[ "$output" = "pavise run: $file: is not an executable file" ]
		done
	done
}

@test "a signal is passed on, and its status comes back" {
	pavise run --rm --allow-unsigned --store "$STORE" "$IMAGE" \
		sh -c 'trap "exit 9" TERM; echo ready; while :; do sleep 0.1; done' >"$BATS_TEST_TMPDIR/out" 3>&- &
	pid=$!
	wait_for "$BATS_TEST_TMPDIR/out" ready
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 9 ]
}

@test "standard input is the container's only with -i" {
	run bash -c "echo hello | pavise run --rm --allow-unsigned --store $STORE -i $IMAGE cat"
	[ "$output" = hello ]
	run bash -c "echo hello | pavise run --rm --allow-unsigned --store $STORE $IMAGE cat"
	[ "$status" -eq 0 ] && [ -z "$output" ]
	run bash -c "echo | pavise run --rm --allow-unsigned --store $STORE -it $IMAGE cat"
	[ "$status" -eq 125 ]
	[ "$output" = "pavise run: -t: standard input is not a terminal" ]
}

@test "-t gives a terminal" {
	run script -qec "pavise run --rm --allow-unsigned --store $STORE -it $IMAGE tty" /dev/null
	[ "$status" -eq 0 ]
	echo "$output"
	[[ "$output" == */dev/pts/* ]]
}

@test "-v mounts, reads only with :ro, makes its target, and takes no setuid" {
	mkdir -m 777 "$BATS_TEST_TMPDIR/shared"
	echo content >"$BATS_TEST_TMPDIR/shared/file"
	chmod 600 "$BATS_TEST_TMPDIR/shared/file"
	echo open >"$BATS_TEST_TMPDIR/shared/open"
	run box -v "$BATS_TEST_TMPDIR/shared:/made/for/it" -v "$BATS_TEST_TMPDIR/shared/open:/etc/one:ro" "$IMAGE" \
		sh -c 'cat /made/for/it/open /etc/one; touch /made/for/it/new; cat /made/for/it/file; echo x >/etc/one; grep -c nosuid,nodev /proc/mounts >/dev/null; grep /made /proc/mounts'
	echo "$output"
	[ "${lines[0]}" = open ] && [ "${lines[1]}" = open ]
	[[ "$output" == *"/made/for/it/file'"*"ermission denied"* ]]
	[[ "$output" == *"/etc/one: Read-only file system"* ]]
	[[ "$output" == *"nosuid,nodev"* ]]
	[ "$(stat -c %u "$BATS_TEST_TMPDIR/shared/new")" -ge $((0x70010000)) ]
	run box -v "$BATS_TEST_TMPDIR/shared:/x:ro" --runtime runc "$IMAGE" touch /x/other
	[ "$status" -eq 1 ]
	[ ! -e "$BATS_TEST_TMPDIR/shared/other" ]
}

@test "a target that is a link in the image leads nowhere outside" {
	image=$(with_layer <<<'add("trap", tarfile.SYMTYPE, linkname="/../../../../tmp/pavise-trap")
add("tmp", tarfile.DIRTYPE, mode=0o1777)')
	mkdir "$BATS_TEST_TMPDIR/shared"
	run box -v "$BATS_TEST_TMPDIR/shared:/trap/deep" "$image" true
	[ ! -e /tmp/pavise-trap ]
	run box -v "$BATS_TEST_TMPDIR/shared:/proc/x" "$image" true
	[ "$status" -eq 125 ]
	[[ "$output" == *"the place in the container must be an absolute path other than /, and not in /proc, /sys or /dev"* ]]
}

@test "without a policy nothing unsigned runs, and --allow-unsigned is on record" {
	run pavise run --rm --store "$STORE" "$IMAGE" true
	[ "$status" -eq 125 ]
	[ "${lines[0]}" = "pavise run: $IMAGE is refused: not signed: an image in a file has no trust data" ]
	[ "${lines[1]}" = "pavise run: without a policy only signed images run; --allow-unsigned says otherwise for this once" ]
	grep -q '"event":"refuse".*"code":"not-signed"' "$PAVISE_AUDIT"
	box "$IMAGE" sh -c 'exit 4' || [ $? -eq 4 ]
	grep -q '"event":"admit".*"allow_unsigned":true' "$PAVISE_AUDIT"
	grep -q '"event":"run".*"container":' "$PAVISE_AUDIT"
	grep -q '"event":"exit".*"status":4' "$PAVISE_AUDIT"
}

@test "the policy decides: who, where, with what rights" {
	cat >"$BATS_TEST_TMPDIR/policy.yaml" <<-POLICY
		version: 1
		images:
		  - match: "oci:$BATS_FILE_TMPDIR/*"
		    trust: none
		    profile: narrow
		  - match: "signed.example/**"
		profiles:
		  narrow:
		    capabilities: []
		    mounts: [$BATS_TEST_TMPDIR/allowed]
		    read-only: true
		    user: app
	POLICY
	mkdir "$BATS_TEST_TMPDIR/allowed"
	policy=(--policy "$BATS_TEST_TMPDIR/policy.yaml" --store "$STORE")
	run pavise admit "${policy[@]}" "$IMAGE"
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "$IMAGE is admitted by $BATS_TEST_TMPDIR/policy.yaml:3" ]
	[[ "$output" == *"signed by nobody; the policy asks for nobody"* ]]
	[ "${lines[-1]}" = "profile narrow" ]
	run pavise admit --json "${policy[@]}" "$IMAGE"
	[ "$(jq -c '[.admitted,.line,.profile,.reasons]' <<<"$output")" = '[true,3,"narrow",[]]' ]

	run pavise run --rm "${policy[@]}" -v "$BATS_TEST_TMPDIR/allowed:/tmp" "$IMAGE" \
		sh -c 'id -u; grep CapBnd /proc/self/status; touch /x'
	echo "$output"
	[ "${lines[0]}" = 1000 ]
	[[ "${lines[1]}" == *0000000000000000 ]]
	[[ "${lines[2]}" == *"Read-only file system"* ]]
	run pavise run --rm "${policy[@]}" -v "$BATS_TEST_TMPDIR:/tmp" "$IMAGE" true
	[ "$status" -eq 125 ]
	[ "$output" = "pavise run: the profile 'narrow' does not allow to mount $BATS_TEST_TMPDIR" ]
	run pavise run --rm "${policy[@]}" --profile default "$IMAGE" true
	[ "$status" -eq 125 ]
	[ "$output" = "pavise run: $BATS_TEST_TMPDIR/policy.yaml:3 gives this image the profile 'narrow', not 'default'" ]
	run pavise run --rm "${policy[@]}" --allow-unsigned "$IMAGE" true
	[ "$status" -eq 125 ]
	[ "$output" = "pavise run: $BATS_TEST_TMPDIR/policy.yaml decides what may run unsigned: --allow-unsigned is for a machine without a policy" ]

	"$BATS_TEST_DIRNAME/small-image" "$BATS_TEST_TMPDIR/elsewhere"
	run pavise run --rm "${policy[@]}" "oci:$BATS_TEST_TMPDIR/elsewhere:1" true
	[ "$status" -eq 125 ]
	[ "$output" = "pavise run: oci:$BATS_TEST_TMPDIR/elsewhere:1 is refused: no rule of $BATS_TEST_TMPDIR/policy.yaml is for oci:$BATS_TEST_TMPDIR/elsewhere" ]
	run pavise admit "${policy[@]}" "oci:$BATS_TEST_TMPDIR/elsewhere:1"
	[ "$status" -eq 1 ]
}

@test "a policy that is not in form says where" {
	printf 'version: 1\nimages:\n  - matches: x\n' >"$BATS_TEST_TMPDIR/policy.yaml"
	run pavise run --policy "$BATS_TEST_TMPDIR/policy.yaml" "$IMAGE" true
	[ "$status" -eq 125 ]
	[ "$output" = "pavise run: $BATS_TEST_TMPDIR/policy.yaml:3:5: unknown key 'matches' in a rule" ]
	run pavise run --policy "$BATS_TEST_TMPDIR/none.yaml" "$IMAGE" true
	[ "$status" -eq 125 ]
}

@test "--profile strict gives no capability" {
	run box --profile strict "$IMAGE" grep -E '^Cap(Prm|Eff|Bnd)' /proc/self/status
	[ "$(grep -c 0000000000000000 <<<"$output")" -eq 3 ]
}

@test "system calls that a container does not need are not there" {
	run box "$IMAGE" sh -c 'unshare -U true; unshare -m true; mount -t tmpfs t /tmp; umount /proc; mknod /m c 1 1; hostname x; chown 70000 /tmp; dmesg | head -n 1; cat /proc/kcore | wc -c; echo 1 >/proc/sys/vm/drop_caches; kill -0 1 2; ls /sys/fs/cgroup'
	echo "$output"
	[[ "$output" == *"unshare: unshare(0x10000000): Operation not permitted"* ]]
	[[ "$output" == *"mount: "*"ermission"* || "$output" == *"mount: "*"not permitted"* ]]
	[[ "$output" == *"mknod: /m: Operation not permitted"* ]]
	[[ "$output" == *"hostname: sethostname: Operation not permitted"* ]]
	[[ "$output" == *"chown: /tmp: Invalid argument"* ]]
	[[ "$output" == *"drop_caches: Read-only file system"* ]]
}

@test "an ordinary user gets one clear sentence" {
	# The one capability is for a checkout in a directory that others may not enter.
	run setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps +dac_read_search \
		--ambient-caps +dac_read_search "$PAVISE_BIN/pavise" run --allow-unsigned "$IMAGE" true
	[ "$status" -eq 125 ]
	[ "$output" = "pavise run: containers need root: run this with sudo" ]
}

@test "tar entries that would leave the layer leave nothing" {
	while IFS='|' read -r wanted code; do
		rm -rf "$BATS_TEST_TMPDIR/image"
		image=$(with_layer <<<"$code")
		run pavise run --rm --allow-unsigned --store "$BATS_TEST_TMPDIR/s" "$image" true
		echo "$code: $status: $output"
		[ "$status" -eq 125 ]
		[[ "$output" == *"$wanted"* ]]
		[ -z "$(find "$BATS_TEST_TMPDIR/s/layers" -name '*.tmp')" ]
		[ ! -e "$BATS_TEST_TMPDIR/s/x" ] && [ ! -e "$BATS_TEST_TMPDIR/s/layers/x" ]
	done <<-'CASES'
		..|add("../x", data=b"x")
		..|add("a/../../x", data=b"x")
		hard link|add("h", tarfile.LNKTYPE, linkname="etc/missing")
		..|add("h", tarfile.LNKTYPE, linkname="../../../../etc/shadow")
		65536|add("f", data=b"x", uid=65536)
		not a directory|add("f", data=b"x"); add("f/g", data=b"x")
		symbolic link to nothing|add("l", tarfile.SYMTYPE, linkname="/nowhere"); add("l/g", data=b"x")
	CASES
	# Two layers of each are good and stay; the third never got its name.
	[ "$(ls "$BATS_TEST_TMPDIR/s/layers/sha256" | wc -l)" -eq 2 ]
}

@test "links in a layer lead to places inside it" {
	rm -f /tmp/pavise-escape
	image=$(with_layer <<<'add("tmp", tarfile.DIRTYPE, mode=0o1777)
add("l", tarfile.SYMTYPE, linkname="/tmp")
add("l/pavise-escape", data=b"caught")
add("abs", tarfile.SYMTYPE, linkname="/etc/passwd")')
	run box "$image" sh -c 'cat /tmp/pavise-escape'
	echo "$output"
	[ ! -e /tmp/pavise-escape ]
	[ "$status" -eq 0 ] && [ "$output" = caught ]
}

@test "one flipped byte in a layer is refused, and nothing of it is kept" {
	"$BATS_TEST_DIRNAME/small-image" "$BATS_TEST_TMPDIR/image"
	manifest=$(jq -r '.manifests[0].digest' "$BATS_TEST_TMPDIR/image/index.json" | cut -d: -f2)
	layer=$(jq -r '.layers[0].digest' "$BATS_TEST_TMPDIR/image/blobs/sha256/$manifest" | cut -d: -f2)
	python3 - "$BATS_TEST_TMPDIR/image/blobs/sha256/$layer" <<-'PYTHON'
		import sys
		with open(sys.argv[1], "r+b") as blob:
		    blob.seek(5000)
		    byte = blob.read(1)[0]
		    blob.seek(5000)
		    blob.write(bytes([byte ^ 1]))
	PYTHON
	run pavise run --rm --allow-unsigned --store "$BATS_TEST_TMPDIR/s" "oci:$BATS_TEST_TMPDIR/image:1" true
	[ "$status" -eq 125 ]
	[[ "$output" == "pavise run: layer sha256:$layer: its digest is sha256:"*", expected sha256:$layer; do not use this content; fetch it again from its publisher" ]]
	[ -z "$(ls -A "$BATS_TEST_TMPDIR/s/layers" | grep -v lock)" ]
}

@test "a layer that is not what the configuration says is refused" {
	"$BATS_TEST_DIRNAME/small-image" "$BATS_TEST_TMPDIR/image"
	python3 - "$BATS_TEST_TMPDIR/image" <<-'PYTHON'
		import hashlib, json, sys
		top = sys.argv[1]
		def load(digest):
		    return json.load(open(f"{top}/blobs/sha256/{digest.split(':')[1]}"))
		def store(value):
		    data = json.dumps(value).encode()
		    digest = hashlib.sha256(data).hexdigest()
		    open(f"{top}/blobs/sha256/{digest}", "wb").write(data)
		    return {"digest": "sha256:" + digest, "size": len(data)}
		index = json.load(open(f"{top}/index.json"))
		manifest = load(index["manifests"][0]["digest"])
		config = load(manifest["config"]["digest"])
		config["rootfs"]["diff_ids"].reverse()
		manifest["config"].update(store(config))
		index["manifests"][0].update(store(manifest))
		json.dump(index, open(f"{top}/index.json", "w"))
	PYTHON
	run pavise run --rm --allow-unsigned --store "$BATS_TEST_TMPDIR/s" "oci:$BATS_TEST_TMPDIR/image:1" true
	[ "$status" -eq 125 ]
	[[ "$output" == *"its diff id is sha256:"* ]]
	[ -z "$(ls -A "$BATS_TEST_TMPDIR/s/layers" | grep -v lock)" ]
}

@test "kill -9 in mid-unpack leaves no half layer, and the next run is good" {
	image=$(with_layer <<<'import os
for i in range(3000):
    add(f"many/{i}", data=os.urandom(20000))')
	store="$BATS_TEST_TMPDIR/s"
	killed=0
	for delay in 0.02 0.05 0.1 0.15 0.2 0.3; do
		pavise run --rm --allow-unsigned --store "$store" "$image" true 3>&- &
		pid=$!
		sleep "$delay"
		kill -9 "$pid" 2>/dev/null && killed=$((killed + 1))
		wait "$pid" 2>/dev/null || true
		# What has a name is whole.
		for whole in "$store"/layers/sha256/*/many; do
			[ ! -d "$whole" ] || [ "$(ls "$whole" | wc -l)" -eq 3000 ]
		done
	done
	[ "$killed" -ge 1 ]
	run pavise run --rm --allow-unsigned --store "$store" "$image" sh -c 'ls /many | wc -l'
	[ "$status" -eq 0 ] && [ "$output" -eq 3000 ]
	[ -z "$(ls -d "$store"/layers/*.tmp 2>/dev/null)" ]
	[ -z "$(ls "$store/containers" | grep -v lock)" ]
}

@test "kill -9 of a running one leaves no process, no mount, and is cleaned up by the next" {
	seconds=$((RANDOM + 40000)) # to be found among others
	pavise run --rm --allow-unsigned --store "$STORE" "$IMAGE" sleep "$seconds" 3>&- &
	pid=$!
	for _ in $(seq 100); do
		inner=$(pgrep -fx "sleep $seconds" || true)
		[ -n "$inner" ] && break
		sleep 0.05
	done
	[ -n "$inner" ]
	id=$(ls "$STORE/containers" | grep -v lock)
	kill -9 "$pid"
	wait "$pid" 2>/dev/null || true
	for _ in $(seq 100); do
		grep -q '^State:.[^Z]' "/proc/$inner/status" 2>/dev/null || break
		sleep 0.05
	done
	cat "/proc/$inner/status" 2>/dev/null | head -n 8 || true
	! grep -q '^State:.[^Z]' "/proc/$inner/status" 2>/dev/null
	[ -d "$STORE/containers/$id" ]
	grep -q "$id" /var/lib/pavise/ids.json
	box "$IMAGE" true
	[ ! -e "$STORE/containers/$id" ]
	! grep -q "$id" /var/lib/pavise/ids.json
	[ -z "$(find /sys/fs/cgroup -maxdepth 2 -name "pavise-$id" 2>/dev/null)" ]
}

@test "hostile image configurations are refused" {
	while IFS='|' read -r wanted config; do
		rm -rf "$BATS_TEST_TMPDIR/image"
		"$BATS_TEST_DIRNAME/small-image" "$BATS_TEST_TMPDIR/image" "$config"
		run box "oci:$BATS_TEST_TMPDIR/image:1" sh -c true
		echo "$config: $status: $output"
		[ "$status" -eq 125 ]
		[[ "$output" == *"$wanted"* ]]
	done <<-'CASES'
		the image's WorkingDir is /proc/self/fd/7|{"WorkingDir":"/proc/self/fd/7"}
		user '0/../..'|{"User":"0/../.."}
		user '70000'|{"User":"70000"}
		the image's Env item 0 is not NAME=VALUE|{"Env":["A"]}
		the image's Entrypoint is not a list of strings|{"Entrypoint":"sh"}
	CASES
}
