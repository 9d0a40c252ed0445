# SPDX-License-Identifier: Apache-2.0
"""engine-setup on the engine VM: an otopi dialogue, and what it does to the engine's files."""
