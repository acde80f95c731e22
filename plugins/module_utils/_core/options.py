# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Groups of options that several modules and plugins share. Private to this collection.

A group is the argument spec of its options and the rules between them, so that a rule travels with the options it is
about. The documentation of each group stands once, in the doc fragment of the same name. Modules, inventory plugin and
event source read the same groups.
"""

from __future__ import annotations

import os
import typing as t
from dataclasses import dataclass, field
from urllib.parse import unquote

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.errors import AnsibleFallbackNotFound
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput

Spec = dict[str, dict[str, t.Any]]
Rules = tuple[tuple[t.Any, ...], ...]


@dataclass(frozen=True)
class OptionGroup:
    """Options and the rules between them; ``a + b`` is both groups together."""

    spec: Spec = field(default_factory=dict)
    mutually_exclusive: Rules = ()
    required_together: Rules = ()
    required_one_of: Rules = ()
    required_if: Rules = ()
    required_by: dict[str, t.Any] = field(default_factory=dict)

    def __add__(self, other: OptionGroup) -> OptionGroup:
        return OptionGroup(
            spec={**self.spec, **other.spec},
            mutually_exclusive=self.mutually_exclusive + other.mutually_exclusive,
            required_together=self.required_together + other.required_together,
            required_one_of=self.required_one_of + other.required_one_of,
            required_if=self.required_if + other.required_if,
            required_by={**self.required_by, **other.required_by},
        )

    def module_arguments(self) -> dict[str, t.Any]:
        """The keyword arguments of AnsibleModule that this group stands for."""
        return {"argument_spec": self.spec, **self._rules()}

    def excluded(self, given: t.Mapping[str, t.Any]) -> set[str]:
        """The options that cannot stand beside these, and those that make no sense without one of them."""
        chosen = {name for name, value in given.items() if value is not None}
        out = {name for rule in self.mutually_exclusive if chosen & set(rule) for name in rule} - chosen
        before = 0
        while before != len(out):
            before = len(out)
            # What has to stand together goes together.
            out |= {name for rule in self.required_together if out & set(rule) for name in rule} - chosen
            out |= {name for name, needed in self.required_by.items() if out & _names(needed)} - chosen
        return out

    def spec_beside(self, given: t.Mapping[str, t.Any]) -> Spec:
        """The argument spec for a user who gave these options: the environment adds nothing that they exclude.

        Variables of the environment are there for many tasks at once; an option of one task beats them, and with them
        what cannot stand beside it.
        """
        out = self.excluded(given)
        return {
            name: {key: value for key, value in argument.items() if name not in out or key != "fallback"}
            for name, argument in self.spec.items()
        }

    def validate(self, values: t.Mapping[str, t.Any], where: str) -> dict[str, t.Any]:
        """Check and complete options that did not come through a module, as a module would.

        Args:
            values: the options as the user wrote them.
            where: where they stand, for the error, for example ``sources[2]``.

        Returns:
            all options of the group, with defaults and environment variables filled in.

        Raises:
            InvalidInput: an option is unknown, missing or of the wrong kind.
        """
        result = ArgumentSpecValidator(self.spec_beside(values), **self._rules()).validate(dict(values))
        if result.error_messages:
            # What a module would do with its result: a message may quote a value.
            secrets = result._no_log_values  # pylint: disable=protected-access
            raise InvalidInput(f"{where}: {'; '.join(remove_values(list(result.error_messages), secrets))}")
        validated: dict[str, t.Any] = result.validated_parameters
        return validated

    def secrets(self, values: t.Mapping[str, t.Any]) -> set[str]:
        """The texts among validated options that must not be shown anywhere."""
        hidden = (values.get(name) for name, argument in self.spec.items() if argument.get("no_log"))
        return {value for value in hidden if isinstance(value, str) and value} | proxy_secrets(values.get("proxy"))

    def _rules(self) -> dict[str, t.Any]:
        names = ("mutually_exclusive", "required_together", "required_one_of", "required_if")
        rules: dict[str, t.Any] = {name: [list(rule) for rule in getattr(self, name)] for name in names}
        rules["required_by"] = self.required_by
        return rules


def _names(names: str | t.Iterable[str]) -> set[str]:
    return {names} if isinstance(names, str) else set(names)


def from_environment(name: str, **argument: t.Any) -> dict[str, t.Any]:
    """An argument whose value may come from the environment variable ``VIRTMAP_<name>`` when the option is not
    given. An empty variable counts as none: AWX sets those of all fields of a credential, filled in or not."""
    return {**argument, "fallback": (_environment, [f"VIRTMAP_{name}"])}


def _environment(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise AnsibleFallbackNotFound
    return value


def proxy_secrets(proxy: str | None) -> set[str]:
    """What must not be shown of a proxy's URL: its password, as written and decoded."""
    # A password may hold a slash that is not encoded. Such a URL is refused, but it is shown among the options.
    before = (proxy or "").rpartition("@")[0]
    password = (before.partition("://")[2] or before).partition(":")[2]
    return {password, unquote(password)} if password else set()


def check_timeout(options: t.Mapping[str, t.Any], name: str = "timeout") -> float:
    """An option that is a time in seconds, such as the deadline of each exchange.

    Raises:
        InvalidInput: it is not at least one second; a task without a deadline would hang with its server.
    """
    value = options[name]
    if value < 1:
        raise InvalidInput(f"{name} is {value}, but must be at least 1 second")
    return float(value)


TIMEOUT = OptionGroup({"timeout": {"type": "int", "default": 60}})
TLS = OptionGroup({"validate_certs": {"type": "bool", "default": True}, "ca_path": {"type": "path"}})
PROXY = OptionGroup({"proxy": {"type": "str"}})
SELECTION = OptionGroup(
    {
        "hypervisor_id": {"type": "str", "choices": ["uuid", "hwuuid", "hostname"], "default": "uuid"},
        "filter_type": {"type": "str", "choices": ["wildcards", "regex"], "default": "wildcards"},
        "filter_hosts": {"type": "list", "elements": "str", "default": []},
        "exclude_hosts": {"type": "list", "elements": "str", "default": []},
        "filter_host_parents": {"type": "list", "elements": "str", "default": []},
        "exclude_host_parents": {"type": "list", "elements": "str", "default": []},
    }
)
