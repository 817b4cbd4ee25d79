# Shared by slurm-up, slurm-node, slurm-down and node-init: the daemons and the nodes of a cluster.

. "$HERE/../processes.sh"

load() { # DIR: what slurm-up settled
    D=$(cd "$1" 2>/dev/null && pwd -P) && [ -r "$D/etc/cluster" ] || die "no cluster in $1"
    . "$D/etc/cluster"
    export SLURM_CONF=$D/etc/slurm.conf
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
node_address() { echo "$NET.$((10 + $(node_number "$1")))"; }

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

answers() { timeout 3 scontrol ping | grep -q 'is UP'; } # the controller
