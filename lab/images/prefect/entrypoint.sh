#!/bin/bash
# Installs EXTRA_PIP_PACKAGES, if any are named, and becomes the given command, or a login shell without one.
set -e

if [ -n "$EXTRA_PIP_PACKAGES" ]; then
  # shellcheck disable=SC2086
  uv pip install --system $EXTRA_PIP_PACKAGES
fi
[ "$#" -gt 0 ] || set -- bash --login
exec "$@"
