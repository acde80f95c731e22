# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Answers of sources in Ansible's inventory cache. Private to this collection.

Two entries are kept for each inventory file: one that ends with the cache's time, and one that never ends, for
sources that fail.
"""

from __future__ import annotations

import functools
import hashlib
import json
import time
import typing as t

from ansible.plugins.cache import CachePluginAdjudicator
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Mapping
from ansible_collections.virtmap.core.plugins.module_utils._core.parse import parse_mapping
from ansible_collections.virtmap.core.plugins.plugin_utils._sources import Answer, Source

# Raised whenever the cached form changes; an entry of another version is as good as none.
FORMAT = 2
# Some hundredths of a second for each source.
_ROUNDS = 50_000


class AnswerCache:
    """The cache of one inventory file.

    Args:
        plugin: the inventory plugin, for the options of its cache.
        path: the inventory file.
    """

    def __init__(self, plugin: t.Any, path: str) -> None:
        self._key = plugin.get_cache_key(path)
        self._current = plugin.cache
        self._seconds: int = plugin.get_option("cache_timeout")
        settings = {"_uri": plugin.get_option("cache_connection"), "_timeout": 0}
        if plugin.get_option("cache_prefix") is not None:
            settings["_prefix"] = plugin.get_option("cache_prefix")
        self._lasting = CachePluginAdjudicator(plugin_name=plugin.get_option("cache_plugin"), **settings)

    def read(self, sources: t.Sequence[Source]) -> dict[str, Mapping]:
        """The mappings that are still fresh, by where the source stands."""
        # The entry as a whole is as young as the last answer that was put into it.
        since = time.time() - self._seconds if self._seconds else None
        found = ((source.where, _mapping(_entry(self._current, self._key), source, since)) for source in sources)
        return {where: mapping for where, mapping in found if mapping is not None}

    def last(self, source: Source) -> Mapping | None:
        """The last good answer of a source, however old."""
        return _mapping(_entry(self._lasting, f"{self._key}_last"), source)

    def write(self, sources: t.Sequence[Source], answers: t.Sequence[Answer]) -> None:
        """Keep good answers beside those that are there, of the sources that the file names now and of no others.

        A source whose options change is another one; a token that is renewed each day would leave a fleet behind each day.
        """
        if not answers:
            return
        names = {_name(source) for source in sources}
        for cache, key in ((self._current, self._key), (self._lasting, f"{self._key}_last")):
            kept = {name: kept for name, kept in _entry(cache, key).items() if name in names}
            for answer in answers:
                if answer.mapping is not None:
                    kept[_name(answer.source)] = {"asked_at": time.time(), "mapping": answer.mapping.to_dict()}
            cache[key] = {"format": FORMAT, "answers": kept}
        self._lasting.set_cache()


def _entry(cache: t.Any, key: str) -> dict[str, t.Any]:
    try:
        entry = cache[key]
    except KeyError:
        return {}
    if not isinstance(entry, dict) or entry.get("format") != FORMAT or not isinstance(entry.get("answers"), dict):
        return {}
    answers: dict[str, t.Any] = entry["answers"]
    return answers


def _name(source: Source) -> str:
    """A source is the same as long as its options are; the name holds none of them, because some are secret."""
    return _digest(json.dumps([source.backend, source.options], sort_keys=True, default=str))


@functools.lru_cache(maxsize=1024)
def _digest(text: str) -> str:
    # Whoever may read the cache knows all but the password, and could try millions of them in a second with a plain
    # digest.
    return hashlib.pbkdf2_hmac("sha256", text.encode(), b"virtmap.core: the cache of an inventory", _ROUNDS).hex()


def _mapping(answers: dict[str, t.Any], source: Source, since: float | None = None) -> Mapping | None:
    """The mapping of a source, unless it was asked before this moment."""
    kept = answers.get(_name(source))
    if not isinstance(kept, dict):
        return None
    asked_at = kept.get("asked_at")
    # A moment that has not come yet is of a clock that was set back, and tells nothing.
    if not isinstance(asked_at, float) or (since is not None and not since <= asked_at <= time.time()):
        return None
    try:
        return parse_mapping(kept["mapping"], "cache")
    except (KeyError, InvalidInput):
        return None  # damaged: as good as not cached
