# SPDX-License-Identifier: Apache-2.0
"""The scenarios as data: what is expired, where the engine VM is, what the clocks say.

Imports `node_pki` and `pki` for their types only.
"""

from typing import Dict, NamedTuple, Optional, Tuple

from simulators.node_pki import Ages
from simulators.pki import Dates

DAY = 86400
TRUE = 1676894400  # 2023-02-20 12:00:00 UTC, the day of the hand procedure
LIFETIME = 399 * DAY  # what "398 days" comes to: notBefore is a day before the signature
END = 1674208800  # 2023-01-20 10:00:00 UTC: a month before

# Where what the operator brought along lies; {world} is the world's directory.
BACKUP = "{world}/engine.backup"
PAIR = ("--ca-cert", "{world}/ca.pem", "--ca-key", "{world}/ca-key.pem") + (
    "--ca-passphrase-file",
    "{world}/ca-passphrase",
)


class Further(NamedTuple):
    """Another node of the cluster; it carries no engine VM."""

    name: str
    ages: Ages
    address: str
    first_boot: Optional[int] = None  # of a node that has been running since
    guests: Tuple[str, ...] = ()  # virtual machines that run on it


class Story(NamedTuple):
    summary: str
    ages: Ages
    true: int = TRUE
    ahead: int = 0  # of the node's system clock before the true time
    engine: str = "down"  # down (at the boot), elsewhere
    ntp: bool = False
    vnc_tls: bool = False
    language: str = "en_US.UTF-8"
    maintenance: str = "none"  # global, local
    note: str = ""  # an irregularity that `scenarios` knows how to make
    first_boot: Optional[int] = None  # of a node that has been running since
    # What the tool is told beside what every recovery is told; {world} is the world's directory.
    options: Tuple[str, ...] = ()  # to `recover`
    options_again: Tuple[str, ...] = ()  # to `resume`
    options_undo: Tuple[str, ...] = ()  # to `undo`
    further: Tuple[Further, ...] = ()


def of(state: dict) -> Story:
    """The story of a world: of its first node, or of the further one that it is."""
    story = moved(STORIES[state["scenario"]], state["moved"])
    for one in story.further:
        if one.name == state["hostname"]:
            return story._replace(
                ages=one.ages, engine="elsewhere", first_boot=one.first_boot, note="", further=()
            )
    return story


def until(end: int, lifetime: int = LIFETIME) -> Dates:
    return Dates(end - lifetime, end)


def ages(end: int, **changes: Dates) -> Ages:
    """Everything issued on the same two days, the CA much earlier."""
    made = Ages(
        ca=Dates(1546300800, 1546300800 + 3651 * DAY),  # 2019-01-01
        qemu_ca=Dates(1577836800, 1577836800 + 3651 * DAY),  # 2020-01-01
        vdsm=until(end),
        migrate=until(end + 40),
        ovn=until(end + 95),
        ssh=Dates(end - LIFETIME + DAY - 3600, end + 20),
        engine=until(end - 6 * 3600),
        web=until(end - 6 * 3600 + 2),
    )
    return made._replace(**changes)


API_PASSWORD = ("--api-password-file", "{world}/api-password")


def moved(story: Story, seconds: int) -> Story:
    """The same story at another time: for clients that judge by the clock of this machine."""
    dates = {
        name: Dates(one.begin + seconds, one.end + seconds)
        for name, one in story.ages._asdict().items()
        if one is not None
    }
    first = story.first_boot and story.first_boot + seconds
    return story._replace(ages=Ages(**dates), true=story.true + seconds, first_boot=first)


