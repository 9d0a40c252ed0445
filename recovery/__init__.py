# SPDX-License-Identifier: Apache-2.0
"""Bring an oVirt node back whose certificates have expired."""

__version__ = "0.1.0"
