# SPDX-License-Identifier: Apache-2.0
"""A simulated oVirt node and engine: stateful programs over one world directory.

Nothing here imports `recovery`: the simulators are an independent truth.
"""
