# SPDX-License-Identifier: Apache-2.0
"""The node's systemd journal: records as journald would keep them, and how journalctl reads."""
