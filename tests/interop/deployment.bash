# A deployment of Notary as people run it, for tests: MariaDB with both schemas, notary-signer and
# notary-server with mutual TLS between them. Load it after helper and service. It lives in
# $deployment, a directory that the caller names, and ends with stop_deployment. With
# deployment-postgres loaded after it, the database is PostgreSQL.

# start_deployment: sets notary_url; the programs' ids are files in $deployment.
start_deployment() {
	mkdir -p "$deployment"
	reach "$deployment"
	"$PAVISE_SOURCE/tests/make-pki" "$deployment/pki"
	start_database
	local signer_port server_port pki=$deployment/pki
	signer_port=$(free_port)
	cat >"$deployment/signer.json" <<-JSON
		{"server": {"grpc_addr": "127.0.0.1:$signer_port", "tls_cert_file": "$pki/signer.crt",
		  "tls_key_file": "$pki/signer.key", "client_ca_file": "$pki/ca.crt"},
		 "logging": {"level": "error"}, "storage": {"default_alias": "$signer_alias",
		  $(storage_of notarysigner)}}
	JSON
	local -x "NOTARY_SIGNER_${signer_alias^^}=$signer_passphrase"
	notary_process signer "$signer_port"
	server_port=$(free_port)
	cat >"$deployment/server.json" <<-JSON
		{"server": {"http_addr": "127.0.0.1:$server_port", "tls_cert_file": "$pki/signer.crt",
		  "tls_key_file": "$pki/signer.key"},
		 "trust_service": {"type": "remote", "hostname": "127.0.0.1", "port": "$signer_port",
		  "key_algorithm": "ecdsa", "tls_ca_file": "$pki/ca.crt", "tls_client_cert": "$pki/service.crt",
		  "tls_client_key": "$pki/service.key"},
		 "logging": {"level": "error"}, "storage": {$(storage_of notaryserver)}}
	JSON
	notary_process server "$server_port"
	notary_url=https://127.0.0.1:$server_port
}

signer_alias=first # share_deployment: in setup_file; one for all tests of the file, which use it with use_deployment.
share_deployment() {
	export deployment=$BATS_FILE_TMPDIR/deployment
	start_deployment
	export notary_url
}

# use_deployment: server, ca and options name it, as start_service does of ours.
use_deployment() {
	server=$notary_url
	ca=$deployment/pki/ca.crt
	options=(--server "$server" --tlscacert "$ca")
}

signer_passphrase='the signer passphrase'

# notary_process NAME PORT: starts notary-NAME and waits until it listens.
notary_process() {
	"notary-$1" -config "$deployment/$1.json" >"$deployment/$1.log" 2>&1 3>&- &
	echo $! >"$deployment/$1.pid"
	wait_for_port "$2"
}

wait_for_port() {
	local i
	for i in $(seq 300); do
		(exec 4<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return 0
		sleep 0.1
	done
	echo "nothing listens on port $1" >&2
	return 1
}

# MariaDB gives root up: the directories above its own must let it pass.
reach() {
	local above=$1
	while [ "$above" != / ] && [ "$above" != "$(realpath "${TMPDIR:-/tmp}")" ]; do
		chmod o+x "$above"
		above=$(dirname "$above")
	done
}

# storage_of DATABASE: the rest of the object "storage" in the configuration.
storage_of() {
	echo "\"backend\": \"mysql\", \"db_url\": \"notary@tcp(127.0.0.1:$mariadb_port)/$1?parseTime=true\""
}

# start_database: sets mariadb_port; the user notary may do all, without a password.
start_database() {
	local user=()
	[ "$(id -u)" -ne 0 ] || user=(--user=mysql)
	mariadb-install-db --no-defaults --datadir="$deployment/mariadb" --skip-test-db \
		--auth-root-authentication-method=normal "${user[@]}" >"$deployment/mariadb.log" 2>&1
	mariadb_port=$(free_port)
	mariadbd --no-defaults --datadir="$deployment/mariadb" --port="$mariadb_port" "${user[@]}" \
		--bind-address=127.0.0.1 --socket="$deployment/mariadb/socket" --innodb-flush-log-at-trx-commit=0 \
		--innodb-buffer-pool-size=32M --performance-schema=off >>"$deployment/mariadb.log" 2>&1 3>&- &
	echo $! >"$deployment/mariadb.pid"
	wait_for_port "$mariadb_port"
	{
		echo "CREATE DATABASE notaryserver; USE notaryserver;"
		cat "$PAVISE_SOURCE/tests/data/notary-server.sql"
		echo "CREATE DATABASE notarysigner; USE notarysigner;"
		cat "$PAVISE_SOURCE/tests/data/notary-signer.sql"
		echo "CREATE USER notary@'127.0.0.1'; GRANT ALL ON *.* TO notary@'127.0.0.1';"
	} | sql
}

# sql [ARGUMENT…]: statements on standard input, as MariaDB's root.
sql() {
	mariadb --no-defaults --socket="$deployment/mariadb/socket" -uroot -N -B "$@"
}

# dump DATABASE: what mysqldump prints of it.
dump() {
	mariadb-dump --no-defaults --socket="$deployment/mariadb/socket" -uroot "$@"
}

# fill_deployment COUNT [PREFIX]: repositories with two delegations each and keys rotated, by Debian's
# notary, whose directory is $deployment/client.
fill_deployment() {
	local i gun
	[ -f "$deployment/pki/delegate.crt" ] ||
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=delegate -days 30 \
			-keyout "$deployment/pki/delegate.key" -out "$deployment/pki/delegate.crt" 2>/dev/null
	as_notary key import "$deployment/pki/delegate.key" --role delegate >/dev/null
	echo content >"$deployment/content"
	for i in $(seq "$1"); do
		gun=${2:-registry.example/team/app}$i
		as_notary init -p "$gun" >/dev/null
		as_notary key rotate "$gun" snapshot -r >/dev/null
		as_notary delegation add -p "$gun" targets/releases "$deployment/pki/delegate.crt" --all-paths >/dev/null
		as_notary delegation add -p "$gun" targets/delegate "$deployment/pki/delegate.crt" --all-paths >/dev/null
		as_notary add -p "$gun" v1 "$deployment/content" >/dev/null
		as_notary add -p -r targets/releases,targets/delegate "$gun" v2 "$deployment/content" >/dev/null
		as_notary key rotate "$gun" targets >/dev/null
		as_notary key rotate "$gun" timestamp -r >/dev/null
	done
}

# as_notary ARGUMENT…: Debian's notary against $notary_url.
as_notary() {
	notary -s "$notary_url" --tlscacert "${notary_ca:-$deployment/pki/ca.crt}" -d "$deployment/client" "$@"
}

# end_process NAME: one of server, signer, mariadb.
end_process() {
	local pid
	[ -f "$deployment/$1.pid" ] || return 0
	pid=$(cat "$deployment/$1.pid")
	rm -f "$deployment/$1.pid"
	kill "$pid" 2>/dev/null || return 0
	while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
}

stop_deployment() {
	local name
	for name in server signer mariadb; do end_process "$name"; done
}
