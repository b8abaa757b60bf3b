#!/bin/sh
# Writes the secrets of docker-compose.yaml into secrets/, where only their owner can read them. Files
# that are there stay; an empty nyt_api_key gets the key from NYT_API_KEY or .env.
set -eu
umask 077
cd "$(dirname "$0")/.."
mkdir -p secrets
chmod 700 secrets

for name in postgres_password pipeline_password pgadmin_password; do
    [ -s "secrets/$name" ] || od -An -N24 -tx1 /dev/urandom | tr -d ' \n' > "secrets/$name"
done

if [ ! -s secrets/nyt_api_key ]; then
    key=${NYT_API_KEY:-$(sed -n 's/^ *\(export  *\)\{0,1\}NYT_API_KEY *= *//p' .env 2> /dev/null | tail -n 1)}
    printf '%s' "$key" | sed 's/ *#.*//' | tr -d "\"' \r\n" > secrets/nyt_api_key
    [ -s secrets/nyt_api_key ] || echo "secrets/nyt_api_key is empty: write your key into it, or set \
NYT_API_KEY in .env and repeat \`make secrets\`; until then the flows load the sample only" >&2
fi

# For people and programs on this host: PGPASSFILE=secrets/pgpass.
printf '*:*:news:news:%s\n*:*:news:news_pipeline:%s\n' \
    "$(cat secrets/postgres_password)" "$(cat secrets/pipeline_password)" > secrets/pgpass
chmod 600 secrets/*
