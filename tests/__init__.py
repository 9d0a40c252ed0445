# SPDX-License-Identifier: Apache-2.0
"""The tests. `python3 -m tests` runs them on every Python a node can have."""
