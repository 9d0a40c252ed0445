# SPDX-License-Identifier: Apache-2.0
"""One reversible step a file; steps never import each other."""
