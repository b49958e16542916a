# Debian's docker-registry for tests; load it after helper, and end what was started with stop_started.
started=()

# start_registry [HTPASSWD]: sets $registry, "127.0.0.1:PORT", $storage and $registry_config.
start_registry() {
	local port
	port=$(free_port)
	registry="127.0.0.1:$port"
	storage="$BATS_TEST_TMPDIR/storage-$port"
	registry_config="$BATS_TEST_TMPDIR/registry-$port.yml"
	cat >"$registry_config" <<-END
		version: 0.1
		storage:
		  filesystem:
		    rootdirectory: $storage
		  delete:
		    enabled: true
		http:
		  addr: $registry
	END
	[ -z "${1:-}" ] || echo "auth: { htpasswd: { realm: test, path: $1 } }" >>"$registry_config"
	restart_registry
}

# restart_registry: the same one, after it was ended.
restart_registry() {
	docker-registry serve "$registry_config" >"$registry_config.log" 2>&1 3>&- &
	started+=($!)
	for _ in $(seq 200); do
		(exec 4<>"/dev/tcp/127.0.0.1/${registry##*:}") 2>/dev/null && return 0
		sleep 0.1
	done
	cat "$registry_config.log"
	return 1
}

stop_started() {
	local pid
	for pid in "${started[@]}"; do
		kill "$pid" 2>/dev/null || true
	done
}
