#!/bin/sh
# Brings the accounts of Redis to those of users.acl: accounts HOST
# It logs in with whichever of the passwords is valid: one of both slots, or that of a first start. Whoever is connected stays so.
while IFS= read -r REDISCLI_AUTH; do
	export REDISCLI_AUTH
	[ "$(redis-cli -h "$1" ping 2>/dev/null)" = PONG ] || continue
	answers=$({ sed 's/^user /ACL SETUSER /' /etc/platform/users.acl && echo 'ACL SAVE'; } | redis-cli -h "$1")
	[ -n "$answers" ] && ! echo "$answers" | grep -qv '^OK$' && exit 0
	echo "Redis answered: $answers" >&2
	exit 1
done </etc/platform/passwords
echo "Redis lets nobody in: neither slot's password is valid, nor that of a first start" >&2
exit 1
