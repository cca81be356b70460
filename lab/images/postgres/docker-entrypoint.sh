#!/usr/bin/env bash
# Makes a cluster at the first start as the POSTGRES_* variables say, then becomes the given command.
# With an existing cluster none of the variables has an effect.
set -Eeuo pipefail
shopt -s nullglob

fail() { echo "docker-entrypoint.sh: $*" >&2; exit 1; }

# setting NAME [DEFAULT] exports NAME from the environment, from the file that NAME_FILE names, or as the default.
setting() {
  local file_variable="$1_FILE" value="${!1:-${2:-}}"
  if [[ -n "${!file_variable:-}" ]]; then
    [[ -z "${!1:-}" ]] || fail "both $1 and $file_variable are set: set one of them"
    value="$(< "${!file_variable}")"
  fi
  export "$1=$value"
  unset "$file_variable"
}

run_init_files() {
  local file
  local -a sql=(psql -v ON_ERROR_STOP=1 --no-psqlrc --no-password --username "$POSTGRES_USER" --dbname "$POSTGRES_DB")
  for file in /docker-entrypoint-initdb.d/*; do
    echo "docker-entrypoint.sh: running $file"
    # shellcheck disable=SC1090
    case "$file" in
      *.sh) if [[ -x "$file" ]]; then "$file"; else . "$file"; fi ;;
      *.sql) "${sql[@]}" -f "$file" ;;
      *.sql.gz) gunzip -c "$file" | "${sql[@]}" ;;
      *.sql.xz) xzcat "$file" | "${sql[@]}" ;;
      *.sql.zst) zstd -dc "$file" | "${sql[@]}" ;;
      *) echo "docker-entrypoint.sh: ignoring $file" ;;
    esac
  done
}

make_cluster() {
  setting POSTGRES_USER postgres
  setting POSTGRES_DB "$POSTGRES_USER"
  setting POSTGRES_PASSWORD
  setting POSTGRES_INITDB_ARGS
  : "${POSTGRES_HOST_AUTH_METHOD:=}"
  [[ -n "$POSTGRES_PASSWORD" || "$POSTGRES_HOST_AUTH_METHOD" == trust ]] ||
    fail "the superuser has no password: set POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE"

  # shellcheck disable=SC2034 # the line with eval uses it
  local -a wal=()
  # shellcheck disable=SC2034
  [[ -z "${POSTGRES_INITDB_WALDIR:-}" ]] || wal=(--waldir "$POSTGRES_INITDB_WALDIR")
  # The arguments come as one string with shell quoting.
  eval 'initdb --username="$POSTGRES_USER" --pwfile=<(printf "%s\n" "$POSTGRES_PASSWORD") "${wal[@]}" '"$POSTGRES_INITDB_ARGS"
  local method="${POSTGRES_HOST_AUTH_METHOD:-$(postgres -C password_encryption "${@:2}")}"
  printf '\nhost all all all %s\n' "$method" >> "$PGDATA/pg_hba.conf"

  # Nobody may connect over the network before the init files are done.
  local -a arguments=("${@:2}" -c listen_addresses= -p "${PGPORT:-5432}")
  PGUSER="$POSTGRES_USER" pg_ctl -w start -o "$(printf '%q ' "${arguments[@]}")"
  export PGPASSWORD="$POSTGRES_PASSWORD"
  if [[ "$POSTGRES_DB" != postgres ]]; then
    psql -v ON_ERROR_STOP=1 --no-psqlrc --username "$POSTGRES_USER" --dbname postgres -v db="$POSTGRES_DB" <<< 'CREATE DATABASE :"db";'
  fi
  run_init_files
  pg_ctl -w -m fast stop
  unset PGPASSWORD
}

[[ "${1:-}" != -* ]] || set -- postgres "$@"
[[ "${1:-}" == postgres ]] || exec "$@"
for argument in "${@:2}"; do
  case "$argument" in -'?' | --help | --describe-config | -V | --version) exec "$@" ;; esac
done

if ((PG_MAJOR >= 18)) && { grep -q ' /var/lib/postgresql/data ' /proc/self/mountinfo || [[ -s /var/lib/postgresql/data/PG_VERSION ]]; }; then
  fail "from version 18 on the volume belongs on /var/lib/postgresql, not on /var/lib/postgresql/data"
fi
if [[ "$(id -u)" == 0 ]]; then
  install -d -o postgres -g postgres -m 3775 /run/postgresql
  install -d -o postgres -g postgres -m 700 "$PGDATA"
  find "$PGDATA" /run/postgresql \! -user postgres -exec chown postgres '{}' +
  exec gosu postgres "${BASH_SOURCE[0]}" "$@"
fi
mkdir -p "$PGDATA"
chmod 700 "$PGDATA" || true # not ours to change when another uid is used
[[ -s "$PGDATA/PG_VERSION" ]] || make_cluster "$@"
exec "$@"
