#!/bin/sh
# Health check of every container: health LIMIT TIMEOUT COMMAND...
# COMMAND exits 0: healthy. 1: alive, but not ready: unhealthy, left alone. Anything else, or no end within TIMEOUT seconds:
# no answer. After LIMIT of these in a row every process but the first is killed, so that the restart policy acts, which
# Docker does not do by itself; never before the container has been healthy once, as a start may take long.
# The count is kept as empty files: they need no space, and a full /tmp is one of the things that make a container hang.
limit=$1 timeout=$2
shift 2

timeout -k 1 "$timeout" "$@"
code=$?
if [ $code -le 1 ]; then
	rm -f /tmp/.health-missed-*
	[ $code -eq 1 ] || : >/tmp/.health-was-ready
	exit $code
fi

[ -e /tmp/.health-was-ready ] || exit 1
missed=1
while [ -e /tmp/.health-missed-$missed ]; do missed=$((missed + 1)); done
: >/tmp/.health-missed-$missed
echo "no answer, $missed of $limit"
[ $missed -ge "$limit" ] || exit 1
rm -f /tmp/.health-*
kill -CONT 1 # a stopped init would not notice that its child has ended
kill -KILL -1 # which spares the caller
exit 1
