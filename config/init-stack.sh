#!/bin/sh
# Runs as root in the container `init`: copies each container's secrets into the volume that it reads,
# for its user alone, and creates the login of the flows.
set -eu
secrets=/run/secrets
target=/run/news-growth
flows=10001 # the user of our image
pgadmin=5050

chown $flows:$flows /var/lib/news-growth
chown 0:0 $target
chmod 711 $target
# libpq ignores a password file that others can read.
printf 'postgres:5432:news:news_pipeline:%s\n' "$(cat $secrets/pipeline_password)" \
    | install -o $flows -g $flows -m 400 /dev/stdin $target/pgpass
install -o $flows -g $flows -m 400 $secrets/nyt_api_key $target/nyt_api_key
install -o $pgadmin -g 0 -m 400 $secrets/pgadmin_password $target/pgadmin_password

PGPASSWORD=$(cat $secrets/postgres_password)
export PGPASSWORD
warehouse roles
exec warehouse psql -- --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --file=config/pipeline-login.sql
