#!/bin/sh
# Runs redis-server as the redis user, with options or a configuration file as the only arguments if so given.
set -e

case "${1:-}" in
  -* | *.conf) set -- redis-server "$@" ;;
esac
[ "${1:-}" = redis-server ] || exec "$@"

if [ "$(umask)" = 0022 ]; then umask 0077; fi
if [ "$(id -u)" = 0 ]; then
  find . \! -user redis -exec chown redis '{}' +
  exec setpriv --reuid redis --regid redis --clear-groups "$0" "$@"
fi

# The official build has protected mode off unless configured; without a configuration file this does the same.
case "${2:-}" in
  *.conf | -v | --version | -h | --help | --test-memory | --check-system) ;;
  *) shift; set -- redis-server --protected-mode no "$@" ;;
esac
exec "$@"
