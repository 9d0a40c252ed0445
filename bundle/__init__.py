# SPDX-License-Identifier: Apache-2.0
"""Builds the archive and the virtual environments. Imports the standard library only."""
