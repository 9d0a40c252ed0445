# SPDX-License-Identifier: Apache-2.0
"""The verbs of systemctl: what each asks of PID 1 (simulators.systemd) and what it prints."""
