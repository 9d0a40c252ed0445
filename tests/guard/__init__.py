# SPDX-License-Identifier: Apache-2.0
"""Keeps the tests from the real clock, service manager and libvirt. Imports no project code."""
