# For scripts that ask a server of this tree. To be sourced in bash, with $work set: a folder for what they leave behind.
# It sets $run, a folder that is gone when the script ends, and $stitch, the program.
stitch=${CARGO_TARGET_DIR:-$PWD/target}/debug/stitch-server
server=
run=$(mktemp -d "$work/run.XXXXXX") || exit 1
trap 'stop; rm -rf "$run"' EXIT
trap 'exit 1' INT TERM

fail() { echo "$*" >&2; exit 1; }

# build: the program.
build() { cargo build --quiet --locked -p stitch-server || fail "the server does not build"; }

# serve ARGUMENT …: a server on a free port. $url is where it answers, $run/log what it says.
serve() {
  : >"$run/banner"
  env -u FF_PORT STITCH_SYNC_ADDR=127.0.0.1:0 "$stitch" --port 0 "$@" >"$run/banner" 2>"$run/log" &
  server=$!
  url=
  for _ in $(seq 200); do
    url=$(sed -n 's/^ *listening \(http:.*\)$/\1/p' "$run/banner")
    [ -n "$url" ] && return
    kill -0 "$server" 2>/dev/null || break
    sleep 0.05
  done
  cat "$run/log" >&2
  fail "the server does not start"
}

# stop: ends it; as it ended.
stop() {
  if [ -n "$server" ]; then
    kill "$server" 2>/dev/null
    wait "$server"
    server=
  fi
}

# current FOLDER LIST: whether what is installed there is what the list says now.
current() { [ -e "$1/.installed" ] && cmp -s "$2" "$1/.installed"; }

# venv FOLDER LIST: a Python with what the list says, installed only if the list has changed.
venv() {
  current "$1" "$2" && return
  rm -rf "$1"
  python3 -m venv "$1" &&
    "$1/bin/pip" install --quiet --disable-pip-version-check --requirement "$2" &&
    cp "$2" "$1/.installed"
}
