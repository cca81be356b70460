#!/bin/sh
# Runs what lies in /docker-entrypoint.d before nginx starts: executable *.sh as programs, executable *.envsh into this shell.
set -e

say() { [ -n "${NGINX_ENTRYPOINT_QUIET_LOGS:-}" ] || echo "$0: $*"; }

case "${1:-}" in
  nginx | nginx-debug)
    for file in $(find /docker-entrypoint.d -follow -type f | sort -V); do
      if [ ! -x "$file" ]; then say "ignoring $file: it is not executable"; continue; fi
      # shellcheck disable=SC1090
      case "$file" in
        *.envsh) say "reading $file"; . "$file" ;;
        *.sh) say "running $file"; "$file" ;;
        *) say "ignoring $file" ;;
      esac
    done
    ;;
esac
exec "$@"
