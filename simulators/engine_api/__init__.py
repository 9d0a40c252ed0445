# SPDX-License-Identifier: Apache-2.0
"""The engine's web side: httpd, single sign-on, REST API, and what it does to its hosts.

`handler.handle` is the whole of it as one function on a world; `server` shows it to real clients
over TLS, the simulated `curl` to those of the node.
"""
