#!/bin/sh
exec grafana server "$@"
