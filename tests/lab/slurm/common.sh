# Shared by slurm-up, slurm-node and slurm-down: processes that are known again, and the nodes.
# A pid file holds "pid starttime", so that a pid that was given anew is never taken for ours.

export PATH=/usr/sbin:/usr/bin:/sbin:/bin

die() { echo "$(basename "$0"): $*" >&2; exit 1; }

load() { # DIR: what slurm-up settled
    D=$(cd "$1" 2>/dev/null && pwd -P) && [ -r "$D/etc/cluster" ] || die "no cluster in $1"
    . "$D/etc/cluster"
    export SLURM_CONF=$D/etc/slurm.conf
}

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

pid_stop() { # FILE SIGNAL SECONDS: signal, wait, then KILL
    local pid tenth
    pid=$(pid_alive "$1") || { rm -f "$1"; return 0; }
    kill -"$2" "$pid" 2>/dev/null
    for ((tenth = 0; tenth < $3 * 10; tenth++)); do
        pid_alive "$1" >/dev/null || break
        sleep 0.1
    done
    pid_alive "$1" >/dev/null && kill -KILL "$pid"
    rm -f "$1"
}

start() { # NAME CMD..: detached, and with a clean environment, as a daemon at boot
    local name=$1
    shift
    (
        cd /
        exec env -i PATH="$PATH" HOME="$HOME" USER="$(id -un)" LANG=C.UTF-8 SLURM_CONF="$SLURM_CONF" \
            setsid "$@" </dev/null >>"$D/log/$name.out" 2>&1
    ) &
    pid_write "$D/run/$name.pid" $!
}

node_number() { echo "${1#node}"; }
node_address() { echo "$NET.$(node_number "$1")"; }

node_up() { # NODE: boot it, if it is not up
    local node=$1 run=$D/run/$1 fifo=$D/nodes/$1 outer init
    pid_alive "$run.pid" >/dev/null && return 0
    mkdir -p "$D/spool/$node" "$fifo"
    rm -f "$fifo/up" "$fifo/go"
    mkfifo "$fifo/up" "$fifo/go"
    start "$node.outer" unshare --net --uts --mount --pid --fork --kill-child --propagation slave --mount-proc \
        bash "$HERE/node-init" "$D" "$node"
    outer=$(pid_alive "$run.outer.pid") && timeout 10 cat "$fifo/up" >/dev/null || return 1
    init=$(pgrep -P "$outer") && pid_write "$run.pid" "$init" || return 1
    connect "$node" "$init" || return 1
    echo go > "$fifo/go"
    timeout 10 cat "$fifo/up" >/dev/null
}

connect() { # NODE PID: a cable from the bridge into the node
    local port=$BRIDGE.$(node_number "$1")
    ip link del "$port" 2>/dev/null
    ip link add "$port" type veth peer name eth0 netns "$2" && ip link set "$port" master "$BRIDGE" up
}
