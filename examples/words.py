"""The commonest words of a text: count them in chunks of lines, then add the counts, all in tasks."""

from collections import Counter
from pathlib import Path

from jug.mapreduce import mapreduce

LINES = (Path(__file__).parent / "words.txt").read_text().splitlines()


def count_words(line):
    return Counter(word.strip(".,;:!?\"'").lower() for word in line.split())


def add(one, other):
    return one + other


counts = mapreduce(add, count_words, LINES, map_step=8)
