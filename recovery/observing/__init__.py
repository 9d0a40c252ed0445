# SPDX-License-Identifier: Apache-2.0
"""The parts of `observe`: each reads one corner of the node and changes nothing."""
