# SPDX-License-Identifier: Apache-2.0
"""The units of an oVirt node by release, as data (dependencies as vdsm and libvirt ship them).

Keys of a unit, all optional but `description`: requires wants binds_to part_of after before
conflicts triggers listen type remain restart restart_sec limit time exec docs condition enabled
wanted_by remove_on_stop timer.
"""

LIBVIRT_DOCS = ("man:libvirtd(8)", "https://libvirt.org")
HE_CONF = ("ConditionFileNotEmpty", "/etc/ovirt-hosted-engine/hosted-engine.conf")
MULTI = "multi-user.target"

COMMON = {  # type: dict
    "libvirtd.service": {
        "description": "Virtualization daemon", "type": "notify", "restart": "on-failure",
        "requires": ("virtlogd.socket", "virtlockd.socket", "libvirtd-tls.socket"),
        "wants": ("libvirtd.socket", "libvirtd-ro.socket", "libvirtd-admin.socket",
                  "systemd-machined.service"),
        "after": ("virtlogd.socket", "virtlockd.socket", "dbus.service", "network.target"),
        "before": ("libvirt-guests.service",), "docs": LIBVIRT_DOCS, "enabled": True,
        "exec": "/usr/sbin/libvirtd $LIBVIRTD_ARGS", "time": 0.8,
    },
    "libvirtd.socket": {
        "description": "Libvirt local socket", "triggers": "libvirtd.service", "enabled": True,
        "listen": "/run/libvirt/libvirt-sock", "remove_on_stop": True,
        "wanted_by": "sockets.target",
    },
    "libvirtd-ro.socket": {
        "description": "Libvirt local read-only socket", "triggers": "libvirtd.service",
        "binds_to": ("libvirtd.socket",), "after": ("libvirtd.socket",), "enabled": True,
        "listen": "/run/libvirt/libvirt-sock-ro", "wanted_by": "sockets.target",
    },
    "libvirtd-admin.socket": {
        "description": "Libvirt admin socket", "triggers": "libvirtd.service",
        "binds_to": ("libvirtd.socket",), "after": ("libvirtd.socket",), "enabled": True,
        "listen": "/run/libvirt/libvirt-admin-sock", "wanted_by": "sockets.target",
    },
    "libvirtd-tls.socket": {
        "description": "Libvirt TLS IP socket", "triggers": "libvirtd.service",
        "binds_to": ("libvirtd.socket",), "after": ("libvirtd.socket",),
        "listen": "[::]:16514", "wanted_by": "libvirtd.service", "enabled": True,
    },
    "virtlogd.socket": {
        "description": "Virtual machine log manager socket", "triggers": "virtlogd.service",
        "listen": "/run/libvirt/virtlogd-sock", "enabled": True, "wanted_by": "sockets.target",
    },
    "virtlogd.service": {
        "description": "Virtual machine log manager", "requires": ("virtlogd.socket",),
        "exec": "/usr/sbin/virtlogd $VIRTLOGD_ARGS", "docs": ("man:virtlogd(8)",),
    },
    "virtlockd.socket": {
        "description": "Virtual machine lock manager socket", "triggers": "virtlockd.service",
        "listen": "/run/libvirt/virtlockd-sock",
    },
    "virtlockd.service": {
        "description": "Virtual machine lock manager", "requires": ("virtlockd.socket",),
        "exec": "/usr/sbin/virtlockd $VIRTLOCKD_ARGS", "docs": ("man:virtlockd(8)",),
    },
    "libvirt-guests.service": {
        "description": "Suspend/Resume Running libvirt Guests", "type": "oneshot", "remain": True,
        "wants": ("libvirtd.service",), "after": ("time-sync.target", "libvirtd.service"),
        "exec": "/usr/libexec/libvirt-guests.sh start", "enabled": True,
    },
    "supervdsmd.service": {
        "description": "Auxiliary vdsm service for running helper functions as root",
        "requires": ("libvirtd.service",), "wants": ("lldpad.service",),
        "after": ("libvirtd.service",), "restart": "always", "time": 0.3,
        "exec": "/usr/share/vdsm/daemonAdapter /usr/share/vdsm/supervdsmd "
                "--sockfile /run/vdsm/svdsm.sock",
    },
    "vdsm-network.service": {
        "description": "Virtual Desktop Server Manager network restoration", "type": "oneshot",
        "remain": True, "requires": ("libvirtd.service", "openvswitch.service",
                                     "NetworkManager.service"),
        "after": ("libvirtd.service", "openvswitch.service", "NetworkManager.service",
                  "supervdsmd.service"),
        "exec": "/usr/bin/vdsm-tool restore-nets", "enabled": True, "time": 0.4,
    },
    "vdsmd.service": {
        "description": "Virtual Desktop Server Manager",
        "requires": ("multipathd.service", "time-sync.target", "iscsid.service",
                     "rpcbind.service", "supervdsmd.service", "sanlock.service",
                     "vdsm-network.service"),
        "wants": ("mom-vdsm.service", "ovirt-imageio.service", "libvirt-guests.service",
                  "kdump.service", "dev-hugepages1G.mount"),
        "after": ("multipathd.service", "iscsid.service", "rpcbind.service",
                  "supervdsmd.service", "sanlock.service", "vdsm-network.service"),
        "restart": "always", "time": 1.5, "enabled": True,
        "exec": "/usr/share/vdsm/daemonAdapter -0 /dev/null -1 /dev/null -2 /dev/null "
                "/usr/share/vdsm/vdsmd",
    },
    "mom-vdsm.service": {
        "description": "MOM instance configured for VDSM purposes",
        "requires": ("vdsmd.service",), "after": ("vdsmd.service",), "restart": "always",
        "conflicts": ("momd.service", "ksmtuned.service"),
        "restart_sec": 5.0, "limit": (10, 120.0), "enabled": True,
        "exec": "/usr/sbin/momd -c /etc/vdsm/mom.conf",
    },
    "ovirt-imageio.service": {
        "description": "oVirt ImageIO Daemon", "type": "notify", "restart": "always",
        "exec": "/usr/bin/ovirt-imageio", "enabled": True, "time": 0.4,
    },
    "ovirt-ha-broker.service": {
        "description": "oVirt Hosted Engine High Availability Communications Broker",
        "condition": (HE_CONF,), "restart": "on-failure", "enabled": True, "time": 0.1,
        "exec": "/usr/share/ovirt-hosted-engine-ha/ovirt-ha-broker",
    },
    "ovirt-ha-agent.service": {
        "description": "oVirt Hosted Engine High Availability Monitoring Agent",
        "wants": ("ovirt-ha-broker.service", "vdsmd.service", "sanlock.service"),
        "after": ("ovirt-ha-broker.service", "vdsmd.service", "sanlock.service"),
        "condition": (HE_CONF,), "restart": "always", "restart_sec": 10.0, "enabled": True,
        "exec": "/usr/share/ovirt-hosted-engine-ha/ovirt-ha-agent", "time": 0.1,
    },
    "sanlock.service": {
        "description": "Shared Storage Lease Manager", "type": "forking",
        "wants": ("wdmd.service",), "after": ("wdmd.service",), "enabled": True,
        "exec": "/usr/sbin/sanlock daemon",
    },
    "wdmd.service": {
        "description": "Watchdog Multiplexing Daemon", "type": "forking", "enabled": True,
        "exec": "/usr/sbin/wdmd",
    },
    "chronyd.service": {
        "description": "NTP client/server", "type": "forking", "enabled": True, "time": 0.3,
        "conflicts": ("ntpd.service", "systemd-timesyncd.service"),
        "exec": "/usr/sbin/chronyd $OPTIONS",
        "docs": ("man:chronyd(8)", "man:chrony.conf(5)"),
    },
    "chrony-wait.service": {
        "description": "Wait for chrony to synchronize system clock", "type": "oneshot",
        "remain": True, "requires": ("chronyd.service",), "after": ("chronyd.service",),
        "wants": ("time-sync.target",), "before": ("time-sync.target",), "enabled": False,
        "exec": "/usr/bin/chronyc -h 127.0.0.1,::1 waitsync 0 0.1 0.0 1",
        "docs": ("man:chronyc(1)",),
    },
    "lldpad.service": {
        "description": "Link Layer Discovery Protocol Agent Daemon.",
        "exec": "/usr/sbin/lldpad -t", "enabled": True,
    },
    "multipathd.service": {
        "description": "Device-Mapper Multipath Device Controller", "type": "notify",
        "exec": "/sbin/multipathd -d -s", "enabled": True,
    },
    "iscsid.service": {
        "description": "Open-iSCSI", "type": "notify", "exec": "/usr/sbin/iscsid -f",
        "enabled": True,
    },
    "rpcbind.service": {
        "description": "RPC Bind", "type": "notify", "exec": "/usr/bin/rpcbind -w -f",
        "enabled": True,
    },
    "openvswitch.service": {
        "description": "Open vSwitch", "type": "oneshot", "remain": True,
        "exec": "/bin/true", "enabled": True,
    },
    "ovn-controller.service": {
        "description": "OVN controller daemon", "type": "forking", "enabled": True,
        "requires": ("openvswitch.service",), "after": ("openvswitch.service",),
        "exec": "/usr/share/ovn/scripts/ovn-ctl --no-monitor start_controller",
    },
    "NetworkManager.service": {
        "description": "Network Manager", "type": "notify", "enabled": True,
        "exec": "/usr/sbin/NetworkManager --no-daemon", "before": ("network.target",),
    },
    "ovirt-vmconsole-host-sshd.service": {
        "description": "oVirt VM Console SSH server daemon", "enabled": True,
        "exec": "/usr/sbin/sshd -f /usr/share/ovirt-vmconsole/ovirt-vmconsole-host/"
                "ovirt-vmconsole-host-sshd/sshd_config -D",
    },
    "sshd.service": {
        "description": "OpenSSH server daemon", "type": "notify", "enabled": True,
        "exec": "/usr/sbin/sshd -D",
    },
    "rsyslog.service": {
        "description": "System Logging Service", "type": "notify", "enabled": True,
        "exec": "/usr/sbin/rsyslogd -n",
    },
    "crond.service": {
        "description": "Command Scheduler", "enabled": True, "exec": "/usr/sbin/crond -n",
    },
    "polkit.service": {
        "description": "Authorization Manager", "exec": "/usr/lib/polkit-1/polkitd --no-debug",
        "wanted_by": MULTI, "enabled": True, "static": True,
    },
    "dbus.service": {
        "description": "D-Bus System Message Bus", "exec": "/usr/bin/dbus-daemon --system",
        "enabled": True, "static": True,
    },
    "systemd-journald.service": {
        "description": "Journal Service", "type": "notify", "enabled": True, "static": True,
        "exec": "/usr/lib/systemd/systemd-journald",
    },
    "systemd-logind.service": {
        "description": "Login Service", "enabled": True, "static": True, "type": "notify",
        "exec": "/usr/lib/systemd/systemd-logind",
    },
    "systemd-machined.service": {
        "description": "Virtual Machine and Container Registration Service", "static": True,
        "exec": "/usr/lib/systemd/systemd-machined",
    },
    "systemd-timedated.service": {
        "description": "Time & Date Service", "static": True,
        "exec": "/usr/lib/systemd/systemd-timedated",
    },
    "time-sync.target": {
        "description": "System Time Synchronized", "static": True,
    },
    "network.target": {"description": "Network", "static": True},
    "basic.target": {"description": "Basic System", "static": True},
    "sockets.target": {"description": "Sockets", "static": True},
    "multi-user.target": {"description": "Multi-User System", "static": True},
    "kdump.service": {
        "description": "Crash recovery kernel arming", "type": "oneshot", "remain": True,
        "exec": "/usr/bin/kdumpctl start", "enabled": True,
    },
    "tuned.service": {
        "description": "Dynamic System Tuning Daemon", "enabled": True,
        "exec": "/usr/sbin/tuned -l -P",
    },
    "auditd.service": {
        "description": "Security Auditing Service", "type": "forking", "enabled": True,
        "exec": "/sbin/auditd",
    },
    "systemd-tmpfiles-clean.timer": {
        "description": "Daily Cleanup of Temporary Directories", "static": True,
        "triggers": "systemd-tmpfiles-clean.service", "enabled": True,
        "timer": {"boot": 900.0, "unit_active": 86400.0}, "wanted_by": "timers.target",
    },
    "systemd-tmpfiles-clean.service": {
        "description": "Cleanup of Temporary Directories", "type": "oneshot", "static": True,
        "exec": "/usr/bin/systemd-tmpfiles --clean",
    },
}
