"""Claims on a redis server: it decides who wins, and lets lives expire that do not beat.

The claims on a key are one field of a hash, `generation=life` after `generation=life`, oldest first. A
holder lives as long as its record does, which the server drops after ttl without a beat.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Callable

from jughpc.store.base import SHARD, Claim, Seen, View
from jughpc.store.record import ALIVE, Record
from jughpc.store.redis.server import Connection

Look = Callable[[int], View]

_OF_SHARD = b"shard"
_CLAIM = re.compile(rb"(\d{1,9})=([A-Za-z0-9_-]{1,94})")

_ALIVE = """
local function holder(field)
  local all = redis.call('HGET', KEYS[1], field)
  local generation, life = string.match(all or '', '(%d+)=(%S+)$')
  return tonumber(generation) or 0, life, all
end
local function lives(life)
  local record = life and redis.call('GET', ARGV[1] .. life)
  return record and string.find(record, '"state": "alive"', 1, true)
end
"""

_TAKE = f"""{_ALIVE}
local key, mine, shard, done_too = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
if redis.call('EXISTS', ARGV[1] .. mine) == 0 then return -1 end
if not lives(mine) or (done_too == '0' and redis.call('HEXISTS', KEYS[2], key) == 1) then return 0 end
if key ~= shard then
  local _, life = holder(shard)
  if life ~= mine and lives(life) then return 0 end
end
local generation, life, all = holder(key)
if life == mine then return generation end
if lives(life) then return 0 end
redis.call('HSET', KEYS[1], key, (all and all .. ' ' or '') .. (generation + 1) .. '=' .. mine)
return generation + 1
"""
"""KEYS: claims, results. ARGV: what records begin with, key, life, the shard's key, 1 if what is done counts, too.

Returns the generation, 0 if it cannot be won now, or -1 if the life has no record any more.
"""

_RELEASE = f"""{_ALIVE}
local generation, life, all = holder(ARGV[2])
if life ~= ARGV[3] or generation ~= tonumber(ARGV[4]) then return 0 end
local rest = string.match(all, '^(.*) %S+$')
if rest and redis.call('HEXISTS', KEYS[2], ARGV[2]) == 0 then
  return redis.call('HSET', KEYS[1], ARGV[2], rest)
end
return redis.call('HDEL', KEYS[1], ARGV[2])
"""
"""KEYS: claims, results. ARGV: what records begin with, key, life, generation.

Of a task that is done, the claims of the dead go too.
"""

_FORGET = f"""{_ALIVE}
local generation, life, all = holder(ARGV[2])
if not all then return 0 end
if lives(life) then return redis.call('HSET', KEYS[1], ARGV[2], generation .. '=' .. life) end
return redis.call('HDEL', KEYS[1], ARGV[2])
"""
"""KEYS: claims. ARGV: what records begin with, key."""


_REMOVE = """
local all, rest = redis.call('HGET', KEYS[1], ARGV[2]), {}
for claim in string.gmatch(all or '', '%S+') do
  if string.match(claim, '^%d+') ~= ARGV[3] then table.insert(rest, claim) end
end
if #rest > 0 then return redis.call('HSET', KEYS[1], ARGV[2], table.concat(rest, ' ')) end
return redis.call('HDEL', KEYS[1], ARGV[2])
"""
"""KEYS: claims. ARGV: what records begin with, key, generation."""


class RedisClaims:
    """The claims of one life; see base.Claims."""

    def __init__(self, server: Connection, look: Look, life: str, done_too: bool = False) -> None:
        self._server, self._look, self._life, self._done_too = server, look, life, done_too

    def take(self, shard: int, key: bytes, view: View) -> tuple[Claim | None, View]:
        generation = self._run(_TAKE, shard, key, self._life, field(b""), int(self._done_too))
        if generation < 0:
            raise FileNotFoundError(errno.ENOENT, "the server has no record of this life", self._life)
        claim = Claim(shard, key, generation, self._life) if generation else None
        return claim, self._look(shard)

    def release(self, claim: Claim) -> None:
        self._run(_RELEASE, claim.shard, claim.key, claim.life, claim.generation)

    def hand_back(self, claim: Claim) -> None:
        self.release(claim)

    def forget_deaths(self, shard: int, key: bytes) -> None:
        """Remove the claims of the dead on `key`."""
        self._run(_FORGET, shard, key)

    def remove(self, shard: int, key: bytes, generation: int) -> None:
        """Remove a claim, whoever holds it."""
        self._run(_REMOVE, shard, key, generation)

    def life(self, shard: int, key: bytes, generation: int) -> str:
        """Return whose claim it is, "" if it was released."""
        name = self._server.key("claims", f"{shard:02x}")
        text = self._server.do(lambda client: client.hget(name, field(key))) or b""
        return next((life.decode() for number, life in _claims(text) if int(number) == generation), "")

    def _run(self, script: str, shard: int, key: bytes, *args: str | int | bytes) -> int:
        keys = [self._server.key(kind, f"{shard:02x}") for kind in ("claims", "results")]
        lives = self._server.key("life", "")
        return int(self._server.do(lambda client: client.eval(script, 2, *keys, lives, field(key), *args)))


class RedisObserver:
    """Meets base.Observer: the server lets the records of those expire who do not beat."""

    def __init__(self, claims: RedisClaims, find: Callable[[str], Record | None]) -> None:
        self._claims, self._find = claims, find

    def proof(self, shard: int, key: bytes, generation: int) -> str:
        life = self._claims.life(shard, key, generation)
        return self.proof_of(life) if life else ""

    def proof_of(self, life: str, seen: Seen | None = None) -> str:
        found = seen.record if seen else self._find(life)
        if found is None:
            return "the server has dropped its record, for it did not beat"
        return "" if found.state == ALIVE else found.last_words()


def field(key: bytes) -> bytes:
    """Return the name of a key's field; the shard's own key is empty."""
    return key or _OF_SHARD


def is_key(name: bytes) -> bool:
    """Return whether a field of that name is of a shard or a task."""
    return len(name) == 16 or name == _OF_SHARD


def key_of(name: bytes) -> bytes:
    """Return whose claims the field of that name holds."""
    return SHARD if name == _OF_SHARD else name


def generations(text: bytes) -> list[int]:
    """Return the generations that a field tells of, ascending; what no worker wrote tells nothing."""
    return [int(number) for number, _ in _claims(text)]


def _claims(text: bytes) -> list[tuple[bytes, bytes]]:
    matches = (_CLAIM.fullmatch(part) for part in text.split())
    return [(match[1], match[2]) for match in matches if match]
