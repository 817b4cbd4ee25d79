from __future__ import annotations

import pytest

from jughpc.store.memory import MemoryStore
from jughpc.testing.storecontract import StoreContract


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self):
        return MemoryStore()
