# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Where virt-who's configuration is found."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  config_file:
    description: General configuration file of virt-who.
    type: path
    default: /etc/virt-who.conf
  config_dir:
    description: Folder with virt-who's drop-in files C(*.conf).
    type: path
    default: /etc/virt-who.d
  key_file:
    description: File with the key of virt-who's encrypted passwords.
    type: path
    default: /var/lib/virt-who/key
"""
