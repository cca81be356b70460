#!/bin/sh
# Brings the accounts of the running Redis to those of users.acl: accounts HOST. Whoever is connected stays so.
REDISCLI_AUTH=$(cat /etc/platform/password)
export REDISCLI_AUTH
answers=$({ sed 's/^user /ACL SETUSER /' /etc/platform/users.acl && echo 'ACL SAVE'; } | redis-cli --user accounts -h "$1" 2>&1)
[ -n "$answers" ] && ! echo "$answers" | grep -qv '^OK$' && exit 0
echo "Redis answered: $answers" >&2
exit 1
