#!/bin/sh
# Redis, with its accounts on the data volume, where accounts.sh keeps them: a new password is no new configuration, and nobody is cut off.
# A first start has an account for accounts.sh and one for the health check; that of accounts.sh is brought along by every start.
set -e
given=/etc/platform/users.acl kept=/data/users.acl
if [ -e $kept ]; then
	{ grep -v '^user accounts ' $kept && grep '^user accounts ' $given; } >$kept.new
	mv $kept.new $kept
else
	cp $given $kept
fi
exec "$@"
