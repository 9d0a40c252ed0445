# SPDX-License-Identifier: Apache-2.0
"""One module per external program: argv in, values out, no policy."""
