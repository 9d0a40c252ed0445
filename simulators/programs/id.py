# SPDX-License-Identifier: Apache-2.0
"""id: the simulated caller is root, unless state["uid"] says otherwise."""

from simulators.entry import Call

COST = 0.01


def main(call: Call) -> int:
    uid = call.world.state.get("uid", 0)
    if "-u" in call.argv and "-n" not in call.argv:
        call.out("%d\n" % uid)
    elif "-un" in call.argv or "-n" in call.argv:
        call.out("root\n" if uid == 0 else "admin\n")
    else:
        name = "root" if uid == 0 else "admin"
        call.out("uid=%d(%s) gid=%d(%s) groups=%d(%s)\n" % (uid, name, uid, name, uid, name))
    return 0
