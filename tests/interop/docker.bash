# A private Docker engine, a registry and Debian's notary-server for a bats file: everything in
# scratch directories, on loopback and free ports, and ended with all it left behind. The engine has
# no bridge and no iptables, so that it changes nothing of the machine's network. Load it after
# helper and service.

# One engine and one registry for all tests of a file. A file that needs more at its start has a
# setup_file of its own, which calls start_docker.
setup_file() {
	start_docker
}

teardown_file() {
	stop_docker
}

start_docker() {
	engine_allowed >/dev/null || return 0
	start_engine "$BATS_FILE_TMPDIR/engine"
	start_docker_registry "$BATS_FILE_TMPDIR/registry"
	export registry
}

stop_docker() {
	stop_process "$BATS_FILE_TMPDIR/registry"
	stop_engine "$BATS_FILE_TMPDIR/engine"
}

# engine_allowed: whether an engine can be started here; otherwise says why not.
engine_allowed() {
	local missing=
	for peer in dockerd containerd docker-registry notary-server; do
		command -v $peer >/dev/null || missing="$missing $peer"
	done
	if [ -n "$missing" ]; then
		echo "peers are missing:$missing; run ./deps.sh check" >&2
		return 2
	fi
	[ "$(id -u)" -eq 0 ] || { echo "a Docker engine needs root"; return 1; }
	unshare --mount true 2>/dev/null || { echo "a Docker engine needs root that may mount"; return 1; }
}

# require_engine: in a test or setup; skips where root does not allow an engine.
require_engine() {
	local reason status=0
	reason=$(engine_allowed) || status=$?
	[ "$status" -ne 2 ] || return 1
	[ "$status" -eq 0 ] || skip "$reason"
}

# docker_clients: every docker client on PATH, one a line.
docker_clients() {
	local path
	type -aP docker | while read -r path; do realpath "$path"; done | sort -u
}

# client_major CLIENT: "20", "28" …
client_major() {
	"$1" --version | sed -n 's/.*version \([0-9]*\)\..*/\1/p'
}

# start_engine DIR: sets and exports DOCKER_HOST.
start_engine() {
	local dir=$1 i
	mkdir -p "$dir/data" "$dir/exec"
	cat >"$dir/daemon.json" <<-'JSON'
		{"bridge": "none", "iptables": false, "ip-forward": false, "storage-driver": "vfs",
		 "exec-opts": ["native.cgroupdriver=cgroupfs"],
		 "default-ulimits": {"nofile": {"Name": "nofile", "Soft": 1024, "Hard": 4096}}}
	JSON
	export DOCKER_HOST="unix://$dir/docker.sock"
	dockerd --config-file "$dir/daemon.json" --data-root "$dir/data" --exec-root "$dir/exec" \
		--pidfile "$dir/docker.pid" --host "$DOCKER_HOST" >"$dir/log" 2>&1 3>&- &
	echo $! >"$dir/pid"
	for i in $(seq 600); do
		"$(docker_clients | head -1)" version >/dev/null 2>&1 && return 0
		kill -0 "$(cat "$dir/pid")" 2>/dev/null || break
		sleep 0.1
	done
	echo "dockerd does not start:" >&2
	tail -20 "$dir/log" >&2
	return 1
}

# gone PID: waits until it has ended, 30 s at most.
gone() {
	local i
	for i in $(seq 300); do
		kill -0 "$1" 2>/dev/null || return 0
		# What was started here and has ended waits to be asked for.
		[ "$(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -c1)" != Z ] || return 0
		sleep 0.1
	done
	return 1
}

# stop_engine DIR: ends containers, engine and its containerd, and takes their mounts away.
stop_engine() {
	local dir=$1 pid left client
	[ -f "$dir/pid" ] || return 0
	pid=$(cat "$dir/pid")
	client=$(docker_clients | head -1)
	if kill -0 "$pid" 2>/dev/null && [ -n "$client" ]; then
		left=$("$client" ps -aq 2>/dev/null) || true
		# shellcheck disable=SC2086  # a list of ids
		[ -z "$left" ] || "$client" rm -f $left >/dev/null 2>&1 || true
	fi
	kill "$pid" 2>/dev/null || true
	gone "$pid" || kill -KILL "$pid" 2>/dev/null || true
	[ ! -f "$dir/exec/containerd/containerd.pid" ] ||
		kill "$(cat "$dir/exec/containerd/containerd.pid")" 2>/dev/null || true
	awk -v dir="$dir/" 'index($5, dir) == 1 { print $5 }' /proc/self/mountinfo | sort -r |
		while read -r left; do umount -l "$left" 2>/dev/null || true; done
	rm -rf "$dir"
}

