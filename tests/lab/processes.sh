# Processes that are known again: a pid file holds "pid starttime", so that a pid that was given anew is
# never taken for ours.

export PATH=/usr/sbin:/usr/bin:/sbin:/bin

die() { echo "$(basename "$0"): $*" >&2; exit 1; }

starttime() { # PID: field 22 of proc(5) stat; fails for a zombie and for no process
    local stat
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    set -- ${stat##*) }
    [ "$1" != Z ] && echo "${20}"
}

pid_write() { # FILE PID
    local start
    start=$(starttime "$2") && echo "$2 $start" > "$1.new" && mv "$1.new" "$1"
}

pid_alive() { # FILE: prints the pid
    local pid start
    read -r pid start 2>/dev/null < "$1" && [ "$(starttime "$pid")" = "$start" ] && echo "$pid"
}

pid_stop() { # FILE SIGNAL SECONDS [GROUP]: signal, wait, then KILL; a pid, or with - its process group
    local pid tenth
    pid=$(pid_alive "$1") || { rm -f "$1"; return 0; }
    kill -"$2" -- "${4:-}$pid" 2>/dev/null
    for ((tenth = 0; tenth < $3 * 10; tenth++)); do
        pid_alive "$1" >/dev/null || break
        sleep 0.1
    done
    pid_alive "$1" >/dev/null && kill -KILL -- "${4:-}$pid"
    rm -f "$1"
}

await() { # SECONDS WHAT CMD..: until CMD succeeds
    local end=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || die "$what is not ready in time; see $D/log"
        sleep 0.1
    done
}

take_network() { # PREFIX NAME: sets NET and BRIDGE, a switch on a network that nobody here uses, and NUMBER
    exec 9>"/tmp/.$2.lock"
    flock 9
    for NUMBER in {0..250}; do
        NET=$1.$NUMBER BRIDGE=$2$NUMBER
        ip -o -4 addr show | grep -qF " $NET." && continue
        ip link add "$BRIDGE" type bridge forward_delay 0 2>/dev/null || continue
        ip addr add "$NET.1/24" dev "$BRIDGE" && ip link set "$BRIDGE" up && exec 9>&- && return
    done
    die "no network could be made"
}
