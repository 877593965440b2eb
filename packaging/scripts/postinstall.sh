#!/bin/sh
# After the files are there: the user, its directories, the service. Packages
# of both kinds run it: dpkg with "configure" and the version before, if any;
# rpm with the number of versions that are installed now.
set -e

first=no
case "$1" in
  configure) [ -n "$2" ] || first=deb ;;
  1) first=rpm ;;
  2) ;;
  *) exit 0 ;;
esac

getent group gibson >/dev/null || groupadd --system gibson
getent passwd gibson >/dev/null || useradd --system --gid gibson --home-dir /var/lib/gibson --no-create-home \
  --shell /usr/sbin/nologin --comment "Gibson cache" gibson

# systemd makes these by itself; others start the server as well.
install -d -o gibson -g gibson -m 0750 /var/lib/gibson /var/log/gibson
install -d -o gibson -g gibson -m 0755 /run/gibson

command -v systemctl >/dev/null || exit 0
# Where systemd does not run, units can still be enabled for the next start.
running=no
if [ -d /run/systemd/system ]; then running=yes; fi
try() { systemctl "$@" || echo "gibson: systemctl $* failed; the package is installed all the same" >&2; }

if [ $running = yes ]; then try daemon-reload; fi
case "$first" in
  deb)
    try enable gibson.service
    if [ $running = yes ]; then try start gibson.service; fi
    ;;
  rpm) try preset gibson.service ;; # the administrator starts it
  no) if [ $running = yes ]; then try try-restart gibson.service; fi ;;
esac
