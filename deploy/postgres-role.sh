#!/bin/sh
# Run once by the container of PostgreSQL: the role that serves. It owns nothing; `zhengji init` gives it its rights.
set -eu

psql --set=ON_ERROR_STOP=1 --set=password="$ZHENGJI_DATABASE_PASSWORD" --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
create role zhengji login password :'password';
SQL
