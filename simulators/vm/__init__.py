# SPDX-License-Identifier: Apache-2.0
"""A virtual machine with the real systemd, journald, timedated, chronyd, libvirtd and virsh.

Runs under qemu's software emulation as any user who may read the image; building it needs root.
"""
