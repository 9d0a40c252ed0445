# SPDX-License-Identifier: Apache-2.0
"""The programs of a running node, simulated and real: the real ones in the virtual machine."""
