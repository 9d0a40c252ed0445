# SPDX-License-Identifier: Apache-2.0
"""Against the real systemd, timedated, chronyd, libvirtd and virsh, in a virtual machine."""
