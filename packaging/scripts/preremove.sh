#!/bin/sh
# Before the files go: the service ends. An upgrade restarts it afterwards.
set -e

case "$1" in
  remove | 0) ;;
  *) exit 0 ;;
esac
if [ -d /run/systemd/system ]; then
  systemctl stop gibson.socket gibson.service || echo "gibson: the service could not be stopped" >&2
fi
