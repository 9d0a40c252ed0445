# SPDX-License-Identifier: Apache-2.0
"""What the archive starts with, in it as `_archive`; standard library only, little of it."""
