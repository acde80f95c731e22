# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Mappings on their way from one job to another. Private to this collection.

AWX hands what a job noted with set_stats to the later jobs of its workflow, as extra variables. When the jobs of several
slices note one name, the last one wins and the others are lost, so every source has a variable of its own. Extra variables
are templates for Ansible, and are shown and stored with the job: a packed mapping is one text without a brace, and small.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import typing as t
import zlib
from datetime import datetime, timezone

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Mapping
from ansible_collections.virtmap.core.plugins.module_utils._core.options import check_timeout
from ansible_collections.virtmap.core.plugins.module_utils._core.parse import parse_mapping

# Tells this form from any later one.
_HEAD = "virtmap1:"
_AGAIN = "run the whole workflow again"


def variable_name(source: str) -> str:
    """The variable for the mapping of a source: what is allowed in the name of a host is not in that of a variable."""
    return f"virtmap_mapping_{hashlib.sha256(source.encode('utf-8')).hexdigest()[:32]}"


def pack(mapping: Mapping, now: datetime) -> str:
    """A mapping as one text of letters, digits and a few signs; 40,000 guests make less than 2 MB.

    Args:
        now: kept beside the mapping. The moment of its collection is another one: that of a file may be days ago.
    """
    document = {"packed_at": now.astimezone(timezone.utc).isoformat(), "mapping": mapping.to_dict()}
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return _HEAD + base64.b64encode(zlib.compress(text.encode("utf-8"))).decode("ascii")


def unpack(text: str) -> tuple[Mapping, datetime]:
    """The mapping in such a text, and when it was packed.

    Raises:
        InvalidInput: there is no text, or it is damaged or of another kind.
    """
    if not text:
        raise InvalidInput(
            "no earlier job of this workflow handed on a mapping of this source: the job or slice that gathers it failed, was "
            "canceled or is not linked to this one; look at the gathering jobs"
        )
    if not text.startswith(_HEAD):
        raise InvalidInput("the text is no packed mapping; give what the filter virtmap.core.pack_mappings made")
    try:
        document = json.loads(zlib.decompress(base64.b64decode(text[len(_HEAD) :], validate=True)))
        moment = datetime.fromisoformat(document["packed_at"])
        mapping = document["mapping"]
    except (binascii.Error, zlib.error, ValueError, KeyError, TypeError) as exc:
        raise InvalidInput(f"the packed mapping was damaged on its way between the jobs ({exc}); {_AGAIN}") from exc
    return parse_mapping(mapping), moment


def collect(options: t.Mapping[str, t.Any], now: datetime) -> Mapping:
    """Take a mapping out of the option ``packed``, but none that was packed more than ``max_age`` seconds ago.

    A job that is launched again gets the variables that it had the first time; the mapping may be weeks old then.

    Raises:
        InvalidInput: there is none, it cannot be used, or it is too old.
    """
    check_timeout(options, "max_age")
    mapping, moment = unpack(options["packed"])
    age = int((now - moment).total_seconds())
    if age > options["max_age"]:
        raise InvalidInput(
            f"the mapping was handed on {age} seconds ago, which is longer than max_age ({options['max_age']}); {_AGAIN}, because "
            "a job that is launched again by itself gets the old mappings"
        )
    return mapping
