"""However many tasks fail in however many ways, what is shown fits one screen and says what to do next."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from jughpc.app.status.alike import alike
from jughpc.cli.output.failures import at_the_end, in_full, lines, rows
from jughpc.store.failure import Failure

TRACE = """Traceback (most recent call last):
  File "/home/me/primes.py", line 9, in is_prime
    return all(n % divisor for divisor in range(n))
           ~~~~~~~~~^^^^^^^^^
  File "/home/me/primes.py", line 9, in <genexpr>
    return all(n % divisor for divisor in range(n))
ZeroDivisionError: integer modulo by zero
"""


def failed(number, kinds):
    exception = f"Error{'ABCDEFGHIJKLMNOPQRSTUVWXYZ'[number % kinds % 26]}{'x' * (number % kinds // 26)}: by zero"
    digest, call = number.to_bytes(16, "big"), f"primes.is_prime({number}, {'y' * (number % 90)!r})"
    trace = TRACE.replace("ZeroDivisionError: integer modulo by zero", exception)
    return Failure(digest, "primes.is_prime", exception, trace, "life", "node1", "slurm:7_1.0", number, call=call)


@pytest.mark.parametrize("kinds", [1, 2, 3, 5, 8, 17, 18, 60])
def test_three_thousand_failures_are_one_screen(kinds):
    shown = list(lines(alike(failed(n, kinds) for n in range(3000)), {}, " primes.py", 80))
    assert len(shown) <= 40
    assert max(map(len, shown)) <= 90
    assert shown[0].startswith(f"3000 failed tasks, of {kinds} kind")
    assert sum(" x Error" in line for line in shown) == min(kinds, 17)


def test_a_single_failure_is_told_with_all_that_there_is_room_for():
    failure = failed(41, 1)
    shown = list(lines(alike([failure]), {failure.digest: Path("logs/array-1.log")}, " --jugdir other primes.py 7", 80))
    assert shown[0] == "ErrorA: by zero"
    assert '      File "/home/me/primes.py", line 9, in is_prime' in shown
    assert "    log: logs/array-1.log" in shown
    assert "tries 1" in "".join(shown)
    assert not any("^" in line or "Traceback" in line for line in shown)
    command = f"jughpc failures --jugdir other primes.py 7 --debug {failure.digest.hex()[:8]}"
    assert any(command in line for line in shown)


def test_of_a_long_text_the_end_is_shown_and_never_without_the_line_that_raised():
    said = "".join(f'line {n}\n  File "/usr/lib/python3.11/x.py", line {n}, in x\n' for n in range(40))
    exception = f"ValueError: \nNo fit.\n{said}the reason".rstrip()
    failure = replace(failed(1, 1), exception=exception, trace=TRACE.partition("ZeroD")[0] + exception + "\n")
    shown = list(lines(alike([failure] * 2), {}, " primes.py", 80))
    assert "2 x ValueError: No fit." in shown
    assert '      File "/home/me/primes.py", line 9, in is_prime' in shown
    assert "    the reason" in shown
    assert len(shown) <= 40


def test_in_full_nothing_is_left_out():
    failures = [failed(n, 60) for n in range(100)]
    text = "\n".join(in_full(failures, {failures[0].digest: "primes.is_prime(0, [all of it])"}, {}))
    assert text.count("Traceback") == 100
    assert "primes.is_prime(0, [all of it])" in text
    assert failures[7].call in text


def test_as_json_each_failure_names_its_kind_place_and_log():
    found = rows(alike(failed(n, 2) for n in range(5)), {})
    assert [row["kind"] for row in found] == [0, 0, 0, 1, 1]
    assert found[0]["place"] == {"file": "/home/me/primes.py", "line": 9, "function": "<genexpr>"}
    assert found[0]["log"] is None


@pytest.mark.parametrize(("submission", "is_told"), [("", False), ("0a1b2c3d", True)])
def test_logs_are_named_of_what_put_its_output_into_one(submission, is_told):
    shown = lines(alike([replace(failed(1, 1), submission=submission)]), {}, "", 80)
    assert any("jughpc logs --task" in line for line in shown) is is_told


@pytest.mark.parametrize(("kinds", "told"), [(1, 1), (3, 3), (9, 3)])
def test_what_a_worker_says_at_its_end_is_short_however_much_failed(kinds, told):
    shown = list(at_the_end([failed(n, kinds) for n in range(3000)]))
    assert sum("like it failed:" in words and TRACE[:40] in words for words in shown) == told
    assert any("jughpc failures" in words for words in shown) is (kinds > told)


def test_a_single_failure_is_told_at_the_end_by_its_call():
    (words,) = at_the_end([failed(0, 1)])
    assert words.startswith("\nprimes.is_prime(0, '') failed:\nTraceback")
