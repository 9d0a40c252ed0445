# SPDX-License-Identifier: Apache-2.0
"""The simulated executables: one module a program, run by `simulators.entry`."""
