#!/bin/sh
# ovirt-cert-recovery: this text finds a Python for the zip archive that follows it. Needs Python @MINOR@.
for name in "$OVIRT_CERT_RECOVERY_PYTHON" python@MINOR@ python3 /usr/libexec/platform-python; do
    [ -n "$name" ] && path=$(command -v "$name" 2>/dev/null) || continue
    "$path" -ISc 'import sys; sys.exit("%d.%d" % sys.version_info[:2] != "@MINOR@")' 2>/dev/null || continue
    exec "$path" -E -s "$0" "$@"
done
echo "cannot start ovirt-cert-recovery: this archive needs Python @MINOR@, and there is none in PATH" >&2
echo "seen: $(command -v python3 >/dev/null && python3 --version 2>&1 || echo no python3). Nothing was changed." >&2
echo "to do: set OVIRT_CERT_RECOVERY_PYTHON to a Python @MINOR@, or build the archive with the Python of this node" >&2
exit 4
