#!/usr/bin/env bash
# PostgreSQL and Redis for tests, from the distribution's packages; missing ones are installed where that is allowed.
#
#   services.sh postgres FOLDER PORT   runs one in the foreground, with its data in the folder (made at its first start)
#   services.sh redis FOLDER PORT      the same
#   services.sh share NAME FOLDER      starts one in the background, once for all that ask, and prints its port
#   services.sh faketime               prints the library that lends a program another clock
set -euo pipefail

fail() { echo "services.sh: $1" >&2; exit 1; }

# Installs a package if it is not there and this is root; others at a time wait.
need() { # COMMAND PACKAGE
  "$1" >/dev/null 2>&1 && return
  [ "$(id -u)" = 0 ] || fail "$2 is not installed (apt-get install $2)"
  {
    flock 9
    "$1" >/dev/null 2>&1 || {
      export DEBIAN_FRONTEND=noninteractive
      # Installed to be run by tests, not by the system.
      apt-get install -y -qq --no-install-recommends "$2" >/dev/null 2>&1 ||
        { apt-get update -qq && apt-get install -y -qq --no-install-recommends "$2"; } >/dev/null 2>&1 ||
        fail "$2 cannot be installed"
    }
  } 9>"${TMPDIR:-/tmp}/stitch-services.lock"
}

postgres_programs() {
  local found
  found=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
  [ -n "$found" ] || found=$(dirname "$(command -v postgres)") || return 1
  [ -x "$found/initdb" ] && echo "$found"
}
redis_program() { command -v redis-server || command -v valkey-server; }
faketime_library() { ls /usr/lib/*/faketime/libfaketime.so.1 2>/dev/null | grep . ; }

# The database refuses to run as root.
humbly() {
  if [ "$(id -u)" != 0 ]; then exec "$@"; fi
  local user=nobody
  id postgres >/dev/null 2>&1 && user=postgres
  exec setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups "$@"
}

run_postgres() { # FOLDER PORT
  need postgres_programs postgresql
  local programs folder=$1
  programs=$(postgres_programs)
  mkdir -p "$folder"
  if [ "$(id -u)" = 0 ]; then chown "$(id postgres >/dev/null 2>&1 && echo postgres || echo nobody)" "$folder"; fi
  (humbly test -w "$folder") || fail "$folder cannot be reached by the user that runs the database"
  cd "$folder"
  if [ ! -e "$folder/PG_VERSION" ]; then
    (humbly "$programs/initdb" -D "$folder" -U postgres -A trust -E UTF8 --locale=C --no-sync --no-instructions) >&2
  fi
  humbly "$programs/postgres" -D "$folder" -p "$2" -c listen_addresses=127.0.0.1 -c unix_socket_directories= \
    -c shared_buffers=32MB -c max_connections=60
}

run_redis() { # FOLDER PORT
  need redis_program redis-server
  mkdir -p "$1"
  exec "$(redis_program)" --port "$2" --bind 127.0.0.1 --dir "$1" --save "" --appendonly no
}

share() { # NAME FOLDER
  mkdir -p "$2"
  exec 8>"$2/lock"
  flock 8
  local port
  port=$(cat "$2/port" 2>/dev/null || echo 0)
  if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
    port=$((20000 + RANDOM % 10000))
    setsid "$0" "$1" "$2/data" "$port" >"$2/log" 2>&1 8>&- </dev/null &
    for _ in $(seq 300); do
      (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
      sleep 0.1
    done
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { cat "$2/log" >&2; fail "$1 does not start"; }
    echo "$port" >"$2/port"
  fi
  echo "$port"
}

case "${1:-}" in
  postgres) run_postgres "$2" "$3" ;;
  redis) run_redis "$2" "$3" ;;
  share) share "$2" "$3" ;;
  faketime) need faketime_library libfaketime; faketime_library ;;
  *) fail "see its head" ;;
esac
