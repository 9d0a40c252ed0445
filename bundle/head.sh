#!/bin/sh
# ovirt-cert-recovery: this text finds a Python, 3.6 or newer, for the zip archive that follows it.
# sha256 of this file, these digits being zeros: 0000000000000000000000000000000000000000000000000000000000000000
case "$#$1" in
1--help | 1-h)
    cat <<'END'
@USAGE@
END
    exit 0
    ;;
esac
probe='import sys, zlib, zipimport
if sys.version_info < (3, 6): sys.exit(2)
try: zipimport.zipimporter(sys.argv[1])
except zipimport.ZipImportError: sys.exit(3)'
for name in "$OVIRT_CERT_RECOVERY_PYTHON" python3.13 python3.12 python3.11 python3.10 python3.9 \
    python3 /usr/libexec/platform-python python3.8 python3.7 python3.6; do
    [ -n "$name" ] && path=$(command -v "$name" 2>/dev/null) || continue
    "$path" -ISc "$probe" "$0" 2>/dev/null
    case $? in
    0) exec "$path" -E -s "$0" "$@" ;;
    3)
        echo "cannot start ovirt-cert-recovery: $0 is damaged (it is no whole archive)" >&2
        echo "  unchanged: everything" >&2
        echo "  next: copy it anew; \`sha256sum -c SHA256SUMS\` tells a good copy" >&2
        exit 4
        ;;
    esac
done
echo "cannot start ovirt-cert-recovery: it needs Python 3.6 or newer, and this system has none in PATH" >&2
seen=$(for name in python3 python python2; do
    command -v "$name" >/dev/null 2>&1 && "$name" --version 2>&1 && break
done)
echo "  seen: ${seen:-no python at all}" >&2
echo "  unchanged: everything" >&2
echo "  next: set OVIRT_CERT_RECOVERY_PYTHON to one, or boot a rescue system that has Python 3 (--root)" >&2
exit 4
