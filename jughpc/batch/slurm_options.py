"""The options of sbatch that are ours, and those that choose what ours would. Source: sbatch(1), 20.11 to 25.05."""

from __future__ import annotations

from jughpc.batch.options import Grammar, Own

_LOGS = "Logs lie in the submission's folder, where `jughpc status` finds them; leave it out."
_NOTHING = "Nothing would be submitted; leave it out."

_ALONE = """
    --contiguous --exclusive --get-user-env --help --hold --ignore-pbs --kill-on-invalid-dep --nice --no-kill
    --no-requeue --overcommit --oversubscribe --parsable --propagate --quiet --reboot --requeue --spread-job
    --test-only --usage --use-min-nodes --verbose --version --wait
"""

OPTIONS = Grammar(
    own=(
        Own(("--job-name", "-J"), "Name the jobs by --name NAME, before the --.", ("SBATCH_JOB_NAME",)),
        Own(("--array", "-a"), "Say --array N, and --throttle N, before the --.", ("SBATCH_ARRAY_INX",)),
        Own(("--dependency", "-d"), "Say --after JOBID, before the --.", ("SBATCH_DEPENDENCY",)),
        Own(("--kill-on-invalid-dep",), "The reduce says it by itself; leave it out."),
        Own(("--output", "-o"), _LOGS, ("SBATCH_OUTPUT",)),
        Own(("--error", "-e"), _LOGS, ("SBATCH_ERROR",)),
        Own(("--open-mode",), _LOGS, ("SBATCH_OPEN_MODE",)),
        Own(("--chdir", "-D", "--workdir"), "Elements start where submit is typed: cd there first."),
        Own(("--parsable",), "jughpc reads the ids, and prints them; leave it out."),
        Own(("--quiet", "-Q"), "jughpc reads the ids, and prints them; leave it out."),
        Own(("--wait", "-W"), "Say --wait before the --.", ("SBATCH_WAIT",)),
        Own(("--requeue",), "Elements may always be run again; leave it out.", ("SBATCH_REQUEUE",)),
        Own(("--no-requeue",), "Elements may always be run again; leave it out.", ("SBATCH_NO_REQUEUE",)),
        Own(("--exclude", "-x"), "Say --exclude NODE before the --.", ("SBATCH_EXCLUDE",)),
        Own(("--clusters", "--cluster", "-M"), "Set SLURM_CLUSTERS, which holds for collector and reduce, too."),
        Own(("--wrap",), "The script is ours; leave it out."),
        Own(("--test-only",), "Say --dry-run before the --."),
        Own(("--help", "-h"), _NOTHING),
        Own(("--usage", "-u"), _NOTHING),
        Own(("--version", "-V"), _NOTHING),
    ),
    letters="hHkIOQsuvVW",
    alone=frozenset(_ALONE.split()),
    resources={
        "SBATCH_PARTITION": "partition", "SBATCH_ACCOUNT": "account", "SBATCH_QOS": "qos",
        "SBATCH_RESERVATION": "reservation", "SBATCH_CLUSTERS": "clusters", "SLURM_CLUSTERS": "clusters",
        "--partition": "partition", "-p": "partition", "--account": "account", "-A": "account", "--qos": "qos",
        "-q": "qos", "--time": "walltime", "-t": "walltime", "--mem": "memory", "--mem-per-cpu": "memory",
        "--cpus-per-task": "cpus", "-c": "cpus", "--gres": "gpus", "--gpus": "gpus", "-G": "gpus",
        "--gpus-per-node": "gpus", "--gpus-per-task": "gpus",
    },
)  # fmt: skip
