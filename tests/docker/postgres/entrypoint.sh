#!/bin/sh
set -eu
as_app() { setpriv --reuid=10001 --regid=10001 --clear-groups "$@"; }
mkdir -p "$PGDATA"
chown -R 10001:10001 "$PGDATA"
chmod 700 "$PGDATA"
cd "$PGDATA"
if [ ! -s PG_VERSION ]; then
    # As the official image does, the password goes by a file that only the entrypoint reads.
    install -o 10001 -m 400 "$POSTGRES_PASSWORD_FILE" /tmp/password
    # shellcheck disable=SC2086 # several arguments
    as_app initdb --pgdata=. --username="$POSTGRES_USER" --pwfile=/tmp/password \
        --auth-host=scram-sha-256 --auth-local=trust $POSTGRES_INITDB_ARGS > /dev/null
    rm /tmp/password
    echo 'host all all all scram-sha-256' >> pg_hba.conf
    as_app pg_ctl -D . -o "-c listen_addresses= -k /tmp" -w start > /dev/null
    as_app createdb --host=/tmp --username="$POSTGRES_USER" "$POSTGRES_DB"
    as_app pg_ctl -D . -m fast -w stop > /dev/null
fi
exec setpriv --reuid=10001 --regid=10001 --clear-groups postgres -D . -c 'listen_addresses=*' -k /tmp
