"""The names of jug.hooks.exit_checks."""

from jughpc.library.exit_checks import (
    exit_after_n_tasks,
    exit_after_time,
    exit_env_vars,
    exit_if_file_exists,
    exit_when_true,
)

__all__ = ["exit_after_n_tasks", "exit_after_time", "exit_env_vars", "exit_if_file_exists", "exit_when_true"]
