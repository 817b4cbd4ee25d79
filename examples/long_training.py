"""Train for longer than any one job lasts: each goes on where the one before it stopped.

Queue it in short jobs and look how far it is:

    jughpc submit long_training.py --array 2 --time 1m --save-time 10s
    jughpc explain train
"""

import json
import os
from time import sleep

from jug import TaskGenerator

import jughpc

STEPS, PAUSE = 1000, 0.15


@TaskGenerator
def train(rate):
    """Return the loss after STEPS steps of gradient descent on x ** 2."""
    saved = jughpc.checkpoint_dir() / "state.json"
    step, x = json.loads(saved.read_text()) if saved.exists() else (0, 1.0)
    try:
        print(f"rate {rate}: from step {step} on, for {jughpc.seconds_left():.0f} s at most", flush=True)
        while step < STEPS:
            sleep(PAUSE)  # in place of some real work
            step, x = step + 1, x - rate * 2 * x
    except jughpc.TimeIsUp:
        save(saved, (step, x))
        raise
    return x * x


def save(path, state):
    """Write `state` so that whoever reads `path` at any moment finds all of it, or what was there before."""
    aside = path.with_suffix(".new")
    aside.write_text(json.dumps(state))
    os.replace(aside, path)


@TaskGenerator
def best(losses):
    """Return the least loss."""
    return min(losses)


least = best([train(0.001), train(0.002)])
