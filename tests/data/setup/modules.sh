# What a site's modules do, as far as lines of setup can tell: stands in for Lmod and Environment Modules.
module() {
    case "$1" in
        load | purge | use) echo "stand-in: module $*" ;;
        *) echo "stand-in: module knows no $1" >&2; return 1 ;;
    esac
}
ml() { module load "$@"; }
export -f module ml
