# SPDX-License-Identifier: Apache-2.0
"""What differs between the releases of the node, as data. Imports nothing of ours."""

RELEASES = {  # type: dict
    "el7": {
        "systemd": 219,
        "systemd_version": (
            "systemd 219\n"
            "+PAM +AUDIT +SELINUX +IMA -APPARMOR +SMACK +SYSVINIT +UTMP +LIBCRYPTSETUP +GCRYPT "
            "+GNUTLS +ACL +XZ +LZ4 -SECCOMP +BLKID +ELFUTILS +KMOD +IDN\n"
        ),
        "build": 1602028800,  # systemd's build date; 219 has no floor at boot
        "floor": False,
        "ntp_rule": "enabled",
        "timedate": "systemd-timedated.service",
        "chrony": "3.4",
        "kernel": "3.10.0-1160.71.1.el7.x86_64",
        "os": ("CentOS Linux", "7 (Core)", "7", "centos"),
        "platform_python": "/usr/bin/python",
        "vdsm": "4.30.50-1.el7",
    },
    "el8": {
        "systemd": 239,
        "systemd_version": (
            "systemd 239 (239-58.el8_6.8)\n"
            "+PAM +AUDIT +SELINUX +IMA -APPARMOR +SMACK +SYSVINIT +UTMP +LIBCRYPTSETUP +GCRYPT "
            "+GNUTLS +ACL +XZ +LZ4 +SECCOMP +BLKID +ELFUTILS +KMOD +IDN2 -IDN +PCRE2 "
            "default-hierarchy=legacy\n"
        ),
        "build": 1660608000,
        "floor": True,
        "ntp_rule": "first-active",
        "timedate": "timedatex.service",
        "chrony": "4.2",
        "kernel": "4.18.0-408.el8.x86_64",
        "os": ("oVirt Node", "4.4.10", "8", "centos"),
        "platform_python": "/usr/libexec/platform-python",
        "vdsm": "4.40.100.2-1.el8",
    },
    "el9": {
        "systemd": 252,
        "systemd_version": (
            "systemd 252 (252-4.el9)\n"
            "+PAM +AUDIT +SELINUX -APPARMOR +IMA +SMACK +SECCOMP +GCRYPT +GNUTLS +OPENSSL +ACL "
            "+BLKID +CURL +ELFUTILS +FIDO2 +IDN2 -IDN -IPTC +KMOD +LIBCRYPTSETUP +LIBFDISK "
            "+PCRE2 -PWQUALITY +P11KIT -QRENCODE +TPM2 +BZIP2 +LZ4 +XZ +ZLIB +ZSTD -BPF_FRAMEWORK "
            "+XKBCOMMON +UTMP +SYSVINIT default-hierarchy=unified\n"
        ),
        "build": 1672012800,
        "floor": True,
        "ntp_rule": "any-active",
        "timedate": "systemd-timedated.service",
        "chrony": "4.3",
        "kernel": "5.14.0-229.el9.x86_64",
        "os": ("oVirt Node", "4.5.4", "9", "centos"),
        "platform_python": "/usr/bin/python3",
        "vdsm": "4.50.3.4-1.el9",
    },
}
