# SPDX-License-Identifier: Apache-2.0
"""What was seen of the node at one moment: frozen facts, no judgement. Imports `moment` only."""

from typing import NamedTuple, Optional, Tuple

from recovery.moment import Moment


class Certificate(NamedTuple):
    """One certificate file of the node, as it lies on the disk.

    kind: "vdsm", "libvirt-client", "spice", "vnc", "migration", "ovn", "vmconsole" (SSH), "ca"
    (engine CA and its copies) or "qemu-ca". state: "ok", "unreadable" (then `problem` says why
    and the fields below it are empty). Times are seconds since the epoch, UTC.
    """

    path: str
    kind: str
    state: str = "ok"
    problem: str = ""
    subject: str = ""
    issuer: str = ""
    sans: Tuple[str, ...] = ()  # "DNS:name", "IP:address"
    serial: int = 0
    not_before: int = 0
    not_after: int = 0
    is_ca: bool = False
    key_path: str = ""
    key_match: Optional[bool] = None  # None: no key file to compare with
    ca_path: str = ""
    chain: Optional[bool] = None  # signed by the CA in ca_path; None: not judged
    fingerprint: str = ""  # SHA-256 of the DER, hex
    spki: str = ""  # SHA-256 of the public key, hex: equal for a renewed certificate


class Unit(NamedTuple):
    """State of one systemd unit, from `systemctl show` (man org.freedesktop.systemd1)."""

    name: str
    load: str = "not-found"
    active: str = "inactive"
    sub: str = "dead"
    result: str = ""
    enabled: str = ""  # UnitFileState: enabled, disabled, static, masked, masked-runtime ...
    exec_status: int = 0
    entered_active: int = 0  # microseconds of uptime (ActiveEnterTimestampMonotonic)
    invocation: str = ""  # empty on systemd 219


class Failure(NamedTuple):
    """One kind of failure found in the systemd journal, with its literal evidence."""

    kind: str  # "expired", "not-yet-valid", "start-limit", "unit-failed", "unrelated" ...
    unit: str
    path: str  # the certificate named in the line, or ""
    times: int
    first: float  # wall seconds of the first entry
    last: float
    line: str  # one literal MESSAGE


class Synchronisation(NamedTuple):
    """Who sets the clock."""

    units: Tuple[Unit, ...] = ()  # chronyd, chrony-wait, ntpd, systemd-timesyncd, ptp4l ...
    synchronised: Optional[bool] = None
    source: str = ""  # the selected NTP source, "" when none
    offset: Optional[float] = None  # seconds; positive: the node's clock is ahead of NTP time


class Engine(NamedTuple):
    """What the node knows of the engine VM and of the hosted-engine HA services."""

    deployed: bool = False
    fqdn: str = ""  # hosted-engine.conf: fqdn
    host_id: str = ""
    domain_state: str = ""  # virsh's word ("running", "shut off", "absent"); "" not reachable
    libvirt_problem: str = ""  # why libvirt could not be asked, "" when it could
    global_maintenance: Optional[bool] = None  # None: not known (broker down)
    local_maintenance: Optional[bool] = None
    local_maintenance_source: str = ""
    vm_health: str = ""  # hosted-engine --vm-status: good, bad, unknown
    other_nodes: Tuple[str, ...] = ()  # host names of other nodes known here
    answers_ssh: Optional[bool] = None  # port 22 of the engine, None: not tried
    global_maintenance_source: str = ""  # who said so: the HA broker or the agent's log
    ssh_address: str = ""  # where it is asked for: the fqdn, or what the operator gave
    api: str = ""  # its web side: answers, expired, untrusted, unreachable; "" not tried
    api_problem: str = ""  # the literal line that says so
    unresolved: str = ""  # the line that says that nobody knows its name here
    host_key_known: Optional[bool] = None  # known_hosts has a key for it; None: not looked up
    web: Optional[Certificate] = None  # what its web server shows; `chain`: the node's CA signed it
    web_problem: str = ""  # why none is known, "" where nobody asked
    own: Optional[Certificate] = None  # by which nodes know it; signed by the CA of the node
    own_problem: str = ""  # as web_problem

    @property
    def lives(self) -> bool:
        """Tell whether an engine runs, here or on another node."""
        return bool(self.answers_ssh) or self.domain_state == "running"

    @property
    def alive(self) -> bool:
        """Tell whether an engine runs, by the HA broker or its web side too: perhaps unreached."""
        return self.lives or self.vm_health == "good" or self.serves

    @property
    def serves(self) -> bool:
        """Tell whether what answers on its web port proves to be it: its CA has signed for it.

        Something else may have taken its address meanwhile.
        """
        return self.web is not None and (bool(self.web.chain) or self.own is not None)

    @property
    def needs_no_start(self) -> bool:
        """Tell whether there is no engine VM that this node has to start."""
        return self.alive or not self.deployed


class Served(NamedTuple):
    """The certificate a daemon of the node serves right now, from a TLS handshake."""

    port: int
    not_after: int = 0
    fingerprint: str = ""
    verified: Optional[bool] = None  # the handshake with CA and client certificate succeeded
    problem: str = ""


class Observation(NamedTuple):
    """All facts that `diagnose` and `plan` judge."""

    moment: Moment
    root: str  # "/" or the directory given by --root
    running: bool  # False: only files were looked at (a disk mounted by a rescue system)
    hostname: str = ""
    os_release: str = ""  # PRETTY_NAME
    systemd: int = 0  # major version, 0 when unknown
    rtc: Optional[int] = None  # seconds since the epoch that the hardware clock shows
    rtc_local: bool = False  # /etc/adjtime says LOCAL
    root_rights: bool = True
    ovirt_node: bool = True  # the marks of an oVirt node are there
    certificates: Tuple[Certificate, ...] = ()
    plain_python: str = ""  # why certificates were read without the cryptography library
    units: Tuple[Unit, ...] = ()
    failures: Tuple[Failure, ...] = ()
    sync: Synchronisation = Synchronisation()
    engine: Engine = Engine()
    served: Tuple[Served, ...] = ()
    vnc_tls: bool = False
    disk_free: Tuple[Tuple[str, int], ...] = ()  # path, free bytes
    versions: Tuple[Tuple[str, str], ...] = ()  # program or package, version
    running_vms: Optional[int] = None
    spm_protect: int = 0  # processes that guard the lease of an old storage domain by wall time
    problems: Tuple[str, ...] = ()  # what could not be observed, and why
    # Steps of the wall clock within this boot, seen in systemd's journal: before, after.
    clock_steps: Tuple[Tuple[float, float], ...] = ()
    journal_latest: float = 0.0  # the latest wall time of an entry read, of any boot; 0: none
