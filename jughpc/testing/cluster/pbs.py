"""A simulated PBS: all its commands, as OpenPBS 23 speaks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from jughpc.testing.cluster.answers import Answer, Caller, Read
from jughpc.testing.cluster.engine import Engine
from jughpc.testing.cluster.options import OptionError, parse
from jughpc.testing.cluster.pbs_forms import as_json
from jughpc.testing.cluster.pbs_ids import SERVER, Named, find, full, well_formed
from jughpc.testing.cluster.qstat import FINISHED, UNKNOWN, qselect, qstat
from jughpc.testing.cluster.qsub import depend_of, dependencies, qsub

COMMANDS = ("qsub", "qstat", "qselect", "qdel", "qalter", "qhold", "qrls")

_LONGS = {letter: letter in "WlhNoqA" for letter in "WlhNoqAx"}
_CONNECT = f"cannot connect to server {SERVER} (errno=15010)"

Change = Callable[[Named], Answer]


class SimPbs:
    """Meets answers.System.

    Args:
        read: Finds a script's text.
    """

    def __init__(self, engine: Engine, read: Read) -> None:
        self.engine, self._read = engine, read

    def answer(self, argv: Sequence[str], caller: Caller) -> Answer:
        command = argv[0].rpartition("/")[2]
        if command == "qsub":
            return qsub(self.engine, self._read, argv, caller)
        if command == "qstat":
            return qstat(self.engine, argv, caller)
        if command == "qselect":
            return qselect(self.engine, argv, caller)
        return self._change(command, argv, caller)

    def away(self, argv: Sequence[str]) -> Answer:
        command = argv[0].rpartition("/")[2]
        if command == "qdel":
            return Answer(162, "", f"Connection refused\nCouldn't connect to cluster: {SERVER}\n")
        text = f"Connection refused\n{command}: {_CONNECT}\n"
        if command != "qstat":
            return Answer(162, "", text)
        return Answer(255, as_json(self.engine.time, []) if "json" in argv else "", text)

    def hung(self, argv: Sequence[str]) -> Answer | None:
        return None

    def _change(self, command: str, argv: Sequence[str], caller: Caller) -> Answer:
        try:
            given, ids = parse(argv[1:], _LONGS, {letter: letter for letter in _LONGS})
        except OptionError as error:
            return Answer(2, "", f"{command}: invalid option -- '{str(error).lstrip('-')}'\n")
        options = dict(given)
        changes: Mapping[str, Change] = {
            "qdel": lambda named: self._delete(named, caller, force=options.get("W") == "force"),
            "qalter": lambda named: self._alter(named, options),
            "qhold": lambda named: self._hold(named, options, caller),
            "qrls": lambda named: self._release(named, options),
        }
        answer = Answer()
        for word in ids:
            answer = self._one(command, word, changes[command], caller)
            if answer.code:
                break  # the ids after it are not looked at
        return answer

    def _one(self, command: str, word: str, change: Change, caller: Caller) -> Answer:
        if not well_formed(word):
            return Answer(1, "", f"{command}: illegally formed job identifier: {word}\n")
        named = find(self.engine, word)
        if named is None:
            return Answer(UNKNOWN, "", f"{command}: Unknown Job Id {full(word)}\n")
        if named.job.ask.user != caller.user:
            return Answer(159, "", f"{command}: Unauthorized Request  {full(word)}\n")
        if named.job.over:
            return Answer(FINISHED, "", f"{command}: Job has finished {full(word)}\n")
        if not named.whole and all(element.over for element in named.elements):
            return Answer(55, "", f"{command}: Request invalid for finished array subjob {full(word)}\n")
        return change(named)

    def _delete(self, named: Named, caller: Caller, *, force: bool) -> Answer:
        job = named.job
        if named.whole and not job.deleted:
            job.deleted, job.deletion = True, self.engine.time
        self.engine.cancel([(job, element) for element in named.elements], caller.user, at_once=force)
        return Answer()

    def _alter(self, named: Named, options: Mapping[str, str]) -> Answer:
        depend = depend_of(options.get("W", ""))
        if depend is not None:
            after = dependencies(depend)
            if after is None:
                return Answer(2, "", "qalter: illegal -W value\n")
            self.engine.tie(named.job, after)
        return Answer()

    def _hold(self, named: Named, options: Mapping[str, str], caller: Caller) -> Answer:
        if options.get("h", "u") != "u":
            return Answer(159, "", f"qhold: Unauthorized Request  {full(str(named.job.number))}\n")
        self.engine.hold(named.job, "u", caller.user)
        return Answer()

    def _release(self, named: Named, options: Mapping[str, str]) -> Answer:
        if options.get("h", "u") == "u":
            self.engine.release(named.job, "u")
        return Answer()
