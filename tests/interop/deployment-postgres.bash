# The same deployment as Harbor 2.8 and older has it: databases notaryserver and notarysigner in one
# PostgreSQL, keys under the alias defaultalias. Load it after deployment; $deployment is of its own.
signer_alias=defaultalias

# start_database: sets postgres_url, which names no database, and makes `pavise` beside Notary's two.
start_database() {
	local name
	postgres_url=$("$PAVISE_SOURCE/tests/postgres" start "$deployment")
	postgres_url=${postgres_url%/pavise}
	for name in server signer; do
		psql -X -q "$postgres_url/postgres" -c "CREATE DATABASE notary$name"
		psql -X -q "$postgres_url/notary$name" -f "$PAVISE_SOURCE/tests/data/notary-$name-postgres.sql"
	done
}

storage_of() {
	echo "\"backend\": \"postgres\", \"db_url\": \"$postgres_url/$1?sslmode=disable\""
}

stop_deployment() {
	local name
	for name in server signer; do end_process "$name"; done
	"$PAVISE_SOURCE/tests/postgres" stop "$deployment"
}
