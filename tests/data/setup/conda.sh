# What conda's own file of this name does, as far as lines of setup can tell.
conda() {
    [ "$1" = activate ] && [ -n "$2" ] || { echo "stand-in: conda knows no $*" >&2; return 1; }
    echo "stand-in: conda $*"
    export CONDA_PREFIX=$HOME/miniforge3/envs/$2 PATH=$HOME/bin:$PATH
}
