# SPDX-License-Identifier: Apache-2.0
"""One function per command of the command line: arguments in, exit status out."""
