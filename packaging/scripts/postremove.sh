#!/bin/sh
# After the files are gone. Only dpkg's purge takes what the server wrote and
# its user, too.
set -e

case "$1" in
  purge | 0) rm -f /etc/systemd/system/multi-user.target.wants/gibson.service /etc/systemd/system/sockets.target.wants/gibson.socket ;;
esac
if [ "$1" = purge ]; then
  rm -rf /var/lib/gibson /var/log/gibson /run/gibson
  if getent passwd gibson >/dev/null; then
    userdel gibson || echo "gibson: the user gibson stays" >&2
  fi
  if getent group gibson >/dev/null; then
    groupdel gibson || echo "gibson: the group gibson stays" >&2
  fi
fi
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload || echo "gibson: systemd still knows the units" >&2
fi
