# SPDX-License-Identifier: Apache-2.0
"""PID 1 of the simulated node: unit tables, jobs, services, sockets, timers, unit files."""
