# SPDX-License-Identifier: Apache-2.0
"""The units of the system below oVirt, as data; keys as in `tables`."""

MULTI = "multi-user.target"

SYSTEM = {  # type: dict
    "lldpad.service": {
        "description": "Link Layer Discovery Protocol Agent Daemon.",
        "exec": "/usr/sbin/lldpad -t",
        "enabled": True,
    },
    "multipathd.service": {
        "description": "Device-Mapper Multipath Device Controller",
        "type": "notify",
        "exec": "/sbin/multipathd -d -s",
        "enabled": True,
    },
    "iscsid.service": {
        "description": "Open-iSCSI",
        "type": "notify",
        "exec": "/usr/sbin/iscsid -f",
        "enabled": True,
    },
    "rpcbind.service": {
        "description": "RPC Bind",
        "type": "notify",
        "exec": "/usr/bin/rpcbind -w -f",
        "enabled": True,
    },
    "openvswitch.service": {
        "description": "Open vSwitch",
        "type": "oneshot",
        "remain": True,
        "exec": "/bin/true",
        "enabled": True,
    },
    "ovn-controller.service": {
        "description": "OVN controller daemon",
        "type": "forking",
        "enabled": True,
        "requires": ("openvswitch.service",),
        "after": ("openvswitch.service",),
        "exec": "/usr/share/ovn/scripts/ovn-ctl --no-monitor start_controller",
    },
    "NetworkManager.service": {
        "description": "Network Manager",
        "type": "notify",
        "enabled": True,
        "exec": "/usr/sbin/NetworkManager --no-daemon",
        "before": ("network.target",),
    },
    "ovirt-vmconsole-host-sshd.service": {
        "description": "oVirt VM Console SSH server daemon",
        "enabled": True,
        "exec": "/usr/sbin/sshd -f /usr/share/ovirt-vmconsole/ovirt-vmconsole-host/"
        "ovirt-vmconsole-host-sshd/sshd_config -D",
    },
    "sshd.service": {
        "description": "OpenSSH server daemon",
        "type": "notify",
        "enabled": True,
        "exec": "/usr/sbin/sshd -D",
    },
    "rsyslog.service": {
        "description": "System Logging Service",
        "type": "notify",
        "enabled": True,
        "exec": "/usr/sbin/rsyslogd -n",
    },
    "crond.service": {
        "description": "Command Scheduler",
        "enabled": True,
        "exec": "/usr/sbin/crond -n",
    },
    "polkit.service": {
        "description": "Authorization Manager",
        "exec": "/usr/lib/polkit-1/polkitd --no-debug",
        "wanted_by": MULTI,
        "enabled": True,
        "static": True,
    },
    "dbus.service": {
        "description": "D-Bus System Message Bus",
        "exec": "/usr/bin/dbus-daemon --system",
        "enabled": True,
        "static": True,
    },
    "systemd-journald.service": {
        "description": "Journal Service",
        "type": "notify",
        "enabled": True,
        "static": True,
        "exec": "/usr/lib/systemd/systemd-journald",
    },
    "systemd-logind.service": {
        "description": "Login Service",
        "enabled": True,
        "static": True,
        "type": "notify",
        "exec": "/usr/lib/systemd/systemd-logind",
    },
    "systemd-machined.service": {
        "description": "Virtual Machine and Container Registration Service",
        "static": True,
        "exec": "/usr/lib/systemd/systemd-machined",
    },
    "systemd-timedated.service": {
        "description": "Time & Date Service",
        "static": True,
        "exec": "/usr/lib/systemd/systemd-timedated",
    },
    "time-sync.target": {
        "description": "System Time Synchronized",
        "static": True,
    },
    "network.target": {"description": "Network", "static": True},
    "basic.target": {"description": "Basic System", "static": True},
    "sockets.target": {"description": "Sockets", "static": True},
    "multi-user.target": {"description": "Multi-User System", "static": True},
    "kdump.service": {
        "description": "Crash recovery kernel arming",
        "type": "oneshot",
        "remain": True,
        "exec": "/usr/bin/kdumpctl start",
        "enabled": True,
    },
    "tuned.service": {
        "description": "Dynamic System Tuning Daemon",
        "enabled": True,
        "exec": "/usr/sbin/tuned -l -P",
    },
    "auditd.service": {
        "description": "Security Auditing Service",
        "type": "forking",
        "enabled": True,
        "exec": "/sbin/auditd",
    },
    "systemd-tmpfiles-clean.timer": {
        "description": "Daily Cleanup of Temporary Directories",
        "static": True,
        "triggers": "systemd-tmpfiles-clean.service",
        "enabled": True,
        "timer": {"boot": 900.0, "unit_active": 86400.0},
        "wanted_by": "timers.target",
    },
    "systemd-tmpfiles-clean.service": {
        "description": "Cleanup of Temporary Directories",
        "type": "oneshot",
        "static": True,
        "exec": "/usr/bin/systemd-tmpfiles --clean",
    },
}