SECOND = "virt-host2.example.test"
THIRD = "virt-host3.example.test"
_ON_BOTH = ("--node", SECOND, "--node", THIRD, "--node-password-file", "{world}/node-password")
STORIES: Dict[str, Story] = {
    "node-expired": Story(
        "the node's certificate expired a month ago; libvirtd refuses to start", ages(END)
    ),
    "expired-500-days": Story(
        "expired 500 days ago: what a past clock issues for 398 days is dead on return",
        ages(TRUE - 500 * DAY),
    ),
    "mixed-ages": Story(
        "console (VNC with TLS) and migration certificates have dates of their own",
        ages(END, vnc=until(END - 45 * DAY), migrate=until(END + 120 * DAY)),
        vnc_tls=True,
    ),
    "near-expiry": Story(
        "nothing has expired, but all ends in 20 days; the engine runs on another node",
        ages(TRUE + 20 * DAY),
        engine="elsewhere",
        ntp=True,
        first_boot=TRUE - 2 * DAY,
        options=API_PASSWORD,
        options_again=API_PASSWORD,
        options_undo=API_PASSWORD,
    ),
    "near-expiry-alone": Story(
        "the same on the only node: with the engine VM on it no maintenance is possible",
        ages(TRUE + 20 * DAY),
        ntp=True,
        first_boot=TRUE - 2 * DAY,
    ),
    "global-maintenance": Story(
        "global maintenance was left on, so the agent never starts the engine VM",
        ages(END),
        maintenance="global",
    ),
    "local-maintenance": Story(
        "local maintenance was left on, so this node's agent keeps its hands off",
        ages(END),
        maintenance="local",
    ),
    "still-running": Story(
        "expired, but libvirtd and the engine VM were never restarted",
        ages(END),
        first_boot=END - 20 * DAY,
    ),
    "russian-locale": Story(
        "like node-expired, and the node's messages are in Russian",
        ages(END),
        language="ru_RU.UTF-8",
    ),
    "all-valid": Story(
        "nothing has expired, everything runs",
        ages(TRUE + 200 * DAY),
        ntp=True,
        first_boot=TRUE - 30 * DAY,
    ),
    "web-expires-soon": Story(
        "the node is fine, but the engine's web certificate ends in three weeks",
        ages(TRUE + 200 * DAY, web=until(TRUE + 20 * DAY)),
        ntp=True,
        first_boot=TRUE - 10 * DAY,
    ),
    "ca-expired": Story(
        "the engine's CA itself has expired: no way back leads through its certificates",
        ages(END, ca=Dates(1546300800, END + 3 * DAY)),
    ),
    "clock-ahead": Story(
        "the system clock is two years ahead; the certificates are really fine",
        ages(TRUE + 200 * DAY),
        ahead=2 * 365 * DAY,
    ),
    "engine-up": Story(
        "the node is expired, but the engine runs on another node and answers ssh",
        ages(END),
        engine="elsewhere",
    ),
    "no-common-window": Story(
        "the CA was renewed after the node's certificate had expired: no moment suits both",
        ages(END, ca=Dates(END + 5 * DAY, END + 5 * DAY + 7301 * DAY)),
    ),
    "ntp-reachable": Story(
        "like node-expired, and the engine VM's time synchronisation reaches a server",
        ages(END),
        ntp=True,
    ),
    "three-nodes": Story(
        "the node that carries the engine VM is well; two further nodes are expired, one runs VMs",
        ages(TRUE + 200 * DAY),
        ntp=True,
        first_boot=TRUE - 30 * DAY,
        options=_ON_BOTH,
        options_again=_ON_BOTH,
        further=(
            Further(SECOND, ages(END), "192.0.2.12"),
            Further(THIRD, ages(END - 3 * DAY), "192.0.2.13", END - 20 * DAY, ("web1", "db1")),
        ),
    ),
    "unrelated-failure": Story(
        "libvirtd fails because of its configuration, not because of a certificate",
        ages(TRUE + 200 * DAY),
        note="bad-configuration",
    ),
    "offline-backup": Story(
        "like node-expired, and an archive of engine-backup is at hand, made a year ago",
        ages(END),
        note="engine-backup",
        options=("--engine-backup", BACKUP),
        options_again=("--engine-backup", BACKUP),
    ),
    "offline-ca-key": Story(
        "no moment suits CA and node, but the CA's certificate and encrypted key are at hand",
        ages(END, ca=Dates(END + 5 * DAY, END + 5 * DAY + 7301 * DAY)),
        note="ca-key",
        options=PAIR,
        options_again=PAIR,
    ),
    "interim": Story(
        "like node-expired: a temporary certificate until the engine has signed, no clock change",
        ages(END),
        options=("--route", "interim"),
    ),
}
