# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Sources as the inventory plugin and the event source name them. Private to this collection.

A source is a dictionary with ``backend`` and the options of that backend's module. On the control node a backend is
found by its name; a module can't do that, because only what it imports by name travels to its target.
"""

from __future__ import annotations

import importlib
import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from ansible.module_utils.common.parameters import remove_values
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    InvalidInput,
    MissingLibrary,
    VirtmapError,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.model import BACKENDS, Mapping
from ansible_collections.virtmap.core.plugins.module_utils._core.module import Warnings
from ansible_collections.virtmap.core.plugins.module_utils._core.options import SELECTION, check_timeout
from ansible_collections.virtmap.core.plugins.module_utils._core.selection import Selection

Warn = t.Callable[[str], None]
_BACKENDS = "ansible_collections.virtmap.core.plugins.module_utils._backends"
# Sources spend their time waiting; more at once than this only makes the control node's own work the limit.
PARALLEL = 16

__all__ = ["PARALLEL", "Answer", "Source", "collect_all", "read_source"]


@dataclass(frozen=True)
class Source:
    """One source, its options checked.

    Attributes:
        where: where it stands in the user's file, for errors: ``sources[0]``.
        options: all options with their defaults.
        secrets: the texts in them that must not be shown.
    """

    backend: str
    where: str
    options: dict[str, t.Any] = field(repr=False)
    selection: Selection
    secrets: frozenset[str] = field(default=frozenset(), repr=False)

    def without_secrets(self, message: str) -> str:
        """A sentence as a module would show it: servers repeat what they were sent, and no module stands in between."""
        text: str = remove_values(str(message), self.secrets)
        # A warning keeps its class, by which it may be told from others.
        return message if text == message else message.__class__(text)

    def collect(self, warn: Warn) -> Mapping:
        """Ask the source.

        Raises:
            VirtmapError: it did not answer in full. Neither it nor a warning holds a secret of the options.
        """
        client = importlib.import_module(f"{_BACKENDS}.{self.backend}.client")
        limited = Warnings(lambda message: warn(self.without_secrets(message)))
        try:
            mapping: Mapping = client.collect(self.options, self.selection, limited)
        except MissingLibrary as exc:
            raise VirtmapError(f"{exc.message} for the Python that runs Ansible; install it there") from exc
        except VirtmapError as exc:
            exc.message = self.without_secrets(exc.message)
            exc.args = (exc.message,)
            raise
        finally:
            limited.close()
        return mapping


class Answer(t.NamedTuple):
    """What became of asking a source: either its mapping or the error."""

    source: Source
    mapping: Mapping | None
    error: VirtmapError | None
    warnings: list[str]


def read_source(value: t.Any, where: str, defaults: t.Mapping[str, t.Any] | None = None) -> Source:
    """Check one source.

    Args:
        defaults: for options that the source does not give; those that its backend does not have, that the source's
            own options exclude, and empty ones, do not count.

    Raises:
        InvalidInput: the backend is not known, or an option is wrong. Nothing is contacted.
    """
    if not isinstance(value, dict):
        raise InvalidInput(f"{where} must be a dictionary with the key backend and the options of that backend")
    options = dict(value)
    backend = options.pop("backend", None)
    if backend not in BACKENDS:
        raise InvalidInput(f"{where}.backend must be one of {', '.join(BACKENDS)}")
    try:
        group = importlib.import_module(f"{_BACKENDS}.{backend}.options").OPTIONS + SELECTION
    except ImportError as exc:
        raise InvalidInput(f"{where}.backend {backend} is not part of this version of the collection") from exc
    possible = group.spec.keys() - group.excluded(options)
    fitting = {name: given for name, given in (defaults or {}).items() if given not in (None, "") and name in possible}
    options = group.validate({**fitting, **options}, where)
    if "timeout" in options:
        check_timeout(options)
    return Source(backend, where, options, Selection.from_options(options), frozenset(group.secrets(options)))


def collect_all(sources: t.Sequence[Source]) -> list[Answer]:
    """Ask all sources side by side; one that fails stops none of the others. The order is that of the sources."""

    def ask(source: Source) -> Answer:
        warnings: list[str] = []
        try:
            return Answer(source, source.collect(warnings.append), None, warnings)
        except VirtmapError as exc:
            return Answer(source, None, exc, warnings)

    if not sources:
        return []
    with ThreadPoolExecutor(max_workers=min(PARALLEL, len(sources))) as pool:
        return list(pool.map(ask, sources))