# start_docker_registry DIR [HTPASSWD]: sets registry, "127.0.0.1:PORT".
start_docker_registry() {
	local dir=$1 port
	mkdir -p "$dir"
	port=$(free_port)
	registry=127.0.0.1:$port
	cat >"$dir/registry.yml" <<-YAML
		version: 0.1
		log: {level: error}
		storage: {filesystem: {rootdirectory: $dir/data}, delete: {enabled: true}}
		http: {addr: "$registry"}
	YAML
	[ -z "${2:-}" ] || echo "auth: {htpasswd: {realm: test, path: $2}}" >>"$dir/registry.yml"
	docker-registry serve "$dir/registry.yml" >"$dir/log" 2>&1 3>&- &
	echo $! >"$dir/pid"
	wait_for_port "$port" "$dir/log"
}

# start_notary_memory DIR CERTIFICATE KEY: Debian's notary-server; sets notary_server.
start_notary_memory() {
	local dir=$1 port
	mkdir -p "$dir"
	port=$(free_port)
	notary_server=https://127.0.0.1:$port
	cat >"$dir/config.json" <<-JSON
		{"server": {"http_addr": "127.0.0.1:$port", "tls_cert_file": "$2", "tls_key_file": "$3"},
		 "trust_service": {"type": "local", "hostname": "", "port": "", "key_algorithm": "ecdsa"},
		 "logging": {"level": "error"}, "storage": {"backend": "memory"}}
	JSON
	notary-server -config "$dir/config.json" >"$dir/log" 2>&1 3>&- &
	echo $! >"$dir/pid"
	wait_for_port "$port" "$dir/log"
}

wait_for_port() {
	local i
	for i in $(seq 300); do
		(exec 4<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return 0
		sleep 0.1
	done
	cat "$2" >&2
	return 1
}

# stop_process DIR: what the two above started.
stop_process() {
	[ -f "$1/pid" ] || return 0
	kill "$(cat "$1/pid")" 2>/dev/null || true
	gone "$(cat "$1/pid")" || true
	rm -f "$1/pid"
}

# docker_home DIR SERVER CA: a DOCKER_CONFIG that trusts SERVER's authority, and content trust
# pointed at it.
docker_home() {
	export DOCKER_CONFIG=$1 DOCKER_CONTENT_TRUST_SERVER=$2
	mkdir -p "$DOCKER_CONFIG/tls/${2#https://}"
	cp "$3" "$DOCKER_CONFIG/tls/${2#https://}/ca.crt"
}

# load_image CLIENT NAME [WORD]: an image of busybox and a file with WORD in the engine.
load_image() {
	local tree
	tree=$(mktemp -d "$BATS_TEST_TMPDIR/image.XXXXXX")
	mkdir -p "$tree/bin" "$tree/etc"
	cp /bin/busybox "$tree/bin/busybox"
	ln -s busybox "$tree/bin/cat"
	ln -s busybox "$tree/bin/sh"
	echo "${3:-word}" >"$tree/etc/word"
	tar -C "$tree" -c . | "$1" import --change 'CMD ["cat", "/etc/word"]' - "$2" >/dev/null
}

# as WHO SERVER CA: from now on `docker` is $client with the configuration of WHO, and SERVER its trust
# server; $repo is a repository that all with this client share.
as() {
	major=$(client_major "$client")
	repo=$registry/lab/app$major
	docker_home "$BATS_TEST_TMPDIR/$1$major" "$2" "$3"
}

# docker ARGUMENT…: the client that is tested, once as() has named it.
docker() {
	"$client" "$@"
}

# pull TAG WORD: with content trust, from nothing; what is in it is WORD.
pull() {
	local ids
	ids=$(docker images -q "$repo" | sort -u)
	# shellcheck disable=SC2086  # a list of ids
	[ -z "$ids" ] || docker rmi -f $ids >/dev/null
	DOCKER_CONTENT_TRUST=1 docker pull "$repo:$1"
	run -0 docker run --rm "$repo:$1"
	[[ "$output" == *"$2" ]]
}
