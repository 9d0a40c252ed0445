# SPDX-License-Identifier: Apache-2.0
"""A node and an engine of scripts, for the steps that renew the engine's own certificates."""

from pathlib import Path
from typing import Any, Dict, List

from recovery import context as contexts
from recovery import inventory
from recovery import journal as journals
from recovery.programs import engine_setup as program
from recovery.steps import engine_certificates as looking
from recovery.steps import engine_setup
from tests.unit import authority, nodes

SSH = r"""
for order; do :; done
echo "$order" >> "$here/orders"
pki=$here/engine
case $order in
"echo '== engine'"*)
    for name in engine apache websocket-proxy; do
        echo "== $name"
        /bin/cat "$pki/$name.cer" 2>/dev/null || true
    done
    echo "== ca"
    /bin/cat "$pki/ca.pem" 2>/dev/null || true ;;
"pgrep "*) [ -e "$here/another" ] || exit 1; /bin/rm "$here/another"; echo 4711 ;;
"systemctl is-active "*) read state < "$here/engine-state"; echo $state ;;
"test -e "*) [ -e "$here/image" ] ;;
"cd / && ls -d "*) echo etc/ovirt-engine ;;
"cd / && umask 077 && "*)
    if [ -e "$here/full" ]; then
        echo 'tar: /var/lib: Cannot write: No space left on device' >&2
        exit 2
    fi
    echo "$order" > "$here/image" ;;
*engine-setup*) . "$here/setup" ;;
"systemctl start "*) echo active > "$here/engine-state" ;;
*) true ;;
esac
"""
SETUP = r"""
info() { echo "[ INFO  ] $1"; }
ask() { printf '          %s' "$1"; read answer || exit 1; }
fail() { echo "[ ERROR ] Failed to execute stage '$1': $2"; exit 1; }
half() { [ ! -e "$here/$1" ] || { /bin/rm "$here/$1"; return 0; }; return 1; }
info 'Stage: Environment customization'
for name in engine apache; do
    /usr/bin/cmp -s "$pki/$name.cer" "$here/new/$name.cer" || due=yes
done
if [ "$due" ] && [ ! -e "$here/not-offered" ]; then
    ask 'Renew certificates? (Yes, No) [No]:'
fi
info 'Stage: Setup validation'
read state < "$here/engine-state"
if [ $state = active ]; then
    ask 'During execution engine service will be stopped (OK, Cancel) [OK]:'
    [ "$answer" = OK ] || fail 'Setup validation' 'Engine service is running, no approval to stop'
fi
case $order in
*continueSetupOnHEVM*) true ;;
*) [ ! -e "$here/gate" ] ||
    fail 'Setup validation' 'Hosted Engine setup detected, but Global Maintenance is not set.' ;;
esac
ask 'Please confirm installation settings (OK, Cancel) [OK]:'
[ "$answer" = OK ] || fail 'Setup validation' 'Configuration was rejected by user'
info 'Stage: Transaction setup'
echo inactive > "$here/engine-state"
! half lost-before || exit 255
for name in engine apache; do
    info "Renewing $name certificate"
    [ -e "$here/idle" ] || [ $name.cer = "$(/bin/cat "$here/foreign" 2>/dev/null)" ] ||
        /bin/cp "$here/new/$name.cer" "$pki/$name.cer"
done
! half lost-after || exit 255
info 'Starting engine service'
echo active > "$here/engine-state"
[ -e "$here/foreign.cer" ] || /bin/cp "$here/new/apache.cer" "$here/served.cer"
info 'Execution of setup completed successfully'
"""
OPENSSL = r"""
/bin/cat "$here/served.cer"
echo "    Verify return code: 0 (ok)"
"""
BROKER = r"""
[ ! -e "$here/no-broker" ] || exit 1
[ -e "$here/maintenance" ] && flag=true || flag=false
echo "{\"1\": {\"host-id\": 1}, \"global_maintenance\": $flag}"
"""
CA = authority.issue("CA", is_ca=True, end=nodes.NOW + 3000 * nodes.DAY)
OTHER_CA = authority.issue("another CA", is_ca=True)
LOOK, STEP = looking.EngineCertificates(), engine_setup.EngineSetup()
RUN = "LC_ALL=C engine-setup --offline"
BYPASS = RUN + ' --otopi-environment="%s"' % program.BYPASS


def signed(name: str, days: float, ca: authority.Pair = CA) -> str:
    """Return a certificate that ends so many days after the tests' present."""
    end = nodes.NOW + int(days * nodes.DAY)
    return authority.issue(name, ca, end - 398 * nodes.DAY, end).certificate.decode()


class World:
    """A node and its engine, whose certificates end so many days from now."""

    def __init__(self, folder: Path, engine: float = -32, apache: float = -32) -> None:
        self.node = nodes.Node(folder)
        for name, text in (("ssh", SSH), ("openssl", OPENSSL), ("hosted-engine", BROKER)):
            self.node.script(name, nodes.HEAD + text)
        self.node.write(inventory.NODE_CA, CA.certificate.decode())
        self.place("setup", SETUP)
        self.place("engine-state", "active\n")
        self.place("maintenance")
        self.place("engine/ca.pem", CA.certificate.decode())
        self.place("engine/engine.cer", signed("engine", engine))
        self.place("engine/apache.cer", signed("engine", apache))
        self.place("new/engine.cer", signed("engine", 1827))
        self.place("new/apache.cer", signed("engine", 398))
        self.place("served.cer", (folder / "engine" / "apache.cer").read_text())
        self.person = nodes.Person(True)
        plan = nodes.plan(
            LOOK.id,
            STEP.id,
            route="renew",
            engine="virt-he.example.test",
            subject="/O=example.test/CN=virt-host1",
        )
        self.context: contexts.Context = nodes.context(self.node, plan, self.person)

    def place(self, name: str, text: str = "") -> Path:
        path = self.node.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    def setups(self) -> List[str]:
        path = self.node.folder / "orders"
        return [one for one in path.read_text().splitlines() if one.startswith("LC_ALL=C engine")]

    def perform(self, step: Any = STEP) -> Dict[str, Any]:
        """Do what the executor does with a step."""
        journal = self.context.journal
        before = journal.before(step.id)
        if before is None:
            before = step.capture(self.context)
        journal.write(journals.APPLYING, step.id, before)
        step.apply(self.context, before)
        step.verify(self.context, before)
        journal.write(journals.VERIFIED, step.id)
        return dict(before)

    def both(self) -> Dict[str, Any]:
        self.perform(LOOK)
        return self.perform()

    def undo(self) -> None:
        STEP.undo(self.context, self.context.journal.before(STEP.id) or {})
