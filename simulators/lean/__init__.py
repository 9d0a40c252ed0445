# SPDX-License-Identifier: Apache-2.0
"""Stand-ins for heavy standard modules, put before the real ones in a world's library."""
