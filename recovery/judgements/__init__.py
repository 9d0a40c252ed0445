# SPDX-License-Identifier: Apache-2.0
"""Judgements, one theme a module: `judge(observation)` returns findings. Pure."""
