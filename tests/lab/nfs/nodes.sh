# Shared by nfs-up, nfs-node, nfs-down and node-init: the machines, each a Linux kernel of its own
# (User Mode Linux) whose root is this machine's files, and so its own NFS client and caches.

. "$HERE/../processes.sh"

NODES="node1 node2"
SERVER=nfsserver

load() { # DIR: what nfs-up settled
    D=$(cd "$1" 2>/dev/null && pwd -P) && [ -r "$D/etc/network" ] || die "no NFS in $1"
    . "$D/etc/network"
}

node_number() { [ "$1" = $SERVER ] && echo 99 || echo "${1#node}"; }
node_address() { echo "$NET.$((10 + $(node_number "$1")))"; }

boot() { # NODE [KERNEL ARGUMENT..]
    local node=$1 number port
    number=$(node_number "$node")
    port=$BRIDGE.$number
    shift
    ip link del "$port" 2>/dev/null
    ip tuntap add "$port" mode tap && ip link set "$port" master "$BRIDGE" up || die "no network for $node"
    (
        exec env -i PATH="$PATH" setsid linux.uml mem=512M umid="$node" uml_dir="$D/run/" con=null con0=null,fd:1 quiet \
            rootfstype=hostfs rootflags=/ rw init="$HERE/node-init" NFS_DIR="$D" NODE="$node" \
            vec0:transport=tap,ifname="$port",depth=64,gro=1,mac="02:77:00:00:00:$(printf %02x "$number")" \
            "$@" </dev/null >"$D/log/$node" 2>&1
    ) &
    pid_write "$D/run/$node.pid" $!
}

on() { # NODE CMD..
    python3 "$HERE/on.py" "$(node_address "$1")" "${@:2}"
}

VERSIONS="3 4.2"

mount_export() { # NODE VERSION [OPTIONS]: on a client, at mnt/VERSION, in place of what was mounted there
    on "$1" bash -ec "mountpoint -q '$D/mnt/$2' && umount '$D/mnt/$2'
        mount -t nfs -o 'vers=$2${3:+,$3}' $SERVER:$( [ "$2" = 3 ] && echo /srv/export || echo / ) '$D/mnt/$2'"
}

mount_both() { # NODE: with both versions side by side, each with caches of its own
    local version
    for version in $VERSIONS; do mount_export "$1" "$version" || return; done
}
