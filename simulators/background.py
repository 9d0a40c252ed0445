# SPDX-License-Identifier: Apache-2.0
"""The ordinary noise of a node's journal: kernel at boot, cron, sessions, other services."""

from simulators.world import World

KERNEL = (
    "Linux version %(kernel)s (mockbuild@x86-01) (gcc version 8.5.0) #1 SMP",
    "Command line: BOOT_IMAGE=/ovirt-node-ng/vmlinuz root=/dev/onn/ovirt-node-ng ro",
    "BIOS-provided physical RAM map:",
    "BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff] usable",
    "x86/fpu: x87 FPU will use FXSAVE",
    "SMP: Allowing 16 CPUs, 0 hotplug CPUs",
    "pci 0000:00:1f.0: can't claim BAR 13 [io 0x0400-0x047f]: address conflict",
    "rtc_cmos 00:03: RTC can wake from S4",
    "rtc_cmos 00:03: registered as rtc0",
    "rtc_cmos 00:03: setting system clock to %(rtc)s UTC (%(epoch)d)",
    "rtc_cmos 00:03: alarms up to one day, y3k, 242 bytes nvram, hpet irqs",
    "scsi host0: ahci",
    "EXT4-fs (dm-0): mounted filesystem with ordered data mode. Opts: (null)",
    "device-mapper: multipath round-robin: version 1.2.0 loaded",
)
NOISE = (
    # unit, identifier, priority, message
    ("crond.service", "CROND", 6, "(root) CMD (run-parts /etc/cron.hourly)"),
    ("crond.service", "anacron", 5, "Anacron started on %(day)s"),
    ("sshd.service", "sshd", 6, "Connection closed by 192.0.2.%(n)d port %(port)d [preauth]"),
    ("rsyslog.service", "rsyslogd", 6, "imjournal: journal files changed, reloading..."),
    (
        "NetworkManager.service",
        "NetworkManager",
        6,
        "<info>  [%(wall).4f] dhcp4 (ovirtmgmt): state changed new lease",
    ),
    ("multipathd.service", "multipathd", 5, "360014050%(n)08d: remaining active paths: 2"),
    ("iscsid.service", "iscsid", 4, "iscsid: Kernel reported iSCSI connection 1:0 is operational"),
    ("sanlock.service", "sanlock", 5, "%(up)d [1412]: s1 renewed"),
    ("systemd-logind.service", "systemd-logind", 6, "New session %(n)d of user root."),
    ("systemd-logind.service", "systemd-logind", 6, "Session %(n)d logged out."),
    ("tuned.service", "tuned", 6, "static tuning from profile 'virtual-host' applied"),
)


def boot(world: World, kernel: str) -> None:
    """Write the kernel's first words of a boot."""
    import time

    rtc = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(world.rtc()))
    values = {"kernel": kernel, "rtc": rtc, "epoch": int(world.rtc())}
    for line in KERNEL:
        text = line % values if "%(" in line else line
        world.log(text, _TRANSPORT="kernel")


def start(world: World) -> None:
    """Begin with the noise."""
    world.schedule(5.0, "background-entry")


def entry(world: World, data: object = None) -> None:
    """Write one entry and plan the next."""
    number = world.random()
    unit, identifier, priority, text = NOISE[number % len(NOISE)]
    if "%(" in text:
        import time

        day = time.strftime("%Y-%m-%d", time.gmtime(world.wall()))
        text = text % {
            "n": number % 90 + 2,
            "port": 30000 + number % 30000,
            "day": day,
            "wall": world.wall(),
            "up": int(world.uptime),
        }
    world.log(text, unit, identifier, priority)
    world.schedule(2.0 + number % 400 / 10.0, "background-entry")


def history(world: World, entries: int) -> None:
    """Write some hundred entries of the time before, as an earlier boot left them."""
    for _ in range(entries):
        entry(world)
        world.cancel("background-entry")
        world.advance(7.0 + world.random() % 1200 / 10.0)
