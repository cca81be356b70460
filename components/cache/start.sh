#!/bin/sh
# Redis, with its accounts on the data volume, where accounts.sh keeps them: a new password is no new configuration, and nobody is cut off.
# A first start has those that let accounts.sh in.
[ -e /data/users.acl ] || cp /etc/platform/users.acl /data/users.acl
exec "$@"
