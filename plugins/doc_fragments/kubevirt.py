# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Options of the backend kubevirt."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  kubeconfig:
    description:
      - The kubeconfig file, or several with colons between them.
      - Without it and without O(server) the environment variable E(VIRTMAP_KUBEVIRT_KUBECONFIG) is taken, then
        E(KUBECONFIG), then the file C(~/.kube/config) where there is one, then the service account of the pod in
        which the task runs.
    type: path
  context:
    description:
      - The context of the kubeconfig; without it the one that is current there.
      - Without it the environment variable E(VIRTMAP_KUBEVIRT_CONTEXT) is taken.
      - The namespace that a context names is not used. See O(namespace).
    type: str
  server:
    description:
      - The API server in place of a kubeconfig, as a host name, an address or a URL. Without a scheme the port is 6443
        unless it names one.
      - Without it the environment variable E(VIRTMAP_KUBEVIRT_SERVER) is taken.
    type: str
  token:
    description:
      - Bearer token for O(server), such as that of a service account.
      - Without it the environment variable E(VIRTMAP_KUBEVIRT_TOKEN) is taken.
    type: str
  client_cert:
    description:
      - File with a client certificate for O(server) in PEM form.
    type: path
  client_key:
    description:
      - File with its key, unless that is in the same file.
    type: path
  namespace:
    description:
      - The namespaces whose guests are read, for an account whose rights are limited to them. Guests of other
        namespaces are then not in the mapping.
      - Without it those of all namespaces are read.
    type: list
    elements: str
    default: []
  hypervisor_id_fallback:
    description:
      - Report nodes under their names when the account may not list nodes. Of such a node nothing else is told, and one
        without a guest is not reported at all.
      - Without it the task fails then. A receiver takes a node for another hypervisor when its id changes.
    type: bool
    default: false
  include_stopped:
    description:
      - Name machines that are stopped in C(unplaced). The account needs the right to list C(virtualmachines), and as
        many objects again are read.
    type: bool
    default: false
  schedulable_only:
    description:
      - Report only nodes on which KubeVirt may put guests, and those that have some.
      - virt-who reports every node, such as those of the control plane.
    type: bool
    default: false
  cpus_as_sockets:
    description:
      - Report the number of allocatable CPUs of a node as its number of sockets, as virt-who does. This is wrong,
        and counts a node with two sockets of 32 CPUs as one with 64 sockets.
      - Without it the number of sockets is not told, because Kubernetes does not know it.
    type: bool
    default: false
  page_size:
    description:
      - How many objects are asked for with each request.
    type: int
    default: 500
"""
