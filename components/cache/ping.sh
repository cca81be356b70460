#!/bin/sh
# Health of Redis by an account that may only PING: 0 answers, 1 still loads its file, 2 no answer.
case $(redis-cli --no-auth-warning --user health --pass health ping 2>&1) in
PONG) exit 0 ;;
LOADING* | BUSY*) exit 1 ;;
*) exit 2 ;;
esac
