# SPDX-License-Identifier: Apache-2.0
"""The first help page, as text: shown without loading what parses a command line.

Imports nothing at all, so that --help costs little more than the interpreter's own start.
"""

TEXT = """\
usage: ovirt-cert-recovery [--root DIR] [--programs DIR] COMMAND [OPTIONS]

Bring an oVirt node back whose certificates have expired.

commands:
  diagnose      look, judge, say which route leads out; changes nothing
  plan          show every step and command of that route; changes nothing
  recover       do it, after asking; every step is journaled and can be undone
  status        tell how far the last run came
  resume        go on with a run that was cut off
  undo          take a run back: files, services, true time
  restore-time  what the dead-man timer and the boot-time unit run
  rehearse      do all this on a simulated node; needs no rights, changes nothing
  selfcheck     compare every byte of this file with what was built
  clean         remove what this file has unpacked; records of recoveries stay
  version       show the version; --verbose: all that is inside

diagnose, plan, recover, status, resume and undo take --node HOST: other nodes,
one after another, over ssh from here, by the route that leaves the clock alone.

options:
  -h, --help      show this, or COMMAND --help for the options of a command
  --version       show the version
  --root DIR      the node's root directory (default /)
  --programs DIR  run the node's programs from here; without it a root other than
                  / is a disk at rest: only its files and its journal are read

exit status:
  0 done   2 usage   3 forbidden, not agreed to, or another run: nothing changed
  4 a person must do one thing, then resume   5 a step failed: resume or undo
  6 by hand: what is told at the end, or what could not be undone   70 our bug
"""
